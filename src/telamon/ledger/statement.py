"""Entries as in-toto statements (in-toto Attestation Framework, Statement v1), for tools that read those."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from telamon.kits.text import canonical_json

if TYPE_CHECKING:
    from telamon.ledger.entry import Body, Entry

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
# Stable for ever: a predicate of another shape gets another version. Documented in `to_statement`.
PREDICATE_TYPE = "https://telamon.dev/ledger/entry/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEntry:
    """An entry as it stands in a ledger.

    Attributes:
        leaf: Its canonical JSON.
        body: Its body; `None` if it never had one or it was erased.
    """

    entry: Entry
    leaf: bytes
    body: Body | None

    @property
    def index(self) -> int:
        """Zero-based position in the ledger."""
        return self.entry.index

    @property
    def is_erased(self) -> bool:
        """Whether it had a body that is gone."""
        return self.body is None and bool(self.entry.detail)

    def details(self) -> object:
        """Return the body as a JSON value; `None` if there is none.

        Raises:
            CanonicalJsonError: The stored body is no canonical JSON, which is damage.
        """
        return None if self.body is None else canonical_json.decode(self.body.detail)


def to_statement(recorded: RecordedEntry, *, origin: str, with_body: bool = True) -> str:
    """Return the in-toto statement of an entry, as one line of canonical JSON.

    The subject is the artefact whose digest the entry has; an entry without one is its own subject. The predicate:

    * `ledger`: name of the ledger, as in its checkpoints;
    * `entry`: the entry; its canonical JSON (RFC 8785) is the Merkle leaf;
    * `body`: the details as `salt` (base64) and `detail` (text), with `entry.detail` = SHA-256(salt, detail); left
      out where there is none.
    """
    predicate: dict[str, object] = {"ledger": origin, "entry": asdict(recorded.entry)}
    if with_body and recorded.body is not None:
        predicate["body"] = {
            "salt": base64.b64encode(recorded.body.salt).decode(),
            "detail": recorded.body.detail.decode(errors="replace"),
        }
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [_subject(recorded, origin)],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    return canonical_json.encode(statement).decode()


def _subject(recorded: RecordedEntry, origin: str) -> dict[str, object]:
    algorithm, _, digest = recorded.entry.subject.partition(":")
    if digest and recorded.entry.erased_index is None:
        return {"digest": {algorithm: digest}}
    name = f"{origin}#{recorded.index}"
    return {"name": name, "digest": {"sha256": hashlib.sha256(recorded.leaf).hexdigest()}}

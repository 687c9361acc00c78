"""Proofs that can be checked offline: one entry against a checkpoint, one checkpoint against a later one."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.core.errors import TelamonError
from telamon.kits.text import canonical_json
from telamon.ledger.checkpoint import Checkpoint, parse_checkpoint
from telamon.ledger.entry import Body, parse_entry
from telamon.ledger.errors import ProofError
from telamon.ledger.merkle import HASH_BYTES, leaf_hash, verify_consistency, verify_inclusion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telamon.kits.crypto.note_keys import VerifierKey
    from telamon.ledger.entry import Entry

# A tree of 2^63 leaves has paths of 63 hashes, and a consistency path one more.
_MAX_PATH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """An entry with what shows that it is in the ledger.

    Attributes:
        leaf: The entry's canonical JSON, which says its index.
        path: RFC 6962 audit path, leaf's sibling first.
        checkpoint: A checkpoint that covers it.
        body: Its body, if it is to be shown.
    """

    TYPE = "https://telamon.dev/ledger/inclusion-proof/v1"

    leaf: bytes
    path: tuple[bytes, ...]
    checkpoint: Checkpoint
    body: Body | None = None

    def to_json(self) -> str:
        """Return the proof as one line of JSON, which `parse_inclusion_proof` reads."""
        value: dict[str, object] = {
            "type": self.TYPE,
            "leaf": self.leaf.decode(),
            "path": [_to_base64(digest) for digest in self.path],
            "checkpoint": self.checkpoint.note,
        }
        if self.body is not None:
            value["body"] = {"salt": _to_base64(self.body.salt), "detail": self.body.detail.decode()}
        return canonical_json.encode(value).decode()

    def to_tlog_proof(self) -> str:
        """Return the proof as a C2SP tlog-proof, with the leaf as its extra data."""
        lines = [
            "c2sp.org/tlog-proof@v1",
            f"extra {_to_base64(self.leaf)}",
            f"index {parse_entry(self.leaf).index}",
            *map(_to_base64, self.path),
        ]
        return "\n".join(lines) + f"\n\n{self.checkpoint.note}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsistencyProof:
    """What shows that the ledger of one checkpoint goes on unchanged in that of a later one.

    Attributes:
        path: RFC 6962 consistency path.
    """

    TYPE = "https://telamon.dev/ledger/consistency-proof/v1"

    first_size: int
    second_size: int
    path: tuple[bytes, ...]

    def to_json(self) -> str:
        """Return the proof as one line of JSON, which `parse_consistency_proof` reads."""
        value = {
            "type": self.TYPE,
            "firstSize": self.first_size,
            "secondSize": self.second_size,
            "path": [_to_base64(digest) for digest in self.path],
        }
        return canonical_json.encode(value).decode()


def verify_proof(proof: InclusionProof, verifiers: Sequence[VerifierKey]) -> Entry:
    """Return the entry that `proof` proves to be in the ledger of one of `verifiers`.

    Raises:
        ProofError: No trusted key signed the checkpoint, the entry is not in its tree, or the body is another.
        EntryError: The leaf is no entry.
    """
    entry = parse_entry(proof.leaf)
    if not proof.checkpoint.is_signed_by(verifiers):
        raise ProofError("expected a checkpoint signed by a trusted key, found another")
    size, root = proof.checkpoint.size, proof.checkpoint.root
    if not verify_inclusion(leaf_hash(proof.leaf), entry.index, size, proof.path, root):
        raise ProofError(f"expected a path from entry {entry.index} to the root of the checkpoint, found another")
    if proof.body is not None and not proof.body.is_of(entry):
        raise ProofError(f"expected the body of entry {entry.index}, found another")
    return entry


def verify_growth(
    proof: ConsistencyProof, first: Checkpoint, second: Checkpoint, verifiers: Sequence[VerifierKey]
) -> None:
    """Check that the ledger of `second` begins with the whole ledger of `first`.

    Raises:
        ProofError: It does not, or no trusted key signed one of the checkpoints, or the proof is of other sizes.
    """
    if not (first.is_signed_by(verifiers) and second.is_signed_by(verifiers)):
        raise ProofError("expected checkpoints signed by a trusted key, found another")
    if (proof.first_size, proof.second_size) != (first.size, second.size):
        raise ProofError(f"expected a proof from size {first.size} to {second.size}, found another")
    if not verify_consistency(first.size, second.size, proof.path, first.root, second.root):
        raise ProofError(f"expected the ledger of {second.size} entries to go on from the one of {first.size}")


def parse_inclusion_proof(text: str) -> InclusionProof:
    """Read what `InclusionProof.to_json` wrote, with or without a newline; verifies nothing.

    Raises:
        ProofError: It is of another form.
    """
    value = _parse(text, InclusionProof.TYPE, {"type", "leaf", "path", "checkpoint"}, {"body"})
    body = value.get("body")
    try:
        return InclusionProof(
            leaf=_text(value["leaf"]).encode(),
            path=_path(value["path"]),
            checkpoint=parse_checkpoint(_text(value["checkpoint"])),
            body=None if body is None else _body(body),
        )
    except (TypeError, binascii.Error, TelamonError) as error:
        raise ProofError("expected the fields of an inclusion proof, found others") from error


def parse_consistency_proof(text: str) -> ConsistencyProof:
    """Read what `ConsistencyProof.to_json` wrote, with or without a newline; verifies nothing.

    Raises:
        ProofError: It is of another form.
    """
    value = _parse(text, ConsistencyProof.TYPE, {"type", "firstSize", "secondSize", "path"}, set())
    try:
        return ConsistencyProof(
            first_size=_size(value["firstSize"]),
            second_size=_size(value["secondSize"]),
            path=_path(value["path"]),
        )
    except (TypeError, binascii.Error) as error:
        raise ProofError("expected the fields of a consistency proof, found others") from error


def _parse(text: str, form: str, required: set[str], optional: set[str]) -> dict[str, object]:
    try:
        value = canonical_json.decode(text.removesuffix("\n").encode())
    except (canonical_json.CanonicalJsonError, UnicodeEncodeError) as error:
        raise ProofError("expected a proof in canonical JSON, found another text") from error
    if not isinstance(value, dict) or value.get("type") != form:
        raise ProofError(f"expected a proof of type `{form}`, found another")
    if not required <= value.keys() <= required | optional:
        raise ProofError(f"expected a proof with the fields {', '.join(sorted(required))}, found others")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)
    return value


def _path(value: object) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > _MAX_PATH:
        raise TypeError(value)
    path = tuple(base64.b64decode(_ascii(text), validate=True) for text in value)
    if any(len(digest) != HASH_BYTES for digest in path):
        raise TypeError(value)
    return path


def _body(value: object) -> Body:
    if not isinstance(value, dict) or value.keys() != {"salt", "detail"}:
        raise TypeError(value)
    salt = base64.b64decode(_ascii(value["salt"]), validate=True)
    return Body(salt=salt, detail=_text(value["detail"]).encode())


def _ascii(value: object) -> bytes:
    text = _text(value)
    if not text.isascii():
        raise TypeError(value)
    return text.encode()


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

"""Entries: what a leaf of the ledger says, as canonical JSON (RFC 8785), and the body kept apart from it."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from telamon.core.records import Mode
from telamon.kits.text import canonical_json
from telamon.ledger.errors import EntryError

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
SALT_BYTES = 16
# Names and outcomes are short words; a longer one is somebody's input in the wrong place.
MAX_TEXT = 1024
# A report of one subject is some kilobytes; what is larger belongs into a file whose digest is recorded.
MAX_BODY_BYTES = 1 << 20
# RFC 3339 ends with year 9999.
_MAX_TIME_NS = 253_402_300_800 * 10**9
_DIGEST = re.compile(r"(?:[a-z0-9]{1,16}:[0-9a-f]{32,128})?")
_DETAIL = re.compile(r"(?:sha256:[0-9a-f]{64})?")
# ASCII, so that it means the same to every version of Unicode: these words are shown on terminals, out of ledgers that
# others wrote (CWE-150).
_KIND = re.compile(r"[a-z][a-z0-9]{0,31}(?:-[a-z0-9]{1,32}){0,7}")
_WORDS = re.compile(r"[!-~]+(?: [!-~]+)*")
_ERASED = re.compile(r"entry:(0|[1-9][0-9]{0,15})")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


class EntryKind(StrEnum):
    """What telamon itself records; controls, and other versions, record under kebab-case words of their own."""

    CHECK = "check"
    DECISION = "decision"
    PROOF = "proof"
    POLICY = "policy"
    ERASURE = "erasure"
    NOTE = "note"


_OWN_KINDS = frozenset(EntryKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is to be recorded; the ledger adds position, time and the digest of the body.

    Attributes:
        kind: One of `EntryKind`, or another word in kebab-case.
        control: Name of the control, or of the part of telamon that speaks, in printable ASCII.
        outcome: A verdict, an effect or a proof's verdict, as one word; likewise.
        subject: Digest of the subject's bytes as `algorithm:hex`; empty where there is none. Of an erasure,
            `entry:N`.
        policy: Digest of the policy in force, as `algorithm:hex`; empty where there is none.
        actor: Who caused it, as a name that may be kept for ever: bodies can be erased, entries cannot.
        body: Details as a JSON object, kept apart from the entry; `None` for none.
        time_ns: When it happened, in nanoseconds since 1970 UTC; `None` for the time of recording.
    """

    kind: str
    control: str
    outcome: str
    mode: Mode = Mode.ENFORCE
    subject: str = ""
    policy: str = ""
    actor: str = ""
    body: Mapping[str, object] | None = None
    time_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a leaf says; its canonical JSON is what is hashed, so that it can never be changed.

    Attributes:
        index: Zero-based position in the ledger.
        time: RFC 3339 in UTC with microseconds.
        detail: `sha256:...` over salt and body; empty where there was no body.
        kind: An `EntryKind` where it is one; a word that this version does not know is no damage.
        version: Of this form.
    """

    actor: str
    control: str
    detail: str
    index: int
    kind: str
    mode: Mode
    outcome: str
    policy: str
    subject: str
    time: str
    version: int = VERSION

    def to_bytes(self) -> bytes:
        """Return the canonical JSON (RFC 8785) of the entry: the leaf."""
        return canonical_json.encode(asdict(self))

    @property
    def erased_index(self) -> int | None:
        """The index whose body an erasure erased; `None` for other entries."""
        match = _ERASED.fullmatch(self.subject) if self.kind is EntryKind.ERASURE else None
        return int(match[1]) if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The details of an entry, as stored.

    Attributes:
        salt: 16 random bytes, erased with the body, so that the digest left in the entry cannot be used to
            guess what the body was.
        detail: Canonical JSON.
    """

    salt: bytes
    detail: bytes

    @property
    def digest(self) -> str:
        """`sha256:...` over salt and detail, as the entry holds it."""
        return f"sha256:{hashlib.sha256(self.salt + self.detail).hexdigest()}"

    def is_of(self, entry: Entry) -> bool:
        """Tell whether `entry` was recorded with this body."""
        return self.digest == entry.detail


def parse_entry(leaf: bytes) -> Entry:
    """Read a leaf.

    Raises:
        EntryError: It is not the canonical JSON of an entry of a known version.
    """
    try:
        value = canonical_json.decode(leaf)
    except canonical_json.CanonicalJsonError as error:
        raise EntryError("expected an entry in canonical JSON, found other bytes") from error
    if not isinstance(value, dict) or value.get("version") != VERSION:
        raise EntryError(f"expected an entry of version {VERSION}, found another value")
    try:
        entry = Entry(**{**value, "kind": _kind(value["kind"]), "mode": Mode(value["mode"])})
    except (KeyError, TypeError, ValueError) as error:
        raise EntryError("expected the fields of an entry, found others") from error
    _check_fields(entry)
    return entry


def seal_body(body: Mapping[str, object] | None, salt: bytes) -> Body | None:
    """Return the stored form of an event's body.

    Raises:
        EntryError: It has no canonical JSON, or over 1 MiB of it.
    """
    if body is None:
        return None
    try:
        detail = canonical_json.encode(body)
    except canonical_json.CanonicalJsonError as error:
        raise EntryError(f"expected a body in JSON: {error.message}") from error
    if len(detail) > MAX_BODY_BYTES:
        raise EntryError(f"expected a body of at most {MAX_BODY_BYTES} bytes, found {len(detail)}")
    return Body(salt=salt, detail=detail)


def render_leaf(event: Event, *, index: int, now_ns: int, detail: str) -> bytes:
    """Return the leaf of a checked `event`: what `Entry.to_bytes` gives, at a fifth of the time.

    Raises:
        EntryError: A text holds a lone surrogate, or the time lies outside 1970..9999.
    """
    text = encode_basestring
    moment = _format_time(now_ns if event.time_ns is None else event.time_ns)
    leaf = (
        f'{{"actor":{text(event.actor)},"control":{text(event.control)},"detail":"{detail}",'
        f'"index":{index},"kind":"{event.kind}","mode":"{event.mode}","outcome":{text(event.outcome)},'
        f'"policy":"{event.policy}","subject":"{event.subject}","time":"{moment}","version":{VERSION}}}'
    )
    try:
        return leaf.encode()
    except UnicodeEncodeError as error:
        raise EntryError("expected Unicode text in an event, found a lone surrogate") from error


def check_event(event: Event) -> None:
    """Refuse an event that cannot be recorded.

    Raises:
        EntryError: A text is too long, `control` or `outcome` is empty or not printable, the kind is no word in
            kebab-case, or a digest is not `algorithm:hex`.
    """
    if not (event.control and event.outcome):
        raise EntryError("expected a control and an outcome in an event, found an empty one")
    if max(len(event.actor), len(event.control), len(event.outcome)) > MAX_TEXT:
        raise EntryError(f"expected texts of at most {MAX_TEXT} characters in an event, found a longer one")
    if not (_WORDS.fullmatch(event.control) and _WORDS.fullmatch(event.outcome)):
        raise EntryError("expected a control and an outcome in printable ASCII, found other characters")
    if not _KIND.fullmatch(event.kind):
        raise EntryError("expected the kind of an event as a word in kebab-case, found another text")
    if not _DIGEST.fullmatch(event.policy):
        raise EntryError(f"expected a policy digest `algorithm:hex`, found `{event.policy[:80]}`")
    pattern = _ERASED if event.kind is EntryKind.ERASURE else _DIGEST
    if not pattern.fullmatch(event.subject):
        raise EntryError(f"expected a subject digest `algorithm:hex`, found `{event.subject[:80]}`")


def _kind(word: str) -> str:
    """Return telamon's own kind of that name, or the word as it is."""
    return EntryKind(word) if word in _OWN_KINDS else word


def _check_fields(entry: Entry) -> None:
    texts = (entry.actor, entry.control, entry.detail, entry.kind, entry.outcome, entry.policy, entry.subject)
    if not all(isinstance(text, str) for text in (*texts, entry.time)) or not isinstance(entry.index, int):
        raise EntryError("expected the fields of an entry, found one of another type")
    if isinstance(entry.index, bool) or entry.index < 0:
        raise EntryError("expected an index of an entry, found another value")
    if not (_DETAIL.fullmatch(entry.detail) and _TIME.fullmatch(entry.time)):
        raise EntryError("expected a detail digest and a time in an entry, found other texts")
    check_event(
        Event(
            kind=entry.kind,
            control=entry.control,
            outcome=entry.outcome,
            subject=entry.subject,
            policy=entry.policy,
            actor=entry.actor,
        )
    )


def _format_time(time_ns: int) -> str:
    if not 0 <= time_ns < _MAX_TIME_NS:
        raise EntryError(f"expected a time from 1970 to 9999, found {time_ns} ns")
    seconds, fraction = divmod(time_ns, 10**9)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{stamp}.{fraction // 1000:06d}Z"

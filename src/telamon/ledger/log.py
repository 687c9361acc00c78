"""The ledger: append, checkpoint, verify, prove and export (RFC 6962 tree, C2SP tlog-checkpoint)."""

from __future__ import annotations

import os
import threading
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from telamon.core.errors import MissingExtraError
from telamon.kits.storage.sqlite import BUSY_TIMEOUT_S
from telamon.ledger.checkpoint import Checkpoint, parse_checkpoint
from telamon.ledger.entry import SALT_BYTES, EntryKind, Event, check_event, seal_body
from telamon.ledger.errors import (
    CheckpointError,
    DamagedLedgerError,
    NoSignerError,
    SecondPlaceError,
    UnknownStoreError,
)
from telamon.ledger.second_place import open_second_place
from telamon.ledger.sqlite_store import SqliteStore
from telamon.ledger.writer import SealedEvent, Writer, erasure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from telamon.kits.crypto.note_keys import SignerKey, VerifierKey
    from telamon.ledger.proof import ConsistencyProof, InclusionProof
    from telamon.ledger.reader import Reader
    from telamon.ledger.second_place import SecondPlace
    from telamon.ledger.statement import RecordedEntry
    from telamon.ledger.store import Head, Store
    from telamon.ledger.verification import Verification


class Log:
    """A ledger. Made by `open_log`; threads may share one, a forked process opens its own.

    Nothing is opened before the first call that needs it, and the first append creates the ledger.

    Args:
        store: Where entries are kept.
        signer: Signs checkpoints; its name is the ledger's origin.
        verifiers: Keys that checkpoints are checked with, besides the signer's own.
        second_place: Where checkpoints are kept besides.
        clock: Nanoseconds since 1970 UTC.
        random_bytes: Gives that many random bytes, for the salts of bodies.
    """

    def __init__(
        self,
        store: Store,
        *,
        signer: SignerKey | None = None,
        verifiers: Sequence[VerifierKey] = (),
        second_place: SecondPlace | None = None,
        clock: Callable[[], int] = time.time_ns,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._store = store
        self._signer = signer
        self._verifiers = tuple(verifiers)
        self._second_place = second_place
        self._clock = clock
        self._random_bytes = random_bytes
        self._writer = Writer(store, second_place, self._trusted_keys())
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Where the entries are kept, for messages."""
        return self._store.name

    @property
    def has_signer(self) -> bool:
        """Whether checkpoints can be signed."""
        return self._signer is not None

    def close(self) -> None:
        """Let go of the store; the log may be used again."""
        with self._lock:
            self._store.close()

    def append(self, events: Iterable[Event]) -> range:
        """Record `events`, all or none, durably, and return their indexes.

        Raises:
            EntryError: An event cannot be recorded.
            DamagedLedgerError: The ledger was changed behind telamon's back.
            SecondPlaceError: The second place lacks the newest checkpoint.
            UnknownKeyError: A key that is not trusted signed the newest checkpoint.
            LedgerError: The ledger is full, busy, read-only or unavailable.
        """
        sealed = self._seal(list(events))
        with self._lock:
            return self._writer.append(sealed, self._clock())

    def erase_body(self, index: int, *, reason: str, actor: str) -> int:
        """Remove the body of entry `index` for good and return the index of the entry that records it.

        All proofs stay valid: the leaf keeps only a salted digest of the body, and the salt goes with it.

        Raises:
            NoSuchEntryError: There is no such entry, or it has no body.
            LedgerBusyError: The body is erased, but readers keep its old bytes in the write-ahead log for now.
        """
        record = erasure(index, reason=reason, actor=actor, salt=self._random_bytes(SALT_BYTES))
        check_event(record.event)
        with self._lock:
            return self._writer.erase(index, record, self._clock())

    def checkpoint(self) -> Checkpoint:
        """Sign what the ledger holds and keep that in the store and in the second place.

        Raises:
            NoSignerError: The log has no signing key.
            DamagedLedgerError: The ledger was changed behind telamon's back.
            SecondPlaceError: The second place cannot be written, or lacks what it held; the store keeps no checkpoint.
            UnknownKeyError: A key that is not trusted signed the newest checkpoint.
        """
        with self._lock:
            return self._writer.checkpoint(self._needed_signer())

    def start_second_place(self, *, actor: str) -> Checkpoint:
        """Go on with a second place that lacks the newest checkpoint, such as a new one, and record that.

        Verifies the ledger first, without the second place: what a roll-back took away before that is not found.

        Raises:
            SecondPlaceError: The log has no second place, or it cannot be written.
            DamagedLedgerError: The ledger was changed, or the second place holds checkpoints of other entries.
            NoSignerError: The log has no signing key.
            UnknownKeyError: A key that is not trusted signed the newest checkpoint.
        """
        if self._second_place is None:
            raise SecondPlaceError("expected a second place to start, found none", hint="name one in the policy")
        trusted = self._trusted_keys()
        event = _note("second-place-started", actor, {"place": self._second_place.name})
        return self._begin(event, Writer(self._store, self._second_place, trusted, may_start_place=True), trusted)

    def rotate(self, verifiers: Sequence[VerifierKey], *, actor: str) -> Checkpoint:
        """Go on with the log's own key where the keys of `verifiers` signed before, and record that.

        Verifies the whole ledger with all of these keys first. The checkpoint that is signed then covers what the
        older ones vouch for, so that the new verifier key alone is enough from here on.

        Raises:
            NoSignerError: The log has no signing key.
            UnknownKeyError: None of the keys signed the newest checkpoint.
            DamagedLedgerError: The ledger was changed behind telamon's back.
            SecondPlaceError: The second place cannot be written, or lacks the newest checkpoint.
        """
        known = (*self._trusted_keys(), *verifiers)
        event = _note("key-replaced", actor, {"verifier": str(self._needed_signer().verifier)})
        return self._begin(event, Writer(self._store, self._second_place, known), known)

    def _begin(self, event: Event, writer: Writer, verifiers: Sequence[VerifierKey]) -> Checkpoint:
        """Verify everything, record what changes about the checkpoints, and sign the first one after it.

        The second place is asked for what it holds; whether that is enough is up to `writer`.
        """
        signer = self._needed_signer()
        sealed = self._seal([event])
        kept = self._second_place.read() if self._second_place is not None else []
        with self._lock:
            writer.check()
            result = self._reader.verify(kept, verifiers, None, None)
            if result.flaw is not None:
                raise DamagedLedgerError(result.flaw.reason, hint="nothing was written")
            writer.append(sealed, self._clock())
            checkpoint = writer.checkpoint(signer)
            self._writer = Writer(self._store, self._second_place, self._trusted_keys())
        return checkpoint

    def _needed_signer(self) -> SignerKey:
        if self._signer is None:
            raise NoSignerError(
                "expected a signing key for the checkpoint, found none",
                hint="`telamon ledger keygen` makes one; name its file in the policy",
            )
        return self._signer

    def head(self) -> Head:
        """Return the recorded size and root; verifies nothing.

        Raises:
            LedgerNotFoundError: There is no ledger.
        """
        with self._lock, self._store.reading():
            return self._store.head()

    def checkpoints(self) -> list[Checkpoint]:
        """Return the checkpoints in the store by size; verifies nothing.

        Raises:
            CheckpointError: One of them is none.
        """
        with self._lock, self._store.reading():
            return [parse_checkpoint(note) for note in self._store.checkpoints()]

    def entry(self, index: int) -> RecordedEntry:
        """Return one entry.

        Raises:
            NoSuchEntryError: The ledger has no such entry.
            DamagedLedgerError: It is not what was recorded.
        """
        return self._reader.entry(index)

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[RecordedEntry]:
        """Yield the entries from `start` to `stop` (exclusive; the end of the ledger if `None`).

        Raises:
            NoSuchEntryError: `start` is negative.
            DamagedLedgerError: An entry is not what was recorded; those before it were yielded.
        """
        return self._reader.entries(start, stop)

    def verify(
        self, since: Checkpoint | None = None, *, on_progress: Callable[[int, int], None] | None = None
    ) -> Verification:
        """Recompute everything and compare it with the checkpoints in the store, in the second place and `since`.

        Reads only, at some 4 us of CPU per entry, and keeps other threads from this log meanwhile: where others
        append, verify through a log of one's own. After a flaw was found this log refuses to append.

        Raises:
            LedgerNotFoundError: There is no ledger, and no checkpoint that says there was one.
            CheckpointError: `since` is not signed by a trusted key.
            SecondPlaceError: The second place cannot be read.
        """
        verifiers = self._trusted_keys()
        if since is not None and verifiers and not since.is_signed_by(verifiers):
            raise CheckpointError(f"expected a checkpoint signed by a trusted key, found one of `{since.origin}`")
        with self._lock:
            kept = [] if since is None else [since]
            result = self._reader.verify(kept, verifiers, on_progress, self._second_place)
            if result.flaw is not None:
                self._writer.refuse(result.flaw.reason)
        return result

    def prove(self, index: int, *, checkpoint: Checkpoint | None = None, with_body: bool = True) -> InclusionProof:
        """Return what proves entry `index` offline, against `checkpoint` or the newest one in the store.

        Raises:
            NoSuchEntryError: The ledger has no such entry.
            NotCoveredError: The checkpoint does not cover it, or there is none.
            DamagedLedgerError: The stored entry is not the one that the checkpoint vouches for.
        """
        return self._reader.prove(index, checkpoint=checkpoint, with_body=with_body)

    def consistency(self, old: int, new: int | None = None) -> ConsistencyProof:
        """Return what proves that the first `old` entries are the beginning of the first `new` ones.

        `new` is the size of the ledger if `None`.

        Raises:
            NoSuchEntryError: The ledger is smaller, or the sizes stand in the wrong order.
            DamagedLedgerError: The stored hashes do not fit together.
        """
        return self._reader.consistency(old, new)

    def export(self, start: int = 0, stop: int | None = None, *, with_bodies: bool = True) -> Iterator[str]:
        """Yield in-toto statements (`telamon.ledger.statement`), one line of JSON each, without a newline.

        Raises:
            DamagedLedgerError: An entry is not what was recorded; those before it were yielded.
        """
        from telamon.ledger.statement import to_statement  # noqa: PLC0415 -- see `_reader`

        origin = self.origin()
        for recorded in self.entries(start, stop):
            yield to_statement(recorded, origin=origin, with_body=with_bodies)

    def origin(self) -> str:
        """Return the ledger's name: the signer's, else that in the newest checkpoint, else `ledger`."""
        if self._signer is not None:
            return self._signer.name
        checkpoint = self._reader.latest_checkpoint()
        return "ledger" if checkpoint is None else checkpoint.origin

    @cached_property
    def _reader(self) -> Reader:
        # Lazy: `telamon check` appends and reads nothing, within 120 ms of CPU for the whole process.
        from telamon.ledger.reader import Reader  # noqa: PLC0415 -- see above

        return Reader(self._store, self._lock)

    def _seal(self, events: list[Event]) -> list[SealedEvent]:
        salts = self._random_bytes(SALT_BYTES * len(events))
        sealed = []
        for number, event in enumerate(events):
            check_event(event)
            salt = salts[number * SALT_BYTES : (number + 1) * SALT_BYTES]
            sealed.append(SealedEvent(event=event, body=seal_body(event.body, salt)))
        return sealed

    def _trusted_keys(self) -> tuple[VerifierKey, ...]:
        return self._verifiers if self._signer is None else (self._signer.verifier, *self._verifiers)


def open_log(  # noqa: PLR0913 -- what a log depends on, by keyword
    location: str | Path,
    *,
    password: str = "",
    signer: SignerKey | None = None,
    verifiers: Sequence[VerifierKey] = (),
    second_place: Path | SecondPlace | None = None,
    read_only: bool = False,
    timeout_s: float = BUSY_TIMEOUT_S,
    clock: Callable[[], int] = time.time_ns,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Log:
    """Return the ledger at `location`: a path, `sqlite:///` and a path, or `postgresql://user@host/database?ledger=NAME`.

    Neither opens nor creates it.

    Args:
        location: Where entries are kept.
        password: For a database that is reached through the network, where `location` has none.
        signer: Signs checkpoints; its name is the ledger's origin.
        verifiers: Keys that checkpoints are checked with, besides the signer's own.
        second_place: Where checkpoints are kept besides: a folder that exists, a file, or a place of one's own.
        read_only: Never write, not even to create the ledger.
        timeout_s: How long to wait for another process that writes, in seconds.
        clock: Nanoseconds since 1970 UTC.
        random_bytes: Gives that many random bytes, for the salts of bodies.

    Raises:
        UnknownStoreError: `location` is a URL of another kind.
        DatabaseUrlError: It is a URL of PostgreSQL that says something else than where a ledger is.
        MissingExtraError: The driver for PostgreSQL is not installed.
    """
    place = open_second_place(second_place) if isinstance(second_place, Path) else second_place
    return Log(
        _to_store(location, password, read_only=read_only, timeout_s=timeout_s),
        signer=signer,
        verifiers=verifiers,
        second_place=place,
        clock=clock,
        random_bytes=random_bytes,
    )


def _note(outcome: str, actor: str, body: dict[str, object]) -> Event:
    return Event(kind=EntryKind.NOTE, control="ledger", outcome=outcome, actor=actor, body=body)


def _to_store(location: str | Path, password: str, *, read_only: bool, timeout_s: float) -> Store:
    if isinstance(location, Path) or not location.startswith(("postgresql://", "postgres://")):
        return SqliteStore(_to_path(location), read_only=read_only, timeout_s=timeout_s)
    try:
        from telamon.ledger.postgres_store import PostgresStore  # noqa: PLC0415 -- 60 ms, and only with the extra
    except ModuleNotFoundError as error:
        raise MissingExtraError("scale", "a ledger in PostgreSQL") from error
    return PostgresStore(location, password=password, read_only=read_only, timeout_s=timeout_s)


def _to_path(location: str | Path) -> Path:
    if isinstance(location, Path):
        return location
    scheme, separator, rest = location.partition("://")
    if not separator:
        return Path(location)
    if scheme != "sqlite" or not rest.startswith("/"):
        raise UnknownStoreError(
            f"expected a path, `sqlite:///path` or `postgresql://host/database`, found `{scheme}://...`",
            hint="the ledger is kept in SQLite or PostgreSQL",
        )
    return Path(rest)

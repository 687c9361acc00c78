"""The ledger: append, checkpoint, verify, prove and export (RFC 6962 tree, C2SP tlog-checkpoint)."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from telamon.kits.storage.sqlite import BUSY_TIMEOUT_S
from telamon.ledger.audit import verify_store
from telamon.ledger.checkpoint import Checkpoint, parse_checkpoint
from telamon.ledger.entry import SALT_BYTES, Body, Event, check_event, parse_entry, seal_body
from telamon.ledger.errors import (
    CheckpointError,
    DamagedLedgerError,
    EntryError,
    NoSignerError,
    NoSuchEntryError,
    NotCoveredError,
    UnknownStoreError,
)
from telamon.ledger.merkle import consistency_path, inclusion_path, leaf_hash, verify_consistency, verify_inclusion
from telamon.ledger.proof import ConsistencyProof, InclusionProof
from telamon.ledger.scan import CHUNK_ROWS, find_bad_row
from telamon.ledger.second_place import open_second_place
from telamon.ledger.sqlite_store import SqliteStore
from telamon.ledger.statement import RecordedEntry, to_statement
from telamon.ledger.tree import StoredTree
from telamon.ledger.writer import SealedEvent, Writer, erasure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from telamon.kits.crypto.note_keys import SignerKey, VerifierKey
    from telamon.ledger.second_place import SecondPlace
    from telamon.ledger.store import Head, Row, Store
    from telamon.ledger.verification import Verification


class Log:
    """A ledger. Made by `open_log`; threads may share one, a forked process opens its own.

    Nothing is opened before the first call that needs it, and the first append creates the ledger.

    Args:
        store: Where entries are kept.
        signer: Signs checkpoints; its name is the ledger's origin.
        verifiers: Keys that checkpoints are checked with; the signer's own if there are none.
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
        self._writer = Writer(store, second_place)
        self._tree = StoredTree(store)
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Where the entries are kept, for messages."""
        return self._store.name

    def close(self) -> None:
        """Let go of the store; the log may be used again."""
        with self._lock:
            self._store.close()

    def append(self, events: Iterable[Event]) -> range:
        """Record `events`, all or none, durably, and return their indexes.

        Raises:
            EntryError: An event cannot be recorded.
            DamagedLedgerError: The ledger was changed behind telamon's back.
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
            SecondPlaceError: The second place cannot be written; the store keeps no checkpoint then.
        """
        if self._signer is None:
            raise NoSignerError(
                "expected a signing key for the checkpoint, found none",
                hint="`telamon ledger keygen` makes one; name its file in the policy",
            )
        with self._lock:
            return self._writer.checkpoint(self._signer)

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
        for recorded in self.entries(index, index + 1):
            return recorded
        raise NoSuchEntryError(f"expected an index below {self.head().size}, found {index}")

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[RecordedEntry]:
        """Yield the entries from `start` to `stop` (exclusive; the end of the ledger if `None`).

        Raises:
            DamagedLedgerError: An entry is not what was recorded; those before it were yielded.
        """
        while stop is None or start < stop:
            limit = CHUNK_ROWS if stop is None else min(CHUNK_ROWS, stop - start)
            with self._lock, self._store.reading():
                rows = self._store.rows(start, limit)
            flaw = find_bad_row(rows, start)
            yield from map(_record, rows if flaw is None or flaw.index is None else rows[: flaw.index - start])
            if flaw is not None:
                raise DamagedLedgerError(flaw.reason, hint="`telamon ledger verify` checks the whole ledger")
            start += len(rows)
            if len(rows) < limit:
                return

    def verify(
        self, since: Checkpoint | None = None, *, on_progress: Callable[[int, int], None] | None = None
    ) -> Verification:
        """Recompute everything and compare it with the checkpoints in the store, in the second place and `since`.

        Reads only. After a flaw was found this log refuses to append.

        Raises:
            LedgerNotFoundError: There is no ledger, and no checkpoint that says there was one.
            CheckpointError: `since` is not signed by a trusted key.
            SecondPlaceError: The second place cannot be read.
        """
        verifiers = self._trusted_keys()
        if since is not None and verifiers and not since.is_signed_by(verifiers):
            raise CheckpointError(f"expected a checkpoint signed by a trusted key, found one of `{since.origin}`")
        with self._lock:
            # Before the snapshot of the store: a checkpoint taken in between is then in neither or in both.
            kept = self._second_place.read() if self._second_place is not None else []
            known = kept if since is None else [*kept, since]
            result = verify_store(self._store, known, verifiers, on_progress)
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
        recorded = self.entry(index)
        with self._lock, self._store.reading():
            note = self._store.latest_checkpoint()
            if checkpoint is None and note is not None:
                checkpoint = parse_checkpoint(note)
            if checkpoint is None or index >= checkpoint.size:
                raise NotCoveredError(
                    f"expected a checkpoint that covers entry {index}, found none", hint="take a checkpoint first"
                )
            self._check_size(checkpoint.size)
            path = tuple(inclusion_path(index, checkpoint.size, self._tree.subtree))
        if not verify_inclusion(leaf_hash(recorded.leaf), index, checkpoint.size, path, checkpoint.root):
            raise DamagedLedgerError(f"expected entry {index} under the root of the checkpoint, found another tree")
        body = recorded.body if with_body else None
        return InclusionProof(leaf=recorded.leaf, path=path, checkpoint=checkpoint, body=body)

    def consistency(self, old: int, new: int | None = None) -> ConsistencyProof:
        """Return what proves that the first `old` entries are the beginning of the first `new` ones.

        `new` is the size of the ledger if `None`.

        Raises:
            NoSuchEntryError: The ledger is smaller, or the sizes stand in the wrong order.
            DamagedLedgerError: The stored hashes do not fit together.
        """
        with self._lock, self._store.reading():
            new = self._store.head().size if new is None else new
            self._check_size(new)
            if not 0 <= old <= new:
                raise NoSuchEntryError(f"expected an old size of 0 to {new}, found {old}")
            path = tuple(consistency_path(old, new, self._tree.subtree))
            first, second = self._tree.root(old), self._tree.root(new)
        if not verify_consistency(old, new, path, first, second):
            raise DamagedLedgerError(f"expected tree hashes of one ledger up to size {new}, found others")
        return ConsistencyProof(first_size=old, second_size=new, path=path)

    def export(self, start: int = 0, stop: int | None = None, *, with_bodies: bool = True) -> Iterator[str]:
        """Yield in-toto statements (`telamon.ledger.statement`), one line of JSON each, without a newline.

        Raises:
            DamagedLedgerError: An entry is not what was recorded; those before it were yielded.
        """
        origin = self.origin()
        for recorded in self.entries(start, stop):
            yield to_statement(recorded, origin=origin, with_body=with_bodies)

    def origin(self) -> str:
        """Return the ledger's name: the signer's, else that in the newest checkpoint, else `ledger`."""
        if self._signer is not None:
            return self._signer.name
        with self._lock, self._store.reading():
            note = self._store.latest_checkpoint()
        return "ledger" if note is None else parse_checkpoint(note).origin

    def _seal(self, events: list[Event]) -> list[SealedEvent]:
        salts = self._random_bytes(SALT_BYTES * len(events))
        sealed = []
        for number, event in enumerate(events):
            check_event(event)
            salt = salts[number * SALT_BYTES : (number + 1) * SALT_BYTES]
            sealed.append(SealedEvent(event=event, body=seal_body(event.body, salt)))
        return sealed

    def _trusted_keys(self) -> tuple[VerifierKey, ...]:
        if self._verifiers or self._signer is None:
            return self._verifiers
        return (self._signer.verifier,)

    def _check_size(self, size: int) -> None:
        found = self._store.head().size
        if size > found:
            raise NoSuchEntryError(f"expected a size of at most {found}, found {size}")


def open_log(  # noqa: PLR0913 -- what a log depends on, by keyword
    location: str | Path,
    *,
    signer: SignerKey | None = None,
    verifiers: Sequence[VerifierKey] = (),
    second_place: Path | SecondPlace | None = None,
    read_only: bool = False,
    timeout_s: float = BUSY_TIMEOUT_S,
    clock: Callable[[], int] = time.time_ns,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Log:
    """Return the ledger at `location`: a path, or `sqlite:///` and a path; neither opens nor creates it.

    Args:
        location: Where entries are kept.
        signer: Signs checkpoints; its name is the ledger's origin.
        verifiers: Keys that checkpoints are checked with; the signer's own if there are none.
        second_place: Where checkpoints are kept besides: a folder that exists, a file, or a place of one's own.
        read_only: Never write, not even to create the ledger.
        timeout_s: How long to wait for another process that writes, in seconds.
        clock: Nanoseconds since 1970 UTC.
        random_bytes: Gives that many random bytes, for the salts of bodies.

    Raises:
        UnknownStoreError: `location` is a URL of another kind.
    """
    place = open_second_place(second_place) if isinstance(second_place, Path) else second_place
    return Log(
        SqliteStore(_to_path(location), read_only=read_only, timeout_s=timeout_s),
        signer=signer,
        verifiers=verifiers,
        second_place=place,
        clock=clock,
        random_bytes=random_bytes,
    )


def _to_path(location: str | Path) -> Path:
    if isinstance(location, Path):
        return location
    scheme, separator, rest = location.partition("://")
    if not separator:
        return Path(location)
    if scheme != "sqlite" or not rest.startswith("/"):
        raise UnknownStoreError(
            f"expected a path or `sqlite:///path`, found `{scheme}://...`",
            hint="the ledger is kept in SQLite; other databases are not supported yet",
        )
    return Path(rest)


def _record(row: Row) -> RecordedEntry:
    _, _, leaf, salt, detail = row
    try:
        entry = parse_entry(leaf)
    except EntryError as error:
        raise DamagedLedgerError(f"expected an entry at position {row[0]}: {error.message}") from error
    return RecordedEntry(entry=entry, leaf=leaf, body=None if salt is None else Body(salt=salt, detail=detail))

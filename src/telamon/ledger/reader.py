"""Reading a ledger: its entries, proofs about them, exports and the audit of all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.ledger.audit import verify_store
from telamon.ledger.checkpoint import Checkpoint, parse_checkpoint
from telamon.ledger.entry import Body, parse_entry
from telamon.ledger.errors import DamagedLedgerError, EntryError, NoSuchEntryError, NotCoveredError
from telamon.ledger.merkle import consistency_path, inclusion_path, leaf_hash, verify_consistency, verify_inclusion
from telamon.ledger.proof import ConsistencyProof, InclusionProof
from telamon.ledger.scan import CHUNK_ROWS, find_bad_row
from telamon.ledger.statement import RecordedEntry
from telamon.ledger.tree import StoredTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from telamon.kits.crypto.note_keys import VerifierKey
    from telamon.ledger.second_place import SecondPlace
    from telamon.ledger.store import Row, Store
    from telamon.ledger.verification import Verification


class Reader:
    """Reads one store; what `telamon.ledger.log.Log` promises about reading is done here.

    Args:
        store: Where entries are kept.
        lock: Held while the store is in use.
    """

    def __init__(self, store: Store, lock: AbstractContextManager[object]) -> None:
        self._store = store
        self._lock = lock
        self._tree = StoredTree(store)

    def latest_checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint in the store, if there is one."""
        with self._lock, self._store.reading():
            note = self._store.latest_checkpoint()
        return None if note is None else parse_checkpoint(note)

    def entry(self, index: int) -> RecordedEntry:
        """See `Log.entry`."""
        for recorded in self.entries(index, index + 1):
            return recorded
        raise NoSuchEntryError(f"expected an index below {self._size()}, found {index}")

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[RecordedEntry]:
        """See `Log.entries`."""
        if start < 0:
            raise NoSuchEntryError(f"expected an index from 0 on, found {start}")
        while limit := self._count_until(start, stop):
            with self._lock, self._store.reading():
                rows = self._store.rows(start, limit)
            flaw = find_bad_row(rows, start)
            yield from map(_record, rows if flaw is None or flaw.index is None else rows[: flaw.index - start])
            start += len(rows)
            if flaw is not None or len(rows) < limit:
                reason = f"entry {start} is missing" if flaw is None else flaw.reason
                raise DamagedLedgerError(reason, hint="`telamon ledger verify` checks the whole ledger")

    def prove(self, index: int, *, checkpoint: Checkpoint | None = None, with_body: bool = True) -> InclusionProof:
        """See `Log.prove`."""
        recorded = self.entry(index)
        checkpoint = checkpoint or self.latest_checkpoint()
        with self._lock, self._store.reading():
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
        """See `Log.consistency`."""
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

    def verify(
        self,
        kept: Sequence[Checkpoint],
        verifiers: Sequence[VerifierKey],
        on_progress: Callable[[int, int], None] | None,
        second_place: SecondPlace | None,
    ) -> Verification:
        """Verify the store against its own checkpoints and those kept elsewhere; see `Log.verify`."""
        with self._lock:
            return verify_store(self._store, kept, verifiers, on_progress, second_place)

    def _count_until(self, start: int, stop: int | None) -> int:
        """How many entries to read from `start` on; the ledger may have grown meanwhile."""
        size = self._size()
        return max(0, min(CHUNK_ROWS, (size if stop is None else min(stop, size)) - start))

    def _size(self) -> int:
        with self._lock, self._store.reading():
            return self._store.head().size

    def _check_size(self, size: int) -> None:
        found = self._store.head().size
        if size > found:
            raise NoSuchEntryError(f"expected a size of at most {found}, found {size}")


def _record(row: Row) -> RecordedEntry:
    _, _, leaf, salt, detail = row
    try:
        entry = parse_entry(leaf)
    except EntryError as error:
        raise DamagedLedgerError(f"expected an entry at position {row[0]}: {error.message}") from error
    return RecordedEntry(entry=entry, leaf=leaf, body=None if salt is None else Body(salt=salt, detail=detail))

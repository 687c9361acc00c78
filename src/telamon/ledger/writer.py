"""Writing to a ledger: only behind entries that still are what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from telamon.ledger.entry import EntryKind, Event, render_leaf, seal_body
from telamon.ledger.errors import DamagedLedgerError, NoSuchEntryError, UnknownKeyError
from telamon.ledger.merkle import Frontier, leaf_hash
from telamon.ledger.scan import find_bad_row, find_missing_body
from telamon.ledger.second_place import lacking
from telamon.ledger.store import TILE_LEVELS, Batch, Head, Store
from telamon.ledger.tree import StoredTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telamon.kits.crypto.note_keys import SignerKey, VerifierKey
    from telamon.ledger.entry import Body
    from telamon.ledger.second_place import SecondPlace

# Entries hashed again before the first append: some 5 ms, so that `check` can afford it, and a short ledger is verified
# whole. What lies before them is left to `verify`; an append goes on from the hashes as they were recorded and so
# cannot hide that an old entry was changed.
RECHECKED_ENTRIES = 2048
_TILE = 1 << TILE_LEVELS


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEvent:
    """A checked event with its body in stored form."""

    event: Event
    body: Body | None


class Writer:
    """Appends to one store for one process; not for use by several threads at once.

    Args:
        store: Where to.
        second_place: Where checkpoints are kept besides.
        verifiers: Keys of which one signed the newest checkpoint, or nothing is written; without any this is not asked.
        may_start_place: Whether the second place may lack the newest checkpoint.
    """

    def __init__(
        self,
        store: Store,
        second_place: SecondPlace | None,
        verifiers: Sequence[VerifierKey] = (),
        *,
        may_start_place: bool = False,
    ) -> None:
        self._store = store
        self._second_place = second_place
        self._verifiers = tuple(verifiers)
        self._may_start_place = may_start_place
        self._tree = StoredTree(store)
        self._frontier: Frontier | None = None
        self._is_rechecked = False
        self._damage = ""

    def refuse(self, reason: str) -> None:
        """Refuse all later writes: the ledger was found to be damaged."""
        self._damage = reason

    def check(self) -> None:
        """Ask what is asked before everything that is written, and write nothing.

        Raises:
            LedgerError: As `append`.
        """
        with self._store.writing():
            self._trusted()

    def append(self, events: Sequence[SealedEvent], now_ns: int) -> range:
        """Record `events` in one transaction and return their indexes.

        Raises:
            DamagedLedgerError: The ledger is damaged; nothing is written.
            SecondPlaceError: The second place lacks the newest checkpoint; nothing is written.
            UnknownKeyError: A key that is not trusted signed the newest checkpoint; nothing is written.
            LedgerError: The ledger is full, busy, read-only or unavailable; nothing is written.
            EntryError: An event cannot be recorded; none is.
        """
        self._create()
        with self._store.writing():
            frontier, added = self._add(self._trusted(), events, now_ns)
        self._frontier = frontier
        return added

    def erase(self, index: int, record: SealedEvent, now_ns: int) -> int:
        """Remove the body of entry `index`, record that it was, and return the index of that record.

        Raises:
            NoSuchEntryError: There is no such entry, or it has no body.
            LedgerBusyError: The body is erased, but readers keep its old bytes in the write-ahead log for now.
        """
        with self._store.writing():
            trusted = self._trusted()
            if not self._store.erase_body(index):
                raise NoSuchEntryError(f"expected an entry with a body, found none at index {index}")
            frontier, added = self._add(trusted, [record], now_ns)
        self._frontier = frontier
        self._store.clean()
        return added.start

    def checkpoint(self, signer: SignerKey) -> Checkpoint:
        """Sign what the ledger holds, keep it in the store and in the second place, and return it.

        Where there is a checkpoint of this size by this signer already, that one is returned.

        Raises:
            DamagedLedgerError: The ledger is damaged, and no key of ours vouches for it.
            SecondPlaceError: The second place cannot be written; the store keeps no checkpoint then.
            UnknownKeyError: A key that is not trusted signed the newest checkpoint.
        """
        with self._store.writing():
            frontier = self._trusted()
            latest = self._latest()
            if latest is not None:
                self._check_key(latest)  # another process may have replaced the key since the last one
                if latest.size == frontier.size:
                    return latest
            checkpoint = sign_checkpoint(size=frontier.size, root=frontier.root(), signer=signer)
            # The entries are durable already. In this order a crash between the two leaves a checkpoint more than
            # needed outside, never one less; under the write lock the second place has one writer at a time.
            if self._second_place is not None:
                self._second_place.write(checkpoint, is_first=latest is None or self._may_start_place)
            self._store.add_checkpoint(checkpoint.size, checkpoint.note)
        self._frontier = frontier
        return checkpoint

    def _create(self) -> None:
        if self._store.exists():
            return
        if self._second_place is not None:
            self._check_new(self._second_place)
        self._store.create()

    def _check_new(self, place: SecondPlace) -> None:
        largest = max((checkpoint.size for checkpoint in place.read()), default=0)
        if largest and not self._store.exists():  # asked again: another process may just have made it
            raise _damaged(f"a checkpoint vouches for {largest} entries, the ledger is gone")
        if not largest:
            place.check_new()

    def _add(self, frontier: Frontier, events: Sequence[SealedEvent], now_ns: int) -> tuple[Frontier, range]:
        start = frontier.size
        leaves = [
            render_leaf(
                sealed.event,
                index=index,
                now_ns=now_ns,
                detail="" if sealed.body is None else sealed.body.digest,
            )
            for index, sealed in enumerate(events, start)
        ]
        hashes = [leaf_hash(leaf) for leaf in leaves]
        completed = frontier.extend(hashes)
        self._store.add(
            Batch(
                start=start,
                leaves=leaves,
                hashes=hashes,
                bodies=[sealed.body for sealed in events],
                nodes={level: nodes for level, nodes in completed.items() if level % TILE_LEVELS == 0},
                head=Head(size=frontier.size, root=frontier.root()),
            )
        )
        return frontier, range(start, frontier.size)

    def _latest(self) -> Checkpoint | None:
        note = self._store.latest_checkpoint()
        return None if note is None else parse_checkpoint(note)

    def _trusted(self) -> Frontier:
        """The right edge of the tree, if nothing speaks against the ledger; a copy that may be changed."""
        if self._damage:
            raise _damaged(self._damage)
        head = self._store.head()
        if self._store.last_position() != head.size - 1:
            raise _damaged(f"expected {head.size} entries, found the last one at {self._store.last_position()}")
        frontier = self._frontier
        if frontier is None or frontier.size != head.size:
            if frontier is not None and (
                frontier.size > head.size or self._tree.root(frontier.size) != frontier.root()
            ):
                raise _damaged("the ledger no longer holds the entries that this process recorded")
            frontier = self._tree.frontier(head.size)
        if frontier.root() != head.root:
            raise _damaged("the recorded root is not that of the entries")
        if not self._is_rechecked:
            self._recheck(head)
            self._is_rechecked = True
        return frontier.copy()

    def _recheck(self, head: Head) -> None:
        start = max(0, head.size - RECHECKED_ENTRIES) // _TILE * _TILE
        rows = self._store.rows(start, head.size - start)
        flaw = find_bad_row(rows, start) or find_missing_body(self._store, rows)
        if flaw is not None:
            raise _damaged(flaw.reason)
        frontier = self._tree.frontier(start)
        frontier.extend(row[1] for row in rows)
        if frontier.root() != head.root:
            raise _damaged(f"the entries from {start} on are not those of the recorded root")
        self._recheck_checkpoints(head)

    def _recheck_checkpoints(self, head: Head) -> None:
        latest = self._latest()
        kept = self._second_place.read() if self._second_place is not None else []
        for checkpoint in kept[-1:] + ([] if latest is None else [latest]):
            if checkpoint.size > head.size:
                raise _damaged(f"a checkpoint vouches for {checkpoint.size} entries, the ledger has {head.size}")
            if self._tree.root(checkpoint.size) != checkpoint.root:
                raise _damaged(f"the first {checkpoint.size} entries are not those of the checkpoint of that size")
            self._check_key(checkpoint)
        if self._second_place is None or latest is None or self._may_start_place:
            return
        # It was written there before it was kept here.
        if not any(latest.is_of_same_tree(other) for other in kept):
            raise lacking(self._second_place.name)

    def _check_key(self, checkpoint: Checkpoint) -> None:
        if self._verifiers and not checkpoint.is_signed_by(self._verifiers):
            raise UnknownKeyError(
                f"expected the checkpoint of {checkpoint.size} entries signed by the ledger's key, found another key",
                hint="nothing was written; if you replaced the key, `telamon ledger rotate --verifier OLD` goes on "
                "with the new one; OLD is the old key's file, or what `telamon ledger keygen` printed for it",
            )


def erasure(index: int, *, reason: str, actor: str, salt: bytes) -> SealedEvent:
    """Return the event that records the erasure of the body of entry `index`."""
    event = Event(kind=EntryKind.ERASURE, control="ledger", outcome="erased", subject=f"entry:{index}", actor=actor)
    return SealedEvent(event=event, body=seal_body({"reason": reason}, salt))


def _damaged(reason: str) -> DamagedLedgerError:
    return DamagedLedgerError(
        reason,
        hint="nothing was written; `telamon ledger verify` names the first bad entry, and a copy of the ledger is "
        "evidence: keep it, then go on with a ledger at another path or restored from a backup",
    )

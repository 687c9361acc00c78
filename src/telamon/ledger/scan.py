"""One pass over all that a store holds: every entry, body and stored hash recomputed, in order."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from telamon.ledger.entry import parse_entry
from telamon.ledger.errors import DamagedLedgerError, LedgerError, LedgerUnavailableError
from telamon.ledger.merkle import Frontier, leaf_hash
from telamon.ledger.store import TILE_LEVELS, Head
from telamon.ledger.verification import Damage, Flaw, Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from telamon.ledger.checkpoint import Checkpoint
    from telamon.ledger.store import Row, Store

# Rows read and hashed at a time: large enough to hide the cost of a query, small enough to stay in the cache.
CHUNK_ROWS = 4096
# What damaged pages and damaged disks give; a busy ledger is neither.
UNREADABLE = (DamagedLedgerError, LedgerUnavailableError)
_LOWEST = -(2**63)


class _BrokenError(LedgerError):
    """Ends a scan; never leaves this module."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.reason)
        self.flaw = flaw


class Scan:
    """One pass over a store, inside its `reading`.

    Args:
        store: What to verify.
        checkpoints: What it must agree with.
        on_progress: Called with entries done and entries in all, after each 4,096 entries.
    """

    def __init__(
        self,
        store: Store,
        checkpoints: Iterable[Checkpoint] = (),
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._store = store
        self._pending = sorted(checkpoints, key=lambda checkpoint: checkpoint.size, reverse=True)
        self._agreeing = 0
        self._covered = 0
        self._frontier = Frontier()
        self._missing_bodies: list[int] = []
        self._on_progress = on_progress

    def run(self, *, are_signatures_checked: bool) -> Verification:
        """Verify everything; damage is part of the result and not raised."""
        flaw = None
        try:
            self._scan()
        except _BrokenError as broken:
            flaw = broken.flaw
        # Bodies are missed in entries before the flaw only, so that theirs comes first.
        unexplained, erased = self._judge_missing_bodies()
        flaw = unexplained or flaw
        return Verification(
            size=self._frontier.size if flaw is None or flaw.index is None else flaw.index,
            root=None if flaw else self._frontier.root(),
            covered=self._covered,
            checkpoints=self._agreeing,
            are_signatures_checked=are_signatures_checked,
            erased=erased,
            flaw=flaw,
        )

    def _scan(self) -> None:
        try:
            head: Head | LedgerError = self._store.head()
        except UNREADABLE as error:
            head = error
        self._match_checkpoints()
        start = _LOWEST
        while rows := self._read(start):
            self._take(rows)
            start = self._frontier.size
            if self._on_progress is not None:
                self._on_progress(start, max(start, head.size if isinstance(head, Head) else 0))
        self._check_end(head)

    def _read(self, start: int) -> list[Row]:
        try:
            return self._store.rows(start, CHUNK_ROWS)
        except UNREADABLE:
            return self._read_singly(start)

    def _read_singly(self, start: int) -> list[Row]:
        """Read as far as it goes, to name the first entry that cannot be read."""
        rows: list[Row] = []
        try:
            while len(rows) < CHUNK_ROWS and (found := self._store.rows(start, 1)):
                rows += found
                start = found[0][0] + 1
        except UNREADABLE as error:
            self._take(rows)
            raise _BrokenError(_unreadable(self._frontier.size, error)) from error
        return rows

    def _take(self, rows: Sequence[Row]) -> None:
        expected = self._frontier.size
        flaw = find_bad_row(rows, expected)
        good = rows if flaw is None or flaw.index is None else rows[: flaw.index - expected]
        self._missing_bodies += missing_bodies(good)
        self._extend([row[1] for row in good])
        if flaw is not None:
            raise _BrokenError(flaw)

    def _extend(self, hashes: list[bytes]) -> None:
        done = 0
        while done < len(hashes):
            start = self._frontier.size
            # Stop at every size that a checkpoint was taken at, to compare roots there.
            stop = self._pending[-1].size if self._pending else start + len(hashes)
            part = hashes[done : done + stop - start]
            completed = self._frontier.extend(part)
            done += len(part)
            for level in range(TILE_LEVELS, max(completed, default=0) + 1, TILE_LEVELS):
                self._match_nodes(level, start >> level, completed.get(level, []))
            self._match_checkpoints()

    def _match_nodes(self, level: int, first: int, hashes: list[bytes]) -> None:
        try:
            stored = self._store.hashes(level, first, first + len(hashes))
        except UNREADABLE as error:
            raise _BrokenError(_unreadable(max(first << level, self._covered), error, is_exact=False)) from error
        if stored == hashes:
            return
        offset = next(
            (at for at, (one, other) in enumerate(zip(stored, hashes, strict=False)) if one != other), len(stored)
        )
        index = max((first + offset) << level, self._covered)
        reason = f"the tree hash stored for {1 << level} entries from {(first + offset) << level} is not theirs"
        raise _BrokenError(Flaw(damage=Damage.REWRITTEN, index=index, is_exact=False, reason=reason))

    def _match_checkpoints(self) -> None:
        size = self._frontier.size
        while self._pending and self._pending[-1].size <= size:
            checkpoint = self._pending.pop()
            if checkpoint.root != self._frontier.root():
                reason = f"the first {size} entries are not those of the checkpoint taken at that size"
                raise _BrokenError(self._rewritten(size, reason))
            self._agreeing += 1
            self._covered = size

    def _check_end(self, head: Head | LedgerError) -> None:
        size = self._frontier.size
        if isinstance(head, LedgerError):
            raise _BrokenError(_unreadable(size, head))
        if size < head.size:
            reason = f"expected {head.size} entries, found {size}: the last ones were cut off"
            raise _BrokenError(Flaw(damage=Damage.TRUNCATED, index=size, reason=reason))
        if size > head.size:
            reason = f"expected {head.size} entries, found {size}: entries were added behind the ledger's back"
            raise _BrokenError(Flaw(damage=Damage.ADDED, index=head.size, reason=reason))
        if self._pending:
            reason = f"a checkpoint vouches for {self._pending[0].size} entries, the ledger has {size}"
            raise _BrokenError(Flaw(damage=Damage.ROLLED_BACK, index=size, reason=reason))
        if head.root != self._frontier.root():
            raise _BrokenError(self._rewritten(size, "the recorded root is not that of the entries"))
        self._match_nodes_behind(size)

    def _match_nodes_behind(self, size: int) -> None:
        try:
            left_over = self._store.hashes(TILE_LEVELS, size >> TILE_LEVELS, 1 << 62)
        except UNREADABLE as error:
            raise _BrokenError(_unreadable(size, error)) from error
        if left_over:
            reason = f"expected no tree hashes behind {size} entries, found some: the last entries were cut off"
            raise _BrokenError(Flaw(damage=Damage.TRUNCATED, index=size, reason=reason))

    def _rewritten(self, size: int, reason: str) -> Flaw:
        """A flaw somewhere in the entries behind the last agreeing checkpoint, up to `size`."""
        return Flaw(
            damage=Damage.REWRITTEN,
            index=self._covered if self._covered < size else None,
            is_exact=self._covered == size - 1,
            reason=reason,
        )

    def _judge_missing_bodies(self) -> tuple[Flaw | None, int]:
        unexplained = unexplained_bodies(self._store, self._missing_bodies)
        erased = len(self._missing_bodies) - len(unexplained)
        return (_missing(unexplained[0]) if unexplained else None), erased


def missing_bodies(rows: Sequence[Row]) -> list[int]:
    """Return the indexes of entries that were recorded with a body, and have none."""
    return [row[0] for row in rows if row[3] is None and b',"detail":"",' not in row[2]]


def unexplained_bodies(store: Store, missing: Sequence[int]) -> list[int]:
    """Return those of the missing bodies of which no erasure is recorded."""
    if not missing:
        return []
    try:
        recorded = {parse_entry(leaf).erased_index for leaf in store.erasures()}
    except LedgerError:
        recorded = set()  # that entry is a bad one
    return [index for index in missing if index not in recorded]


def find_missing_body(store: Store, rows: Sequence[Row]) -> Flaw | None:
    """Return the first body that is missing without an erasure, of rows of a store."""
    return next(map(_missing, unexplained_bodies(store, missing_bodies(rows))), None)


def _missing(index: int) -> Flaw:
    reason = f"the body of entry {index} is missing and no erasure of it is recorded"
    return Flaw(damage=Damage.BODY_MISSING, index=index, reason=reason)


def find_bad_row(rows: Sequence[Row], expected: int) -> Flaw | None:
    """Return the first flaw in consecutive rows, of which the first should be entry `expected`."""
    sha256 = hashlib.sha256
    try:
        is_good = (
            [row[0] for row in rows] == list(range(expected, expected + len(rows)))
            and [sha256(b"\x00" + row[2]).digest() for row in rows] == [row[1] for row in rows]
            and all(b',"index":%d,' % row[0] in row[2] for row in rows)
            and all(
                row[3] is None or b',"detail":"sha256:%s",' % sha256(row[3] + row[4]).hexdigest().encode() in row[2]
                for row in rows
            )
        )
    except TypeError:
        is_good = False  # damage made a value one of another type
    if is_good:
        return None
    return next(filter(None, (_judge(row, index) for index, row in enumerate(rows, expected))), None)


def _judge(row: Row, index: int) -> Flaw | None:
    position, digest, leaf, salt, detail = row
    if position > index:
        return Flaw(damage=Damage.MISSING, index=index, reason=f"entry {index} is missing")
    if position < index:
        reason = f"expected entry {index}, found one at position {position}"
        return Flaw(damage=Damage.ADDED, index=index, reason=reason)
    if not isinstance(leaf, bytes) or leaf_hash(leaf) != digest:
        return Flaw(damage=Damage.EDITED, index=index, reason=f"entry {index} is not what was recorded")
    # In canonical JSON a comma and a quote that is not escaped stand only before a key, so that these texts cannot
    # be part of a value.
    if b',"index":%d,' % index not in leaf:
        reason = f"at position {index} stands an entry that was recorded at another one"
        return Flaw(damage=Damage.REORDERED, index=index, reason=reason)
    return None if salt is None else _judge_body(leaf, salt, detail, index)


def _judge_body(leaf: bytes, salt: object, detail: object, index: int) -> Flaw | None:
    if isinstance(salt, bytes) and isinstance(detail, bytes):
        digest = hashlib.sha256(salt + detail).hexdigest().encode()
        if b',"detail":"sha256:%s",' % digest in leaf:
            return None
    reason = f"the body of entry {index} is not what was recorded"
    return Flaw(damage=Damage.BODY_EDITED, index=index, reason=reason)


def _unreadable(index: int, error: LedgerError, *, is_exact: bool = True) -> Flaw:
    return Flaw(damage=Damage.UNREADABLE, index=index, is_exact=is_exact, reason=error.message)

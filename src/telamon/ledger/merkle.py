"""The Merkle hash tree of RFC 6962 (section 2) with the verification algorithms of RFC 9162 (section 2.1)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Return SHA-256(0x00, leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01, left, right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """The right edge of a tree: enough to append to it and to know its root, in O(log n) memory.

    Attributes:
        size: Leaves so far.
        peaks: For each level the hash of the complete subtree that has no right sibling yet; `None` where the
            size has no bit.
    """

    size: int = 0
    peaks: list[bytes | None] = field(default_factory=list)

    def copy(self) -> Frontier:
        """Return an independent frontier of the same tree."""
        return Frontier(size=self.size, peaks=list(self.peaks))

    def extend(self, hashes: Iterable[bytes], level: int = 0) -> dict[int, list[bytes]]:
        """Append complete subtrees of 2^level leaves and return the hashes of those that were completed.

        The result has, for each level above `level` at which any were completed, their hashes in order; the
        first of them is number `old size >> level`. Appending above level 0 needs a size that is a multiple
        of 2^level.
        """
        sha256 = hashlib.sha256
        completed: dict[int, list[bytes]] = {}
        row = list(hashes)
        self.size += len(row) << level
        while row:
            self.peaks.extend([None] * (level + 1 - len(self.peaks)))
            pending = self.peaks[level]
            if pending is not None:
                row.insert(0, pending)
            self.peaks[level] = row.pop() if len(row) % 2 else None
            pairs = iter(row)
            row = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            level += 1
            if row:
                completed[level] = row.copy()
        return completed

    def root(self) -> bytes:
        """Return the root hash of the tree."""
        result: bytes | None = None
        for peak in self.peaks:
            if peak is not None:
                result = peak if result is None else node_hash(peak, result)
        return EMPTY_ROOT if result is None else result


def root_hash(hashes: Iterable[bytes]) -> bytes:
    """Return the root of the tree over these leaf hashes."""
    frontier = Frontier()
    frontier.extend(hashes)
    return frontier.root()


def range_hash(start: int, stop: int, subtree: Callable[[int, int], bytes]) -> bytes:
    """Return MTH(D[start:stop]) of a non-empty range whose start is a multiple of the power of two that holds it.

    `subtree(level, number)` gives the hash of the complete subtree over leaves
    `number * 2^level .. (number + 1) * 2^level`.
    """
    count = stop - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return subtree(level, start >> level)
    middle = start + _split(count)
    return node_hash(range_hash(start, middle, subtree), range_hash(middle, stop, subtree))


def inclusion_path(index: int, size: int, subtree: Callable[[int, int], bytes]) -> list[bytes]:
    """Return PATH(index, D[0:size]) of RFC 6962, section 2.1.1, leaf's sibling first; `0 <= index < size`."""
    start, stop = 0, size
    path = []
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(range_hash(middle, stop, subtree))
            stop = middle
        else:
            path.append(range_hash(start, middle, subtree))
            start = middle
    return path[::-1]


def consistency_path(first: int, second: int, subtree: Callable[[int, int], bytes]) -> list[bytes]:
    """Return PROOF(first, D[0:second]) of RFC 6962, section 2.1.2; `0 <= first <= second`."""
    if first in {0, second}:
        return []
    start, stop, is_whole = 0, second, True
    path = []
    while first < stop:
        middle = start + _split(stop - start)
        if first <= middle:
            path.append(range_hash(middle, stop, subtree))
            stop = middle
        else:
            path.append(range_hash(start, middle, subtree))
            start = middle
            is_whole = False
    if not is_whole:
        path.append(range_hash(start, stop, subtree))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `path` proves that leaf hash `leaf` is at `index` of the tree (RFC 9162, section 2.1.3.2)."""
    # Step 1.
    if not 0 <= index < size:
        return False
    # Step 2.
    fn, sn = index, size - 1
    # Step 3.
    r = leaf
    # Step 4.
    for p in path:
        # Step 4.1.
        if sn == 0:
            return False
        # Step 4.2.
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        # Step 4.3.
        fn, sn = fn >> 1, sn >> 1
    # Step 5.
    return sn == 0 and r == root


def verify_consistency(first: int, second: int, path: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Tell whether `path` proves that the first tree is a prefix of the second (RFC 9162, section 2.1.4.2).

    The RFC defines it for `0 < first < second`; equal trees and the empty tree need no path.
    """
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    # Step 1.
    if not 0 < first < second or not path:
        return False
    # Step 2.
    if first & (first - 1) == 0:
        path = [first_root, *path]
    # Step 3.
    fn, sn = first - 1, second - 1
    # Step 4.
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    # Step 5.
    fr = sr = path[0]
    # Step 6.
    for c in path[1:]:
        # Step 6.1.
        if sn == 0:
            return False
        # Step 6.2.
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        # Step 6.3.
        fn, sn = fn >> 1, sn >> 1
    # Step 7.
    return fr == first_root and sr == second_root and sn == 0


def _split(count: int) -> int:
    """The largest power of two smaller than `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)

"""The Merkle tree as it is stored: frontiers, roots and proofs from a few hundred hashes, not from all leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.ledger import merkle
from telamon.ledger.errors import DamagedLedgerError
from telamon.ledger.store import TILE_LEVELS

if TYPE_CHECKING:
    from telamon.ledger.store import Store


class StoredTree:
    """Reads a tree of a store, inside its `reading` or `writing`; believes the stored hashes.

    Args:
        store: Where the hashes are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def frontier(self, size: int) -> merkle.Frontier:
        """Return the right edge of the tree over the first `size` leaves.

        Raises:
            DamagedLedgerError: Hashes are missing.
        """
        frontier = merkle.Frontier()
        top = size.bit_length() // TILE_LEVELS * TILE_LEVELS
        for level in range(top, -1, -TILE_LEVELS):
            frontier.extend(self._hashes(level, frontier.size >> level, size >> level), level)
        return frontier

    def root(self, size: int) -> bytes:
        """Return the root of the tree over the first `size` leaves.

        Raises:
            DamagedLedgerError: Hashes are missing.
        """
        return self.frontier(size).root()

    def subtree(self, level: int, number: int) -> bytes:
        """Return the hash of the complete subtree of 2^level leaves that starts at leaf `number * 2^level`.

        Raises:
            DamagedLedgerError: Hashes are missing.
        """
        shift = level % TILE_LEVELS
        return merkle.root_hash(self._hashes(level - shift, number << shift, (number + 1) << shift))

    def _hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        hashes = self._store.hashes(level, start, stop)
        if len(hashes) != stop - start or not all(isinstance(digest, bytes) for digest in hashes):
            raise DamagedLedgerError(
                f"expected {stop - start} tree hashes from number {start} at level {level} of ledger "
                f"`{self._store.name}`, found {len(hashes)}",
                hint="`telamon ledger verify` finds the first bad entry",
            )
        return hashes

"""What a ledger is kept in: the interface that every store has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from telamon.ledger.entry import Body

# Hashes of complete subtrees are kept at every eighth level, as in C2SP tlog-tiles: 1/255 of the leaves' hashes in
# space, and at most 256 hashes to read and compute per level of a proof.
TILE_LEVELS = 8

# Position, leaf hash, leaf, and salt and detail of the body if there is one. A plain tuple, as the database gives
# it: verification reads millions of them. Any, because in a damaged database the last four may be of any type.
Row: TypeAlias = tuple[int, Any, Any, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How many entries the store says it has, and their root."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one append adds, all of it or nothing.

    Attributes:
        start: Index of the first entry.
        leaves: Canonical JSON of each entry.
        hashes: Leaf hash of each entry.
        bodies: Of each entry, `None` where it has none.
        nodes: Hashes of the subtrees of 2^level leaves that the batch completes, by level (multiples of 8).
        head: After the batch.
    """

    start: int
    leaves: Sequence[bytes]
    hashes: Sequence[bytes]
    bodies: Sequence[Body | None]
    nodes: Mapping[int, Sequence[bytes]]
    head: Head


class Store(Protocol):
    """Keeps entries, bodies, subtree hashes and checkpoints, and judges none of them.

    All methods raise `LedgerError`s: damaged, full, busy, read-only or unavailable. All but `exists`, `create` and
    `close` are called inside `reading` or `writing`.
    """

    @property
    def name(self) -> str:
        """How messages call it."""

    def exists(self) -> bool:
        """Tell whether there is anything at its place, a ledger or not."""

    def create(self) -> None:
        """Make an empty ledger if there is nothing at its place; replaces nothing."""

    def reading(self) -> AbstractContextManager[None]:
        """Read from one snapshot."""

    def writing(self) -> AbstractContextManager[None]:
        """Hold the only right to write; durable when left, undone when left by an exception."""

    def head(self) -> Head:
        """Return the recorded size and root."""

    def last_position(self) -> int:
        """Return the highest position there is, -1 if there is none."""

    def rows(self, start: int, limit: int) -> list[Row]:
        """Return at most `limit` rows from position `start` on, by position."""

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Return the subtree hashes number `start` to `stop` (exclusive) at a level that is a multiple of 8."""

    def erasures(self) -> list[bytes]:
        """Return the leaves of all entries that record an erasure."""

    def checkpoints(self) -> list[bytes]:
        """Return the notes of all checkpoints by size."""

    def latest_checkpoint(self) -> bytes | None:
        """Return the note of the largest checkpoint."""

    def add(self, batch: Batch) -> None:
        """Append entries and set the head."""

    def add_checkpoint(self, size: int, note: str) -> None:
        """Keep a checkpoint."""

    def erase_body(self, position: int) -> bool:
        """Remove a body for good; tell whether there was one."""

    def clean(self) -> None:
        """Outside of `writing`: let nothing that was erased stay in the store's files."""

    def close(self) -> None:
        """Let go of all resources; the store may be used again."""

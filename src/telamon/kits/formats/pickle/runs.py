"""Values that stay bytes until somebody looks at them: runs of plain values, and containers filled with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from telamon.kits.formats.pickle.limits import UNBOUNDED
from telamon.kits.formats.pickle.values import Collection, Kind, Value, is_hashable

if TYPE_CHECKING:
    from collections.abc import Callable

    Decode: TypeAlias = Callable[[int, int], list[Value]]


@dataclass(frozen=True, slots=True)
class Run:
    """One or more plain values that the stream pushes between two offsets.

    Attributes:
        start: Offset of the first opcode.
        stop: Offset after the last.
        is_pairs: Whether they are keys, all hashable, and values in turn.
    """

    start: int
    stop: int
    is_pairs: bool


Entry: TypeAlias = Value | Run


class LazyCollection(Collection):
    """A container that decodes what was put in when somebody looks.

    Beyond a bound nothing more is kept; `count` is then only said to be larger than what `items` holds.
    """

    __slots__ = ("_decode", "_entries", "_is_cut", "_is_hashable", "_items", "_keep")

    def __init__(self, kind: Kind, decode: Decode, keep: int, entries: list[Entry] | None = None) -> None:
        self.kind = kind
        self._decode = decode
        self._keep = keep
        self._entries: list[Entry] | None = []
        self._items: list[Value] = []
        self._is_cut = False
        self._is_hashable: bool | None = None
        if entries:
            self.put(entries)

    def put(self, entries: list[Entry]) -> None:
        """Puts entries in, as far as there is room for them; each of them holds at least one value."""
        kept = self._entries
        if kept is None:
            if len(self._items) >= self._keep or self._is_cut:
                self._is_cut = True
                return
            kept = self._entries = list(self._items)
        room = self._keep - len(kept)
        if room < len(entries):
            self._is_cut = True
            entries = entries[: room - room % 2]
        kept.extend(entries)

    def _settle(self) -> None:
        """Decodes the runs."""
        entries = self._entries
        if entries is None:
            return
        items: list[Value] = []
        for entry in entries:
            if isinstance(entry, Run):
                items += self._decode(entry.start, entry.stop)
            else:
                items.append(entry)
        if self.kind in {Kind.TUPLE, Kind.FROZENSET} and self._is_hashable is None:
            self._is_hashable = not self._is_cut and all(map(is_hashable, items))
        if len(items) > self._keep:
            self._is_cut = True
        self._items = items[: self._keep]
        self._entries = None

    @property
    def items(self) -> list[Value]:  # type: ignore[override] - decoded on demand
        """The first items."""
        self._settle()
        return self._items

    @items.setter
    def items(self, value: list[Value]) -> None:
        self._items = value

    @property
    def count(self) -> int:  # type: ignore[override] - decoded on demand
        """How many items there are, UNBOUNDED where they were not all looked at."""
        self._settle()
        return UNBOUNDED if self._is_cut else len(self._items)

    @count.setter
    def count(self, value: int) -> None:
        self._is_cut = value > len(self._items)

    @property
    def is_hashable(self) -> bool:  # type: ignore[override] - decoded on demand
        """Whether it can be a key; a tuple too long to look at is taken not to be."""
        if self.kind not in {Kind.TUPLE, Kind.FROZENSET}:
            return False
        self._settle()
        return bool(self._is_hashable)

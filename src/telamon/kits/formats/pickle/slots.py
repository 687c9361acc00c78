"""The memo of a stream that fills it by MEMOIZE only, found again in the bytes instead of kept in memory.

The n-th slot is the n-th MEMOIZE of the stream. Windows of the stream remember where they begin; which slots
they fill is counted when somebody asks.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from telamon.kits.formats.pickle.data_only import payload_end
from telamon.kits.formats.pickle.grammar import Pattern, any_get, memo_tokens, memoizes, operations, regular
from telamon.kits.formats.pickle.opcodes import Opcode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.pickle.machine import Data

    Offsets: TypeAlias = array[int]

_WINDOW: Final = 64 * 1024
_LISTED: Final = 8  # windows whose opcodes are kept listed
_MEMOIZE: Final = int(Opcode.MEMOIZE)
_MARKED: Final = b"\x94"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slot is filled.

    Attributes:
        maker: Offset of the opcode before the MEMOIZE.
        offset: Offset of the MEMOIZE.
    """

    maker: int
    offset: int


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of the stream, from opcode to opcode.

    Attributes:
        start: Offset of its first opcode.
        stop: Offset after its last; equal to `start` where no regular opcode stands.
        is_clean: Whether its GETs are all BINGETs of indexes that were known to find something hashable.
    """

    start: int
    stop: int
    is_clean: bool


class Slots:
    """The MEMOIZEs of the windows walked so far.

    Attributes:
        walked: Offset up to where windows reach; an opcode begins there.
    """

    def __init__(self, data: Data, start: int, end: int) -> None:
        self.walked = start
        self._data = data
        self._end = end
        self._starts: Offsets = array("Q")
        self._before: Offsets = array("Q", [0])  # slots filled before each window, as far as counted
        self._listings: dict[int, Offsets] = {}

    def walk(self, known: bytes) -> Window:
        """Takes the next window; `known` are the indexes that BINGET may have in a clean one."""
        start = self.walked
        stop, is_clean = self._advance(regular(known), start), True
        if stop < min(start + _WINDOW, self._end):
            clean, stop = stop, self._advance(any_get(), stop if stop > start else start)
            is_clean = stop == clean
        while stop < self._end and stop > start and self._data[stop] == _MEMOIZE:
            stop += 1  # a MEMOIZE belongs to the opcode before it
        self._starts.append(start)
        self.walked = stop
        return Window(start, stop, is_clean)

    def _advance(self, run: Pattern, start: int) -> int:
        """Returns where runs of opcodes and long payloads end, about a window behind `walked`."""
        position, limit = start, min(self.walked + _WINDOW, self._end)
        while position < limit:
            stop = _end(run.match(self._data, position, limit), position)
            if stop == position:
                stop = payload_end(self._data, position, self._end) or position
            if stop == position and position == self.walked:
                stop = _end(run.match(self._data, position, min(position + 16 * _WINDOW, self._end)), position)
            if stop == position:
                break
            position = stop
        return position

    def _runs(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yields the runs of opcodes of a window, and its long payloads as runs of one opcode."""
        run = any_get()
        while start < stop:
            reached = _end(run.match(self._data, start, stop), start)
            if reached == start:
                reached = payload_end(self._data, start, stop) or stop
            yield start, reached
            start = reached

    def new_gets(self, window: Window, known: set[bytes]) -> set[bytes]:
        """Returns the GET opcodes of a window, argument included, that are not `known`."""
        found: set[bytes] = set()
        for start, stop in self._runs(window.start, window.stop):
            if not self._is_long(start, stop):
                found.update(memo_tokens().findall(self._data, start, stop))
        return found - known - {_MARKED, b""}

    def _is_long(self, start: int, stop: int) -> bool:
        return operations().match(self._data, start, stop) is None

    def place(self, index: int, before: int) -> Place | None:
        """Returns where slot `index` is filled, None if that is not before the offset `before`."""
        while self._before[-1] <= index and len(self._before) <= len(self._starts):
            self._before.append(self._before[-1] + self._count(len(self._before) - 1))
        window = bisect_right(self._before, index) - 1
        if window >= len(self._starts) or self._starts[window] >= before:
            return None
        listing = self._listing(window)
        entry = 2 * (index - self._before[window])
        place = Place(listing[entry], listing[entry + 1])
        return place if place.offset < before else None

    def _bounds(self, window: int) -> tuple[int, int]:
        stop = self._starts[window + 1] if window + 1 < len(self._starts) else self.walked
        return self._starts[window], stop

    def _count(self, window: int) -> int:
        """Returns how many MEMOIZEs a window has."""
        count = 0
        for start, stop in self._runs(*self._bounds(window)):
            if not self._is_long(start, stop):
                count += sum(map(bool, memoizes().findall(self._data, start, stop)))
        return count

    def _listing(self, window: int) -> Offsets:
        """Returns, for every MEMOIZE of a window, the offset of the opcode before it and its own."""
        known = self._listings.get(window)
        if known is None:
            if len(self._listings) >= _LISTED:
                del self._listings[next(iter(self._listings))]
            known = self._listings[window] = array("Q")
            last = 0
            for at in self._operations(window):
                if self._data[at] == _MEMOIZE:
                    known.append(last)
                    known.append(at)
                last = at
        return known

    def _operations(self, window: int) -> list[int]:
        """Returns where the opcodes of a window begin."""
        starts: list[int] = []
        for start, stop in self._runs(*self._bounds(window)):
            if self._is_long(start, stop):
                starts.append(start)
            else:
                starts += [found.start() for found in operations().finditer(self._data, start, stop)]
        return starts

    def operations_before(self, offset: int, most: int) -> list[int]:
        """Returns where the last opcodes of its window before an offset begin, the nearest first."""
        starts = self._operations(bisect_right(self._starts, offset) - 1)
        cut = bisect_left(starts, offset)
        return starts[max(cut - most, 0) : cut][::-1]


def _end(matched: object, start: int) -> int:
    """Returns where a match ends, `start` if there is none."""
    return matched.end() if matched is not None else start  # type: ignore[attr-defined, no-any-return] - a Match[bytes]

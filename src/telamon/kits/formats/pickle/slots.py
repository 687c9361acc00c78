"""The memo of a stream that fills it in order, found again in the bytes instead of kept in memory.

The n-th slot is filled by the n-th PUT of the stream: by MEMOIZE always, by BINPUT and LONG_BINPUT where their
indexes count up from 0, as the C pickler writes them. Windows of the stream remember where they begin; which
slots they fill is counted when somebody asks.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from telamon.kits.formats.pickle.data_only import payload_end
from telamon.kits.formats.pickle.endings import IrregularError
from telamon.kits.formats.pickle.grammar import Pattern, memo_puts, memo_tokens, operations, regular
from telamon.kits.formats.pickle.opcodes import Opcode

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from telamon.kits.formats.pickle.machine import Data

    Offsets: TypeAlias = array[int]

_MOST_PUT: Final = 64  # bytes of PUTs that follow each other across the end of a window; picklers write one
_WINDOW: Final = 64 * 1024
_LISTED: Final = 8  # windows whose opcodes are kept listed
_MEMOIZE: Final = int(Opcode.MEMOIZE)
_PUTS: Final = {Opcode.BINPUT: 2, Opcode.LONG_BINPUT: 5}  # with their lengths
_UINT32: Final = struct.Struct("<I")
_BYTES: Final = 256
_MOST_OPERATIONS: Final = 2000  # that make one value again
_MOST_LISTED: Final = 4  # times the length of the stream
_WORK: Final = 16 * 2**20  # bytes listed before that is held against the length of the stream
_MARK: Final = int(Opcode.MARK)
_TO_MARK: Final = frozenset(b"tld\x91oeu\x90")
_FILLING: Final = frozenset(b"eu\x90")
_ODD: Final = frozenset(b"012i.\x97")
_NEEDED: Final = {
    **dict.fromkeys(b"\x94qr\x80\x95\x85Q\x98", 0),
    **dict.fromkeys(b"\x86R\x81\x93ab", 1),
    **dict.fromkeys(b"\x87\x92s", 2),
}
"""How many more values must be pushed before an opcode than after it; one less for those not named."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slot is filled.

    Attributes:
        maker: Offset of the opcode before the PUT.
        offset: Offset of the PUT.
    """

    maker: int
    offset: int


@dataclass(frozen=True, slots=True)
class Known:
    """Memo indexes that GETs of a clean window may have.

    Attributes:
        short: Those of BINGET.
        long: Some of LONG_BINGET, as four bytes each.
    """

    short: bytes
    long: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Listing:
    """Where the opcodes of a window begin, and which of them are PUTs."""

    operations: Offsets
    puts: Offsets


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of the stream, from opcode to opcode.

    Attributes:
        start: Offset of its first opcode.
        stop: Offset after its last; equal to `start` where no regular opcode stands.
        is_clean: Whether its GETs are all of indexes that were known to find something hashable.
    """

    start: int
    stop: int
    is_clean: bool


class Slots:
    """The PUTs of the windows walked so far.

    Attributes:
        walked: Offset up to where windows reach; an opcode begins there.
        is_ordered: Whether all PUTs up to there fill the next slot; else nothing else here holds.
    """

    def __init__(self, data: Data, start: int, end: int, *, puts: bool) -> None:
        self._puts = puts
        self.is_ordered = True
        self.walked = start
        self._data = data
        self._end = end
        self._starts: Offsets = array("Q")
        self._before: Offsets = array("Q", [0])  # slots filled before each window, as far as counted
        self._listings: dict[int, _Listing] = {}
        self._listed = 0

    def walk(self, known: Known) -> Window:
        """Takes the next window; `known` are the indexes that GETs may have in a clean one."""
        start = self.walked
        stop, is_clean = self._advance(regular(puts=self._puts, known=known.short, known_long=known.long), start), True
        if stop < min(start + _WINDOW, self._end):
            clean, stop = stop, self._advance(regular(puts=self._puts), stop)
            is_clean = stop == clean
        limit = stop + _MOST_PUT
        while stop > start and (width := self._put_at(stop)):
            stop += width  # a PUT belongs to the opcode before it
            if stop > limit:
                raise IrregularError("a value that is put into the memo again and again")
        self._starts.append(start)
        self.walked = stop
        if self._puts:
            self._before.append(self._before[-1] + self._count(len(self._starts) - 1))
        return Window(start, stop, is_clean)

    def _put_at(self, offset: int) -> int:
        """Returns the length of the PUT at an offset, 0 if there is none."""
        if offset >= self._end:
            return 0
        code = self._data[offset]
        if not self._puts:
            return int(code == _MEMOIZE)
        width = _PUTS.get(code, 0)  # type: ignore[call-overload]  # an int is looked up as the IntEnum it equals
        return width if offset + width <= self._end else 0

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
        run = regular(puts=self._puts)
        while start < stop:
            reached = _end(run.match(self._data, start, stop), start)
            if reached == start:
                reached = payload_end(self._data, start, stop) or stop
            yield start, reached
            start = reached

    def tokens(self, window: Window) -> list[bytes]:
        """Returns the PUT and GET opcodes of a window in order, arguments included, and empty ones."""
        found: list[bytes] = []
        for start, stop in self._runs(window.start, window.stop):
            if not self._is_long(start, stop):
                found += memo_tokens(puts=self._puts).findall(self._data, start, stop)
        return found

    def filled_before(self, offset: int) -> int:
        """Returns how many slots are filled before the window that begins at an offset."""
        window = bisect_left(self._starts, offset)
        while len(self._before) <= window:
            self._before.append(self._before[-1] + self._count(len(self._before) - 1))
        return self._before[window]

    def _is_long(self, start: int, stop: int) -> bool:
        return operations(puts=self._puts).match(self._data, start, stop) is None

    def place(self, index: int, before: int) -> Place | None:
        """Returns where slot `index` is filled, None if that is not before the offset `before`."""
        while self._before[-1] <= index and len(self._before) <= len(self._starts):
            self._before.append(self._before[-1] + self._count(len(self._before) - 1))
        window = bisect_right(self._before, index) - 1
        if window >= len(self._starts) or self._starts[window] >= before:
            return None
        listing = self._listing(window)
        put = listing.puts[index - self._before[window]]
        place = Place(listing.operations[max(put - 1, 0)], listing.operations[put])
        return place if place.offset < before else None

    def _bounds(self, window: int) -> tuple[int, int]:
        stop = self._starts[window + 1] if window + 1 < len(self._starts) else self.walked
        return self._starts[window], stop

    def _count(self, window: int) -> int:
        """Returns how many slots a window fills."""
        count = 0
        for start, stop in self._runs(*self._bounds(window)):
            if not self._is_long(start, stop):
                found: list[bytes] = memo_puts(puts=self._puts).findall(self._data, start, stop)
                found = found[: -found.count(b"") or None]  # it is at the end
                if self._puts and not _is_ordered(found, self._before[window] + count):
                    self.is_ordered = False
                count += len(found)
        return count

    def _listing(self, window: int) -> _Listing:
        """Returns where the opcodes of a window begin, and which of them are PUTs."""
        known = self._listings.get(window)
        if known is None:
            if len(self._listings) >= _LISTED:
                del self._listings[next(iter(self._listings))]
            first, last = self._bounds(window)
            self._listed += last - first
            if self._listed > _WORK + _MOST_LISTED * (self.walked - self._starts[0]):
                raise IrregularError("a memo that is looked into all over")
            operations = self._operations(window)
            puts = array("Q", [index for index, at in enumerate(operations) if self._put_at(at)])
            known = self._listings[window] = _Listing(operations, puts)
        return known

    def _operations(self, window: int) -> Offsets:
        """Returns where the opcodes of a window begin."""
        starts: Offsets = array("Q")
        for start, stop in self._runs(*self._bounds(window)):
            if self._is_long(start, stop):
                starts.append(start)
            else:
                found = operations(puts=self._puts).finditer(self._data, start, stop)
                starts.extend([matched.start() for matched in found])
        return starts

    def span_start(self, maker: int) -> int:
        """Returns where the opcodes begin that make a value, of which the opcode at `maker` is the last.

        Raises:
            IrregularError: It is made in another way than picklers make values, or by very many opcodes.
        """
        needed, marks = 1, 0  # values that opcodes before have to push; MARKs that have to come
        for at in self._backwards(maker):
            code = self._data[at]
            if code in _ODD:
                break
            if marks:
                marks += (code in _TO_MARK) - (code == _MARK)
            elif code in _TO_MARK:
                marks, needed = 1, needed - (code not in _FILLING)
            elif code == _MARK:
                break
            else:
                needed += _NEEDED.get(code, -1)
            if not needed and not marks:
                return at
        raise IrregularError("a value made by very many opcodes, or oddly")

    def _backwards(self, last: int) -> Iterator[int]:
        """Yields where opcodes begin, from one backwards, as far as values are made again."""
        window = bisect_right(self._starts, last) - 1
        left = _MOST_OPERATIONS
        while window >= 0 and left > 0:
            starts = self._listing(window).operations
            stop = bisect_right(starts, last)
            first = max(stop - left, 0)
            yield from reversed(starts[first:stop])
            left -= stop - first
            window -= 1


def _is_ordered(found: list[bytes], index: int) -> bool:
    """Returns whether PUT opcodes count up from an index, in the shorter form where there is one."""
    short = max(min(_BYTES - index, len(found)), 0)
    if b"".join(found[:short]) != b"".join(b"q%c" % (index + step) for step in range(short)):
        return False
    last = index + len(found)
    return b"".join(found[short:]) == b"".join(b"r" + _UINT32.pack(step) for step in range(index + short, last))


def _end(matched: re.Match[bytes] | None, start: int) -> int:
    """Returns where a match ends, `start` if there is none."""
    return start if matched is None else matched.end()

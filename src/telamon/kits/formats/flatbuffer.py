"""Reads tables of flatbuffers by position, without schemas (flatbuffers.dev/internals)."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.source import Source

MAX_ITEMS: Final = 50_000
"""Items of one vector that are followed, half a second of CPU; models use some hundred operators."""

MAX_NUMBERS: Final = 8_000_000
"""Numbers of one vector that are kept, 32 MB or 64."""

MAX_FOLLOWED: Final = 300_000
"""Tables that are followed in one file, a second and a half of CPU; vectors of many may be one."""

NUMBERS_OF_A_TABLE: Final = 100
"""Numbers of a vector that cost as much as a table."""

MAX_TEXT_BYTES: Final = 4096


class _Followed:
    """What has been followed of one file."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def add(self, count: int, at: int) -> None:
        self._count += count
        if self._count > MAX_FOLLOWED:
            raise MalformedError(f"expected at most {MAX_FOLLOWED} tables", offset=at)


class Table:
    """One table; fields are asked for by their position in the schema, counted from 0."""

    __slots__ = ("_at", "_followed", "_source", "_vtable", "_vtable_bytes")

    def __init__(self, source: Source, at: int, followed: _Followed) -> None:
        followed.add(1, at)
        self._followed = followed
        self._source = source
        self._at = at
        self._vtable = at - _signed(source, at)
        self._vtable_bytes = _number(source, self._vtable, 2)

    def _field(self, position: int) -> int | None:
        entry = 4 + 2 * position
        if entry + 2 > self._vtable_bytes:
            return None
        offset = _number(self._source, self._vtable + entry, 2)
        return self._at + offset if offset else None

    def number(self, position: int, length: int) -> int:
        """Returns an unsigned number of `length` bytes, 0 where the field is missing."""
        at = self._field(position)
        return 0 if at is None else _number(self._source, at, length)

    def text(self, position: int) -> str:
        """Returns the beginning of a text, empty where the field is missing."""
        at = self._field(position)
        if at is None:
            return ""
        start = at + _number(self._source, at, 4)
        length = _number(self._source, start, 4)
        return self._source.read(start + 4, min(length, MAX_TEXT_BYTES)).decode("utf-8", "replace")

    def tables(self, position: int) -> Iterator[Table]:
        """Yields the tables of a vector, none where the field is missing."""
        for at in self._slots(position):
            yield Table(self._source, at, self._followed)

    def texts(self, position: int) -> Iterator[str]:
        """Yields the beginnings of the texts of a vector, none where the field is missing."""
        for at in self._slots(position):
            yield self._source.read(at + 4, min(_number(self._source, at, 4), MAX_TEXT_BYTES)).decode(
                "utf-8", "replace"
            )

    def _slots(self, position: int) -> Iterator[int]:
        at = self._field(position)
        if at is None:
            return
        start = at + _number(self._source, at, 4)
        count = _number(self._source, start, 4)
        if count > MAX_ITEMS:
            raise MalformedError(f"expected at most {MAX_ITEMS} tables, found {count}", offset=start)
        for index in range(count):
            slot = start + 4 + 4 * index
            yield slot + _number(self._source, slot, 4)

    def table(self, position: int) -> Table | None:
        """Returns the table that a field refers to, `None` where the field is missing."""
        at = self._field(position)
        return None if at is None else Table(self._source, at + _number(self._source, at, 4), self._followed)

    def vector(self, position: int, item_bytes: int) -> tuple[int, int]:
        """Returns where the items of a vector of plain values begin and how many there are; 0, 0 where it is missing.

        Raises:
            MalformedError: They do not end within the source.
        """
        at = self._field(position)
        if at is None:
            return 0, 0
        start = at + _number(self._source, at, 4)
        count = _number(self._source, start, 4)
        if start + 4 + count * item_bytes > self._source.size:
            raise MalformedError(f"expected {count} items of {item_bytes} bytes within the file", offset=start)
        return start + 4, count

    def pairs(self, start: int, count: int) -> array[int]:
        """Returns twice as many numbers of two bytes as there are items in a vector of pairs (see `vector`)."""
        made = array("H")
        made.frombytes(self._source.read(start, 4 * min(count, MAX_NUMBERS)))
        if sys.byteorder == "big":
            made.byteswap()
        return made

    def numbers(self, position: int, code: str) -> array[int]:
        """Returns a vector of whole numbers of a type that `array` knows by its letter; of at most `MAX_NUMBERS`.

        Raises:
            MalformedError: There are more, or they do not end within the source.
        """
        made: array[int] = array(code)
        start, count = self.vector(position, made.itemsize)
        if count > MAX_NUMBERS:
            raise MalformedError(f"expected at most {MAX_NUMBERS} numbers, found {count}", offset=start)
        self._followed.add(count // NUMBERS_OF_A_TABLE, start)
        made.frombytes(self._source.read(start, count * made.itemsize))
        if sys.byteorder == "big":
            made.byteswap()
        return made


def root(source: Source) -> Table:
    """Returns the outermost table of a flatbuffer.

    Raises:
        MalformedError: An offset leads out of the source; tables raise it likewise.
    """
    return Table(source, _number(source, 0, 4), _Followed())


def _number(source: Source, at: int, length: int) -> int:
    data = source.read(at, length)
    if at < 0 or len(data) < length:
        raise MalformedError(f"expected a number of {length} bytes within the file", offset=at)
    return int.from_bytes(data, "little")


def _signed(source: Source, at: int) -> int:
    value = _number(source, at, 4)
    return value - (1 << 32) if value >> 31 else value

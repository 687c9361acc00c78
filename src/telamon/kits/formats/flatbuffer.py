"""Reads tables of flatbuffers by position, without schemas (flatbuffers.dev/internals)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.source import Source

MAX_ITEMS: Final = 50_000
"""Items of one vector that are followed, half a second of CPU; models use some hundred operators."""

MAX_TEXT_BYTES: Final = 4096


class Table:
    """One table; fields are asked for by their position in the schema, counted from 0."""

    __slots__ = ("_at", "_source", "_vtable", "_vtable_bytes")

    def __init__(self, source: Source, at: int) -> None:
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
        at = self._field(position)
        if at is None:
            return
        start = at + _number(self._source, at, 4)
        count = _number(self._source, start, 4)
        if count > MAX_ITEMS:
            raise MalformedError(f"expected at most {MAX_ITEMS} tables, found {count}", offset=start)
        for index in range(count):
            slot = start + 4 + 4 * index
            yield Table(self._source, slot + _number(self._source, slot, 4))


def root(source: Source) -> Table:
    """Returns the outermost table of a flatbuffer.

    Raises:
        MalformedError: An offset leads out of the source; tables raise it likewise.
    """
    return Table(source, _number(source, 0, 4))


def _number(source: Source, at: int, length: int) -> int:
    data = source.read(at, length)
    if at < 0 or len(data) < length:
        raise MalformedError(f"expected a number of {length} bytes within the file", offset=at)
    return int.from_bytes(data, "little")


def _signed(source: Source, at: int) -> int:
    value = _number(source, at, 4)
    return value - (1 << 32) if value >> 31 else value

"""Reads protocol-buffer messages field by field, without schemas or copies.

The wire format is that of https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.kits.formats.source import Buffer, Source

MAX_DEPTH: Final = 100
"""Messages within one another; protobuf's own parsers stop at 100 (`SetRecursionLimit`)."""

MAX_FIELDS: Final = 1_200_000
"""Fields read of one file, over all levels, 1.5 seconds of CPU; graphs of large models have about a million."""

_MORE: Final = 0x80  # the continuation bit of a number's byte
_VARINT, _FIXED64, _LENGTH, _START_GROUP, _END_GROUP, _FIXED32 = range(6)


class Field(NamedTuple):  # made in a third of the time of a frozen dataclass, a million times for a large graph
    """One field of a message.

    Attributes:
        number: As the schema knows it.
        value: Of a number; 0 for bytes.
        start: Where the content begins in the buffer.
        stop: Behind the content's last byte.
        is_bytes: Whether the content is a text, bytes, a message or packed numbers.
    """

    number: int
    value: int
    start: int
    stop: int
    is_bytes: bool


class Message:
    """One message, or a message within one; iterating yields its fields in the order of the bytes.

    Create the outermost by `open_message`.
    """

    __slots__ = ("_buffer", "_count", "_depth", "_start", "_stop")

    def __init__(self, buffer: Buffer, start: int, stop: int, depth: int, count: Callable[[], None]) -> None:
        self._buffer = buffer
        self._start = start
        self._stop = stop
        self._depth = depth
        self._count = count

    def __iter__(self) -> Iterator[Field]:
        """Yields the fields.

        Raises:
            MalformedError: The bytes are no message from here on, or hold more fields than are read.
        """
        buffer, position, stop = self._buffer, self._start, self._stop
        while position < stop:
            self._count()
            tag = buffer[position]
            if tag < _MORE:  # all fields below 16, without a call
                position += 1
            else:
                tag, position = self._varint(buffer, position, stop)
            number, wire = tag >> 3, tag & 7
            value, begin = 0, position
            if wire == _VARINT:
                value, position = self._varint(buffer, position, stop)
            elif wire == _LENGTH:
                if position < stop and buffer[position] < _MORE:
                    length, begin = buffer[position], position + 1
                else:
                    length, begin = self._varint(buffer, position, stop)
                position = begin + length
            elif wire == _FIXED64:
                position += 8
                value = int.from_bytes(buffer[begin:position], "little")
            elif wire == _FIXED32:
                position += 4
                value = int.from_bytes(buffer[begin:position], "little")
            else:
                raise MalformedError(f"expected a field, found wire type {wire}", offset=begin - 1)
            if position > stop or not number:
                raise MalformedError("expected a field that ends within its message", offset=begin)
            yield Field(number, value, begin, position, wire == _LENGTH)

    def contents(self) -> Iterator[Field]:
        """Yields the fields that are texts, bytes or messages.

        A field that holds a number where the schema has a text is none that the schema knows: protobuf's parsers keep
        it apart as unknown, so that it must not stand for the text.

        Raises:
            MalformedError: As by iterating.
        """
        return (field for field in self if field.is_bytes)

    def message(self, field: Field) -> Message:
        """Returns the message that a field holds.

        Raises:
            MalformedError: The field holds a number, or messages nest deeper than protobuf's own parsers go.
        """
        if not field.is_bytes:
            raise MalformedError(f"expected a message in field {field.number}", offset=field.start)
        if self._depth >= MAX_DEPTH:
            raise MalformedError(f"expected messages to nest at most {MAX_DEPTH} deep", offset=field.start)
        return Message(self._buffer, field.start, field.stop, self._depth + 1, self._count)

    def raw(self, field: Field, longest: int = 1 << 20) -> bytes:
        """Returns the first `longest` bytes of a field's content."""
        return self._buffer[field.start : min(field.stop, field.start + longest)]

    def text(self, field: Field, longest: int = 4096) -> str:
        """Returns the beginning of a field's content as text; what is no UTF-8 is replaced."""
        return self.raw(field, longest).decode("utf-8", "replace")

    def pairs(self, field: Field, longest: int = 4096) -> tuple[str, str]:
        """Returns key and value of an entry of a map of texts (fields 1 and 2)."""
        inner = self.message(field)
        found = {part.number: inner.text(part, longest) for part in inner.contents()}
        return found.get(1, ""), found.get(2, "")

    def check_count(self) -> None:
        """Raises `MalformedError` where the file has as many fields as are read, or the time is up."""
        self._count()

    @staticmethod
    def _varint(buffer: Buffer, position: int, stop: int) -> tuple[int, int]:
        value = shift = 0
        while position < stop:
            byte = buffer[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < _MORE:
                return value, position
            shift += 7
            if shift > 63:  # noqa: PLR2004  # ten bytes hold 64 bits
                break
        raise MalformedError("expected a number of at most ten bytes", offset=position)


def open_message(source: Source, *, most: int = MAX_FIELDS, is_late: Callable[[], bool] = lambda: False) -> Message:
    """Returns the message that a whole source is.

    Args:
        source: The bytes.
        most: Fields that are read, over all levels.
        is_late: Tells when the time is up; asked every few thousand fields.
    """
    seen = 0

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen > most or (not seen & 0xFFF and is_late()):
            raise MalformedError(f"expected fewer fields than {seen}")

    return Message(source.buffer, source.start, source.end, 0, count)

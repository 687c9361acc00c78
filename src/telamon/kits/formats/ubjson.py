"""Reads Universal Binary JSON (ubjson.org, draft 12), the form in which XGBoost saves models."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Any, Final

from telamon.kits.formats.cursor import Cursor
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.json_tree import Json
    from telamon.kits.formats.source import Source

MAX_ITEMS: Final = 400_000
"""Values outside of typed arrays, half a second of CPU; a model of ten thousand trees has 250,000."""

MAX_KEPT_BYTES: Final = 96 * 1024 * 1024
"""Bytes of texts and typed arrays that are kept."""

MAX_DEPTH: Final = 100
_NUMBERS: Final = {"i": "b", "U": "B", "I": "h", "u": "H", "l": "i", "m": "I", "L": "q", "M": "Q", "d": "f", "D": "d"}
_WORDS: Final[dict[str, bool | None]] = {"Z": None, "T": True, "F": False}
_LENGTHS: Final = frozenset("iUIlL")


def begins_ubjson(head: bytes) -> bool:
    """Whether bytes begin like an object of UBJSON whose first key is short and printable; no text does."""
    code = _NUMBERS.get(chr(head[1])) if head[:1] == b"{" and len(head) > 2 and chr(head[1]) in _LENGTHS else None  # noqa: PLR2004 - a bracket and a type
    if code is None:
        return False
    stop = 2 + array(code).itemsize
    length = int.from_bytes(head[2:stop], "big")
    # Below a blank the length is a control character, or begins with one: nothing of it reads as text.
    return 0 < length < 32 and len(head) > stop + length and head[stop : stop + length].isalnum()  # noqa: PLR2004 - a blank


def read_ubjson(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> Json:
    """Returns the value that the source holds; arrays of one type of numbers are `array`s.

    Raises:
        MalformedError: It is none, is followed by something else, or holds more than is read.
        SourceError: The file cannot be read.
    """
    reader = _Reader(Cursor(source, order=">", most_steps=MAX_ITEMS, is_late=is_late))
    value = reader.value(reader.marker(), 0)
    if reader.cursor.left:
        raise MalformedError(f"expected the end, found {reader.cursor.left} bytes", offset=reader.cursor.position)
    return value


class _Reader:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self._kept_bytes = 0

    def marker(self) -> str:
        met = "N"
        while met == "N":  # nothing, which may stand anywhere
            self.cursor.step()
            met = chr(self.cursor.take(1)[0])
        return met

    def value(self, marker: str, depth: int) -> Json:
        self.cursor.step()
        if depth > MAX_DEPTH:
            raise MalformedError(f"expected values to nest at most {MAX_DEPTH} deep", offset=self.cursor.position)
        if marker in _WORDS:
            return _WORDS[marker]
        if marker in _NUMBERS:
            return self.cursor.number(_NUMBERS[marker])
        match marker:
            case "S" | "H":
                return self._text(self._length(self.marker()))
            case "C":
                return chr(self.cursor.take(1)[0])
            case "[":
                items: Json = self._array(depth)
                return items
            case "{":
                return self._object(depth)
            case _:
                raise MalformedError(f"expected a type of values, found {marker!r}", offset=self.cursor.position - 1)

    def _length(self, marker: str) -> int:
        if marker not in _LENGTHS:
            raise MalformedError(f"expected a length, found {marker!r}", offset=self.cursor.position - 1)
        return self.cursor.count(_NUMBERS[marker], "items", item_bytes=1)

    def _text(self, length: int) -> str:
        self._keep(length)
        return self.cursor.take(length).decode("utf-8", "replace")

    def _keep(self, count: int) -> None:
        self.cursor.check(count)
        self._kept_bytes += count
        if self._kept_bytes > MAX_KEPT_BYTES:
            raise MalformedError(f"expected at most {MAX_KEPT_BYTES} bytes of texts and numbers")

    def _optimised(self) -> tuple[str, int | None, str]:
        """Returns the type and count that a container states, and the marker that follows where it states neither."""
        kind, marker = "", self.marker()
        if marker == "$":
            kind, marker = chr(self.cursor.take(1)[0]), self.marker()
            if marker != "#":
                raise MalformedError("expected a count behind a type", offset=self.cursor.position - 1)
        if marker != "#":
            return "", None, marker
        return kind, self._count(kind), ""

    def _count(self, kind: str) -> int:
        marker = self.marker()
        if marker not in _LENGTHS:
            raise MalformedError(f"expected a count, found {marker!r}", offset=self.cursor.position - 1)
        size = array(_NUMBERS[kind]).itemsize if kind in _NUMBERS else 1
        most = None if kind not in _WORDS else 0  # items of no bytes would be any number
        return self.cursor.count(_NUMBERS[marker], "items", item_bytes=size, most=most)

    def _array(self, depth: int) -> Any:  # a list, or an array of numbers
        kind, count, marker = self._optimised()
        if count is not None and kind in _NUMBERS:
            return self._numbers(_NUMBERS[kind], count)
        if count is not None:
            return [self.value(kind or self.marker(), depth + 1) for _ in range(count)]
        items = []
        while marker != "]":
            items.append(self.value(marker, depth + 1))
            marker = self.marker()
        return items

    def _numbers(self, code: str, count: int) -> Any:  # an array, whose type has a parameter that it says itself
        numbers = array(code)
        self._keep(count * numbers.itemsize)
        numbers.frombytes(self.cursor.take(count * numbers.itemsize))
        if sys.byteorder == "little":
            numbers.byteswap()
        return numbers

    def _object(self, depth: int) -> dict[str, Any]:
        kind, count, marker = self._optimised()
        made: dict[str, Any] = {}
        while (count is None and marker != "}") or (count is not None and count > 0):
            key = self._text(self._length(marker or self.marker()))
            if key in made:
                raise MalformedError(f"expected keys that stand once, found {key[:100]!r} twice")
            made[key] = self.value(kind or self.marker(), depth + 1)
            if count is None:
                marker = self.marker()
            else:
                count, marker = count - 1, ""
        return made

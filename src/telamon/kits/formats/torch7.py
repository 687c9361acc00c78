"""Reads serialised objects of Torch7, the Lua framework, binary and text alike (File.lua of torch/torch7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.cursor import Cursor
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.source import Source

MAX_OBJECTS: Final = 500_000
MAX_DEPTH: Final = 150
MAX_TEXT_BYTES: Final = 64 * 1024 * 1024
"""Longest text or function."""

MAX_KEPT: Final = 1000
MAX_DIMENSIONS: Final = 64
NIL, NUMBER, STRING, TABLE, TORCH, BOOLEAN, FUNCTION, LEGACY, RECURSIVE = range(9)
FUNCTIONS: Final = frozenset({FUNCTION, LEGACY, RECURSIVE})
_ITEM_BYTES: Final = {"Byte": 1, "Char": 1, "Short": 2, "Int": 4, "Long": 8, "Float": 4, "Double": 8, "Half": 2}
_PREFIXES: Final = ("torch.Cuda", "torch.")
_MAX_DIGITS: Final = 400


@dataclass(slots=True, kw_only=True)
class Torch7File:
    """What a file holds.

    Attributes:
        classes: Names of the classes of its objects.
        functions: Where the functions stand, and how many bytes of code each has.
    """

    classes: set[str] = field(default_factory=set)
    functions: list[tuple[int, int]] = field(default_factory=list)


def begins_torch7(head: bytes) -> bool:
    """Whether bytes begin like an object in binary form: a table, an object or a function that is the first."""
    kind, index = int.from_bytes(head[:4], "little"), int.from_bytes(head[4:8], "little")
    if index != 1 or len(head) < 12:  # noqa: PLR2004 - three numbers
        return False
    if kind == TORCH:
        length = int.from_bytes(head[8:12], "little")
        return 2 < length < 100 and head[12 : 12 + min(length, 9)].replace(b" ", b"").replace(b".", b"").isalnum()  # noqa: PLR2004 - `V 1`
    return kind in FUNCTIONS or (kind == TABLE and int.from_bytes(head[8:12], "little") < 1 << 20)


def begins_torch7_text(head: bytes) -> bool:
    """Whether a text begins like an object in text form."""
    lines = head[:64].split(b"\n")
    return len(lines) > 3 and lines[0] in {b"3", b"4", b"6", b"7", b"8"} and lines[1] == b"1" and lines[2].isdigit()  # noqa: PLR2004 - lines


def read_torch7(source: Source, *, is_text: bool = False, is_late: Callable[[], bool] = lambda: False) -> Torch7File:
    """Returns what a file holds, read to its end.

    Raises:
        MalformedError: It breaks off, or holds what is not known.
        SourceError: The file cannot be read.
    """
    cursor = Cursor(source, most_steps=MAX_OBJECTS, is_late=is_late)
    reader = _Reader(_Text(cursor) if is_text else _Binary(cursor))
    reader.value(0)
    cursor.end()
    return reader.found


class _Binary:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def integer(self) -> int:
        return self.cursor.number("i")

    def long(self) -> int:
        return self.cursor.number("q")

    def skip_number(self) -> None:
        self.cursor.skip(8)

    def text(self) -> bytes:
        return self.cursor.take(self.cursor.count("i", "bytes", most=MAX_TEXT_BYTES))

    def skip_items(self, count: int, size: int) -> None:
        self.cursor.skip(count * size)


class _Text:
    """Numbers divided by blanks and ends of lines; texts of a length that stands before them."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def integer(self) -> int:
        word = self.cursor.word(_MAX_DIGITS)
        try:
            return int(word)
        except ValueError as error:
            raise MalformedError("expected a whole number", offset=self.cursor.position) from error

    long = integer

    def skip_number(self) -> None:
        if not self.cursor.word(_MAX_DIGITS):
            raise MalformedError("expected a number", offset=self.cursor.position)

    def text(self) -> bytes:
        length = self.integer()
        if not 0 <= length <= min(self.cursor.left, MAX_TEXT_BYTES):
            raise MalformedError(f"expected a text within the file, found {length} bytes", offset=self.cursor.position)
        return self.cursor.take(length)

    def skip_items(self, count: int, size: int) -> None:
        if size == 1:  # bytes stand as they are
            self.cursor.skip(count)
            return
        if count > self.cursor.left:
            raise MalformedError(f"expected {count} numbers within the file", offset=self.cursor.position)
        for _ in range(count):
            self.cursor.step()
            self.skip_number()


class _Reader:
    def __init__(self, form: _Binary | _Text) -> None:
        self._form = form
        self._seen: set[int] = set()
        self.found = Torch7File()

    def value(self, depth: int) -> None:
        cursor = self._form.cursor
        cursor.step()
        if depth > MAX_DEPTH:
            raise MalformedError(f"expected objects to nest at most {MAX_DEPTH} deep", offset=cursor.position)
        at, kind = cursor.position, self._form.integer()
        if kind == NUMBER:
            self._form.skip_number()
        elif kind == BOOLEAN:
            self._form.integer()
        elif kind == STRING:
            self._form.text()
        elif kind in FUNCTIONS or kind in {TABLE, TORCH}:
            self._object(kind, at, depth)
        elif kind != NIL:
            raise MalformedError(f"expected a type of objects, found {kind}", offset=at)

    def _object(self, kind: int, at: int, depth: int) -> None:
        index = self._form.integer()
        if index in self._seen:
            return
        self._seen.add(index)
        if kind == TABLE:
            self._table(depth)
        elif kind == TORCH:
            self._torch(depth)
        else:
            code = self._form.text()
            if len(self.found.functions) < MAX_KEPT:
                self.found.functions.append((at, len(code)))
            self.value(depth + 1)  # what it takes from around it

    def _table(self, depth: int) -> None:
        count = self._form.integer()
        if not 0 <= count <= self._form.cursor.left:
            raise MalformedError(
                f"expected a table within the file, found {count} keys", offset=self._form.cursor.position
            )
        for _ in range(count):
            self.value(depth + 1)
            self.value(depth + 1)

    def _torch(self, depth: int) -> None:
        name = self._form.text()
        if name.startswith(b"V "):
            name = self._form.text()
        shown = name[:200].decode("utf-8", "replace")
        if len(self.found.classes) < MAX_KEPT:
            self.found.classes.add(shown)
        for suffix in ("Tensor", "Storage"):
            size = _item_bytes(shown, suffix)
            if size:
                self._tensor(depth) if suffix == "Tensor" else self._storage(size)
                return
        self.value(depth + 1)  # objects of other classes are kept as their table

    def _tensor(self, depth: int) -> None:
        dimensions = self._form.integer()
        if not 0 <= dimensions <= MAX_DIMENSIONS:
            raise MalformedError(f"expected few dimensions, found {dimensions}", offset=self._form.cursor.position)
        for _ in range(2 * dimensions + 1):  # sizes, strides and the place in the storage
            if self._form.long() < 0:
                raise MalformedError("expected sizes that are not negative", offset=self._form.cursor.position)
        self.value(depth + 1)

    def _storage(self, size: int) -> None:
        count = self._form.long()
        if count < 0:
            raise MalformedError(f"expected a number of items, found {count}", offset=self._form.cursor.position)
        self._form.skip_items(count, size)


def _item_bytes(name: str, suffix: str) -> int:
    for prefix in _PREFIXES:
        if name.startswith(prefix) and name.endswith(suffix):
            kind = name.removeprefix(prefix).removesuffix(suffix)
            return 4 if not kind and prefix == _PREFIXES[0] else _ITEM_BYTES.get(kind, 0)
    return 0

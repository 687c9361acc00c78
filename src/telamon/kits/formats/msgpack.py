"""Reads MessagePack (github.com/msgpack/msgpack/blob/master/spec.md) as Flax saves parameters in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.cursor import Cursor
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.source import Source

MAX_ITEMS: Final = 500_000
"""Values that are walked over, a second of CPU; checkpoints of large models have some thousand."""

MAX_DEPTH: Final = 150
MAX_KEPT: Final = 1000
MAX_TEXT_BYTES: Final = 64  # of keys and names of types, which are looked at
MAX_KEY_BYTES: Final = 128  # of the first key, by which a file is told from others
ARRAY, COMPLEX, SCALAR, TIMESTAMP = 1, 2, 3, -1  # flax/serialization.py; the last is msgpack's own
_TEXTS: Final = {0xD9: "B", 0xDA: "H", 0xDB: "I"}
_BYTES: Final = {0xC4: "B", 0xC5: "H", 0xC6: "I"}
_EXTENSIONS: Final = {0xC7: "B", 0xC8: "H", 0xC9: "I"}
_FIXED: Final = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_NUMBERS: Final = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_SEQUENCES: Final = {0xDC: "H", 0xDD: "I"}
_MAPS: Final = {0xDE: "H", 0xDF: "I"}
_ITEM_BYTES: Final = (
    {"bool": 1, "bfloat16": 2, "complex64": 8, "complex128": 16, "int4": 1, "uint4": 1, "int2": 1, "uint2": 1}
    | {f"{kind}{bits}": bits // 8 for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)}
    | {f"float8_{kind}": 1 for kind in ("e4m3fn", "e5m2", "e4m3b11fnuz", "e4m3fnuz", "e5m2fnuz", "e3m4", "e4m3")}
)
Value = str | bytes | int | None


@dataclass(slots=True, kw_only=True)
class MsgpackFile:
    """What a file holds.

    Attributes:
        arrays: How many arrays in Flax's form.
        extensions: Types of extensions that are not Flax's, with how often each stands.
        objects: What names Python objects as elements of arrays, in words.
        flaws: What cannot be, in words.
    """

    arrays: int = 0
    extensions: dict[int, int] = field(default_factory=dict)
    objects: list[str] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)


def begins_msgpack(head: bytes) -> bool:
    """Whether bytes begin like a map whose first key is a short name."""
    at = {0xDE: 3, 0xDF: 5}.get(head[0], 1) if head else 0
    if not at or (at == 1 and not 0x81 <= head[0] <= 0x8F):  # noqa: PLR2004 - a map of one to fifteen
        return False
    length = head[at] - 0xA0 if len(head) > at else 0
    if len(head) > at + 1 and head[at] == 0xD9:  # noqa: PLR2004 - a text whose length has a byte
        at, length = at + 1, head[at + 1]
    return (
        0 < length < MAX_KEY_BYTES
        and len(head) >= at + 1 + length
        and head[at + 1 : at + 1 + length].isascii()
        and _is_name(head[at + 1 : at + 1 + length])
    )


def _is_name(text: bytes) -> bool:
    return text.decode("ascii").isprintable()


def read_msgpack(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> MsgpackFile:
    """Returns what a file holds, read to its end.

    Raises:
        MalformedError: It breaks off, is followed by something else, or holds more than is read.
        SourceError: The file cannot be read.
    """
    reader = _Reader(Cursor(source, order=">", most_steps=MAX_ITEMS, is_late=is_late))
    reader.value(0)
    if reader.cursor.left:
        raise MalformedError(f"expected the end, found {reader.cursor.left} bytes", offset=reader.cursor.position)
    return reader.found


class _Reader:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.found = MsgpackFile()

    def value(self, depth: int) -> Value:
        """Pass over a value; return texts and bytes of up to `MAX_TEXT_BYTES`, and small numbers."""
        self.cursor.step()
        if depth > MAX_DEPTH:
            raise MalformedError(f"expected values to nest at most {MAX_DEPTH} deep", offset=self.cursor.position)
        code = self.cursor.take(1)[0]
        if code < 0x80 or code >= 0xE0:  # noqa: PLR2004  # a small number
            return code
        if 0xA0 <= code < 0xC0:  # noqa: PLR2004  # a short text
            return self._kept(code & 0x1F, is_text=True)
        if code in _NUMBERS:
            return int.from_bytes(self.cursor.take(_NUMBERS[code]), "big")
        if code in {0xC0, 0xC2, 0xC3}:  # nothing, false, true
            return None
        if code in _TEXTS or code in _BYTES:
            return self._kept(self.cursor.count((_TEXTS | _BYTES)[code], "bytes"), is_text=code in _TEXTS)
        self._several(code, depth)
        return None

    def _several(self, code: int, depth: int) -> None:
        """Pass over what has parts."""
        if code < 0x90:  # noqa: PLR2004  # a small map
            self._map(code & 0x0F, depth)
        elif code < 0xA0:  # noqa: PLR2004  # a small array
            self._sequence(code & 0x0F, depth)
        elif code in _SEQUENCES:
            self._sequence(self.cursor.count(_SEQUENCES[code], "items"), depth)
        elif code in _MAPS:
            self._map(self.cursor.count(_MAPS[code], "entries", item_bytes=2), depth)
        elif code in _EXTENSIONS or code in _FIXED:
            length = _FIXED[code] if code in _FIXED else self.cursor.count(_EXTENSIONS[code], "bytes")
            kind = int.from_bytes(self.cursor.take(1), "big", signed=True)
            self.cursor.check(length)
            self._extension(kind, length, depth)
        else:
            raise MalformedError(f"expected a type of values, found {code}", offset=self.cursor.position - 1)

    def _kept(self, length: int, *, is_text: bool) -> Value:
        if length > MAX_TEXT_BYTES:
            self.cursor.skip(length)
            return None
        data = self.cursor.take(length)
        return data.decode("utf-8", "replace") if is_text else data

    def _sequence(self, count: int, depth: int) -> None:
        for _ in range(count):
            self.value(depth + 1)

    def _map(self, count: int, depth: int) -> None:
        small: dict[str, Value] = {}
        for _ in range(count):
            key, value = self.value(depth + 1), self.value(depth + 1)
            name = key.decode("latin-1") if isinstance(key, bytes) else key
            if isinstance(name, str):
                small[name] = value
        kind = small.get("kind")
        if "nd" in small and kind in {"O", b"O"} and len(self.found.objects) < MAX_KEPT:
            self.found.objects.append("an array of msgpack-numpy of the kind `O`")

    def _extension(self, kind: int, length: int, depth: int) -> None:
        stop = self.cursor.position + length
        if kind in {ARRAY, SCALAR}:
            self._array(stop, depth)
        elif kind in {COMPLEX, TIMESTAMP}:
            self.cursor.skip(length)
        else:
            if kind in self.found.extensions or len(self.found.extensions) < MAX_KEPT:
                self.found.extensions[kind] = self.found.extensions.get(kind, 0) + 1
            self.cursor.skip(length)
        if self.cursor.position != stop:
            raise MalformedError(f"expected an extension of {length} bytes", offset=stop)

    def _array(self, stop: int, depth: int) -> None:
        """An array in Flax's form: its shape, the name of its type and its bytes, packed once more."""
        self.found.arrays += 1
        if self.cursor.take(1) != b"\x93":
            raise MalformedError("expected shape, type and bytes of an array", offset=self.cursor.position - 1)
        shape = self._shape(depth)
        name = self.value(depth + 1)
        name = name.decode("latin-1") if isinstance(name, bytes) else name
        before = self.cursor.position
        code = self.cursor.take(1)[0]
        if code in _BYTES:
            length = self.cursor.count(_BYTES[code], "bytes")
            self.cursor.skip(length)
        elif code in _TEXTS or 0xA0 <= code < 0xC0:  # noqa: PLR2004  # before msgpack 1.0 bytes were texts
            length = code & 0x1F if code not in _TEXTS else self.cursor.count(_TEXTS[code], "bytes")
            self.cursor.skip(length)
        else:
            raise MalformedError("expected the bytes of an array", offset=before)
        if self.cursor.position > stop:
            raise MalformedError("expected an array to end within its extension", offset=before)
        self._judge(str(name), shape, length)

    def _judge(self, name: str, shape: list[int], length: int) -> None:
        plain = name.lstrip("<>=|")
        if plain.startswith(("O", "object")) and len(self.found.objects) < MAX_KEPT:
            self.found.objects.append(f"an array of the type `{name[:40]}`")
            return
        size = _ITEM_BYTES.get(name)
        if size is None and len(plain) > 1 and plain[0] in "iufcbV" and plain[1:].isdecimal() and len(plain) < 5:  # noqa: PLR2004  # numpy's short names
            size = int(plain[1:])
        elements = math.prod(shape)
        if size is None:
            self._flaw(f"an array of the unknown type `{name[:40]}`")
        elif elements * size != length:
            self._flaw(f"an array of {elements} elements of {size} bytes in {length} bytes")

    def _shape(self, depth: int) -> list[int]:
        code = self.cursor.take(1)[0]
        if code == 0xDC:  # noqa: PLR2004  # an array of more than fifteen
            count = self.cursor.count("H", "lengths")
        elif 0x90 <= code < 0xA0:  # noqa: PLR2004  # a small array
            count = code & 0x0F
        else:
            raise MalformedError("expected the shape of an array", offset=self.cursor.position - 1)
        if count > 64:  # noqa: PLR2004  # numpy's most dimensions
            raise MalformedError(f"expected at most 64 dimensions, found {count}", offset=self.cursor.position)
        lengths = [self.value(depth + 1) for _ in range(count)]
        if not all(isinstance(length, int) for length in lengths):
            raise MalformedError("expected lengths in the shape of an array", offset=self.cursor.position)
        return [length for length in lengths if isinstance(length, int)]

    def _flaw(self, text: str) -> None:
        if len(self.found.flaws) < 50:  # noqa: PLR2004  # a reader has understood by then
            self.found.flaws.append(text)

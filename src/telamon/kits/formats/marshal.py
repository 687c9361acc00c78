"""Reads Python's marshalled code objects, of compiled modules and of what is serialised with them, without `marshal`.

The layout is that of `r_object` in Python/marshal.c, versions 2.7 and 3.4 to 3.15; `marshal.loads` crashes on hostile
bytes and must not see them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.cursor import Cursor
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.kits.formats.source import Source

MAX_OBJECTS: Final = 500_000
MAX_DEPTH: Final = 120
REFERENCE: Final = 0x80
NEW_LOCALS: Final = 0x02  # of a function; the bodies of modules and classes have it not
FIRST_MAGIC, LAST_MAGIC = 3250, 3999  # Python 3.4 to 3.15 and some room
OLD_MAGIC: Final = 62211  # Python 2.7
_311, _38, _370 = 3495, 3413, 3390


@dataclass(slots=True, kw_only=True, eq=False)
class Code:
    """A code object.

    Attributes:
        name: Of the module, class or function.
        flags: `co_flags`.
        names: What it looks up globally, imports or takes as an attribute.
        constants: Its texts, and the code objects that it makes functions and classes of.
        code: Its instructions, with the arguments.
    """

    name: str
    flags: int
    names: tuple[str, ...]
    constants: tuple[str | Code, ...]
    code: bytes

    @property
    def is_body(self) -> bool:
        """Whether it is the body of a module or class, which runs once when it is reached."""
        return not self.flags & NEW_LOCALS


Value = str | bytes | int | tuple["Value", ...] | Code | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A compiled module.

    Attributes:
        magic: Of the version of Python, 0 where the file has no header.
        code: Its body.
    """

    magic: int
    code: Code


def begins_bytecode(head: bytes) -> bool:
    """Whether bytes begin like a compiled module (`importlib._bootstrap_external`), or like a code object alone."""
    magic = int.from_bytes(head[:2], "little")
    if head[2:4] == b"\r\n" and (FIRST_MAGIC <= magic <= LAST_MAGIC or magic == OLD_MAGIC):
        return True
    if head[:1] not in {b"\xe3", b"c"} or len(head) < 40:  # noqa: PLR2004 - the least code object
        return False
    # Counts of arguments, and flags: small numbers, whose upper bytes are 0, and then the instructions as bytes.
    counts = [int.from_bytes(head[at : at + 4], "little") for at in range(1, 25, 4)]
    return all(count < 1 << 12 for count in counts[:3]) and bool({0x73, 0xF3} & {head[17], head[21], head[25]})


def read_module(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> Module:
    """Returns a compiled module, read to its end; where it has no header all versions are tried.

    Raises:
        MalformedError: It breaks off, is no code object, or holds more than is read.
        SourceError: The file cannot be read.
    """
    head = source.read(0, 16)
    magic = int.from_bytes(head[:2], "little") if head[2:4] == b"\r\n" else 0
    if magic:
        skipped = 8 if magic == OLD_MAGIC else 12 if magic < _370 else 16
        return Module(magic=magic, code=_read(source.sub(skipped, source.size), magic, is_late))
    error: MalformedError | None = None
    for version in (_311, _38, FIRST_MAGIC, OLD_MAGIC):
        try:
            return Module(magic=0, code=_read(source, version, is_late))
        except MalformedError as met:
            error = error or met
    raise error or MalformedError("expected a code object")


def _read(source: Source, magic: int, is_late: Callable[[], bool]) -> Code:
    reader = _Reader(Cursor(source, most_steps=MAX_OBJECTS, is_late=is_late), magic)
    code = reader.value(0)
    if not isinstance(code, Code):
        raise MalformedError("expected a code object", offset=0)
    if reader.cursor.left:
        raise MalformedError(f"expected the end, found {reader.cursor.left} bytes", offset=reader.cursor.position)
    return code


class _Reader:
    def __init__(self, cursor: Cursor, magic: int) -> None:
        self.cursor = cursor
        self._is_old = magic == OLD_MAGIC
        self._is_new = not self._is_old and magic >= _311
        self._magic = magic
        self._seen: list[Value] = []
        self._interned: list[Value] = []

    def value(self, depth: int) -> Value:
        cursor = self.cursor
        cursor.step()
        if depth > MAX_DEPTH:
            raise MalformedError(f"expected objects to nest at most {MAX_DEPTH} deep", offset=cursor.position)
        code = cursor.take(1)[0]
        kind, slot = chr(code & ~REFERENCE), -1
        if code & REFERENCE and not self._is_old:
            slot = len(self._seen)
            self._seen.append(None)
        made = self._plain(kind)
        if made is _NO:
            made = self._compound(kind, depth)
        if slot >= 0:
            self._seen[slot] = made
        return made

    def _plain(self, kind: str) -> Value:
        cursor = self.cursor
        if kind in _CONSTANTS:
            return None
        if kind in _FIXED_BYTES:
            cursor.skip(_FIXED_BYTES[kind])
            return None
        match kind:
            case "i":
                return cursor.number("i")
            case "f" | "x":
                for _ in range(1 if kind == "f" else 2):
                    cursor.skip(cursor.count("B", "bytes"))
            case "l":
                cursor.skip(2 * abs(cursor.number("i")))
            case _:
                return self._reused(kind)
        return None

    def _reused(self, kind: str) -> Value:
        """Read texts and bytes, and what refers to an object that stood before."""
        cursor = self.cursor
        match kind:
            case "s":
                return cursor.keep(cursor.count("i", "bytes"))
            case "u" | "t" | "a" | "A":
                return self._text(cursor.count("i", "bytes"), is_interned=kind == "t")
            case "z" | "Z":
                return self._text(cursor.count("B", "bytes"))
            case "r":
                return self._again(self._seen)
            case "R":
                return self._again(self._interned)
            case _:
                return _NO

    def _compound(self, kind: str, depth: int) -> Value:
        cursor = self.cursor
        match kind:
            case "(" | "[" | "<" | ">":
                return tuple(self.value(depth + 1) for _ in range(cursor.count("i", "items")))
            case ")":
                return tuple(self.value(depth + 1) for _ in range(cursor.count("B", "items")))
            case "{":
                return self._dictionary(depth)
            case ":":
                return tuple(self.value(depth + 1) for _ in range(3))
            case "c":
                return self._code(depth)
            case _:
                raise MalformedError(f"expected a type of objects, found {kind!r}", offset=cursor.position - 1)

    def _dictionary(self, depth: int) -> Value:
        while self.cursor.source.read(self.cursor.position, 1) not in {b"0", b"\xb0"}:
            self.value(depth + 1)
            self.value(depth + 1)
        self.cursor.skip(1)
        return None

    def _text(self, length: int, *, is_interned: bool = False) -> str:
        text = self.cursor.keep(length).decode("utf-8", "replace")
        if is_interned:
            self._interned.append(text)
        return text

    def _again(self, seen: list[Value]) -> Value:
        number = self.cursor.number("i")
        if not 0 <= number < len(seen):
            raise MalformedError(f"expected an object that stood before, found number {number}")
        return seen[number]

    def _code(self, depth: int) -> Code:
        # Counts: 3.11 lost the number of locals, 3.8 got that of positional arguments, 2.7 has no keyword arguments.
        if self._is_old:
            counts = 4
        elif self._is_new or self._magic < _38:
            counts = 5
        else:
            counts = 6
        flags = [self.cursor.number("i") for _ in range(counts)][-1]
        instructions, constants, names = (self.value(depth + 1) for _ in range(3))
        for _ in range(2 if self._is_new else 3):  # names of locals, and their kinds
            self.value(depth + 1)
        _file, name = self.value(depth + 1), self.value(depth + 1)
        if self._is_new:
            self.value(depth + 1)  # the qualified name
        self.cursor.skip(4)  # the first line
        for _ in range(2 if self._is_new else 1):  # tables of lines, and of exceptions
            self.value(depth + 1)
        if not isinstance(instructions, bytes) or not isinstance(constants, tuple) or not isinstance(names, tuple):
            raise MalformedError("expected instructions, constants and names of a code object")
        return Code(
            name=_shown(name),
            flags=flags,
            names=self._names(names),
            constants=tuple(self._flat(constants)),
            code=instructions,
        )

    def _names(self, names: tuple[Value, ...]) -> tuple[str, ...]:
        self.cursor.step(len(names))  # of a tuple that many functions may share
        return tuple(map(_shown, names))

    def _flat(self, values: tuple[Value, ...]) -> Iterator[str | Code]:
        """Yield the texts and code objects of constants, also those within tuples; of a shared tuple once."""
        waiting: list[Value] = list(reversed(values))
        seen: set[int] = set()
        while waiting:
            self.cursor.step()
            value = waiting.pop()
            if isinstance(value, tuple):
                if id(value) not in seen:
                    seen.add(id(value))
                    waiting += reversed(value)
            elif isinstance(value, str | Code):
                yield value
            elif isinstance(value, bytes):
                yield value.decode("latin-1")


def _shown(value: Value) -> str:
    if isinstance(value, bytes):  # Python 2
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


_NO: Final = ("no plain value",)
_CONSTANTS: Final = frozenset("0NFTS.")
_FIXED_BYTES: Final = {"I": 8, "g": 8, "y": 16}  # numbers

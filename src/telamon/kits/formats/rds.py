"""Reads R's serialised objects (`saveRDS`, `save`) in all three forms: XDR, native binary and text.

The layout is that of `R_Unserialize` in src/main/serialize.c of R 4.5 and of "R Internals", section 1.8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.cursor import Cursor
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.source import Source

MAX_ITEMS: Final = 600_000
"""Items that are read, two seconds of CPU; texts of factors and calls, not numbers, which are passed over."""

MAX_DEPTH: Final = 140
MAX_KEPT: Final = 100_000
ACTIVE_BINDING: Final = 1 << 15  # of a cell's general bits, in the frame of an environment
MAGICS: Final = (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n", b"RDB2\n", b"RDB3\n")
FORMS: Final = (b"X\n", b"B\n", b"A\n")

NULL_TYPE, SYMBOL, PAIRS, CLOSURE, ENVIRONMENT, PROMISE, CALL, SPECIAL, BUILTIN, CHARACTERS = range(10)
LOGICAL, INTEGER, REAL, COMPLEX, TEXTS, DOTS, VECTOR, EXPRESSION, BYTECODE = 10, 13, 14, 15, 16, 17, 19, 20, 21
EXTERNAL_POINTER, WEAK_REFERENCE, RAW, S4, ALTERNATIVE = 22, 23, 24, 25, 238
ATTRIBUTED_PAIRS, ATTRIBUTED_CALL = 239, 240
_NOTHING: Final = frozenset({254, 253, 251, 250, 242, 241})  # nil, and environments and values that are R's own
_UNBOUND = 252
_NAMED: Final = frozenset({249, 248, 247})  # namespaces, packages and persistent names
_REFERENCE = 255
_WIDTHS: Final = {LOGICAL: 4, INTEGER: 4, REAL: 8, COMPLEX: 16}
_BYTECODE_AGAIN, _BYTECODE_SHARED = 243, 244
_LISTS: Final = frozenset({PAIRS, CALL, CLOSURE, PROMISE, DOTS, ATTRIBUTED_PAIRS, ATTRIBUTED_CALL})


@dataclass(slots=True, kw_only=True)
class RFile:
    """What a file holds.

    Attributes:
        promises: Where expressions stand that are evaluated when the object is used, with what each calls, in order.
        calls: Names of the functions that calls and functions in the file call.
        bindings: Names that `load` defines, with whether each is a function.
        closures: How many functions.
        pointers: How many external pointers, which are nothing when they are read.
        active: How many bindings run a function when they are looked at.
        packages: Namespaces that reading the file loads.
    """

    promises: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)
    bindings: dict[str, bool] = field(default_factory=dict)
    closures: int = 0
    pointers: int = 0
    active: int = 0
    packages: set[str] = field(default_factory=set)


def begins_r(head: bytes) -> bool:
    """Whether bytes begin like a serialised object, with or without the mark of a workspace; texts too."""
    at = 5 if head.startswith(MAGICS) else 0
    form = head[at : at + 2]
    if form not in FORMS:
        return False
    rest = head[at + 2 : at + 14]
    if form == b"A\n":
        return rest[:2] in {b"2\n", b"3\n"} and rest[2:3].isdigit()
    order = "big" if form == b"X\n" else "little"
    versions = [int.from_bytes(rest[place : place + 4], order) for place in (0, 4, 8)]  # type: ignore[arg-type]  # one of two literals
    return versions[0] in {2, 3} and all(0 < version < 1 << 24 for version in versions)


def read_r(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> RFile:
    """Returns what a file holds, read to its end.

    Raises:
        MalformedError: It breaks off, holds what is not known, or more than is read.
        SourceError: The file cannot be read.
    """
    cursor = Cursor(source, order=">", most_steps=MAX_ITEMS, is_late=is_late)
    is_workspace = source.read(0, 5) in MAGICS
    if is_workspace:
        cursor.skip(5)
    form = cursor.take(2)
    if form not in FORMS:
        raise MalformedError("expected a form of R's serialisation", offset=0)
    if form == b"B\n":
        cursor.order = "<"
    reader = _Reader(_Text(cursor) if form == b"A\n" else _Binary(cursor))
    reader.header()
    top = reader.item(0, 0)
    if is_workspace:
        reader.bind(top)
    if cursor.left and cursor.take(min(cursor.left, 64)).strip():
        raise MalformedError("expected the end", offset=cursor.position)
    return reader.found


class _Binary:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def integer(self) -> int:
        return self.cursor.number("i")

    def text(self, length: int) -> bytes:
        return self.cursor.take(length)

    def skip_items(self, kind: int, count: int) -> None:
        self.cursor.skip(count * _WIDTHS[kind])

    def skip_raw(self, count: int) -> None:
        self.cursor.skip(count)


_ESCAPE: Final = re.compile(rb"\\(?:[0-7]{1,3}|.)", re.DOTALL)


class _Text:
    """Numbers and texts on lines of their own; blanks and other bytes in texts are escaped."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def _word(self, longest: int = 128) -> bytes:
        word = bytearray()
        while self.cursor.left:
            byte = self.cursor.take(1)
            if not byte.isspace():
                word += byte
                if len(word) > longest:
                    raise MalformedError("expected a shorter word", offset=self.cursor.position)
            elif word:
                break
        if not word:
            raise MalformedError("expected a word, found the end", offset=self.cursor.position)
        return bytes(word)

    def integer(self) -> int:
        word = self._word()
        if word == b"NA":
            return -(1 << 31)
        try:
            return int(word)
        except ValueError as error:
            raise MalformedError("expected a whole number", offset=self.cursor.position) from error

    def text(self, length: int) -> bytes:
        if not length:
            return b""
        written = self._word(4 * length)
        return _ESCAPE.sub(_unescaped, written)

    def skip_items(self, kind: int, count: int) -> None:
        words = count * (2 if kind == COMPLEX else 1)
        if words > self.cursor.left:
            raise MalformedError(f"expected {words} words within the file", offset=self.cursor.position)
        for _ in range(words):
            self.cursor.step()
            self._word()

    skip_raw = None  # written below: a word for each byte

    def skip_bytes(self, count: int) -> None:
        for _ in range(count):
            self.cursor.step()
            self._word()


def _unescaped(match: re.Match[bytes]) -> bytes:
    escape = match.group()[1:]
    if escape.isdigit():
        return bytes([int(escape, 8) & 0xFF])
    return {b"n": b"\n", b"t": b"\t", b"v": b"\v", b"b": b"\b", b"r": b"\r", b"f": b"\f", b"a": b"\a"}.get(escape, escape)

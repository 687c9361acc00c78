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
MAX_NAMED: Final = 20  # calls of one promise that are told
HAS_ATTRIBUTES: Final = 0x200
HAS_TAG: Final = 0x400
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
    cursor.end()
    return reader.found


class _Binary:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def integer(self) -> int:
        return self.cursor.number("i")

    def text(self, length: int) -> bytes:
        return self.cursor.keep(length)

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
        word = self.cursor.word(longest)
        if not word:
            raise MalformedError("expected a word, found the end", offset=self.cursor.position)
        return word

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

    def skip_raw(self, count: int) -> None:
        for _ in range(count):
            self.cursor.step()
            self._word()


def _unescaped(match: re.Match[bytes]) -> bytes:
    escape = match.group()[1:]
    if escape[0] in b"01234567":
        return bytes([int(escape, 8) & 0xFF])
    return {b"n": b"\n", b"t": b"\t", b"v": b"\v", b"b": b"\b", b"r": b"\r", b"f": b"\f", b"a": b"\a"}.get(
        escape, escape
    )


class _Reader:
    def __init__(self, form: _Binary | _Text) -> None:
        self._form = form
        self._seen: list[str] = []
        self.found = RFile()

    def header(self) -> None:
        version, _written, _least = (self._form.integer() for _ in range(3))
        if version not in {2, 3}:
            raise MalformedError(f"expected version 2 or 3, found {version}", offset=self._form.cursor.position)
        if version == 3:  # noqa: PLR2004  # which states its encoding
            self._form.text(self._count("bytes", 64))

    def bind(self, names: list[tuple[str, int]]) -> None:
        """Note what a workspace defines: the tags of its list, and the types of the values."""
        for name, kind in names:
            self.found.bindings[name] = self.found.bindings.get(name, False) or kind in {CLOSURE, PROMISE}

    def _count(self, what: str, most: int | None = None) -> int:
        count = self._form.integer()
        if count == -1:  # a long vector: its length in two halves
            count = (self._form.integer() & 0xFFFFFFFF) << 32 | self._form.integer() & 0xFFFFFFFF
        limit = self._form.cursor.left if most is None else min(most, self._form.cursor.left)
        if not 0 <= count <= limit:
            raise MalformedError(f"expected at most {limit} {what}, found {count}", offset=self._form.cursor.position)
        return count

    def item(self, depth: int, inside: int) -> list[tuple[str, int]]:
        """Read an item; return its own name where it is a symbol, and the tags and types of a list of pairs.

        Args:
            depth: How deep it stands.
            inside: The type of what holds it; bindings of environments are told by it.
        """
        return self._flagged(self._form.integer(), depth, inside)

    def _flagged(self, flags: int, depth: int, inside: int) -> list[tuple[str, int]]:
        cursor = self._form.cursor
        cursor.step()
        if depth > MAX_DEPTH:
            raise MalformedError(f"expected items to nest at most {MAX_DEPTH} deep", offset=cursor.position)
        kind = flags & 0xFF
        if kind in _LISTS:
            return self._pairs(flags, depth, inside)
        if kind in _NOTHING or kind in {_UNBOUND, NULL_TYPE}:
            return [("", kind)]
        if kind == _REFERENCE:
            number = (flags >> 8) or self._form.integer()
            if not 0 < number <= len(self._seen):
                raise MalformedError(f"expected what stood before, found number {number}", offset=cursor.position)
            return [(self._seen[number - 1], SYMBOL)]
        if kind == SYMBOL:
            name = self._characters(depth)
            self._seen.append(name)
            return [(name, SYMBOL)]
        if kind == ENVIRONMENT:
            self._environment(depth)
        elif kind in _NAMED:
            self._named(kind, depth)
        elif kind in {EXTERNAL_POINTER, WEAK_REFERENCE}:
            self._pointer(flags, kind, depth)
        else:
            self._value(flags, kind, depth)
        return [("", kind)]

    def _value(self, flags: int, kind: int, depth: int) -> None:
        form = self._form
        if kind == CHARACTERS and not flags & HAS_ATTRIBUTES:  # no R writes any, and readers differ on them
            self._text()
            return
        if kind in {SPECIAL, BUILTIN}:
            self._call(form.text(self._count("bytes", 256)).decode("utf-8", "replace"))
            return
        if kind in _WIDTHS:
            form.skip_items(kind, self._count("numbers"))
        elif kind == RAW:
            form.skip_raw(self._count("bytes"))
        else:
            self._items(kind, depth)
        if flags & HAS_ATTRIBUTES and kind != ALTERNATIVE:
            self.item(depth + 1, kind)

    def _items(self, kind: int, depth: int) -> None:
        if kind in {TEXTS, VECTOR, EXPRESSION}:
            for _ in range(self._count("items")):
                self.item(depth + 1, kind)
        elif kind == BYTECODE:
            self._bytecode(depth)
        elif kind == ALTERNATIVE:
            for _ in range(3):  # class, state and attributes
                self.item(depth + 1, kind)
        elif kind != S4:
            raise MalformedError(f"expected a type of items, found {kind}", offset=self._form.cursor.position)

    def _text(self) -> str:
        length = self._form.integer()
        if length == -1:  # not available
            return "NA"
        if not 0 <= length <= self._form.cursor.left:
            raise MalformedError(
                f"expected a text within the file, found {length} bytes", offset=self._form.cursor.position
            )
        return self._form.text(length).decode("utf-8", "replace")

    def _characters(self, _depth: int) -> str:
        flags = self._form.integer()
        if flags & 0xFF != CHARACTERS or flags & HAS_ATTRIBUTES:
            raise MalformedError("expected the name of a symbol", offset=self._form.cursor.position)
        return self._text()[:1000]

    def _environment(self, depth: int) -> None:
        self._form.integer()  # whether it is locked
        self._seen.append("")
        for part in range(4):  # enclosing environment, frame, hash table, attributes
            self.item(depth + 1, ENVIRONMENT if part in {1, 2} else 0)

    def _named(self, kind: int, depth: int) -> None:
        self._form.integer()
        names = [self._characters(depth) for _ in range(self._count("names", 1000))]
        if kind == 249 and names and len(self.found.packages) < MAX_KEPT:  # noqa: PLR2004  # a namespace
            self.found.packages.add(names[0])
        self._seen.append(names[0] if names else "")

    def _pointer(self, flags: int, kind: int, depth: int) -> None:
        self._seen.append("")
        if kind == EXTERNAL_POINTER:
            self.found.pointers += 1
            self.item(depth + 1, kind)  # what it protects
            self.item(depth + 1, kind)  # its tag
        if flags & HAS_ATTRIBUTES:
            self.item(depth + 1, kind)

    def _pairs(self, flags: int, depth: int, inside: int) -> list[tuple[str, int]]:
        """Read a chain of pairs in a loop, as long as they are; calls, functions and promises are made like pairs."""
        members: list[tuple[str, int]] = []
        while (kind := flags & 0xFF) in _LISTS:
            self._form.cursor.step()
            at = self._form.cursor.position
            if flags >> 12 & ACTIVE_BINDING and inside == ENVIRONMENT:
                self.found.active += 1
            if flags & HAS_ATTRIBUTES:
                self.item(depth + 1, 0)
            tag = self.item(depth + 1, 0) if flags & HAS_TAG else []
            head = self.item(depth + 1, kind)
            name = tag[0][0] if tag else ""
            if len(members) < MAX_KEPT:
                members.append((name, head[-1][1] if kind in {PAIRS, ATTRIBUTED_PAIRS} else kind))
            if kind in {CALL, ATTRIBUTED_CALL} and head and head[0][1] == SYMBOL:
                self._call(head[0][0])
            if kind in {CLOSURE, PROMISE}:
                self._delayed(kind, at, depth, is_evaluated=head[0][1] != _UNBOUND)
                return [("", kind)]
            flags = self._form.integer()
            if kind in {CALL, ATTRIBUTED_CALL}:
                inside = kind
        self._flagged(flags, depth + 1, inside)
        first = members[0][1] if members else NULL_TYPE
        return members if first not in {CALL, ATTRIBUTED_CALL} else [*members, ("", CALL)]

    def _delayed(self, kind: int, at: int, depth: int, *, is_evaluated: bool) -> None:
        """Read the code of a function or a promise, and what it calls."""
        outer, self.found.calls = self.found.calls, set()
        self.item(depth + 1, kind)
        named, self.found.calls = self.found.calls, outer
        outer |= named  # not into a new set, which would be copied for each of many functions
        if kind == CLOSURE:
            self.found.closures += 1
        elif not is_evaluated and len(self.found.promises) < MAX_KEPT:
            self.found.promises.append((at, tuple(sorted(named)[:MAX_NAMED])))

    def _call(self, name: str) -> None:
        if len(self.found.calls) < MAX_KEPT:
            self.found.calls.add(name)

    def _bytecode(self, depth: int) -> None:
        self._count("shared parts")
        self._compiled(depth)

    def _compiled(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise MalformedError(f"expected items to nest at most {MAX_DEPTH} deep", offset=self._form.cursor.position)
        self.item(depth + 1, BYTECODE)  # the instructions
        for _ in range(self._count("constants")):
            self._form.cursor.step()
            kind = self._form.integer()
            if kind == BYTECODE:
                self._compiled(depth + 1)
            elif kind in {CALL, PAIRS, ATTRIBUTED_CALL, ATTRIBUTED_PAIRS, _BYTECODE_AGAIN, _BYTECODE_SHARED}:
                self._compiled_pairs(kind, depth + 1)
            else:
                self.item(depth + 1, BYTECODE)

    def _compiled_pairs(self, kind: int, depth: int) -> list[tuple[str, int]]:
        """Read a call among the constants of compiled code, whose parts may be shared."""
        is_first = True
        head: list[tuple[str, int]] = []
        while kind in {CALL, PAIRS, ATTRIBUTED_CALL, ATTRIBUTED_PAIRS, _BYTECODE_SHARED}:
            self._form.cursor.step()
            if depth > MAX_DEPTH:
                raise MalformedError(
                    f"expected items to nest at most {MAX_DEPTH} deep", offset=self._form.cursor.position
                )
            if kind == _BYTECODE_SHARED:
                self._form.integer()
                kind = self._form.integer()
            if kind in {ATTRIBUTED_CALL, ATTRIBUTED_PAIRS}:
                self.item(depth + 1, BYTECODE)
            self.item(depth + 1, BYTECODE)  # tag
            inner = self._compiled_pairs(self._form.integer(), depth + 1)
            if kind in {CALL, ATTRIBUTED_CALL} and inner and inner[0][1] == SYMBOL:
                self._call(inner[0][0])
            if is_first:
                head, is_first = [("", kind)], False
            kind = self._form.integer()
        if kind == _BYTECODE_AGAIN:
            self._form.integer()
        else:
            tail = self.item(depth + 1, BYTECODE)
            if is_first:
                return tail
        return head

"""Whether bytes begin like a pickle that has no protocol marker, by trying the first opcodes.

Protocols 0 and 1 have no signature. The trial keeps a stack of coarse types and asks of each opcode only what
CPython's C unpickler (Modules/_pickle.c) asks before it goes on; it errs on the side of calling bytes a pickle.
It builds no values and resolves no names. In two points it is stricter on purpose, for the sake of texts and of
archives (`PK` is PERSID): names with blanks or brackets, and persistent ids that are not printable. Who must not
miss a program there runs the machine of `telamon.kits.formats.pickle` on what the trial refuses.
"""

from __future__ import annotations

import re
import sys
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.source import Source

MAX_OPCODES = 2000
"""Opcodes tried: data that passes so many is a pickle as far as can be told cheaply."""

MAX_LINE_BYTES = 64 * 1024 * 1024
"""Longest text argument whose end is looked for; a longer one counts as undecided."""

MAX_PERSISTENT_ID_BYTES = 4096
"""Longest persistent id taken for one: torch's have a few dozen bytes."""

_READ_BYTES = 4096
# load_int takes a line that begins with a NUL for 0 (strtol converts nothing and stops there).
_INTEGER = re.compile(rb"(?:[ \t\v\f\r]*[+-]?[0-9][0-9A-Za-z_]*\s*)?(?:\0.*)?(?<=.)\Z", re.DOTALL)
_LONG = re.compile(rb"[ \t\v\f\r]*[+-]?[0-9][0-9A-Za-z_]*\s*L?(?:\0.*)?\Z", re.DOTALL)
_INDEX = re.compile(rb"[ \t\v\f\r]*[+-]?[0-9][0-9_]*\s*(?:\0.*)?\Z", re.DOTALL)
_FLOAT = re.compile(rb"[ \t\v\f\r]*[+-]?(?:[0-9.]|inf|nan)", re.IGNORECASE)
_NAME = re.compile(r"[^\s=<>:;,()\[\]{}\"'#/\\]+\Z")


class Verdict(Enum):
    """What the trial says."""

    PICKLE = "pickle"
    IMPORT_ONLY = "import-only"  # resolves a plausible global, then breaks: text can do that by accident
    IMPORT_STANDARD = "import-standard"  # likewise, of a module of the standard library
    OTHER = "other"


class _Kind(Enum):
    MARK = 0
    VALUE = 1  # None, a number, a tuple: takes no items, cannot be called
    TEXT = 2
    COLLECTION = 3
    OBJECT = 4  # a global, the result of a call, or unknown


class _BreakError(Exception):
    """The unpickler would stop here with an error."""


class _DoneError(Exception):
    """The trial is decided: this is a pickle."""


# Opcodes that push one value after an argument of fixed length (0, 1, 2, 4 or 8 bytes).
_FIXED = {
    **dict.fromkeys(b"N)\x88\x89", (0, _Kind.VALUE)),
    **dict.fromkeys(b"}]\x8f", (0, _Kind.COLLECTION)),
    **dict.fromkeys(b"\x97", (0, _Kind.OBJECT)),
    ord("K"): (1, _Kind.VALUE),
    ord("M"): (2, _Kind.VALUE),
    ord("J"): (4, _Kind.VALUE),
    ord("G"): (8, _Kind.VALUE),
    0x82: (1, _Kind.OBJECT),
    0x83: (2, _Kind.OBJECT),
    0x84: (4, _Kind.OBJECT),
}
# Opcodes that push one value after a counted argument: bytes of the count.
_COUNTED = {
    **dict.fromkeys(b"U\x8c", (1, _Kind.TEXT)),
    **dict.fromkeys(b"TX", (4, _Kind.TEXT)),
    0x8D: (8, _Kind.TEXT),
    ord("C"): (1, _Kind.TEXT),
    ord("B"): (4, _Kind.TEXT),
    0x8E: (8, _Kind.TEXT),
    0x96: (8, _Kind.COLLECTION),  # a bytearray has `extend` and takes items
    0x8A: (1, _Kind.VALUE),
    0x8B: (4, _Kind.VALUE),
}
_TUPLES = {0x85: 1, 0x86: 2, 0x87: 3}
_TO_MARK = {ord("t"): _Kind.VALUE, ord("l"): _Kind.COLLECTION, ord("d"): _Kind.COLLECTION, 0x91: _Kind.COLLECTION}


def try_pickle(source: Source) -> Verdict:
    """Says what the first opcodes of `source` look like; reads a few kilobytes unless arguments are long."""
    trial = _Trial(source)
    try:
        for _ in range(MAX_OPCODES):
            trial.step()
    except _BreakError:
        return trial.broken_verdict()
    except _DoneError:
        return Verdict.PICKLE
    return Verdict.PICKLE


class _Trial:
    """The state of one trial: position, stack of coarse types, memo indices."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._position = 0
        self._base = 0
        self._data = source.read(0, _READ_BYTES)
        self._stack: list[_Kind] = []
        self._memo: dict[int, _Kind] = {}
        self._modules: list[str] = []

    def broken_verdict(self) -> Verdict:
        if not self._modules:
            return Verdict.OTHER
        top_levels = {name.split(".", 1)[0] for name in self._modules}
        if top_levels & (sys.stdlib_module_names | {"__builtin__", "copy_reg", "commands"}):
            return Verdict.IMPORT_STANDARD
        return Verdict.IMPORT_ONLY

    def step(self) -> None:
        opcode = self._take(1)[0]
        if opcode in _FIXED:
            length, kind = _FIXED[opcode]
            self._take(length)
            self._stack.append(kind)
        elif opcode in _COUNTED:
            length, kind = _COUNTED[opcode]
            self._skip(int.from_bytes(self._take(length), "little"))
            self._stack.append(kind)
        elif opcode in _TUPLES:
            self._pop(_TUPLES[opcode])
            self._stack.append(_Kind.VALUE)
        elif opcode in _TO_MARK:
            self._pop_to_mark()
            self._stack.append(_TO_MARK[opcode])
        else:
            _STEPS.get(chr(opcode), _Trial.refuse)(self, chr(opcode))

    def mark(self, _: str) -> None:
        self._stack.append(_Kind.MARK)

    def drop(self, opcode: str) -> None:
        if opcode == "1":
            self._pop_to_mark()
        elif self._stack:
            self._stack.pop()
        else:
            raise _BreakError

    def peek(self, opcode: str) -> None:
        kind = self._top()
        if opcode == "2":
            self._stack.append(kind)

    def stop(self, _: str) -> None:
        self._top()
        raise _DoneError

    def remember(self, opcode: str) -> None:
        self._memo[len(self._memo) if opcode == "\x94" else self._index(opcode)] = self._top()

    def recall(self, opcode: str) -> None:
        index = self._index(opcode)
        if index not in self._memo:
            raise _BreakError
        self._stack.append(self._memo[index])

    def _index(self, opcode: str) -> int:
        if opcode in "pg":
            return self._integer_line()
        return int.from_bytes(self._take(1 if opcode in "qh" else 4), "little")

    def declare(self, opcode: str) -> None:
        if opcode == "\x95":
            self._take(8)
        elif self._take(1)[0] > 5:  # noqa: PLR2004 - HIGHEST_PROTOCOL of every CPython so far
            raise _BreakError

    def persistent(self, _: str) -> None:
        self._pop(1)
        self._stack.append(_Kind.OBJECT)

    def refuse(self, _: str) -> None:
        raise _BreakError

    def text_argument(self, opcode: str) -> None:
        line = self._line(MAX_PERSISTENT_ID_BYTES if opcode == "P" else MAX_LINE_BYTES)
        match opcode:
            case "I":
                is_valid = bool(_INTEGER.match(line))
            case "L":
                is_valid = bool(_LONG.match(line))
            case "P":
                # The C unpickler wants ASCII; control characters, which it takes, would make zips pickles (`PK\3\4`).
                is_valid = line.isascii() and line.decode("ascii").isprintable()
            case "F":
                is_valid = bool(_FLOAT.match(line))
            case "S":
                is_valid = line[:1] in {b"'", b'"'} and len(line.rstrip()) > 1 and line.rstrip()[-1:] == line[:1]
            case _:
                is_valid = True
        if not is_valid:
            raise _BreakError
        kinds = {"S": _Kind.TEXT, "V": _Kind.TEXT, "P": _Kind.OBJECT}
        self._stack.append(kinds.get(opcode, _Kind.VALUE))

    def resolve(self, opcode: str) -> None:
        if opcode == "\x93":
            for kind in self._pop(2):
                if kind not in {_Kind.TEXT, _Kind.OBJECT}:
                    raise _BreakError
            self._modules.append("")  # the names stand anywhere in the stack
        else:
            module, name = (self._line().decode("utf-8", "replace") for _ in range(2))
            if opcode == "i":
                self._pop_to_mark()
            if not (_NAME.match(module) and _NAME.match(name)):
                raise _BreakError
            self._modules.append(module)
        if opcode == "i":
            raise _DoneError
        self._stack.append(_Kind.OBJECT)

    def call(self, opcode: str) -> None:
        if opcode == "o":
            if not (popped := self._pop_to_mark()):
                raise _BreakError
            target = popped[0]
        else:
            target = self._pop(3 if opcode == "\x92" else 2)[0]
        if opcode == "b" and target is not _Kind.OBJECT:
            self._stack.append(target)  # load_build: a state of None changes nothing, whatever it is given to
            return
        if target is not _Kind.OBJECT:
            raise _BreakError
        raise _DoneError

    def fill(self, opcode: str) -> None:
        items = self._pop(1 if opcode == "a" else 2) if opcode in "as" else self._pop_to_mark()
        if self._top() not in {_Kind.COLLECTION, _Kind.OBJECT} and items:  # without items nobody looks at the target
            raise _BreakError

    def _top(self) -> _Kind:
        if not self._stack or self._stack[-1] is _Kind.MARK:
            raise _BreakError
        return self._stack[-1]

    def _pop(self, count: int) -> list[_Kind]:
        popped = self._stack[-count:]
        if len(popped) < count or _Kind.MARK in popped:
            raise _BreakError
        del self._stack[-count:]
        return popped

    def _pop_to_mark(self) -> list[_Kind]:
        popped: list[_Kind] = []
        while self._stack:
            kind = self._stack.pop()
            if kind is _Kind.MARK:
                popped.reverse()
                return popped
            popped.append(kind)
        raise _BreakError

    def _take(self, length: int) -> bytes:
        begin = self._position - self._base
        if begin + length > len(self._data):
            self._base = self._position
            self._data = self._source.read(self._position, _READ_BYTES)
            begin = 0
        taken = self._data[begin : begin + length]
        if len(taken) < length:
            raise _BreakError
        self._position += length
        return taken

    def _skip(self, length: int) -> None:
        if length > self._source.size - self._position:
            raise _BreakError
        self._position += length
        if self._position - self._base > len(self._data):
            self._base = self._position
            self._data = b""

    def _line(self, longest: int = MAX_LINE_BYTES) -> bytes:
        begin = self._position - self._base
        stop = self._data.find(b"\n", begin)
        if stop >= 0:
            self._position = self._base + stop + 1
            return self._data[begin:stop]
        limit = min(self._source.size, self._position + longest)
        found = self._source.find(b"\n", self._position, limit)
        if found < 0:
            is_open = longest == MAX_LINE_BYTES and limit < self._source.size
            raise _DoneError if is_open else _BreakError
        line = self._source.read(self._position, min(found - self._position, _READ_BYTES))
        if len(line) < found - self._position:
            line += self._source.read(found - 1, 1)  # enough to see whether a quoted string is closed
        self._position = found + 1
        return line

    def _integer_line(self) -> int:
        line = self._line()
        if not _INDEX.match(line):
            raise _BreakError
        if len(line) > _READ_BYTES:  # not read whole
            raise _DoneError
        try:
            return int(line.split(b"\0", 1)[0], 10)  # as CPython reads memo indexes: leading zeros do not count
        except ValueError as error:  # underscores where none may be
            raise _BreakError from error


_STEPS: dict[str, Callable[[_Trial, str], None]] = {
    "(": _Trial.mark,
    ".": _Trial.stop,
    "Q": _Trial.persistent,
    **dict.fromkeys("01", _Trial.drop),
    **dict.fromkeys("2\x98", _Trial.peek),
    **dict.fromkeys("ILFSVP", _Trial.text_argument),
    **dict.fromkeys("ci\x93", _Trial.resolve),
    **dict.fromkeys("Rob\x81\x92", _Trial.call),
    **dict.fromkeys("aseu\x90", _Trial.fill),
    **dict.fromkeys("pqr\x94", _Trial.remember),
    **dict.fromkeys("ghj", _Trial.recall),
    **dict.fromkeys("\x80\x95", _Trial.declare),
}

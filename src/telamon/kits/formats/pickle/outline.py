"""The outline of a few executed opcodes: which values they make, of what, and with which calls.

An outline is made of bytes that were executed before, in order to find values that more such bytes make alike
(see `shapes`). It follows opcodes whose effect on the stack is fixed; a value that any other opcode takes part in
is not outlined, and neither is one whose opcodes begin before the bytes looked at.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle.data_only import payload_end
from telamon.kits.formats.pickle.grammar import operations
from telamon.kits.formats.pickle.opcodes import Opcode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.kits.formats.pickle.machine import Data

_DEEPEST: Final = 40
_OPERANDS: Final = 3  # that one opcode takes
_LARGEST: Final = 4096  # bytes of one value


class Form(enum.Enum):
    """What makes a value."""

    CONSTANT = "constant"
    BYTES = "bytes"
    GET = "get"
    TUPLE = "tuple"
    LIST = "list"
    DICT = "dict"
    SET = "set"
    FROZENSET = "frozenset"
    CALL = "call"
    PERSISTENT = "persistent"


@dataclass(slots=True, eq=False)
class Part:
    """One opcode, or the outline of a value, within another.

    Attributes:
        start: Offset of its first byte.
        stop: Offset after its last.
        value: The outline; None for an opcode.
    """

    start: int
    stop: int
    value: Outline | None = None


@dataclass(slots=True, eq=False)
class Outline:
    """How a value is made.

    Attributes:
        form: What makes it.
        start: Offset of its first byte.
        stop: Offset after its last.
        parts: The values it is made of and the opcodes, in the order of the bytes, without PUTs.
        is_known: Whether all of it is outlined.
        has_calls: Whether something is called or changed to make it.
        depth: Levels of values within it.
    """

    form: Form
    start: int
    stop: int
    parts: list[Part] = field(default_factory=list)
    is_known: bool = True
    has_calls: bool = False
    depth: int = 0

    @property
    def values(self) -> list[Outline]:
        """The values it is made of, in order."""
        return [part.value for part in self.parts if part.value is not None]

    def take(self, at: int, stop: int, values: list[Outline], mark: int | None = None) -> None:
        """Takes values in, by the opcode that reaches from `at` to `stop`; `mark` is where their MARK stands."""
        if mark is not None:
            self.parts.append(Part(mark, mark + 1))
        self.parts += [Part(value.start, value.stop, value) for value in values]
        self.parts.append(Part(at, stop))
        self.stop = stop
        for value in values:
            self.is_known = self.is_known and value.is_known
            self.has_calls = self.has_calls or value.has_calls
            self.depth = max(self.depth, value.depth + 1)
        if self.depth > _DEEPEST or stop - self.start > _LARGEST:
            self.is_known = False


_CONSTANTS: Final = frozenset(b"NKMJG)X\x88\x89\x8a\x8cCUIFLSV")
_BYTES: Final = frozenset(b"B\x8e\x96")
_GETS: Final = frozenset(b"hj")
_EMPTY: Final = {Opcode.EMPTY_LIST: Form.LIST, Opcode.EMPTY_DICT: Form.DICT, Opcode.EMPTY_SET: Form.SET}
_PUTS: Final = frozenset(b"\x94qr")
_TUPLES: Final = {Opcode.TUPLE1: 1, Opcode.TUPLE2: 2, Opcode.TUPLE3: 3}
_CALLS: Final = {Opcode.REDUCE: 2, Opcode.NEWOBJ: 2, Opcode.NEWOBJ_EX: 3}
_TO_MARK: Final = {Opcode.TUPLE: Form.TUPLE, Opcode.FROZENSET: Form.FROZENSET}
_FILL: Final = {Opcode.APPEND: 1, Opcode.SETITEM: 2, Opcode.BUILD: 1}
_FILL_TO_MARK: Final = {
    Opcode.APPENDS: (Form.LIST, Form.CALL),
    Opcode.SETITEMS: (Form.DICT, Form.CALL),
    Opcode.ADDITEMS: (Form.SET, Form.CALL),
}
_FILLED: Final = {Opcode.APPEND: Form.LIST, Opcode.SETITEM: Form.DICT, Opcode.BUILD: Form.CALL}


class Outliner:
    """Outlines values from executed bytes.

    Attributes:
        complete: Values that are known to be complete, because something was done with them: they were put into
            what stands below the bytes looked at.
    """

    def __init__(self, data: Data, *, puts: bool) -> None:
        self._data = data
        self._operations = operations(puts=puts)
        self._stack: list[Outline] = []
        self._marks: list[tuple[int, int]] = []  # where it stands, and the height of the stack
        self.complete: list[Outline] = []

    def run(self, start: int, stop: int) -> list[Outline]:
        """Returns the outermost values that the opcodes between two offsets make, as far as they are outlined."""
        for at, end in self._opcodes(start, stop):
            self._step(self._data[at], at, end)
        return self.complete + self._settled()

    def _settled(self) -> list[Outline]:
        """Returns the values on the stack that are complete; between two marks the last ones may be operands."""
        heights = [height for _, height in self._marks] + [len(self._stack)]
        found: list[Outline] = []
        start = 0
        for height in heights:
            found += self._stack[start : max(height - _OPERANDS, start)]
            start = height
        return found

    def _opcodes(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yields where opcodes begin and end, up to the first of an unknown kind."""
        at = start
        while at < stop:
            for found in self._operations.finditer(self._data, at, stop):
                if found.start() != at:
                    break
                yield at, found.end()
                at = found.end()
            end = payload_end(self._data, at, stop) if at < stop else None
            if end is None:
                return
            yield at, end
            at = end

    def _forget(self) -> None:
        """Drops what is on the stack: its outlines are incomplete."""
        self._stack.clear()
        self._marks.clear()

    def _step(self, code: int, at: int, stop: int) -> None:
        if code in _PUTS:
            if self._stack and (not self._marks or len(self._stack) > self._marks[-1][1]):
                self._stack[-1].stop = stop
        elif code in _CONSTANTS:
            self._stack.append(Outline(Form.CONSTANT, at, stop))
        elif code in _BYTES:
            self._stack.append(Outline(Form.BYTES, at, stop, is_known=stop - at <= _LARGEST))
        elif code in _GETS:
            self._stack.append(Outline(Form.GET, at, stop))
        elif code == Opcode.MARK:
            self._marks.append((at, len(self._stack)))
        else:
            self._combine(Opcode(code), at, stop)

    def _combine(self, code: Opcode, at: int, stop: int) -> None:
        """Takes an opcode that makes a value of others, or of nothing."""
        if code in _EMPTY:
            self._stack.append(Outline(_EMPTY[code], at, stop, [Part(at, stop)]))
        elif code in _TUPLES:
            self._make(Form.TUPLE, self._pop(_TUPLES[code]), at, stop)
        elif code in _CALLS:
            self._make(Form.CALL, self._pop(_CALLS[code]), at, stop)
        elif code is Opcode.BINPERSID:
            self._make(Form.PERSISTENT, self._pop(1), at, stop)
        elif code in _FILL:
            self._fill(code, self._pop(_FILL[code]), at, stop, None)
        elif code in _TO_MARK or code in _FILL_TO_MARK:
            self._close(code, at, stop)
        else:
            self._forget()

    def _pop(self, count: int) -> list[Outline] | None:
        """Returns the topmost values and takes them off; None if there are not so many above the topmost mark."""
        height = len(self._stack) - count
        if height < (self._marks[-1][1] if self._marks else 0):
            self._forget()
            return None
        values = self._stack[height:]
        del self._stack[height:]
        return values

    def _make(self, form: Form, values: list[Outline] | None, at: int, stop: int, mark: int | None = None) -> None:
        if values is None:
            return
        made = Outline(form, values[0].start if mark is None and values else at if mark is None else mark, stop)
        made.has_calls = form in {Form.CALL, Form.PERSISTENT}
        made.take(at, stop, values, mark)
        self._stack.append(made)

    def _fill(self, code: Opcode, values: list[Outline] | None, at: int, stop: int, mark: int | None) -> None:
        """Puts values into what stands below them."""
        if values is None:
            return
        if len(self._stack) <= (self._marks[-1][1] if self._marks else 0):
            self.complete += values  # what they are put into begins before the bytes looked at
            self._forget()
            return
        target = self._stack[-1]
        allowed = _FILL_TO_MARK[code] if code in _FILL_TO_MARK else (_FILLED[code], Form.CALL)
        target.is_known = target.is_known and target.form in allowed
        target.take(at, stop, values, mark)

    def _close(self, code: Opcode, at: int, stop: int) -> None:
        """Takes an opcode that works on everything above the topmost mark."""
        if not self._marks:
            values, self._stack = self._stack, []
            self.complete += values
            return
        mark, height = self._marks.pop()
        values = self._stack[height:]
        del self._stack[height:]
        if code in _TO_MARK:
            self._make(_TO_MARK[code], values, at, stop, mark)
        else:
            self._fill(code, values, at, stop, mark)


def inner(outlines: list[Outline], is_wanted: Callable[[Outline], bool]) -> Iterator[Outline]:
    """Yields the outermost wanted values within outlines."""
    waiting = outlines[::-1]
    while waiting:
        present = waiting.pop()
        if is_wanted(present):
            yield present
        else:
            waiting += present.values[::-1]

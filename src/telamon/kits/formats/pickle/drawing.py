"""Patterns drawn from outlines: the bytes of values that have the same effect and cause the same events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle.grammar import LINES, PUT_IF_ANY, SCALAR, counted, text
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.outline import Form, Outline, Part
from telamon.kits.formats.pickle.recorder import EventKind
from telamon.kits.formats.pickle.values import UNKNOWN, Global, Persistent, Result, Value, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.pickle.machine import Data
    from telamon.kits.formats.pickle.recall import Recall
    from telamon.kits.formats.pickle.recorder import Relay, Tally

    _Event = tuple[EventKind, Opcode | None, Value, str, Value]

_SIZES: Final = (16, 64, 256)
_SCALARS: Final = frozenset(b"NKMJG)\x88\x89hj")
_TEXTS: Final = frozenset(b"X\x8c")
_SIZED: Final = {ord("X"): 5, 0x8C: 2, ord("C"): 2, ord("U"): 2, 0x8A: 2}  # bytes before the payload
_METHODS: Final[dict[int, str]] = {
    Opcode.APPENDS: "extend",
    Opcode.APPEND: "extend",
    Opcode.ADDITEMS: "add",
    Opcode.SETITEMS: "__setitem__",
    Opcode.SETITEM: "__setitem__",
}


class _UnfitError(Exception):
    """No shape is made of a value: what its opcodes do depends on more than a pattern says."""


class Drawing:
    """Makes patterns and counters of outlines.

    Attributes:
        is_loose: Whether a pattern that was made leaves open whether strings are UTF-8.
    """

    def __init__(self, data: Data, recall: Recall, before: int, *, puts: bool) -> None:
        self._data = data
        self._recall = recall
        self._before = before
        self._puts = puts
        self._put = PUT_IF_ANY[puts]
        self.is_loose = False

    def pattern(self, value: Outline) -> bytes | None:
        """Returns the pattern of values like one, None where none will do."""
        try:
            return self._value(value)
        except _UnfitError:
            return None

    def _value(self, value: Outline) -> bytes:
        if value.form is Form.CALL:
            return self._call(value)
        if value.form in {Form.CONSTANT, Form.GET}:
            return self._constant(value)
        if value.form is Form.BYTES:
            head = value.start + (5 if self._data[value.start] == Opcode.BINBYTES else 9)
            size = int.from_bytes(self._data[value.start + 1 : head], "little")
            return re.escape(self._data[value.start : head]) + b".{%d}" % size + self._put
        if value.has_calls or value.form is Form.TUPLE:
            return self._fixed(value)
        return self._plain(value)

    def _constant(self, value: Outline) -> bytes:
        """Returns the pattern of a constant: scalars for a scalar, and the strings of a size class for a string."""
        code = self._data[value.start]
        if code in _SCALARS:
            return SCALAR
        if code in LINES:
            return b"(?:" + b"|".join([SCALAR, *LINES.values()]) + b")" + self._put
        size = value.stop - value.start
        bound = next((bound for bound in _SIZES if size < bound), None)
        if bound is None:
            raise _UnfitError
        if code not in _TEXTS:
            return b"(?:" + counted(code, bound) + self._put + b"|" + SCALAR + b")"
        head = value.start + _SIZED[code]
        is_ascii = self._data[head : head + int.from_bytes(self._data[value.start + 1 : head], "little")].isascii()
        self.is_loose = self.is_loose or not is_ascii
        return b"(?:" + SCALAR + b"|" + text(bound, puts=self._puts, is_ascii=is_ascii) + b")"

    def _plain(self, value: Outline) -> bytes:
        """Returns the pattern of a plain list, dict or set with any number of items like its own."""
        items = value.values
        put = self._put
        if value.form is Form.DICT:
            key, item = self._any(items[::2], is_key=True), self._any(items[1::2])
            return rb"\}%b(?:\((?:%b%b)*+u|%b%bs)*+" % (put, key, item, key, item)
        item = self._any(items, is_key=value.form in {Form.SET, Form.FROZENSET})
        if value.form is Form.LIST:
            return rb"\]%b(?:\((?:%b)*+e|%ba)*+" % (put, item, item)
        if value.form is Form.SET:
            return rb"\x8f%b(?:\((?:%b)*+\x90)*+" % (put, item)
        return rb"\((?:%b)*+\x91%b" % (item, put)

    def _any(self, values: list[Outline], *, is_key: bool = False) -> bytes:
        """Returns the pattern of any of the values; keys have to be hashable whatever else matches."""
        if is_key and not all(map(_is_hashable, values)):
            raise _UnfitError
        constants = {self._value(value) for value in values if value.form in {Form.CONSTANT, Form.GET}}
        others = {self._value(value) for value in values} - constants
        # Others first: a tuple of two begins with what is a constant without the rest.
        found = sorted(others, key=len, reverse=True) + sorted(constants, key=len, reverse=True)
        return b"(?:" + b"|".join(found or [SCALAR]) + b")"

    def _fixed(self, value: Outline) -> bytes:
        """Returns the pattern of a value that is made by the same opcodes, of values like its own."""
        is_plain_tuple = value.form is Form.TUPLE and not value.has_calls and self._data[value.start] == Opcode.MARK
        if is_plain_tuple and all(item.form in {Form.CONSTANT, Form.GET} for item in value.values):
            return rb"\((?:%b)*+t%b" % (self._any(value.values), self._put)
        if value.form in {Form.DICT, Form.SET, Form.FROZENSET}:
            self._check_keys(value)
        pieces = [
            re.escape(self._data[part.start : part.stop]) if part.value is None else self._value(part.value)
            for part in value.parts
        ]
        opening = 1 if value.form in {Form.LIST, Form.DICT, Form.SET} else len(pieces)
        return b"".join([*pieces[:opening], self._put, *pieces[opening:]])

    def _check_keys(self, value: Outline) -> None:
        """Refuses keys that a pattern does not know to be hashable."""
        keys = value.values[::2] if value.form is Form.DICT else value.values
        if not all(map(_is_hashable, keys)):
            raise _UnfitError

    # Calls ------------------------------------------------------------------------------------------------------

    def _call(self, value: Outline) -> bytes:
        """Returns the pattern of a call and of what is done with its result."""
        called, arguments, *keywords = value.parts[: _arity(value)]
        if called.value is None or called.value.form is not Form.GET or arguments.value is None:
            raise _UnfitError
        at = _arity(value)
        code, changes = self._data[value.parts[at].start], value.parts[at + 1 :]
        is_exact = bool(changes) and code == Opcode.REDUCE  # what is changed is known by the arguments
        pieces = [re.escape(self._data[called.start : called.stop])]
        pieces.append(self._exactly(arguments.value) if is_exact else self._arguments(arguments.value, Form.TUPLE))
        pieces += [self._arguments(part.value, Form.DICT) for part in keywords if part.value is not None]
        pieces += [re.escape(bytes([code])), self._put]
        return b"".join(pieces + self._changes(changes))

    def _arguments(self, value: Outline, form: Form) -> bytes:
        """Returns the pattern of operands that have to be a tuple, or a dict."""
        if value.form is form:
            return self._fixed(value) if form is Form.TUPLE else self._value(value)
        return self._exactly(value)

    def _exactly(self, value: Outline) -> bytes:
        """Returns the pattern of the very value."""
        if value.form in {Form.CONSTANT, Form.GET}:
            head = _SIZED.get(self._data[value.start], 0)
            if not head:
                return re.escape(self._data[value.start : value.stop])
            size = int.from_bytes(self._data[value.start + 1 : value.start + head], "little")
            return re.escape(self._data[value.start : value.start + head + size]) + self._put
        if value.form is not Form.TUPLE or value.has_calls:
            raise _UnfitError
        pieces = [
            re.escape(self._data[part.start : part.stop]) if part.value is None else self._exactly(part.value)
            for part in value.parts
        ]
        return b"".join([*pieces, self._put])

    def _changes(self, parts: list[Part]) -> list[bytes]:
        """Returns the patterns of BUILD, and of opcodes that fill the result of a call."""
        pieces: list[bytes] = []
        waiting: list[Part] = []
        for part in parts:
            if part.value is not None or self._data[part.start] == Opcode.MARK:
                waiting.append(part)
                continue
            values = [each.value for each in waiting if each.value is not None]
            code = self._data[part.start]
            if code == Opcode.BUILD:
                pieces.append(self._state(values[0]))
            elif code == Opcode.SETITEMS and values and not any(value.has_calls for value in values):
                pair = self._any(values[::2]) + self._any(values[1::2])
                pieces.append(rb"\((?:" + pair + b")++")
            elif code == Opcode.APPENDS and values and not any(value.has_calls for value in values):
                pieces.append(rb"\(" + self._any(values) + b"++")
            else:
                pieces += [b"\\(" if each.value is None else self._value(each.value) for each in waiting]
            pieces.append(re.escape(bytes([code])))
            waiting = []
        return pieces

    def _state(self, value: Outline) -> bytes:
        """Returns the pattern of a state: of the same type."""
        if value.form in {Form.CONSTANT, Form.GET}:
            return self._exactly(value)
        return self._value(value)

    # Events -----------------------------------------------------------------------------------------------------

    def counters(self, value: Outline, recorder: Relay) -> tuple[Tally, ...] | None:
        """Returns what counts the events of values like one; None where one of them is not merely counted."""
        found: list[Tally] = []
        waiting = [value]
        while waiting:
            present = waiting.pop()
            waiting += present.values
            for event in self._events(present):
                tally = recorder.tally(*event)
                if tally is None:
                    return None
                found.append(tally)
        return tuple(found)

    def _events(self, value: Outline) -> Iterator[_Event]:
        """Yields the events of a value, without those of the values in it."""
        if value.form is Form.PERSISTENT:
            yield EventKind.PERSISTENT, None, Persistent(UNKNOWN), "", UNKNOWN
        if value.form is not Form.CALL:
            return
        at = _arity(value)
        opcode = Opcode(self._data[value.parts[at].start])
        called = self._recall.fetch(self._index(value.parts[0]), self._before)
        changes = value.parts[at + 1 :]
        given = value.parts[1]
        arguments: Value = UNKNOWN
        is_changed = bool(changes) and opcode is Opcode.REDUCE
        if is_changed or (given.value is not None and given.value.form is not Form.TUPLE):  # drawn exactly
            arguments = self._recall.decode(given.start, given.stop)[-1]
        yield EventKind.CALL, opcode, called if isinstance(called, Global) else UNKNOWN, "", arguments
        made = Result(callable=called, arguments=arguments, opcode=opcode, offset=value.parts[at].start)
        yield from self._events_of_changes(made, changes)

    def _events_of_changes(self, made: Result, parts: list[Part]) -> Iterator[_Event]:
        last: Outline | None = None
        for part in parts:
            code = self._data[part.start]
            if part.value is not None:
                last = part.value
            elif code == Opcode.BUILD and last is not None:
                state = self._recall.decode(last.start, last.stop)[-1]
                yield EventKind.BUILD, None, made, type_name(state), UNKNOWN
            elif code in _METHODS and last is not None:
                yield EventKind.MUTATION, None, made, _METHODS[code], UNKNOWN
            if part.value is None and code != Opcode.MARK:
                last = None

    def _index(self, part: Part) -> int:
        """Returns the index of a GET."""
        return int.from_bytes(self._data[part.start + 1 : part.stop], "little")


def head(value: Outline, data: Data) -> bytes:
    """Returns the bytes with which all values of the same pattern begin, as far as they tell much; else none."""
    first = value.parts[0] if value.parts else None
    if first is None:
        return b""
    if first.value is None:
        return data[first.start : first.stop]
    if value.form is Form.CALL:
        return data[first.start : first.start + (2 if data[first.start] == Opcode.BINGET else 5)]
    return head(first.value, data)


def _arity(value: Outline) -> int:
    """Returns how many of the first parts are the operands of the call."""
    return next(index for index, part in enumerate(value.parts) if part.value is None)


def _is_hashable(value: Outline) -> bool:
    """Returns whether all values of the same pattern are hashable."""
    if value.form is Form.TUPLE:
        return all(map(_is_hashable, value.values))
    return value.form in {Form.CONSTANT, Form.GET, Form.CALL, Form.PERSISTENT, Form.FROZENSET}

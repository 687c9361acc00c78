"""Shapes: byte patterns of values with calls, learned from a stream, so that the matcher takes the values like them.

A shape is made of the outline of values that were executed one by one. It leaves open what makes no difference:
numbers, short strings, the number of plain items in plain containers. It names by its bytes what does: which
opcodes, which memo slots are called, the arguments of a call whose result is changed. So whatever matches it has
the effect on the stack, and causes the events, that the executed values had, and is merely counted.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle.endings import Break
from telamon.kits.formats.pickle.grammar import LINES, PUT_IF_ANY, counted, text, texts
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.outline import Form, Outline, Outliner, Part, inner
from telamon.kits.formats.pickle.recorder import EventKind
from telamon.kits.formats.pickle.values import UNKNOWN, Global, Persistent, Result, Value, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.pickle.machine import Data
    from telamon.kits.formats.pickle.recall import Recall
    from telamon.kits.formats.pickle.recorder import Relay, Tally

_NOTHING: Final = re.compile(b"(?!)")
MOST: Final = 16  # shapes of one stream
_OFTEN: Final = 2  # times that a value occurs among the executed ones, before others like it are expected
_SIZES: Final = (16, 64, 256)
_LONGEST: Final = 6000  # bytes of a pattern: a millisecond of compiling takes about 500

_SCALAR: Final = rb"(?:[hK].|[N\x88\x89)]|M..|[Jj].{4}|G.{8})"
_ATOMS: Final = (Form.CONSTANT, Form.GET, Form.BYTES)
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


@dataclass(frozen=True, slots=True)
class Shape:
    """Values that are taken alike.

    Attributes:
        pattern: Their bytes.
        counters: What counts their events.
    """

    pattern: bytes
    counters: tuple[Tally, ...]


class Shapes:
    """The shapes of one stream.

    Attributes:
        is_any: Whether any is known.
    """

    def __init__(self, data: Data, recall: Recall, recorder: Relay, *, puts: bool) -> None:
        self.is_any = False
        self._is_loose = False
        self._data = data
        self._recall = recall
        self._recorder = recorder
        self._puts = puts
        self._known: list[Shape] = []
        self._patterns: set[bytes] = set()
        self._values = self._value = self._pairs = self._pair = _NOTHING

    @property
    def is_full(self) -> bool:
        """Whether no more are learned."""
        return len(self._known) >= MOST

    def learn(self, start: int, stop: int) -> bool:
        """Takes up what the executed opcodes between two offsets make often; returns whether there is anything new."""
        found = Outliner(self._data, puts=self._puts).run(start, stop)
        drawing = _Drawing(self._data, self._recall, stop, puts=self._puts)
        wanted = list(inner(found, lambda value: value.is_known and value.form not in _ATOMS))
        fresh = self._choose(drawing, wanted)
        if not fresh:
            parts = [part for value in wanted for part in value.values]
            fresh = self._choose(drawing, list(inner(parts, lambda value: value.is_known and value.form is Form.CALL)))
        self._is_loose = self._is_loose or drawing.is_loose
        for shape in fresh:
            self._patterns.add(shape.pattern)
        if fresh:
            self._known = sorted([*self._known, *fresh], key=lambda shape: -len(shape.pattern))[:MOST]
            self._compile()
        return bool(fresh)

    def _choose(self, drawing: _Drawing, values: list[Outline]) -> list[Shape]:
        """Returns the shapes of values that occur often, and whose events are only to be counted."""
        drawn = [(pattern, value) for value in values if (pattern := drawing.pattern(value)) is not None]
        often = Counter(pattern for pattern, _ in drawn)
        firsts = {pattern: value for pattern, value in reversed(drawn) if often[pattern] >= _OFTEN}
        chosen = []
        for pattern, value in firsts.items():
            if pattern not in self._patterns and len(pattern) <= _LONGEST:
                try:
                    counters = drawing.counters(value, self._recorder)
                except Break:
                    continue
                if counters is not None:
                    chosen.append(Shape(pattern, counters))
        return chosen

    def _compile(self) -> None:
        """Makes the patterns of runs and of single values, in which the last group tells the shape."""
        alternatives = b"|".join(shape.pattern for shape in self._known)
        marked = b"|".join(shape.pattern + b"()" for shape in self._known)
        key = b"(?:" + _SCALAR + b"|" + text(_SIZES[1], puts=self._puts) + b")"
        self._values = re.compile(b"(?:" + alternatives + b")++", re.DOTALL)
        self._value = re.compile(marked, re.DOTALL)
        self._pairs = re.compile(b"(?:" + key + b"(?:" + alternatives + b"))++", re.DOTALL)
        self._pair = re.compile(key + b"(?:" + marked + b")", re.DOTALL)
        self.is_any = True

    def take_values(self, data: Data, at: int, limit: int) -> int:
        """Counts what values of known shapes do that follow each other from an offset; returns where they end."""
        found = self._values.match(data, at, limit)
        return at if found is None else self._count(self._value, at, found.end())

    def take_pairs(self, data: Data, at: int, limit: int) -> int:
        """Does the same with keys, which are constants, and values in turn."""
        found = self._pairs.match(data, at, limit)
        return at if found is None else self._count(self._pair, at, found.end())

    def take_value(self, data: Data, at: int, limit: int) -> int:
        """Does the same with one value."""
        found = self._value.match(data, at, limit)
        return at if found is None else self._count(self._value, at, found.end())

    def _count(self, single: re.Pattern[bytes], start: int, stop: int) -> int:
        """Counts the events of a run that was matched; the last group of each match tells the shape.

        Returns where it ends: nowhere, if a string in it is not UTF-8.
        """
        if self._is_loose and not self._is_text(start, stop):
            return start
        counts = Counter([found.lastindex for found in single.finditer(self._data, start, stop)])
        for index, count in counts.items():
            for counter in self._known[(index or 1) - 1].counters:
                self._recorder.add(counter, count)
        return stop

    def _is_text(self, start: int, stop: int) -> bool:
        """Returns whether all strings in a run are UTF-8, as the unpickler reads it."""
        found = texts(puts=self._puts).findall(self._data, start, stop)
        head = 5 if self._puts else 2
        try:
            b"\n".join([token[head:] for token in found]).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return False
        return True


class _Drawing:
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
            return _SCALAR
        if code in LINES:
            return b"(?:" + b"|".join([_SCALAR, *LINES.values()]) + b")" + self._put
        size = value.stop - value.start
        bound = next((bound for bound in _SIZES if size < bound), None)
        if bound is None:
            raise _UnfitError
        if code not in _TEXTS:
            return b"(?:" + counted(code, bound) + self._put + b"|" + _SCALAR + b")"
        head = value.start + _SIZED[code]
        is_ascii = self._data[head : head + int.from_bytes(self._data[value.start + 1 : head], "little")].isascii()
        self.is_loose = self.is_loose or not is_ascii
        return b"(?:" + _SCALAR + b"|" + text(bound, puts=self._puts, is_ascii=is_ascii) + b")"

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
        return b"(?:" + b"|".join(found or [_SCALAR]) + b")"

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

    def _events(self, value: Outline) -> Iterator[tuple[EventKind, Opcode | None, Value, str]]:
        """Yields the events of a value, without those of the values in it."""
        if value.form is Form.PERSISTENT:
            yield EventKind.PERSISTENT, None, Persistent(UNKNOWN), ""
        if value.form is not Form.CALL:
            return
        at = _arity(value)
        opcode = Opcode(self._data[value.parts[at].start])
        called = self._recall.fetch(self._index(value.parts[0]), self._before)
        yield EventKind.CALL, opcode, called if isinstance(called, Global) else UNKNOWN, ""
        changes = value.parts[at + 1 :]
        arguments: Value = UNKNOWN
        if changes and opcode is Opcode.REDUCE:
            arguments = self._recall.decode(value.parts[1].start, value.parts[1].stop)[-1]
        made = Result(callable=called, arguments=arguments, opcode=opcode, offset=value.parts[at].start)
        yield from self._events_of_changes(made, changes)

    def _events_of_changes(
        self, made: Result, parts: list[Part]
    ) -> Iterator[tuple[EventKind, Opcode | None, Value, str]]:
        last: Outline | None = None
        for part in parts:
            code = self._data[part.start]
            if part.value is not None:
                last = part.value
            elif code == Opcode.BUILD and last is not None:
                state = self._recall.decode(last.start, last.stop)[-1]
                yield EventKind.BUILD, None, made, type_name(state)
            elif code in _METHODS and last is not None:
                yield EventKind.MUTATION, None, made, _METHODS[code]
            if part.value is None and code != Opcode.MARK:
                last = None

    def _index(self, part: Part) -> int:
        """Returns the index of a GET."""
        return int.from_bytes(self._data[part.start + 1 : part.stop], "little")


def _arity(value: Outline) -> int:
    """Returns how many of the first parts are the operands of the call."""
    return next(index for index, part in enumerate(value.parts) if part.value is None)


def _is_hashable(value: Outline) -> bool:
    """Returns whether all values of the same pattern are hashable."""
    if value.form is Form.TUPLE:
        return all(map(_is_hashable, value.values))
    return value.form in {Form.CONSTANT, Form.GET, Form.CALL, Form.PERSISTENT, Form.FROZENSET}

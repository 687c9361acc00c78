"""Shapes: byte patterns of values with calls, learned from a stream, so that the matcher takes the values like them.

A shape is made of the outline of values that were executed one by one. It leaves open what makes no difference:
numbers, short strings, the number of plain items in plain containers. It names by its bytes what does: which
opcodes, which memo slots are called, the arguments of a call whose result is changed. So whatever matches it has
the effect on the stack, and causes the events, that the executed values had, and is merely counted.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle.drawing import Drawing, head
from telamon.kits.formats.pickle.endings import Break
from telamon.kits.formats.pickle.grammar import SCALAR, text, texts
from telamon.kits.formats.pickle.outline import Form, Outline, Outliner, inner

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.machine import Data
    from telamon.kits.formats.pickle.recall import Recall
    from telamon.kits.formats.pickle.recorder import Relay, Tally

_OFTEN: Final = 2  # times that a value occurs among the executed ones, before others like it are expected
_LONGEST: Final = 6000  # bytes of a pattern; a millisecond of compiling takes about 500
_COMPILED: Final = 40_000  # bytes of patterns compiled before that is held against the bytes walked
_SHARE: Final = 32  # bytes walked for each byte more
_MOST_ALIKE: Final = 12  # shapes that begin alike
_OFTEN_TAKEN: Final = 50  # times that a shape is taken before its runs have a pattern
_LONGEST_KEY: Final = 64
_ATOMS: Final = (Form.CONSTANT, Form.GET, Form.BYTES)
_BINGET, _LONG_BINGET = ord("h"), ord("j")


class Shape:
    """Values that are taken alike.

    Args:
        pattern: Their bytes.
        counters: What counts their events.
    """

    __slots__ = ("_pattern", "_run", "counters", "match", "size", "taken")

    def __init__(self, pattern: bytes, counters: tuple[Tally, ...]) -> None:
        self._pattern = re.compile(pattern + b"()", re.DOTALL)
        self._run: re.Pattern[bytes] | None = None
        self.match = self._pattern.match
        self.counters = counters
        self.size = len(pattern)
        self.taken = 0

    def run(self, data: Data, at: int, limit: int) -> tuple[int, int]:
        """Returns where a run of such values from an offset ends, and their number."""
        if self._run is None:
            self._run = re.compile(b"(?:" + self._pattern.pattern + b")++", re.DOTALL)
        found = self._run.match(data, at, limit)
        if found is None:
            return at, 0
        return found.end(), len(self._pattern.findall(data, at, found.end()))


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
        self._known: dict[bytes, list[Shape]] = {}
        self._patterns: set[bytes] = set()
        self._compiled = 0
        self._key = re.compile(SCALAR + b"|" + text(_LONGEST_KEY, puts=puts), re.DOTALL)

    def learn(self, start: int, stop: int) -> bool:
        """Takes up what the executed opcodes between two offsets make often; returns whether there is anything new."""
        found = Outliner(self._data, puts=self._puts).run(start, stop)
        drawing = Drawing(self._data, self._recall, stop, puts=self._puts)
        wanted = list(inner(found, lambda value: value.is_known and value.form not in _ATOMS))
        is_new = self._choose(drawing, wanted, stop)
        if not is_new:
            parts = [part for value in wanted for part in value.values]
            calls = list(inner(parts, lambda value: value.is_known and value.form is Form.CALL))
            is_new = self._choose(drawing, calls, stop)
        self._is_loose = self._is_loose or drawing.is_loose
        return is_new

    def _choose(self, drawing: Drawing, values: list[Outline], stop: int) -> bool:
        """Takes up the shapes of values that occur often, and whose events are only to be counted."""
        drawn = [(pattern, value) for value in values if (pattern := drawing.pattern(value)) is not None]
        often = Counter(pattern for pattern, _ in drawn)
        firsts = {pattern: value for pattern, value in reversed(drawn) if often[pattern] >= _OFTEN}
        is_new = False
        for pattern, value in firsts.items():
            is_affordable = self._compiled + len(pattern) < _COMPILED + stop // _SHARE
            if pattern in self._patterns or len(pattern) > _LONGEST or not is_affordable:
                continue
            try:
                counters = drawing.counters(value, self._recorder)
            except Break:
                continue
            if counters is not None:
                is_new = self._add(head(value, self._data), pattern, counters) or is_new
        return is_new

    def _add(self, beginning: bytes, pattern: bytes, counters: tuple[Tally, ...]) -> bool:
        """Takes a shape up; returns whether there is room among those that begin alike."""
        alike = self._known.setdefault(beginning, [])
        if len(alike) >= _MOST_ALIKE:
            return False
        self._patterns.add(pattern)
        self._compiled += len(pattern)
        alike.append(Shape(pattern, counters))
        alike.sort(key=lambda shape: shape.size, reverse=True)
        self.is_any = True
        return True

    def _find(self, data: Data, at: int, limit: int) -> tuple[Shape, int] | None:
        """Returns the shape of the value at an offset, and where it ends."""
        code = data[at]
        beginning = data[at : at + (2 if code == _BINGET else 5 if code == _LONG_BINGET else 1)]
        for alike in (self._known.get(beginning, ()), self._known.get(b"", ())):
            for shape in alike:
                found = shape.match(data, at, limit)
                if found is not None:
                    return shape, found.end()
        return None

    def take_values(self, data: Data, at: int, limit: int) -> int:
        """Counts what values of known shapes do that follow each other from an offset; returns where they end."""
        start = at
        taken: Counter[Shape] = Counter()
        while at < limit:
            found = self._find(data, at, limit)
            if found is None:
                break
            shape, stop = found
            count = 1
            shape.taken += 1
            if shape.taken > _OFTEN_TAKEN:
                stop, more = shape.run(data, stop, limit)
                count += more
            taken[shape] += count
            at = stop
        return self._count(taken, start, at) if at > start else at

    def take_pairs(self, data: Data, at: int, limit: int) -> int:
        """Does the same with keys, which are constants, and values in turn."""
        start = at
        taken: Counter[Shape] = Counter()
        while at < limit:
            key = self._key.match(data, at, limit)
            found = self._find(data, key.end(), limit) if key is not None and key.end() < limit else None
            if found is None:
                break
            shape, at = found
            taken[shape] += 1
        return self._count(taken, start, at) if at > start else at

    def take_value(self, data: Data, at: int, limit: int) -> int:
        """Does the same with one value."""
        found = self._find(data, at, limit) if at < limit else None
        return at if found is None else self._count(Counter({found[0]: 1}), at, found[1])

    def _count(self, taken: Counter[Shape], start: int, stop: int) -> int:
        """Counts the events of a run; returns where it ends: nowhere, if a string in it is not UTF-8."""
        if self._is_loose and not self._is_text(start, stop):
            return start
        for shape, count in taken.items():
            for counter in shape.counters:
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

"""What a regular stream's memo holds, decoded from the bytes when it is asked for."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle import grammar
from telamon.kits.formats.pickle.dispatch import HANDLERS
from telamon.kits.formats.pickle.endings import Break, Fault, IrregularError
from telamon.kits.formats.pickle.machine import Machine
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.recorder import EventKind, Recorder
from telamon.kits.formats.pickle.runs import LazyMade
from telamon.kits.formats.pickle.slots import Place, Slots
from telamon.kits.formats.pickle.values import (
    UNKNOWN,
    Collection,
    Forgotten,
    Kind,
    Result,
    Value,
    is_hashable,
    is_opaque,
)

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.machine import Handler
    from telamon.kits.formats.pickle.recorder import Relay, Tally
    from telamon.kits.formats.pickle.slots import Offsets, Window

_KNOWN_VALUES: Final = 50_000  # memoised values kept as such: look-ups, and calls of an irregular form
_KNOWN_GETS: Final = 100_000
_FETCHED: Final = 4096
_IDIOM_OPERATIONS: Final = 24
_PUT_CODES: Final = frozenset({b"\x94", b"q", b"r"})
_GET_CODES: Final = frozenset({b"h", b"j"})
_GAP: Final = 4096  # bytes looked at for calls
_BINGET: Final = int(Opcode.BINGET)

_CONSTANTS: Final = frozenset(b"NKMJGIFLSVTUXCB\x88\x89\x8a\x8b\x8c\x8d\x8e")
_SUPPLIED: Final = frozenset(b"RocQP\x81\x82\x83\x84\x92\x93\x97")
_TUPLES: Final = frozenset(b"t\x85\x86\x87")
_MADE: Final = {
    ord("]"): Kind.LIST,
    ord("l"): Kind.LIST,
    ord("}"): Kind.DICT,
    ord("d"): Kind.DICT,
    0x8F: Kind.SET,
    0x91: Kind.FROZENSET,
}


class Recall:
    """The memo of a regular stream.

    Attributes:
        slots: Where its slots are filled.
        items_kept: Items kept per container.
        has_known_calls: Whether of the idioms in the present window only the number matters.
    """

    def __init__(self, machine: Machine, recorder: Relay, *, puts: bool) -> None:
        self.slots = Slots(machine.data, machine.start, machine.end, puts=puts)
        self.items_kept = machine.limits.items_kept
        self._machine = machine
        self._recorder = recorder
        self._idiom = grammar.idiom(puts=puts)
        self._values: dict[int, Value] = {}
        self._unhashable: Offsets = array("Q")
        self._fetched: dict[int, Value] = {}
        self._verified: set[bytes] = set()
        self._bingets = b""
        self._puts = puts
        self._tallies: dict[tuple[bytes, bytes, bytes], list[Tally]] = {}
        self._counts: Counter[tuple[bytes, bytes, bytes]] = Counter()
        self._walked = machine.start
        self.has_known_calls = False
        self._decoder = Machine(
            machine.data, machine.start, machine.end, Recorder(), limits=machine.limits, loader=machine.loader
        )
        self._decoders = self._handlers()

    def walk(self, position: int) -> bool:
        """Takes the next window; returns whether all its GETs are known to find something hashable."""
        slots = self.slots
        if slots.walked < position:
            raise IrregularError("an opcode that reaches over its window")
        window = slots.walk(self._bingets)
        self._walked = window.start
        if not slots.is_ordered:
            raise IrregularError("a memo that is not filled in order")
        self.has_known_calls = self._has_tallies(window)
        if window.is_clean:
            return True
        if len(self._verified) > _KNOWN_GETS:
            self._verified.clear()
        is_known = self._verify(window)
        self._bingets = bytes(sorted(token[1] for token in self._verified if token[0] == _BINGET))
        return is_known

    def _has_tallies(self, window: Window) -> bool:
        """Returns whether only the number of the calls by idioms in a window matters."""
        self._counts = Counter(self.slots.idioms(window))
        return all(key in self._tallies or self._add_tally(key, window.start) for key in self._counts if key[0])

    def _add_tally(self, key: tuple[bytes, bytes, bytes], before: int) -> bool:
        """Asks the recorder for counters of a call and of its BUILD."""
        operand, call, build = key
        index = int.from_bytes(operand[1:], "little")
        if index not in self._fetched and self.slots.place(index, before) is None:
            return False
        called = self.fetch(index, before)
        opcode = Opcode.REDUCE if call == b"R" else Opcode.NEWOBJ
        counters = [self._recorder.tally(EventKind.CALL, opcode, called)]
        if build:
            made = Result(callable=called, arguments=UNKNOWN, opcode=opcode, offset=before)
            if self._machine.hook is not None:
                self._machine.hook.after_build(made, UNKNOWN, before)
            counters.append(self._recorder.tally(EventKind.BUILD, None, made))
        tallies = [counter for counter in counters if counter is not None]
        if len(tallies) < len(counters) or not is_opaque(called):
            return False
        self._tallies[key] = tallies
        return True

    def count_calls(self, runs: list[tuple[int, int]]) -> None:
        """Counts the idioms in runs of the present window; all of them are tallied."""
        data, last = self._machine.data, self._walked
        gaps = []
        for start, stop in runs:
            gaps.append(data[last:start] if start - last < _GAP else b"R")
            last = stop
        gaps.append(data[last : self.slots.walked] if self.slots.walked - last < _GAP else b"R")
        between = b"".join(gaps)
        if b"R" in between or b"\x81" in between or b"b" in between:  # calls that were executed one by one
            joined = b".".join([data[start:stop] for start, stop in runs])
            self._counts = Counter(grammar.idioms(puts=self._puts).findall(joined))
        for key, count in self._counts.items():
            if key[0]:
                for tally in self._tallies[key]:
                    self._recorder.add(tally, count)

    def _verify(self, window: Window) -> bool:
        """Returns whether all GETs of a window find something hashable that is in the memo by then."""
        tokens = self.slots.tokens(window)
        first = {token: index for index, token in zip(range(len(tokens) - 1, -1, -1), reversed(tokens), strict=True)}
        puts = [index for index, token in enumerate(tokens) if token[:1] in _PUT_CODES]
        filled = self.slots.filled_before(window.start)
        is_known = True
        for token in first.keys() - self._verified:
            if token[:1] not in _GET_CODES:
                continue
            index = int.from_bytes(token[1:], "little")
            is_later = index >= filled and (index - filled >= len(puts) or puts[index - filled] > first[token])
            place = None if is_later else self.slots.place(index, window.stop)
            if place is None or not self._is_hashable(place, window.start):
                is_known = False
            else:
                self._verified.add(token)
        return is_known

    def _is_hashable(self, place: Place, executed: int) -> bool:
        """Returns whether what a slot holds is known to be hashable, by the opcode that made it.

        Of tuples that is known when they are behind the offset `executed`.
        """
        code = self._machine.data[place.maker]
        if code in _TUPLES:
            return place.offset < executed and not self._is_listed(place.offset)
        return code in _CONSTANTS or code in _SUPPLIED or code in b")\x91"

    def _is_listed(self, offset: int) -> bool:
        found = bisect_left(self._unhashable, offset)
        return found < len(self._unhashable) and self._unhashable[found] == offset

    def keep(self, offset: int, value: Value) -> None:
        """Takes what a PUT outside runs puts in, as far as the bytes before it do not tell."""
        if is_opaque(value):
            if len(self._values) >= _KNOWN_VALUES:
                raise IrregularError("very many calls of an irregular form")
            self._values[offset] = value
        elif isinstance(value, Collection) and value.kind is Kind.TUPLE and not is_hashable(value):
            self._unhashable.append(offset)

    def fetch_operand(self, at: int) -> Value:
        """Returns what the GET opcode at an offset finds."""
        data = self._machine.data
        if data[at] == _BINGET:
            return self.fetch(data[at + 1], at)
        return self.fetch(int.from_bytes(data[at + 1 : at + 5], "little"), at)

    def fetch(self, index: int, before: int) -> Value:
        """Returns what a slot holds at an offset."""
        if index in self._fetched:
            return self._fetched[index]
        place = self.slots.place(index, before)
        if place is None:
            raise Break(Fault.MEMO, f"memo value not found at index {index}")
        if len(self._fetched) >= _FETCHED:
            self._fetched.clear()
        self._fetched[index] = found = (
            self._values[place.offset] if place.offset in self._values else self._derive(place)
        )
        return found

    def _derive(self, place: Place) -> Value:
        """Returns the value that the opcode before a PUT makes."""
        code = self._machine.data[place.maker]
        if code in _CONSTANTS:
            return self.decode(place.maker, place.offset)[-1]
        if code == ord(")"):
            return Collection(Kind.TUPLE, [], 0, True)
        if code in _TUPLES:
            return Forgotten(Kind.TUPLE, is_hashable=not self._is_listed(place.offset))
        if code in _MADE:
            return Forgotten(_MADE[code], is_hashable=_MADE[code] is Kind.FROZENSET)
        if code in b"R\x81":
            return self._repeat(place)
        raise IrregularError("a memo slot filled by an irregular opcode")

    def _repeat(self, place: Place) -> Result:
        """Returns the result of a call that was taken in one step, so that its value was not kept."""
        data = self._machine.data
        for start in self.slots.operations_before(place.offset, _IDIOM_OPERATIONS):
            found = self._idiom.match(data, start, self.slots.walked)
            if found is not None and place.maker < found.end() <= place.offset + 5 and found.start() < place.maker:
                arguments = LazyMade(Kind.TUPLE, self, start + (2 if data[start] == _BINGET else 5), place.maker)
                return Result(
                    callable=self.fetch_operand(start),
                    arguments=arguments,
                    opcode=Opcode(data[place.maker]),
                    offset=place.maker,
                )
        raise IrregularError("a memoised call of an irregular form")

    def decode(self, start: int, stop: int) -> list[Value]:
        """Returns the values that a run of plain values between two offsets pushes."""
        decoder = self._decoder
        outer = (decoder.stack, decoder.marks, decoder.fence, decoder.position, decoder.at)
        decoder.stack, decoder.marks, decoder.fence, decoder.position = [], [], 0, start
        try:
            while decoder.position < stop:
                decoder.at = decoder.position
                decoder.position += 1
                self._decoders[decoder.data[decoder.at]](decoder)
            return decoder.stack
        finally:
            decoder.stack, decoder.marks, decoder.fence, decoder.position, decoder.at = outer

    def _handlers(self) -> tuple[Handler, ...]:
        """Returns the exact machine's handlers with those of the memo replaced."""
        table = list(HANDLERS)
        table[Opcode.MEMOIZE] = lambda _: None

        def put(machine: Machine) -> None:
            machine.read(1 if machine.data[machine.at] == Opcode.BINPUT else 4)

        table[Opcode.BINPUT] = table[Opcode.LONG_BINPUT] = put

        def get(machine: Machine) -> None:
            machine.read(1 if machine.data[machine.at] == _BINGET else 4)
            stack = machine.stack  # decoding what the slot holds uses this machine too
            stack.append(self.fetch_operand(machine.at))

        table[Opcode.BINGET] = table[Opcode.LONG_BINGET] = get
        return tuple(table)

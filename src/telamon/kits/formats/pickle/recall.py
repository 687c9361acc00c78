"""What a regular stream's memo holds, decoded from the bytes when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle.dispatch import HANDLERS
from telamon.kits.formats.pickle.endings import Break, Fault, IrregularError
from telamon.kits.formats.pickle.machine import Machine
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.recorder import Recorder
from telamon.kits.formats.pickle.slots import Known, Place, Slots
from telamon.kits.formats.pickle.values import (
    Collection,
    Forgotten,
    Kind,
    Value,
    is_hashable,
    is_opaque,
)

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.machine import Handler
    from telamon.kits.formats.pickle.slots import Window

_KNOWN_VALUES: Final = 20_000  # memoised look-ups and results kept as such; further ones are made again
_KNOWN_GETS: Final = 100_000
_FETCHED: Final = 4096
_DEEPEST: Final = 40
_LONG_GETS: Final = 32  # indexes of LONG_BINGET that a clean window may have
_PUT_CODES: Final = frozenset({b"\x94", b"q", b"r"})
_GET_CODES: Final = frozenset({b"h", b"j"})
_BINGET: Final = int(Opcode.BINGET)

_CONSTANTS: Final = frozenset(b"NKMJGIFLSVTUXCB\x88\x89\x8a\x8b\x8c\x8d\x8e")
_SUPPLIED: Final = frozenset(b"RocQP\x81\x82\x83\x84\x92\x93\x97")
_TUPLES: Final = frozenset(b"t\x85\x86\x87")
_REPEATED: Final = frozenset(b"RQcP\x81\x82\x83\x84\x92\x93")  # what they make is told by the bytes
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
    """

    def __init__(self, machine: Machine, *, puts: bool) -> None:
        self.slots = Slots(machine.data, machine.start, machine.end, puts=puts)
        self.items_kept = machine.limits.items_kept
        self._machine = machine
        self._values: dict[int, Value] = {}
        self._depth = 0
        self._is_ahead = False  # while values are made that were not executed yet, which are not to be kept
        self._fetched: dict[int, Value] = {}
        self._verified: set[bytes] = set()
        self._known = Known(b"", ())
        self._decoder = Machine(
            machine.data, machine.start, machine.end, Recorder(), limits=machine.limits, loader=machine.loader
        )
        head = machine.data[machine.start : min(machine.start + 2, machine.end)]
        # It holds all the way: elsewhere PROTO is irregular. A PROTO that is refused ends the stream at once.
        self._decoder.protocol = head[1] if len(head) > 1 and head[0] == Opcode.PROTO else 0
        self._decoders = self._handlers()

    def walk(self, position: int) -> bool:
        """Takes the next window; returns whether all its GETs are known to find something hashable."""
        slots = self.slots
        if slots.walked < position:
            raise IrregularError("an opcode that reaches over its window")
        window = slots.walk(self._known)
        if not slots.is_ordered:
            raise IrregularError("a memo that is not filled in order")
        if window.is_clean:
            return True
        if len(self._verified) > _KNOWN_GETS:
            self._verified.clear()
        is_known = self._verify(window)
        longs = sorted(token[1:] for token in self._verified if token[0] != _BINGET)
        self._known = Known(
            bytes(sorted(token[1] for token in self._verified if token[0] == _BINGET)),
            tuple(longs[:_LONG_GETS]),
        )
        return is_known

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
            if place is None or not self._is_hashable(place):
                is_known = False
            else:
                self._verified.add(token)
        return is_known

    def _is_hashable(self, place: Place) -> bool:
        """Returns whether what a slot holds is known to be hashable, by the opcodes that made it."""
        code = self._machine.data[place.maker]
        if code in _TUPLES:
            self._is_ahead = True
            try:
                return is_hashable(self._made(place))
            except Break:
                return False  # a GET in it finds nothing yet
            finally:
                self._is_ahead = False
        return code in _CONSTANTS or code in _SUPPLIED or code in b")\x91"

    def keep(self, offset: int, value: Value) -> None:
        """Takes what a PUT outside runs puts in, as far as there is room; the rest is made again when asked for."""
        if is_opaque(value) and len(self._values) < _KNOWN_VALUES:
            self._values[offset] = value

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
        found = self._values[place.offset] if place.offset in self._values else self._derive(place)
        if not self._is_ahead:
            if len(self._fetched) >= _FETCHED:
                self._fetched.clear()
            self._fetched[index] = found
        return found

    def _derive(self, place: Place) -> Value:
        """Returns the value that the opcode before a PUT makes."""
        code = self._machine.data[place.maker]
        if code in _CONSTANTS:
            return self.decode(place.maker, place.offset)[-1]
        if code == ord(")"):
            return Collection(Kind.TUPLE, [], 0, True)
        if code in _TUPLES:
            return Forgotten(Kind.TUPLE, is_hashable=is_hashable(self._made(place)))
        if code in _MADE:
            return Forgotten(_MADE[code], is_hashable=_MADE[code] is Kind.FROZENSET)
        if code in _REPEATED:
            return self._made(place)
        raise IrregularError("a memo slot filled by an irregular opcode")

    def _made(self, place: Place) -> Value:
        """Returns the value of a slot, made again by the opcodes that made it."""
        if self._depth >= _DEEPEST:
            raise IrregularError("values in the memo that are made of each other very deep")
        self._depth += 1
        try:
            made = self.decode(self.slots.span_start(place.maker), place.offset)
        except Break as error:
            if self._is_ahead:
                raise
            raise IrregularError("a value in the memo that is not made again") from error
        finally:
            self._depth -= 1
        if not made:
            raise IrregularError("a memo slot filled by an irregular opcode")
        return made[-1]

    def decode(self, start: int, stop: int, most: int | None = None) -> list[Value]:
        """Returns the values that a run between two offsets pushes, or the first of them, which are constants."""
        decoder = self._decoder
        outer = (decoder.stack, decoder.marks, decoder.fence, decoder.position, decoder.at)
        decoder.stack, decoder.marks, decoder.fence, decoder.position = [], [], 0, start
        try:
            while decoder.position < stop and len(decoder.stack) != most:
                decoder.at = decoder.position
                decoder.position += 1
                self._decoders[decoder.data[decoder.at]](decoder)
            if len(decoder.stack) > decoder.limits.stack_entries:
                raise Break(Fault.MEMORY, f"more than {decoder.limits.stack_entries} values on the stack")
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

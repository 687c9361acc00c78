"""The handlers of the swift machine: the exact machine's, after runs that they would touch became values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn, cast

from telamon.kits.formats.pickle.dispatch import HANDLERS
from telamon.kits.formats.pickle.endings import IrregularError
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.runs import LazyCollection, lazy_tuple
from telamon.kits.formats.pickle.values import Kind, is_opaque

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.machine import Handler, Machine
    from telamon.kits.formats.pickle.swift import SwiftMachine
    from telamon.kits.formats.pickle.values import Value

_DEPTHS: Final = {
    Opcode.POP: 1,
    Opcode.DUP: 1,
    Opcode.BINPERSID: 1,
    Opcode.READONLY_BUFFER: 1,
    Opcode.TUPLE1: 1,
    Opcode.TUPLE2: 2,
    Opcode.TUPLE3: 3,
    Opcode.STACK_GLOBAL: 2,
    Opcode.REDUCE: 2,
    Opcode.NEWOBJ: 2,
    Opcode.BUILD: 2,
    Opcode.APPEND: 2,
    Opcode.NEWOBJ_EX: 3,
}
"""How many values from the top an opcode touches."""

_TO_MARK: Final = {Opcode.DICT: 0, Opcode.FROZENSET: 0, Opcode.OBJ: 0, Opcode.ADDITEMS: 1}
"""Opcodes that touch everything above the topmost mark, and how many values below it."""

_IRREGULAR: Final = (Opcode.GET, Opcode.PUT, Opcode.INST)


def _after(depth: int, handler: Handler) -> Handler:
    def load(machine: Machine) -> None:
        swift = cast("SwiftMachine", machine)  # the table is only given to swift machines
        swift.solidify(depth)
        handler(swift)

    return load


def _after_mark(below: int, handler: Handler) -> Handler:
    def load(machine: Machine) -> None:
        swift = cast("SwiftMachine", machine)  # likewise
        swift.expand_to_mark(below)
        handler(swift)

    return load


def _closing(machine: Machine) -> None:
    """APPENDS and SETITEMS."""
    cast("SwiftMachine", machine).close(is_pairs=machine.data[machine.at] == Opcode.SETITEMS)


def _making(kind: Kind, handler: Handler) -> Handler:
    """Returns the handler of TUPLE or LIST, whose items stay runs."""

    def load(machine: Machine) -> None:
        swift = cast("SwiftMachine", machine)  # likewise
        if not any(type(entry) is tuple for entry in swift.entries[swift.fence :]):
            handler(swift)
            return
        mark = swift.pop_mark()
        entries = swift.entries[mark:]
        del swift.entries[mark:]
        if kind is Kind.TUPLE:
            frozen = all(map(swift.is_hashable, entries))
            swift.stack.append(lazy_tuple(swift.recall, entries, is_hashable=frozen))
        else:
            swift.stack.append(LazyCollection(kind, swift.recall, entries))

    return load


def _empty(kind: Kind) -> Handler:
    return lambda machine: machine.stack.append(LazyCollection(kind, cast("SwiftMachine", machine).recall))


def _put(width: int, *, puts: bool) -> Handler:
    """Returns the handler of an opcode that fills the next slot."""

    def load(machine: Machine) -> None:
        swift = cast("SwiftMachine", machine)  # likewise
        if swift.puts is not puts:
            raise IrregularError("a memo that is filled by two kinds of opcodes")
        if width:
            swift.read(width)
        if len(swift.stack) <= swift.fence:
            raise swift.underflow()
        top = swift.entries[-1]
        if type(top) is not tuple and is_opaque(cast("Value", top)):  # mypy does not narrow by `type() is`
            swift.recall.keep(swift.at, cast("Value", top))

    return load


def _get(machine: Machine) -> None:
    """BINGET and LONG_BINGET."""
    swift = cast("SwiftMachine", machine)  # likewise
    swift.read(1 if swift.data[swift.at] == Opcode.BINGET else 4)
    swift.stack.append(swift.recall.fetch_operand(swift.at))


def _set_item(machine: Machine) -> None:
    """SETITEM."""
    swift = cast("SwiftMachine", machine)  # likewise
    swift.solidify(3)
    swift.refuse_indexes(2)
    HANDLERS[Opcode.SETITEM](swift)


def _proto(machine: Machine) -> None:
    """PROTO, which holds from the beginning."""
    if machine.at != machine.start:
        raise IrregularError("the protocol changes")
    HANDLERS[Opcode.PROTO](machine)


def _irregular(machine: Machine) -> NoReturn:
    raise IrregularError(f"opcode {machine.data[machine.at]:#04x} in a regular stream")


def _table() -> tuple[Handler, ...]:
    table = list(HANDLERS)
    for opcode, depth in _DEPTHS.items():
        table[opcode] = _after(depth, HANDLERS[opcode])
    for opcode, below in _TO_MARK.items():
        table[opcode] = _after_mark(below, HANDLERS[opcode])
    for opcode in _IRREGULAR:
        table[opcode] = _irregular
    table[Opcode.APPENDS] = table[Opcode.SETITEMS] = _closing
    table[Opcode.SETITEM] = _set_item
    table[Opcode.PROTO] = _proto
    table[Opcode.TUPLE] = _making(Kind.TUPLE, HANDLERS[Opcode.TUPLE])
    table[Opcode.LIST] = _making(Kind.LIST, HANDLERS[Opcode.LIST])
    table[Opcode.EMPTY_LIST] = _empty(Kind.LIST)
    table[Opcode.EMPTY_DICT] = _empty(Kind.DICT)
    table[Opcode.MEMOIZE] = _put(0, puts=False)
    table[Opcode.BINPUT] = _put(1, puts=True)
    table[Opcode.LONG_BINPUT] = _put(4, puts=True)
    table[Opcode.BINGET] = table[Opcode.LONG_BINGET] = _get
    return tuple(table)


SWIFT_HANDLERS: Final = _table()
"""The handler of every byte for the swift machine."""

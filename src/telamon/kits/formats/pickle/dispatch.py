"""The table that gives every opcode its handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from telamon.kits.formats.pickle import calls, constants, containers, frames, memo, strings
from telamon.kits.formats.pickle.endings import Break, Fault
from telamon.kits.formats.pickle.opcodes import Opcode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telamon.kits.formats.pickle.machine import Handler, Machine

_KNOWN: Final[Mapping[Opcode, Handler]] = {
    Opcode.MARK: containers.load_mark,
    Opcode.POP: containers.load_pop,
    Opcode.POP_MARK: containers.load_pop_mark,
    Opcode.DUP: containers.load_dup,
    Opcode.FLOAT: constants.load_float,
    Opcode.INT: constants.load_int,
    Opcode.BININT: constants.load_binint,
    Opcode.BININT1: constants.load_binint1,
    Opcode.LONG: constants.load_long,
    Opcode.BININT2: constants.load_binint2,
    Opcode.NONE: constants.load_none,
    Opcode.PERSID: calls.load_persid,
    Opcode.BINPERSID: calls.load_binpersid,
    Opcode.REDUCE: calls.load_reduce,
    Opcode.STRING: strings.load_string,
    Opcode.BINSTRING: strings.load_binstring,
    Opcode.SHORT_BINSTRING: strings.load_short_binstring,
    Opcode.UNICODE: strings.load_unicode,
    Opcode.BINUNICODE: strings.load_binunicode,
    Opcode.APPEND: containers.load_append,
    Opcode.BUILD: calls.load_build,
    Opcode.GLOBAL: calls.load_global,
    Opcode.DICT: containers.load_dict,
    Opcode.EMPTY_DICT: containers.load_empty_dict,
    Opcode.APPENDS: containers.load_appends,
    Opcode.GET: memo.load_get,
    Opcode.BINGET: memo.load_binget,
    Opcode.INST: calls.load_inst,
    Opcode.LONG_BINGET: memo.load_long_binget,
    Opcode.LIST: containers.load_list,
    Opcode.EMPTY_LIST: containers.load_empty_list,
    Opcode.OBJ: calls.load_obj,
    Opcode.PUT: memo.load_put,
    Opcode.BINPUT: memo.load_binput,
    Opcode.LONG_BINPUT: memo.load_long_binput,
    Opcode.SETITEM: containers.load_setitem,
    Opcode.TUPLE: containers.load_tuple,
    Opcode.EMPTY_TUPLE: containers.load_empty_tuple,
    Opcode.SETITEMS: containers.load_setitems,
    Opcode.BINFLOAT: constants.load_binfloat,
    Opcode.PROTO: frames.load_proto,
    Opcode.NEWOBJ: calls.load_newobj,
    Opcode.EXT1: calls.load_extension(1),
    Opcode.EXT2: calls.load_extension(2),
    Opcode.EXT4: calls.load_extension(4),
    Opcode.TUPLE1: containers.load_tuple1,
    Opcode.TUPLE2: containers.load_tuple2,
    Opcode.TUPLE3: containers.load_tuple3,
    Opcode.NEWTRUE: constants.load_true,
    Opcode.NEWFALSE: constants.load_false,
    Opcode.LONG1: constants.load_long1,
    Opcode.LONG4: constants.load_long4,
    Opcode.BINBYTES: strings.load_binbytes,
    Opcode.SHORT_BINBYTES: strings.load_short_binbytes,
    Opcode.SHORT_BINUNICODE: strings.load_short_binunicode,
    Opcode.BINUNICODE8: strings.load_binunicode8,
    Opcode.BINBYTES8: strings.load_binbytes8,
    Opcode.EMPTY_SET: containers.load_empty_set,
    Opcode.ADDITEMS: containers.load_additems,
    Opcode.FROZENSET: containers.load_frozenset,
    Opcode.NEWOBJ_EX: calls.load_newobj_ex,
    Opcode.STACK_GLOBAL: calls.load_stack_global,
    Opcode.MEMOIZE: memo.load_memoize,
    Opcode.FRAME: frames.load_frame,
    Opcode.BYTEARRAY8: strings.load_bytearray8,
    Opcode.NEXT_BUFFER: calls.load_next_buffer,
    Opcode.READONLY_BUFFER: calls.load_readonly_buffer,
}


def _unknown(machine: Machine) -> NoReturn:
    """Refuses a byte that is no opcode."""
    raise Break(Fault.OPCODE, f"invalid load key, `{machine.data[machine.at]:#04x}`")


HANDLERS: Final[tuple[Handler, ...]] = tuple(_KNOWN.get(code, _unknown) for code in range(256))  # type: ignore[call-overload]  # an int is looked up as the IntEnum it equals
"""The handler of every byte; STOP has none, the machine's loop ends at it."""

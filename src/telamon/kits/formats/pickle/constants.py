"""Opcodes that push constants: numbers, strings, bytes, in their text and binary forms."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle import text
from telamon.kits.formats.pickle.endings import Break, Fault
from telamon.kits.formats.pickle.opcodes import LARGEST_SIZE
from telamon.kits.formats.pickle.values import Clipped, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.pickle.machine import Data, Machine

_CHUNK: Final = 2**20
_SIZES: Final = {1: struct.Struct("<B"), 2: struct.Struct("<H"), 4: struct.Struct("<I"), 8: struct.Struct("<Q")}
_SIGNED: Final = struct.Struct("<i")
_DOUBLE: Final = struct.Struct(">d")
# Lines as picklers write them, of which `int` and `float` make what the rules of `text` make.
_PLAIN_INT: Final = re.compile(rb"(-?[1-9][0-9]{0,17}|0)\n").match
_PLAIN_LONG: Final = re.compile(rb"(-?[1-9][0-9]{0,17}|0)L?\n").match
_PLAIN_FLOAT: Final = re.compile(rb"(-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[+-][0-9]{2})?)\n").match


def read_size(machine: Machine, width: int) -> int:
    """Returns an unsigned little-endian size (`calc_binsize`); sizes above `PY_SSIZE_T_MAX` are errors."""
    start = machine.read(width)
    size: int = _SIZES[width].unpack_from(machine.data, start)[0]
    if size > LARGEST_SIZE:
        raise Break(Fault.SIZE, "a size exceeds the system's maximum")
    return size


def _check_line(line: bytes, shortest: int) -> bytes:
    if len(line) < shortest:
        raise Break(Fault.TRUNCATED, "an empty line where an argument was expected")
    return line


def read_argument(machine: Machine) -> bytes:
    """Returns a line of at least one byte before its newline, newline included."""
    return _check_line(machine.read_line(), 2)


def _number(machine: Machine, reader: Callable[[bytes], int | float]) -> None:
    line = read_argument(machine)
    try:
        value = reader(line)
    except (ValueError, OverflowError) as error:
        raise Break(Fault.NUMBER, f"`{line[:40]!a}` is no number") from error
    machine.stack.append(clip_int(value, machine.limits.value_bytes) if isinstance(value, int) else value)


def clip_int(value: int, limit: int) -> Value:
    """Returns the integer, or a stand-in for one of more than `limit` bytes."""
    size = value.bit_length() // 8 + 1
    return value if size <= limit else Clipped("int", b"", size)


def load_int(machine: Machine) -> None:
    """INT: a line that `strtol` or `PyLong_FromString` reads."""
    plain = _PLAIN_INT(machine.data, machine.position, machine.window)
    if plain is None:
        _number(machine, text.read_int)
        return
    machine.position = plain.end()
    machine.executed -= 1
    machine.stack.append(int(plain[1]))


def load_long(machine: Machine) -> None:
    """LONG: a line, with or without an `L`."""
    plain = _PLAIN_LONG(machine.data, machine.position, machine.window)
    if plain is None:
        _number(machine, text.read_counted_line_long)
        return
    machine.position = plain.end()
    machine.executed -= 1
    machine.stack.append(int(plain[1]))


def load_float(machine: Machine) -> None:
    """FLOAT: a line."""
    plain = _PLAIN_FLOAT(machine.data, machine.position, machine.window)
    if plain is None:
        _number(machine, text.read_float)
        return
    machine.position = plain.end()
    machine.executed -= 1
    machine.stack.append(float(plain[1]))


def load_binint(machine: Machine) -> None:
    """BININT: four bytes, signed."""
    machine.stack.append(_SIGNED.unpack_from(machine.data, machine.read(4))[0])


def load_binint1(machine: Machine) -> None:
    """BININT1: one byte, unsigned."""
    machine.stack.append(machine.data[machine.read(1)])


def load_binint2(machine: Machine) -> None:
    """BININT2: two bytes, unsigned."""
    machine.stack.append(_SIZES[2].unpack_from(machine.data, machine.read(2))[0])


def load_binfloat(machine: Machine) -> None:
    """BINFLOAT: eight bytes, big-endian."""
    machine.stack.append(_DOUBLE.unpack_from(machine.data, machine.read(8))[0])


def load_long1(machine: Machine) -> None:
    """LONG1: one byte of size."""
    _counted_long(machine, machine.data[machine.read(1)])


def load_long4(machine: Machine) -> None:
    """LONG4: four bytes of size, signed."""
    size: int = _SIGNED.unpack_from(machine.data, machine.read(4))[0]
    if size < 0:
        raise Break(Fault.SIZE, "LONG pickle has negative byte count")
    _counted_long(machine, size)


def _counted_long(machine: Machine, size: int) -> None:
    start = machine.read(size)
    size = _significant(machine.data, start, size) if size > machine.limits.value_bytes else size
    if size > machine.limits.value_bytes:
        machine.stack.append(Clipped("int", b"", size))
    else:
        machine.stack.append(int.from_bytes(machine.data[start : start + size], "little", signed=True))


def _significant(data: Data, start: int, size: int) -> int:
    """Returns how many of the bytes of a two's complement matter: the highest may only repeat the sign."""
    stop = start + size
    sign = b"\xff" if data[stop - 1] & 0x80 else b"\0"
    while stop > start:
        begin = max(stop - _CHUNK, start)
        kept = len(data[begin:stop].rstrip(sign))
        if kept:
            return min(begin + kept - start + 1, size)
        stop = begin
    return 1


def load_none(machine: Machine) -> None:
    """NONE."""
    machine.stack.append(None)


def load_true(machine: Machine) -> None:
    """NEWTRUE."""
    machine.stack.append(True)


def load_false(machine: Machine) -> None:
    """NEWFALSE."""
    machine.stack.append(False)

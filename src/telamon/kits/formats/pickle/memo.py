"""Opcodes that put values into the memo and get them back."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle import text
from telamon.kits.formats.pickle.constants import read_argument
from telamon.kits.formats.pickle.endings import Break, Fault
from telamon.kits.formats.pickle.opcodes import LARGEST_SIZE

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.machine import Machine

_UINT32: Final = struct.Struct("<I")
_PLAIN_INDEX: Final = re.compile(rb"([0-9]{1,9})\n").match
_SLOT_BYTES: Final = 16  # the C code makes the table twice the index, of 8-byte pointers
_ADDRESS_SPACE: Final = 2**47  # of a process on 64-bit Linux; the C code raises MemoryError beyond


def _read_index(machine: Machine) -> int:
    """Returns the index of GET and PUT: decimal text that fits a `Py_ssize_t`."""
    plain = _PLAIN_INDEX(machine.data, machine.position, machine.window)
    if plain is not None:
        machine.position = plain.end()
        machine.executed -= 2  # of a pickle in text half is this
        return int(plain[1])
    line = read_argument(machine)
    try:
        index = text.read_long(line, 10)
    except ValueError as error:
        raise Break(Fault.NUMBER, f"`{line[:40]!a}` is no memo index") from error
    if not -LARGEST_SIZE - 1 <= index <= LARGEST_SIZE:
        raise Break(Fault.NUMBER, "a memo index too large to convert to C ssize_t")
    return index


def load_get(machine: Machine) -> None:
    """GET: the index is a line of decimal text."""
    _get(machine, _read_index(machine))


def load_binget(machine: Machine) -> None:
    """BINGET: the index is one byte."""
    _get(machine, machine.data[machine.read(1)])


def load_long_binget(machine: Machine) -> None:
    """LONG_BINGET: the index is four bytes."""
    _get(machine, _UINT32.unpack_from(machine.data, machine.read(4))[0])


def _get(machine: Machine, index: int) -> None:
    try:
        machine.stack.append(machine.memo[index])
    except KeyError:
        raise Break(Fault.MEMO, f"memo value not found at index {index}") from None


def load_put(machine: Machine) -> None:
    """PUT: the index is a line of decimal text."""
    index = _read_index(machine)
    machine.top()
    if index < 0:
        raise Break(Fault.MEMO, "negative PUT argument")
    _put(machine, index)


def load_binput(machine: Machine) -> None:
    """BINPUT: the index is one byte."""
    _put(machine, machine.data[machine.read(1)])


def load_long_binput(machine: Machine) -> None:
    """LONG_BINPUT: the index is four bytes, unsigned on 64-bit builds."""
    _put(machine, _UINT32.unpack_from(machine.data, machine.read(4))[0])


def load_memoize(machine: Machine) -> None:
    """MEMOIZE: the index is the number of filled slots, which PUT may have made any."""
    _put(machine, len(machine.memo))


def _put(machine: Machine, index: int) -> None:
    """Fills a slot; the C unpickler's table grows to twice the index, which is reported and not done."""
    memo = machine.memo
    value = machine.top()
    if index >= machine.table_size:
        machine.table_size = 2 * index
        size = index * _SLOT_BYTES
        if size > _ADDRESS_SPACE and not machine.is_anything:
            raise Break(Fault.MEMO, "a memo table larger than the address space")
        if size > machine.limits.allocation_bytes and index > 2 * len(memo):
            machine.recorder.bomb(machine.at, "memo table", size)
    memo[index] = value

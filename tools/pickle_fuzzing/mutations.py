"""Mutations of pickles: bits, bytes, opcodes, lengths, cuts and splices."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from pickle_fuzzing.layout import BARE, COUNTED, LINES, OPCODES, boundaries
from pickle_fuzzing.spellings import INTEGERS, ODD_LINES, WRONG_LENGTHS

if TYPE_CHECKING:
    from random import Random

Mutation = "Callable[[Random, bytes, bytes], bytes]"
HIGHEST_WIDTH: Final = 8


def flip_bit(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Flips one bit."""
    at = rng.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << rng.randrange(8),)) + data[at + 1 :]


def set_byte(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Sets one byte, often to an opcode."""
    at = rng.randrange(len(data))
    code = rng.choice(OPCODES) if rng.random() < 0.7 else rng.getrandbits(8)
    return data[:at] + bytes((code,)) + data[at + 1 :]


def insert_bytes(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Inserts one to three bytes, often opcodes without arguments."""
    at = rng.randrange(len(data) + 1)
    count = rng.randrange(1, 4)
    extra = bytes(rng.choices(BARE, k=count)) if rng.random() < 0.7 else rng.randbytes(count)
    return data[:at] + extra + data[at:]


def delete_bytes(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Deletes one to four bytes."""
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randrange(1, 5) :]


def repeat_bytes(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Repeats a stretch."""
    at = rng.randrange(len(data))
    stop = at + rng.randrange(1, 24)
    return data[:stop] + data[at:stop] + data[stop:]


def truncate(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Cuts the tail off."""
    return data[: rng.randrange(len(data) + 1)]


def swap_opcode(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Puts another opcode without argument in the place of one."""
    at, code = rng.choice(boundaries(data))
    if code not in BARE:
        return data[:at] + bytes((rng.choice(BARE),)) + data[at:]
    return data[:at] + bytes((rng.choice(BARE),)) + data[at + 1 :]


def delete_opcode(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Removes one opcode with its argument, or moves it on by one."""
    found = boundaries(data)
    if len(found) < 3:
        return data
    which = rng.randrange(len(found) - 2)
    first, second, third = (found[which + step][0] for step in range(3))
    moved = data[first:second] if rng.random() < 0.5 else b""
    return data[:first] + data[second:third] + moved + data[third:]


def edit_length(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Changes the length of a counted argument or a frame by a little, or to something extreme."""
    fields = [
        (at, COUNTED.get(code, HIGHEST_WIDTH)) for at, code in boundaries(data) if code in COUNTED or code == 0x95
    ]
    if not fields:
        return flip_bit(rng, data, b"")
    at, width = rng.choice(fields)
    field = data[at + 1 : at + 1 + width]
    old = int.from_bytes(field, "little")
    new = rng.choice(WRONG_LENGTHS) if rng.random() < 0.15 else old + rng.randrange(-6, 7)
    return (
        data[: at + 1]
        + (new & ((1 << 8 * len(field)) - 1)).to_bytes(len(field), "little")
        + data[at + 1 + len(field) :]
    )


def edit_line(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Puts another text into a text argument."""
    starts = [at for at, code in boundaries(data) if code in LINES]
    if not starts:
        return insert_bytes(rng, data, b"")
    at = rng.choice(starts) + 1
    stop = data.find(b"\n", at)
    if stop < 0:
        return data + b"\n"
    return data[:at] + rng.choice(INTEGERS if rng.random() < 0.6 else ODD_LINES) + data[stop:]


def add_frame(rng: Random, data: bytes, _other: bytes) -> bytes:
    """Puts a FRAME before an opcode that reaches to some later one, or a little beside it."""
    found = boundaries(data)
    start = rng.choice(found)[0]
    stop = rng.choice(found)[0]
    length = max(0, stop - start + (0 if rng.random() < 0.7 else rng.randrange(-3, 4)))
    return data[:start] + b"\x95" + struct.pack("<Q", length) + data[start:]


def splice(rng: Random, data: bytes, other: bytes) -> bytes:
    """Joins the head of one program to the tail of another, mostly between opcodes."""
    if not other:
        return data
    if rng.random() < 0.3:
        return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other)) :]
    return data[: rng.choice(boundaries(data))[0]] + other[rng.choice(boundaries(other))[0] :]


MUTATIONS: Final = (
    *(flip_bit, set_byte, insert_bytes, delete_bytes, repeat_bytes, truncate, swap_opcode),
    *(delete_opcode, edit_length, edit_line, add_frame, splice),
)


def mutate(rng: Random, data: bytes, other: bytes) -> bytes:
    """Returns the data after one to three mutations; `other` is a second program to take parts from."""
    for _ in range(1 if rng.random() < 0.7 else rng.randrange(2, 4)):
        if data:
            data = rng.choice(MUTATIONS)(rng, data, other)
    return data

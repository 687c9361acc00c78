"""The first pass: finds at the matcher's speed where a stream first acts, or that it never does."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle.grammar import inert
from telamon.kits.formats.pickle.opcodes import Opcode

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.machine import Data

_WINDOW: Final = 4 * 2**20
_COUNTED: Final = 20_000  # payloads looked at one by one, after which they must be worth it
_SHORT: Final = 64  # bytes of each
_LENGTHS: Final = {
    Opcode.SHORT_BINUNICODE: struct.Struct("<B"),
    Opcode.SHORT_BINSTRING: struct.Struct("<B"),
    Opcode.SHORT_BINBYTES: struct.Struct("<B"),
    Opcode.LONG1: struct.Struct("<B"),
    Opcode.BINUNICODE: struct.Struct("<I"),
    Opcode.BINSTRING: struct.Struct("<I"),
    Opcode.BINBYTES: struct.Struct("<I"),
    Opcode.LONG4: struct.Struct("<i"),
    Opcode.BINUNICODE8: struct.Struct("<Q"),
    Opcode.BINBYTES8: struct.Struct("<Q"),
    Opcode.BYTEARRAY8: struct.Struct("<Q"),
}
_FRAME: Final = struct.Struct("<Q")
_FRAME_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class Prefix:
    """The inert beginning of a stream.

    Attributes:
        end: Offset after STOP if `is_whole`, else of the first opcode that is not known to be inert.
        is_whole: Whether the stream ends there with STOP.
        protocol: The highest protocol named by PROTO at its beginning.
    """

    end: int
    is_whole: bool
    protocol: int


def payload_end(data: Data, at: int, end: int) -> int | None:
    """Returns where the counted payload of the opcode at `at` ends; None if it is no such opcode or not there."""
    layout = _LENGTHS.get(data[at])  # type: ignore[call-overload]  # an int is looked up as the IntEnum it equals
    if layout is None or at + 1 + layout.size > end:
        return None
    size: int = layout.unpack_from(data, at + 1)[0]
    stop = at + 1 + layout.size + size
    return stop if size >= 0 and stop <= end else None


def inert_prefix(data: Data, start: int, end: int) -> Prefix:
    """Returns the longest beginning of a stream in which nothing is looked up, called or changed outside.

    The claim is only that: whatever an unpickler does with these opcodes, rightly or with an error, it looks
    nothing up and calls nothing. Stack and memo rules, encodings and numbers are not checked. A stream whose
    opcodes overrun a frame is not followed, because readers differ in what comes next.
    """
    pattern = inert()
    position = dropped = start
    frame = counted = 0
    protocol = data[start + 1] if end - start > 1 and data[start] == Opcode.PROTO else 0
    while position < end:
        limit = min(frame or end, position + _WINDOW, end)
        begun = position
        matched = pattern.match(data, position, limit)
        position = matched.end() if matched else position
        dropped = release(data, dropped, position)
        if position == frame:
            frame = 0
        if position >= end:
            break
        code = data[position]
        if code == Opcode.STOP and frame in {0, position + 1}:
            return Prefix(position + 1, is_whole=True, protocol=protocol)
        if code == Opcode.FRAME and not frame and position + _FRAME_BYTES <= end:
            position += _FRAME_BYTES
            frame = position + _FRAME.unpack_from(data, position - 8)[0]
            if frame > end:
                break
            frame = 0 if frame == position else frame
            continue
        stop = payload_end(data, position, frame or end)
        if stop is None:
            if position > begun and limit < (frame or end):
                continue  # an opcode that the window cut; the next window begins with it
            break
        position = stop
        counted += 1
        if counted > _COUNTED and counted * _SHORT > position - start:
            break  # payloads that no pickler counts so long-windedly: the machine is as fast
    return Prefix(position, is_whole=False, protocol=protocol)


def release(data: Data, dropped: int, position: int) -> int:
    """Gives pages of a mapped file that were read back to the system; returns up to where that was done."""
    if position - dropped < _WINDOW or not isinstance(data, mmap.mmap) or not hasattr(data, "madvise"):
        return dropped
    page = mmap.PAGESIZE
    first = -(-dropped // page) * page
    length = (position - first) // page * page
    if length > 0:
        data.madvise(mmap.MADV_DONTNEED, first, length)
    return first + length

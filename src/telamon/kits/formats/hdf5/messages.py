"""Object headers of an HDF5 file and the messages in them (section IV)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.hdf5.layout import Cursor, File

MAX_BLOCKS: Final = 1000
"""Continuation blocks of one object header."""

SHARED: Final = 2  # the flag of a message that stands elsewhere


class Type(IntEnum):
    """The messages that are read; all others only describe the bytes of arrays."""

    LINK_INFO = 0x02
    DATATYPE = 0x03
    LINK = 0x06
    EXTERNAL_FILES = 0x07
    LAYOUT = 0x08
    FILTERS = 0x0B
    ATTRIBUTE = 0x0C
    CONTINUATION = 0x10
    SYMBOL_TABLE = 0x11
    ATTRIBUTE_INFO = 0x15


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One message of an object header.

    Attributes:
        type: As the file says it.
        flags: Of the message.
        data: Its bytes.
    """

    type: int
    flags: int
    data: Cursor


def messages(file: File, address: int) -> Iterator[RawMessage]:
    """Yields the messages of the object header at an address, in order.

    Raises:
        MalformedError: There is no object header, or it breaks off.
    """
    if file.block(address, 4).data == b"OHDR":
        yield from _modern(file, address)
    else:
        yield from _classic(file, address)


def _classic(file: File, address: int) -> Iterator[RawMessage]:
    head = file.block(address, 16)
    if head.number(1) != 1:
        raise MalformedError("expected an object header", offset=address)
    head.take(1)
    count = head.number(2)
    head.take(4)
    blocks = [(address + 16, head.number(4))]
    for number, (start, length) in enumerate(blocks):
        if number >= MAX_BLOCKS:
            raise MalformedError(f"expected at most {MAX_BLOCKS} blocks of an object header", offset=address)
        body = file.block(start, length)
        while body.left >= 8 and count:  # noqa: PLR2004  # a message's own header
            count -= 1
            kind, size, flags = body.number(2), body.number(2), body.number(1)
            body.take(3)
            yield from _message(file, RawMessage(kind, flags, _inside(file, body.take(size))), blocks)


def _modern(file: File, address: int) -> Iterator[RawMessage]:
    head = file.beginning(address, 6 + 16 + 4 + 8)
    head.take(5)
    flags = head.number(1)
    head.take((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
    length = head.number(1 << (flags & 3))
    prefix = 6 if flags & 4 else 4
    blocks = [(address + head.position, length)]
    for number, (start, extent) in enumerate(blocks):
        if number >= MAX_BLOCKS:
            raise MalformedError(f"expected at most {MAX_BLOCKS} blocks of an object header", offset=address)
        body = file.block(start, extent)
        if number:  # a continuation block has a signature and a checksum of its own
            if body.take(4) != b"OCHK":
                raise MalformedError("expected the continuation of an object header", offset=start)
            body.data = body.data[:-4]
        while body.left >= prefix:
            kind, size, message_flags = body.number(1), body.number(2), body.number(1)
            body.take(prefix - 4)
            yield from _message(file, RawMessage(kind, message_flags, _inside(file, body.take(size))), blocks)


def _message(file: File, message: RawMessage, blocks: list[tuple[int, int]]) -> Iterator[RawMessage]:
    if message.type != Type.CONTINUATION:
        yield message
        return
    start, length = message.data.address(), message.data.number(file.length_bytes)
    if start is not None:
        blocks.append((start, length))


def _inside(file: File, data: bytes) -> Cursor:
    from telamon.kits.formats.hdf5.layout import Cursor  # noqa: PLC0415  # the type alone is enough elsewhere

    return Cursor(file, data)

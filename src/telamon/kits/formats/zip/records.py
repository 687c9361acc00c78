"""The headers of zip members as records: central directory entries and local headers (APPNOTE.TXT 4.3.7, 4.3.12)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telamon.kits.formats.names import decode_name
from telamon.kits.formats.zip.signatures import ENTRY_MAGIC, LOCAL_MAGIC
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from telamon.kits.formats.source import Source

ENTRY_BYTES = 46
LOCAL_BYTES = 30

FLAG_ENCRYPTED = 1 << 0
FLAG_DESCRIPTOR = 1 << 3
FLAG_STRONG_ENCRYPTION = 1 << 6
FLAG_MASKED_HEADERS = 1 << 13

_USUAL_BYTES = 96  # of name and extra field, which are read with the fixed part of a record
_FULL32 = 0xFFFFFFFF
_EXTRA_ZIP64 = 0x0001
_EXTRA_UNICODE_PATH = 0x7075

_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What one header says of a member; zip64 values are in place.

    Attributes:
        offset: Where the header stands.
        end: Where it ends, name, extra field and comment included.
        flags: General purpose bits.
        method: Compression method.
        crc32: Stated checksum.
        packed_bytes: Stated length of the content as it stands.
        unpacked_bytes: Stated length of the content unpacked.
        name: Name as stored.
        unicode_name: Name in the Info-ZIP extra field that some readers prefer (APPNOTE.TXT 4.6.9), or None.
        local_offset: Where the local header is said to be; 0 in a local header.
        is_extra_broken: Whether the extra field does not divide into its parts.
    """

    offset: int
    end: int
    flags: int
    method: int
    crc32: int
    packed_bytes: int
    unpacked_bytes: int
    name: bytes
    unicode_name: bytes | None = None
    local_offset: int
    is_extra_broken: bool = False

    @property
    def shown_name(self) -> str:
        """The name, printable."""
        return printable(decode_name(self.name))

    @property
    def is_encrypted(self) -> bool:
        """Whether a flag says that the content is encrypted."""
        return bool(self.flags & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADERS))

    @property
    def has_descriptor(self) -> bool:
        """Whether checksum and sizes are said to follow the content."""
        return bool(self.flags & FLAG_DESCRIPTOR)

    @property
    def is_folder(self) -> bool:
        """Whether the member is a folder: a name with a slash at the end and no content."""
        return self.name.endswith(b"/") and self.packed_bytes == 0 and self.unpacked_bytes == 0


def read_entry(source: Source, offset: int) -> Header | None:
    """Returns the central directory entry at `offset`, or None where there is none.

    Name and extra field may be cut off: Python's zipfile takes a last entry whose name ends with the directory,
    however long it is said to be.
    """
    head = source.read(offset, ENTRY_BYTES + _USUAL_BYTES)
    if len(head) < ENTRY_BYTES or not head.startswith(ENTRY_MAGIC):
        return None
    fields = _ENTRY.unpack_from(head)
    flags, method = fields[3:5]
    crc32, packed, unpacked, name_bytes, extra_bytes, comment_bytes = fields[7:13]
    variable = _behind(source, offset, head, ENTRY_BYTES, name_bytes + extra_bytes)
    header = Header(
        offset=offset,
        end=offset + ENTRY_BYTES + name_bytes + extra_bytes + comment_bytes,
        flags=flags,
        method=method,
        crc32=crc32,
        packed_bytes=packed,
        unpacked_bytes=unpacked,
        name=variable[:name_bytes],
        local_offset=fields[16],
    )
    return _with_extra(header, variable[name_bytes:]) if extra_bytes else header


def read_local(source: Source, offset: int) -> Header | None:
    """Returns the local header at `offset`, or None where there is no whole one."""
    head = source.read(offset, LOCAL_BYTES + _USUAL_BYTES)
    if len(head) < LOCAL_BYTES or not head.startswith(LOCAL_MAGIC):
        return None
    fields = _LOCAL.unpack_from(head)
    flags, method = fields[2:4]
    crc32, packed, unpacked, name_bytes, extra_bytes = fields[6:11]
    variable = _behind(source, offset, head, LOCAL_BYTES, name_bytes + extra_bytes)
    if len(variable) < name_bytes + extra_bytes:
        return None
    header = Header(
        offset=offset,
        end=offset + LOCAL_BYTES + name_bytes + extra_bytes,
        flags=flags,
        method=method,
        crc32=crc32,
        packed_bytes=packed,
        unpacked_bytes=unpacked,
        name=variable[:name_bytes],
        local_offset=0,
    )
    return _with_extra(header, variable[name_bytes:]) if extra_bytes else header


def _behind(source: Source, offset: int, head: bytes, fixed: int, size: int) -> bytes:
    """Returns `size` bytes behind the fixed part of a record, as far as there; of most they are in `head`."""
    if size <= _USUAL_BYTES:
        return head[fixed : fixed + size]
    return source.read(offset + fixed, size)


def _with_extra(header: Header, extra: bytes) -> Header:
    position = 0
    while position + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, position)
        value = extra[position + 4 : position + 4 + length]
        if len(value) < length:
            return replace(header, is_extra_broken=True)
        if tag == _EXTRA_ZIP64:
            header = _with_zip64(header, value)
        elif tag == _EXTRA_UNICODE_PATH and length > 5 and value[0] == 1:  # noqa: PLR2004 - version, CRC-32, name
            header = _with_unicode_name(header, value)
        position += 4 + length
    if position < len(extra):
        return replace(header, is_extra_broken=True)
    return header


def _with_zip64(header: Header, value: bytes) -> Header:
    """Replaces the fields that are all ones by the values of the extra field, in its fixed order (4.5.3)."""
    values = [int.from_bytes(value[i : i + 8], "little") for i in range(0, len(value) - 7, 8)]
    fields = (header.unpacked_bytes, header.packed_bytes, header.local_offset)
    resolved = [values.pop(0) if field == _FULL32 and values else field for field in fields]
    return replace(header, unpacked_bytes=resolved[0], packed_bytes=resolved[1], local_offset=resolved[2])


def _with_unicode_name(header: Header, value: bytes) -> Header:
    """Takes the second name where its checksum of the first name fits; readers ignore it otherwise."""
    if int.from_bytes(value[1:5], "little") != zlib.crc32(header.name):
        return header
    return replace(header, unicode_name=value[5:])

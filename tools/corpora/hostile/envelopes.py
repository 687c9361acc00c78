"""Containers around a pickle, written byte by byte where libraries would refuse."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from typing import Final

LOCAL: Final = 0x04034B50
CENTRAL: Final = 0x02014B50
END: Final = 0x06054B50
STORED: Final = 0
DEFLATED: Final = 8
CHECKSUM_MASK: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a zip, with what its two headers say apart from one another.

    Attributes:
        name: In the central directory.
        data: Unpacked.
        local_name: In the member's own header; as `name` where it is `None`.
        method: Stored or deflated.
        flags: In the central directory.
        local_flags: In the member's own header; as `flags` where it is `None`.
        wrong_checksum: Added to the checksum in the central directory.
        wrong_local_checksum: Added to that in the member's own header.
        wrong_size: Added to both sizes in the central directory.
        is_listed: Whether the central directory names it.
        extra: Extra field of the member's own header.
    """

    name: bytes
    data: bytes
    local_name: bytes | None = None
    method: int = STORED
    local_method: int | None = None
    flags: int = 0
    local_flags: int | None = None
    wrong_checksum: int = 0
    wrong_local_checksum: int = 0
    wrong_size: int = 0
    is_listed: bool = True
    extra: bytes = b""


def zipped(
    *members: Member, before: bytes = b"", after: bytes = b"", comment: bytes = b"", count: int | None = None
) -> bytes:
    """Return a zip of those members, with bytes before it and after it; offsets count from the zip's own start."""
    body, directory, listed = b"", b"", 0
    for member in members:
        offset = len(body)
        body += _local(member)
        if member.is_listed:
            directory += _central(member, offset)
            listed += 1
    number = listed if count is None else count
    end = struct.pack("<IHHHHIIH", END, 0, 0, number, number, len(directory), len(body), len(comment)) + comment
    return before + body + directory + end + after


def _packed(member: Member) -> bytes:
    if member.method != DEFLATED:
        return member.data
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflater.compress(member.data) + deflater.flush()


def _local(member: Member) -> bytes:
    packed = _packed(member)
    name = member.name if member.local_name is None else member.local_name
    flags = member.flags if member.local_flags is None else member.local_flags
    method = member.method if member.local_method is None else member.local_method
    checksum = (zlib.crc32(member.data) + member.wrong_local_checksum) & CHECKSUM_MASK
    sizes = (len(packed), len(member.data), len(name), len(member.extra))
    return struct.pack("<IHHHHHIIIHH", LOCAL, 20, flags, method, 0, 33, checksum, *sizes) + name + member.extra + packed


def _central(member: Member, offset: int) -> bytes:
    checksum = (zlib.crc32(member.data) + member.wrong_checksum) & CHECKSUM_MASK
    packed_bytes, bytes_ = len(_packed(member)) + member.wrong_size, len(member.data) + member.wrong_size
    head = struct.pack(
        "<IHHHHHHIII", CENTRAL, 20, 20, member.flags, member.method, 0, 33, checksum, packed_bytes, bytes_
    )
    return head + struct.pack("<HHHHHII", len(member.name), 0, 0, 0, 0, 0, offset) + member.name


def zip_of(members: dict[str, bytes], *, method: int = zipfile.ZIP_STORED) -> bytes:
    """Return an ordinary zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return buffer.getvalue()


def torch_members(pickle: bytes, root: str = "archive") -> dict[str, bytes]:
    """Return the members of a torch archive with one storage."""
    return {
        f"{root}/data.pkl": pickle,
        f"{root}/byteorder": b"little",
        f"{root}/data/0": bytes(range(64)),
        f"{root}/version": b"3\n",
        f"{root}/.data/serialization_id": b"0" * 40,
    }


def torch_zip(pickle: bytes) -> bytes:
    """Return a torch archive as `torch.save` lays it out."""
    return zip_of(torch_members(pickle))


def tar_of(members: dict[str, bytes], mode: str = "w") -> bytes:
    """Return a tar of those members, compressed where `mode` says so."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]  # the mode is a parameter
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def npy(pickle: bytes, descr: str = "'|O'", shape: str = "()", version: int = 1) -> bytes:
    """Return an `.npy` file whose objects are in that pickle (NEP 1)."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    prefix = 10 if version == 1 else 12
    padded = header + " " * (-(len(header) + prefix + 1) % 64) + "\n"
    length = struct.pack("<H" if version == 1 else "<I", len(padded))
    return b"\x93NUMPY" + bytes([version, 0]) + length + padded.encode("latin-1") + pickle

"""Writes 7z archives by every method that the reader knows (7zFormat.txt of 7-Zip)."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from typing import TYPE_CHECKING, Final

import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LZMA2: Final = b"\x21\x21\x01\x0c"  # one byte of number, with properties: of 2 ** 18 bytes of dictionary


def number(value: int) -> bytes:
    """A number in the form of nine bytes, which holds any."""
    return b"\xff" + struct.pack("<Q", value)


def lzma2(data: bytes) -> bytes:
    """Pack by LZMA2."""
    return lzma.compress(data, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 18}])


def lzma1(data: bytes) -> bytes:
    """Pack by LZMA, without an end mark."""
    return lzma.compress(data, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 18}])


def deflate(data: bytes) -> bytes:
    """Pack by raw deflate."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def filtered(data: bytes) -> bytes:
    """Pack by LZMA2 behind a delta filter."""
    chain = [{"id": lzma.FILTER_DELTA, "dist": 3}, {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 18}]
    return lzma.compress(data, lzma.FORMAT_RAW, filters=chain)


# The coders as a folder lists them, how they bind, and what packs the content.
METHODS: Final[dict[str, tuple[bytes, Callable[[bytes], bytes]]]] = {
    "copy": (b"\x01\x01\x00", bytes),
    "lzma": (b"\x01\x23\x03\x01\x01\x05" + struct.pack("<BI", 0x5D, 1 << 18), lzma1),
    "lzma2": (b"\x01" + LZMA2, lzma2),
    "deflate": (b"\x01\x03\x04\x01\x08", deflate),
    "bzip2": (b"\x01\x03\x04\x02\x02", bz2.compress),
    "zstd": (b"\x01\x04\x04\xf7\x11\x01", zstandard.compress),
    "delta": (b"\x02\x21\x03\x01\x02" + LZMA2 + b"\x00\x01", filtered),
}


def streams(folder: bytes, packed: bytes, whole: bytes, sizes: Sequence[int] | None = None) -> bytes:
    """The streams of one folder; `sizes` are those of its contents where there are several."""
    coders = folder[0]
    text = b"\x06" + number(0) + number(1) + b"\x09" + number(len(packed)) + b"\x00"
    text += b"\x07\x0b" + number(1) + b"\x00" + folder + b"\x0c" + number(len(whole)) * coders
    text += b"\x0a\x01" + struct.pack("<I", zlib.crc32(whole)) + b"\x00"
    if sizes is not None:
        text += b"\x08\x0d" + number(len(sizes)) + (b"\x09" if len(sizes) > 1 else b"")
        text += b"".join(map(number, sizes[:-1])) + b"\x00"
    return text + b"\x00"


def files(names: Sequence[str], *more: bytes) -> bytes:
    """Return the names of files, and more properties of theirs."""
    text = b"\0" + "".join(f"{name}\0" for name in names).encode("utf-16-le")
    return b"\x05" + number(len(names)) + b"\x11" + number(len(text)) + text + b"".join(more) + b"\x00"


def archive(packed: bytes, header: bytes, *, crc: int | None = None) -> bytes:
    """Return the archive of a packed stream and a header."""
    place = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header) if crc is None else crc)
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(place)) + place + packed + header


def written(contents: dict[str, bytes], method: str = "lzma2") -> bytes:
    """Return the archive of files, by one method."""
    folder, pack = METHODS[method]
    whole = b"".join(contents.values())
    packed = pack(whole)
    sizes = [len(content) for content in contents.values()]
    header = b"\x01\x04" + streams(folder, packed, whole, sizes) + files(list(contents)) + b"\x00"
    return archive(packed, header)

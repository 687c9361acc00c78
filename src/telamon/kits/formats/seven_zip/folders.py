"""Unpacks a folder of a 7z archive: its coders one after the other, each bounded in what a call returns."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.decoders import (
    MAX_WINDOW_BYTES,
    CorruptError,
    Decoder,
    InflateDecoder,
    WindowError,
    ZstdDecoder,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telamon.kits.formats.seven_zip.records import Coder, Folder

COPY: Final = b"\x00"
LZMA, LZMA2 = b"\x03\x01\x01", b"\x21"
DELTA: Final = b"\x03"
DEFLATE, BZIP2, ZSTD = b"\x04\x01\x08", b"\x04\x02\x02", b"\x04\xf7\x11\x01"
AES: Final = b"\x06\xf1\x07\x01"
# Filters of machine code by their numbers, old and new, and liblzma's names for them (Methods.txt of 7-Zip).
BRANCHES: Final = {
    b"\x03\x03\x01\x03": "FILTER_X86",
    b"\x04": "FILTER_X86",
    b"\x03\x03\x02\x05": "FILTER_POWERPC",
    b"\x05": "FILTER_POWERPC",
    b"\x03\x03\x04\x01": "FILTER_IA64",
    b"\x06": "FILTER_IA64",
    b"\x03\x03\x05\x01": "FILTER_ARM",
    b"\x07": "FILTER_ARM",
    b"\x03\x03\x07\x01": "FILTER_ARMTHUMB",
    b"\x08": "FILTER_ARMTHUMB",
    b"\x03\x03\x08\x05": "FILTER_SPARC",
    b"\x09": "FILTER_SPARC",
}
NAMES: Final = {
    b"\x03\x03\x01\x1b": "BCJ2",
    b"\x03\x04\x01": "PPMd",
    b"\x04\x01\x09": "deflate64",
    b"\x04\xf7\x11\x02": "brotli",
    b"\x04\xf7\x11\x04": "lz4",
    b"\x0a": "ARM64",
    b"\x0b": "RISC-V",
}
OUTPUT_BYTES: Final = 64 * 1024
STORED_CHUNK_BYTES: Final = 64 * 1024  # the longest that LZMA2 stores as it is


class UnsupportedError(Exception):
    """A coder without a reader; stays inside this kit."""


class EncryptedError(Exception):
    """A folder is encrypted; stays inside this kit."""


class ShortError(Exception):
    """The packed bytes end before the content does; stays inside this kit."""


def errors() -> tuple[type[Exception], ...]:
    """Returns what decoders raise for bytes that do not decode."""
    import lzma  # noqa: PLC0415 - costs start-up that other files do not need

    return (CorruptError, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError)


def unpack(folder: Folder, packed: Iterable[bytes]) -> Iterator[bytes]:
    """Yields the content of a folder whose coders stand in a row.

    Args:
        folder: How it is packed.
        packed: The one packed stream, in chunks.

    Raises:
        UnsupportedError: A coder has no reader here, or joins streams.
        EncryptedError: The folder is encrypted.
        WindowError: A dictionary is larger than is granted.
        ShortError: The packed bytes end too early.
    """
    chunks = iter(packed)
    order = _order(folder)
    if sum(coder.method in {LZMA, LZMA2, ZSTD} for coder in folder.coders) > 1:
        raise UnsupportedError("several dictionaries at once")  # each may take what is granted to one
    for at in order:
        chunks = _step(folder.coders[at], chunks, folder.sizes[at])
    return chunks


def _order(folder: Folder) -> list[int]:
    """Returns the coders in the order in which the bytes pass them."""
    for coder in folder.coders:
        if coder.method == AES:
            raise EncryptedError
        if coder.inputs != 1 or coder.outputs != 1 or coder.method in NAMES:
            raise UnsupportedError(NAMES.get(coder.method, f"method {coder.method.hex()}"))
    feeds = {output: into for into, output in folder.binds}
    order: list[int] = []
    at: int | None = folder.packed[0] if folder.packed else None
    while at is not None and at < len(folder.coders) and at not in order:
        order.append(at)
        at = feeds.get(at)
    if len(order) != len(folder.coders):
        raise UnsupportedError("coders that do not stand in a row")
    return order


def _step(coder: Coder, chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    if coder.method == COPY:
        return _limited(chunks, size)
    if coder.method == DELTA or coder.method in BRANCHES:
        return _decoded(_filter(coder), _stored(chunks), size)
    return _decoded(_decoder(coder), chunks, size)


def _decoder(coder: Coder) -> Decoder:
    import lzma  # noqa: PLC0415 - costs start-up that other files do not need

    if coder.method in {LZMA, LZMA2}:
        chain = _lzma(coder.properties) if coder.method == LZMA else _lzma2(coder.properties)
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chain])
    if coder.method == DEFLATE:
        return InflateDecoder(-15)
    if coder.method == BZIP2:
        import bz2  # noqa: PLC0415 - likewise

        return bz2.BZ2Decompressor()
    if coder.method == ZSTD:
        return ZstdDecoder()
    raise UnsupportedError(f"method {coder.method.hex()}")


def _lzma(properties: bytes) -> dict[str, int]:
    import lzma  # noqa: PLC0415 - likewise

    if len(properties) != 5 or properties[0] >= 225:  # noqa: PLR2004 - one byte of (pb * 5 + lp) * 9 + lc, four of size
        raise CorruptError("properties of LZMA that are none")
    packed, dictionary = struct.unpack("<BI", properties)
    return {
        "id": lzma.FILTER_LZMA1,
        "lc": packed % 9,
        "lp": packed // 9 % 5,
        "pb": packed // 45,
        "dict_size": _granted(dictionary),
    }


def _lzma2(properties: bytes) -> dict[str, int]:
    import lzma  # noqa: PLC0415 - likewise

    if len(properties) != 1 or properties[0] > 40:  # noqa: PLR2004 - 40 is 4 GiB - 1
        raise CorruptError("properties of LZMA2 that are none")
    bits = properties[0]
    return {"id": lzma.FILTER_LZMA2, "dict_size": _granted((2 | bits & 1) << (bits // 2 + 11))}


def _granted(dictionary: int) -> int:
    if dictionary > MAX_WINDOW_BYTES:
        raise WindowError(f"a dictionary of {dictionary} bytes")
    return max(dictionary, 4096)


def _filter(coder: Coder) -> Decoder:
    import lzma  # noqa: PLC0415 - likewise

    if coder.method == DELTA:
        distance = coder.properties[0] + 1 if coder.properties else 1
        chain = {"id": lzma.FILTER_DELTA, "dist": distance}
    else:
        chain = {"id": getattr(lzma, BRANCHES[coder.method])}
    return lzma.LZMADecompressor(
        lzma.FORMAT_RAW, filters=[chain, {"id": lzma.FILTER_LZMA2, "dict_size": STORED_CHUNK_BYTES}]
    )


def _stored(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yields an LZMA2 stream that stores the chunks as they are: liblzma has no filters without a coder behind them.

    It also tells the filter where the end is, where it has held back a few bytes.
    """
    control = b"\x01"  # the first chunk resets the dictionary
    for chunk in chunks:
        for start in range(0, len(chunk), STORED_CHUNK_BYTES):
            piece = chunk[start : start + STORED_CHUNK_BYTES]
            yield control + struct.pack(">H", len(piece) - 1) + piece
            control = b"\x02"
    yield b"\0"


def _decoded(decoder: Decoder, chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    left = size
    while left > 0:
        data = b""
        if decoder.eof:
            raise ShortError
        if decoder.needs_input:
            data = next(chunks, b"")
            if not data:
                raise ShortError
        if unpacked := decoder.decompress(data, min(left, OUTPUT_BYTES)):
            left -= len(unpacked)
            yield unpacked


def _limited(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    left = size
    for chunk in chunks:
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return
    if left > 0:
        raise ShortError

"""How each format of compressed streams begins, ends and goes on in the next stream."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from telamon.kits.formats.decoders import (
    MAX_WINDOW_BYTES,
    CorruptError,
    Decoder,
    InflateDecoder,
    ZstdDecoder,
    lzma_in_zip_decoder,
)
from telamon.kits.formats.kinds import Kind
from telamon.kits.formats.signatures import LZMA_ALONE_HEADER_BYTES, is_lzma_alone_header, is_zlib, is_zlib_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.source import Source

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_XZ_MAGIC = b"\xfd7zXZ\0"
_SKIPPABLE_TAIL = b"\x2a\x4d\x18"  # of 0x184D2A50 to 0x184D2A5F, little-endian
LZ4_MAGIC = b"\x04\x22\x4d\x18"
_PASSING_ON = (b"\x1f\x8b", _XZ_MAGIC, LZ4_MAGIC, ZSTD_MAGIC, b"ZF0x")
_RAW, _ZLIB = -15, 15
_MAX_SKIPPED = 10_000  # frames at a stretch: they take 8 bytes each, and time that no budget counts
_PEEK_BYTES = 64
_ZFILE_HEADER_BYTES = 2 + 19  # `ZF` and a hexadecimal length padded to 19 (joblib/numpy_pickle_compat.py)


class HeadTruncatedError(Exception):
    """A stream ends within its own header; stays inside this kit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A decoder and where its first input byte stands."""

    decoder: Decoder
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Where a stream ends, its trailer included, and what its trailer got wrong, if anything."""

    offset: int
    fault: str = ""


class Codec:
    """One format; subclasses say what differs. This one is a lone stream without header or trailer."""

    errors: tuple[type[Exception], ...] = (CorruptError,)
    has_checksum = False

    def begin(self, source: Source, offset: int) -> Begun:
        """Returns a decoder for the stream at `offset`; raises `CorruptError` or `HeadTruncatedError`."""
        raise NotImplementedError

    def end(self, source: Source, offset: int, crc32: int, length: int) -> Ended:  # noqa: ARG002 - for subclasses
        """Reads the trailer at `offset`; `crc32` is counted where `has_checksum`, `length` always."""
        return Ended(offset=offset)

    def next_stream(self, source: Source, offset: int) -> int | None:  # noqa: ARG002 - for subclasses
        """Returns where the stream behind the one that ended at `offset` begins, or None."""
        return None


class DeflateCodec(Codec):
    """A raw deflate stream, as zip members hold it."""

    errors = (zlib.error,)

    def begin(self, source: Source, offset: int) -> Begun:  # noqa: ARG002 - no header
        """Returns a decoder."""
        return Begun(decoder=InflateDecoder(_RAW), offset=offset)


class ZlibCodec(Codec):
    """zlib streams one after the other, as joblib reads them."""

    errors = (zlib.error,)

    def begin(self, source: Source, offset: int) -> Begun:  # noqa: ARG002 - the decoder reads the header
        """Returns a decoder."""
        return Begun(decoder=InflateDecoder(_ZLIB), offset=offset)

    def next_stream(self, source: Source, offset: int) -> int | None:
        """Takes whatever looks like another header."""
        return offset if is_zlib_header(source.read(offset, 2)) else None


class ZfileCodec(ZlibCodec):
    """joblib's format before 0.9.3: a header with the unpacked length, then zlib."""

    def begin(self, source: Source, offset: int) -> Begun:
        """Skips the header, and the space that Python 2 wrote behind it."""
        data_offset = offset + _ZFILE_HEADER_BYTES
        if source.read(data_offset, 1) == b" ":
            data_offset += 1
        return Begun(decoder=InflateDecoder(_ZLIB), offset=data_offset)

    def next_stream(self, source: Source, offset: int) -> int | None:  # noqa: ARG002 - there is one
        """There is no other."""
        return None


class GzipCodec(Codec):
    """gzip members (RFC 1952), read as Python's gzip does: reserved flags and header checksums do not count."""

    errors = (zlib.error, CorruptError)
    has_checksum = True

    def begin(self, source: Source, offset: int) -> Begun:
        """Skips the header."""
        head = source.read(offset, 10)
        if len(head) < 10:  # noqa: PLR2004 - RFC 1952, 2.3
            raise HeadTruncatedError
        if head[:3] != b"\x1f\x8b\x08":
            raise CorruptError("not a gzip header, or not compressed by deflate")
        flags, position = head[3], offset + 10
        if flags & 4:
            position += 2 + int.from_bytes(source.read(position, 2), "little")
        for flag in (8, 16):  # a name, a comment
            if flags & flag:
                end = source.find(b"\0", position)
                if end < 0:
                    raise HeadTruncatedError
                position = end + 1
        if flags & 2:
            position += 2
        return Begun(decoder=InflateDecoder(_RAW), offset=position)

    def end(self, source: Source, offset: int, crc32: int, length: int) -> Ended:
        """Compares the trailer's CRC-32 and length."""
        trailer = source.read(offset, 8)
        if len(trailer) < 8:  # noqa: PLR2004 - RFC 1952, 2.3
            return Ended(offset=offset + len(trailer), fault="the trailer is cut off")
        stated = int.from_bytes(trailer[:4], "little"), int.from_bytes(trailer[4:], "little")
        if stated == (crc32, length & 0xFFFFFFFF):
            return Ended(offset=offset + 8)
        return Ended(offset=offset + 8, fault=f"crc {stated[0]:08x} and length {stated[1]} are stated")

    def next_stream(self, source: Source, offset: int) -> int | None:
        """Skips zeros, as Python's gzip does."""
        found = skip_zeros(source, offset)
        return found if source.read(found, 2) == b"\x1f\x8b" else None


class Bzip2Codec(Codec):
    """bzip2 streams one after the other."""

    errors = (OSError, ValueError, EOFError, MemoryError)

    def begin(self, source: Source, offset: int) -> Begun:  # noqa: ARG002 - the decoder reads the header
        """Returns a decoder."""
        import bz2  # noqa: PLC0415 - costs start-up that other files do not need

        return Begun(decoder=bz2.BZ2Decompressor(), offset=offset)

    def next_stream(self, source: Source, offset: int) -> int | None:
        """Takes whatever begins like bzip2."""
        return offset if source.read(offset, 3) == b"BZh" else None


class LzmaCodec(Codec):
    """xz or LZMA-alone streams, mixed at will, as Python's `lzma.open` reads them."""

    def __init__(self) -> None:
        import lzma  # noqa: PLC0415 - costs start-up that other files do not need

        self.errors = (lzma.LZMAError, EOFError, MemoryError)

    def begin(self, source: Source, offset: int) -> Begun:  # noqa: ARG002 - the decoder reads the header
        """Returns a decoder."""
        import lzma  # noqa: PLC0415 - costs start-up that other files do not need

        return Begun(decoder=lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=MAX_WINDOW_BYTES), offset=offset)

    def next_stream(self, source: Source, offset: int) -> int | None:
        """Skips the padding of xz."""
        found = skip_zeros(source, offset)
        head = source.read(found, LZMA_ALONE_HEADER_BYTES)
        return found if head.startswith(_XZ_MAGIC) or is_lzma_alone_header(head) else None


class ZipLzmaCodec(LzmaCodec):
    """LZMA as zip members hold it."""

    def __init__(self) -> None:
        super().__init__()
        self.errors = (*self.errors, CorruptError)

    def begin(self, source: Source, offset: int) -> Begun:
        """Reads version, length of properties and properties (APPNOTE.TXT, 5.8.8)."""
        head = source.read(offset, 4)
        length = int.from_bytes(head[2:4], "little")
        properties = source.read(offset + 4, length)
        if len(head) < 4 or len(properties) < length:  # noqa: PLR2004 - the four bytes above
            raise HeadTruncatedError
        return Begun(decoder=lzma_in_zip_decoder(properties), offset=offset + 4 + length)

    def next_stream(self, source: Source, offset: int) -> int | None:  # noqa: ARG002 - there is one
        """There is no other."""
        return None


class Lz4Codec(Codec):
    """lz4 frames, those to be skipped between them."""

    errors = (RuntimeError, ValueError, EOFError, MemoryError)

    def begin(self, source: Source, offset: int) -> Begun:
        """Returns a decoder behind the frames to be skipped."""
        import lz4.frame  # noqa: PLC0415 - costs start-up that other files do not need

        return Begun(decoder=lz4.frame.LZ4FrameDecompressor(), offset=skip_frames(source, offset))

    def next_stream(self, source: Source, offset: int) -> int | None:
        """Takes another frame."""
        found = skip_frames(source, offset)
        return found if source.read(found, 4) == LZ4_MAGIC else None


class ZstdCodec(Codec):
    """zstd frames, those to be skipped between them."""

    def begin(self, source: Source, offset: int) -> Begun:
        """Returns a decoder behind the frames to be skipped."""
        return Begun(decoder=ZstdDecoder(), offset=skip_frames(source, offset))

    def next_stream(self, source: Source, offset: int) -> int | None:
        """Takes another frame."""
        found = skip_frames(source, offset)
        return found if source.read(found, 4) == ZSTD_MAGIC else None


def skip_zeros(source: Source, offset: int) -> int:
    """Returns the first place from `offset` that is not zero, or the size."""
    head = source.read(offset, _PEEK_BYTES).lstrip(b"\0")
    if head:  # the usual case: no read of a whole chunk per stream
        return min(offset + _PEEK_BYTES, source.size) - len(head)
    for extent in source.extents(offset):
        position = extent.start
        for chunk in source.chunks(extent.start, extent.end - extent.start):
            rest = chunk.lstrip(b"\0")
            if rest:
                return position + len(chunk) - len(rest)
            position += len(chunk)
    return source.size


def skip_frames(source: Source, offset: int) -> int:
    """Returns where the first frame begins that is not one to be skipped (RFC 8878, 3.1.2), or the 10,001st that is."""
    for start in islice(_skippable(source, offset), _MAX_SKIPPED):
        offset = start
    return offset


def _skippable(source: Source, offset: int) -> Iterator[int]:
    while True:
        head = source.read(offset, 8)
        if len(head) < 8 or head[1:4] != _SKIPPABLE_TAIL or head[0] >> 4 != 5:  # noqa: PLR2004 - 0x184D2A5?
            return
        offset += 8 + int.from_bytes(head[4:], "little")
        yield offset


_BY_KIND: dict[Kind, type[Codec]] = {
    Kind.GZIP: GzipCodec,
    Kind.ZLIB: ZlibCodec,
    Kind.ZFILE: ZfileCodec,
    Kind.BZIP2: Bzip2Codec,
    Kind.XZ: LzmaCodec,
    Kind.LZMA: LzmaCodec,
    Kind.LZ4: Lz4Codec,
    Kind.ZSTD: ZstdCodec,
}

# Compression methods of APPNOTE.TXT, 4.4.5, and the codecs that read them; 20 is zstd's former number.
_BY_ZIP_METHOD: dict[int, type[Codec]] = {
    8: DeflateCodec,
    12: Bzip2Codec,
    14: ZipLzmaCodec,
    20: ZstdCodec,
    93: ZstdCodec,
    95: LzmaCodec,
}


def codec_of_kind(kind: Kind) -> Codec | None:
    """Returns the codec of a kind of compressed stream, or None."""
    codec = _BY_KIND.get(kind)
    return codec() if codec else None


def passes_blocks_on(head: bytes) -> bool:
    """Whether the first 64 bytes begin a stream of a format that holds what it cannot make smaller as it is."""
    return head.startswith(_PASSING_ON) or head[1:4] == _SKIPPABLE_TAIL or is_zlib(head)


def codec_of_zip_method(method: int) -> Codec | None:
    """Returns the codec of a zip method other than stored, or None."""
    codec = _BY_ZIP_METHOD.get(method)
    return codec() if codec else None

"""Tests for compressed streams whose first bytes are too common to be a signature: zlib and LZMA alone."""

from __future__ import annotations

import zlib

LZMA_ALONE_HEADER_BYTES = 13
"""One byte of properties, four of dictionary size, eight of unpacked size."""

_UNKNOWN_SIZE = 0xFFFFFFFFFFFFFFFF
_TOO_LARGE = 1 << 38  # liblzma takes 256 GiB and more for a sign that this is no such file (alone_decoder.c)


def is_zlib_header(head: bytes) -> bool:
    """Whether the first two bytes are a zlib header (RFC 1950, 2.2)."""
    return (
        len(head) > 1
        and head[0] & 0x0F == 8  # noqa: PLR2004 - compression method deflate
        and head[0] >> 4 <= 7  # noqa: PLR2004 - window of at most 32 KiB
        and int.from_bytes(head[:2], "big") % 31 == 0
    )


def is_zlib(head: bytes) -> bool:
    """Whether the bytes begin a zlib stream that decodes; the text `x^2` does not."""
    if not is_zlib_header(head):
        return False
    try:
        zlib.decompressobj().decompress(head[:64], 64)
    except zlib.error:
        return False
    return True


def is_lzma_alone_header(head: bytes) -> bool:
    """Whether the first 13 bytes are a header that liblzma's detection takes (alone_decoder.c, `picky`)."""
    if len(head) < LZMA_ALONE_HEADER_BYTES or head[0] >= 225:  # noqa: PLR2004 - (pb * 5 + lp) * 9 + lc
        return False
    dictionary = int.from_bytes(head[1:5], "little")
    unpacked = int.from_bytes(head[5:13], "little")
    if dictionary == 0:
        return False
    top = 1 << (dictionary.bit_length() - 1)
    is_usual = dictionary in {top, top | top >> 1, 0xFFFFFFFF}  # 2^n, 2^n + 2^(n-1), or the maximum
    return is_usual and (unpacked == _UNKNOWN_SIZE or unpacked < _TOO_LARGE)


def is_lzma_alone(head: bytes) -> bool:
    """Whether the bytes begin an LZMA-alone stream that decodes."""
    if not is_lzma_alone_header(head):
        return False
    import lzma  # noqa: PLC0415 - costs start-up that other files do not need

    decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE)
    try:
        decoded = decoder.decompress(head[:256], 64)
    except (lzma.LZMAError, MemoryError):
        return False
    return bool(decoded) or decoder.eof or len(head) < 32  # noqa: PLR2004 - too short to yield a byte

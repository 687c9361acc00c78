"""The numeric fields and the checksum of tar headers (POSIX.1-2024 pax, GNU tar manual)."""

from __future__ import annotations

TAR_BLOCK_BYTES = 512
"""Every header and every content takes a multiple of this."""

_BASE256_POSITIVE, _BASE256_NEGATIVE = 0x80, 0xFF


def looks_like_header(block: bytes) -> bool:
    """Whether a block has a fitting checksum, counted unsigned or signed as old writers did."""
    if len(block) < TAR_BLOCK_BYTES:
        return False
    stated = number(block[148:156])
    if stated is None:
        return False
    rest = block[:148] + b" " * 8 + block[156:512]
    unsigned = sum(rest)
    return stated == unsigned or stated == unsigned - 256 * sum(byte > 0x7F for byte in rest)  # noqa: PLR2004 - sign


def number(field: bytes) -> int | None:
    """Returns a numeric field: octal digits, or base 256 as GNU writes large and negative numbers."""
    if field[:1] in {bytes([_BASE256_POSITIVE]), bytes([_BASE256_NEGATIVE])}:
        value = int.from_bytes(field[1:], "big")
        return value - (256 ** (len(field) - 1) if field[0] == _BASE256_NEGATIVE else 0)
    try:
        # As text and as loosely as Python's tarfile: blanks of any kind around, signs, underscores.
        return int(field.split(b"\0", 1)[0].decode("ascii").strip() or "0", 8)
    except ValueError:
        return None

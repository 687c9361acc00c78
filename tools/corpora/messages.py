"""Writes protocol-buffer messages field by field, as no library would (protobuf.dev/programming-guides/encoding)."""

from __future__ import annotations

MORE = 0x80


def varint(value: int) -> bytes:
    """Return a number in base 128, the lowest bits first."""
    out = bytearray()
    while value >= MORE:
        out.append(value & (MORE - 1) | MORE)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: int | str | bytes) -> bytes:
    """Return a field that holds a number, a text or a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data

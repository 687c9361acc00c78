"""Writes forms of models byte by byte, as no library would: UBJSON, MessagePack, flatbuffers and objects of Torch7."""

from __future__ import annotations

import struct
from typing import Any, TypeAlias

Item: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None
Value: TypeAlias = "int | bytes | str | list[Table] | tuple[int, ...] | Table"
Table: TypeAlias = "dict[int, Value]"


def ubjson(value: Item) -> bytes:
    """Return a value in UBJSON, with no typed arrays."""
    match value:
        case None | bool():
            return {None: b"Z", True: b"T", False: b"F"}[value]
        case int():
            return b"L" + struct.pack(">q", value)
        case float():
            return b"D" + struct.pack(">d", value)
        case str():
            return b"S" + _length(value.encode())
        case list():
            return b"[" + b"".join(map(ubjson, value)) + b"]"
        case dict():
            return b"{" + b"".join(_length(key.encode()) + ubjson(held) for key, held in value.items()) + b"}"


def _length(data: bytes) -> bytes:
    if len(data) < 1 << 7:
        return b"i" + bytes([len(data)]) + data
    return b"L" + struct.pack(">q", len(data)) + data


def msgpack_array(shape: tuple[int, ...], kind: str, data: bytes) -> bytes:
    """Return an array as Flax keeps it in MessagePack."""
    lengths = bytes([0x90 + len(shape), *shape])
    inner = b"\x93" + lengths + msgpack_text(kind) + b"\xc5" + struct.pack(">H", len(data)) + data
    return b"\xc8" + struct.pack(">Hb", len(inner), 1) + inner


def msgpack_text(text: str) -> bytes:
    """Return a short text in MessagePack."""
    return bytes([0xA0 + len(text)]) + text.encode()


def msgpack_map(entries: dict[str, bytes]) -> bytes:
    """Return a map of up to fifteen values, which are in MessagePack already."""
    packed = b"".join(msgpack_text(key) + value for key, value in entries.items())
    return bytes([0x80 + len(entries)]) + packed


def flatbuffer(root: Table, identifier: bytes) -> bytes:
    """Return a flatbuffer: scalars take eight bytes, tuples are vectors of numbers of four, lists are tables."""
    data, at = _table(root)
    return struct.pack("<I", 8 + at) + identifier + data


def _table(fields: Table) -> tuple[bytes, int]:
    count = max(fields, default=-1) + 1
    slots = [4 + 8 * at if at in fields else 0 for at in range(count)]
    start = -(-(4 + 2 * count) // 4) * 4
    head = struct.pack(f"<HH{count}H", 4 + 2 * count, 4 + 8 * count, *slots).ljust(start, b"\0")
    data = bytearray(head + struct.pack("<i", start) + bytes(8 * count))
    for at, value in fields.items():
        slot = start + slots[at]
        if isinstance(value, int):
            struct.pack_into("<Q", data, slot, value)
            continue
        held, inner = _held(value)
        struct.pack_into("<I", data, slot, len(data) + inner - slot)
        data += held
    return bytes(data), start


def _held(value: bytes | str | list[Table] | tuple[int, ...] | Table) -> tuple[bytes, int]:
    """Return what a field refers to, and where in it the reference leads."""
    if isinstance(value, dict):
        return _table(value)
    if isinstance(value, str | bytes):
        text = value.encode() if isinstance(value, str) else value
        return (struct.pack("<I", len(text)) + text + b"\0").ljust(-(-(len(text) + 5) // 4) * 4, b"\0"), 0
    if isinstance(value, tuple):
        return struct.pack(f"<I{len(value)}i", len(value), *value), 0
    data = bytearray(struct.pack("<I", len(value)) + bytes(4 * len(value)))
    for index, inner in enumerate(value):
        slot = 4 + 4 * index
        made, at = _table(inner)
        struct.pack_into("<I", data, slot, len(data) + at - slot)
        data += made
    return bytes(data), 0


def torch7(*words: float | bytes, is_text: bool = False) -> bytes:
    """Return what Torch7 writes of whole numbers, other numbers and texts, binary or as text."""
    out = bytearray()
    for word in words:
        if isinstance(word, bytes):
            out += b"%d\n%b\n" % (len(word), word) if is_text else struct.pack("<i", len(word)) + word
        elif is_text:
            out += f"{word}\n".encode()
        else:
            out += struct.pack("<i" if isinstance(word, int) else "<d", word)
    return bytes(out)

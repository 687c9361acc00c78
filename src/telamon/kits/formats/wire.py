"""Whether bytes are a protocol-buffer message, and of which kind, by the wire format alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.kits.formats.kinds import Kind

if TYPE_CHECKING:
    from telamon.kits.formats.source import Source

MAX_FIELDS = 64
"""Top-level fields that are followed; so many without a mistake are no accident."""

MAX_FIELD_NUMBER = 3000
"""Largest field number taken for real; Core ML numbers its models up to 3000, others stay under a few hundred."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_ONNX_IR_VERSION, _ONNX_GRAPH = 1, 7


def looks_like_protobuf(source: Source) -> Kind | None:
    """Returns `ONNX` or `PROTOBUF` where the source parses as a message to its end, else None.

    A message (https://protobuf.dev/programming-guides/encoding/) has no signature: what is asked is that
    every top-level field ends exactly within the source and the last one at its end.
    """
    position = 0
    seen: set[tuple[int, int]] = set()
    for _ in range(MAX_FIELDS):
        if position == source.size:
            break
        head = source.read(position, 20)
        tag, tag_bytes = _varint(head, 0)
        number, wire_type = tag >> 3, tag & 7
        if not tag_bytes or not 0 < number <= MAX_FIELD_NUMBER:
            return None
        step = _field_length(head, tag_bytes, wire_type)
        if not step or position + step > source.size:
            return None
        seen.add((number, wire_type))
        position += step
    if (_ONNX_IR_VERSION, _VARINT) in seen and (_ONNX_GRAPH, _LENGTH) in seen:
        return Kind.ONNX
    return Kind.PROTOBUF if seen else None


def _field_length(head: bytes, tag_bytes: int, wire_type: int) -> int:
    """Returns the length of a field with its tag, or 0 where it cannot be one."""
    if wire_type == _FIXED64:
        return tag_bytes + 8
    if wire_type == _FIXED32:
        return tag_bytes + 4
    value, value_bytes = _varint(head, tag_bytes)
    if not value_bytes or wire_type not in {_VARINT, _LENGTH}:
        return 0
    return tag_bytes + value_bytes + (value if wire_type == _LENGTH else 0)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Returns the value at `at` and how many bytes it takes; 0 bytes where there is none."""
    value = 0
    for index, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit
            return value, index + 1
    return 0, 0

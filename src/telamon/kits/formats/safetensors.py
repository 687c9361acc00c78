"""Reads the header of a safetensors file by the rules of the format, without the library.

The rules are those of safetensors' `lib.rs` (`SafeTensors::read_metadata`, `Metadata::validate`, version 0.7): eight
bytes of header length, a JSON object, then the tensors' bytes without gaps or overlaps to the end of the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telamon.kits.formats.json_tree import MAX_JSON_BYTES, read_json
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telamon.kits.formats.source import Source

LENGTH_BYTES = 8
MAX_DIMENSIONS = 64
"""numpy's NPY_MAXDIMS, the most of any library; products of more lengths would be numbers without end."""

METADATA = "__metadata__"
_BITS = {
    **dict.fromkeys(("F4",), 4),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor as the header states it.

    Attributes:
        name: As written.
        dtype: Such as `F32`.
        shape: Lengths of the dimensions.
        start: First byte, counted from the end of the header.
        stop: Behind the last byte.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetensorsHeader:
    """What a header says.

    Attributes:
        tensors: In the order of their bytes.
        metadata: The free texts under `__metadata__`.
        data_offset: Where the tensors' bytes begin in the file.
        flaws: Rules of the format that the file breaks, in words; loaders refuse or misread such files.
        trailing_bytes: Bytes behind the last tensor.
    """

    tensors: tuple[Tensor, ...]
    metadata: Mapping[str, str]
    data_offset: int
    flaws: tuple[str, ...]
    trailing_bytes: int


def read_safetensors(source: Source) -> SafetensorsHeader:
    """Returns the header of a safetensors file.

    Raises:
        MalformedError: There is no header that could be read.
        SourceError: The file cannot be read.
    """
    length = int.from_bytes(source.read(0, LENGTH_BYTES), "little")
    if source.size < LENGTH_BYTES or length > source.size - LENGTH_BYTES:
        raise MalformedError(f"expected a header of {length} bytes, found {max(source.size - LENGTH_BYTES, 0)}")
    if length > MAX_JSON_BYTES:
        raise MalformedError(f"expected a header of at most {MAX_JSON_BYTES} bytes, found {length}")
    raw = source.read(LENGTH_BYTES, length)
    parsed = read_json(raw)
    if not isinstance(parsed.value, dict):
        raise MalformedError("expected an object as the header", offset=LENGTH_BYTES)
    flaws = [f"the key `{printable(key)}` stands twice" for key in parsed.duplicates]
    if not raw.startswith(b"{"):
        flaws.append("the header does not begin with `{`")
    metadata = _metadata(parsed.value.get(METADATA, {}), flaws)
    tensors = [
        tensor
        for name, fields in parsed.value.items()
        if name != METADATA and (tensor := _tensor(name, fields, flaws)) is not None
    ]
    tensors.sort(key=lambda tensor: (tensor.start, tensor.stop))
    there = source.size - LENGTH_BYTES - length
    stop = _check_layout(tensors, there, flaws)
    return SafetensorsHeader(
        tensors=tuple(tensors),
        metadata=metadata,
        data_offset=LENGTH_BYTES + length,
        flaws=tuple(flaws),
        trailing_bytes=max(there - stop, 0),
    )


def _metadata(value: Any, flaws: list[str]) -> dict[str, str]:  # whatever the JSON holds
    if not isinstance(value, dict):
        flaws.append(f"`{METADATA}` is no object")
        return {}
    texts = {key: text for key, text in value.items() if isinstance(text, str)}
    if len(texts) < len(value):
        flaws.append(f"`{METADATA}` holds something else than texts")
    return texts


def _tensor(name: str, fields: Any, flaws: list[str]) -> Tensor | None:  # whatever the JSON holds
    shown = printable(name)
    if not isinstance(fields, dict) or fields.keys() != {"dtype", "shape", "data_offsets"}:
        flaws.append(f"the tensor `{shown}` has not exactly a dtype, a shape and data offsets")
        return None
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    is_shaped = _are_lengths(shape) and len(shape) <= MAX_DIMENSIONS
    if not isinstance(dtype, str) or not is_shaped or not _are_lengths(offsets) or len(offsets) != 2:  # noqa: PLR2004  # start and end
        flaws.append(f"the tensor `{shown}` has a dtype, shape or offsets of the wrong type")
        return None
    tensor = Tensor(name=name, dtype=dtype, shape=tuple(shape), start=offsets[0], stop=offsets[1])
    bits = _BITS.get(dtype)
    if bits is None:
        flaws.append(f"the tensor `{shown}` has the unknown dtype `{printable(dtype)}`")
    elif math.prod(shape) * bits != (tensor.stop - tensor.start) * 8:
        stated = tensor.stop - tensor.start
        flaws.append(f"the tensor `{shown}` needs {math.prod(shape) * bits / 8:g} bytes, its offsets span {stated}")
    return tensor


def _are_lengths(value: Any) -> bool:  # whatever the JSON holds
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 1 << 64 for n in value)


def _check_layout(tensors: list[Tensor], there: int, flaws: list[str]) -> int:
    """Note overlaps, gaps and tensors that end behind the file; return where the last one ends."""
    position = 0
    for tensor in tensors:
        shown = printable(tensor.name)
        if tensor.start < position:
            flaws.append(f"the tensor `{shown}` overlaps the one before it by {position - tensor.start} bytes")
        elif tensor.start > position:
            flaws.append(f"{tensor.start - position} bytes before the tensor `{shown}` belong to none")
        position = max(position, tensor.stop)
    if position > there:
        flaws.append(f"the tensors need {position} bytes, the file has {there}")
    return position

"""Writes safetensors files by the rules of the format (`prepare` and `serialize` in its `lib.rs`, version 0.7)."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Final, Protocol

from telamon.kits.formats.safetensors import LENGTH_BYTES, MAX_DIMENSIONS, METADATA
from telamon.kits.formats.tensor_data import ITEM_BYTES, NotRebuiltError
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_HEADER_BYTES: Final = 100_000_000
"""What every reader of the format takes (`MAX_HEADER_SIZE`)."""

_ALIGNMENT: Final = 8
# The library puts types in this order, the widest first, so that each tensor is aligned; then by name.
_ORDER: Final = {
    dtype: rank
    for rank, dtype in enumerate(
        (
            *("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"),
            *("I16", "U16", "F16", "BF16", "I32", "U32", "F32", "C64", "F64", "I64", "U64"),
        )
    )
}


class Writable(Protocol):
    """A tensor whose bytes can be had."""

    @property
    def dtype(self) -> str:
        """As safetensors names it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the dimensions."""

    @property
    def byte_count(self) -> int:
        """Bytes in row-major order."""

    def chunks(self) -> Iterator[bytes | memoryview]:
        """Yield the bytes in row-major order, little-endian."""


def write_safetensors(
    file: IO[bytes], tensors: Mapping[str, Writable], metadata: Mapping[str, str] | None = None
) -> int:
    """Write tensors, one after the other and in pieces, and return the length of the file.

    The same tensors in the same file give the same bytes.

    Args:
        file: At its beginning.
        tensors: By name.
        metadata: Free texts.

    Raises:
        NotRebuiltError: A name or a shape is none that the format can hold, or the header is too long.
        SourceError: A tensor's file cannot be read.
        OSError: The file cannot be written.
    """
    ordered = sorted(tensors.items(), key=lambda entry: (-_ORDER[entry[1].dtype], entry[0].encode()))
    header: dict[str, object] = {METADATA: dict(sorted(metadata.items()))} if metadata else {}
    position = 0
    for name, tensor in ordered:
        _require_holdable(name, tensor)
        stop = position + tensor.byte_count
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [position, stop]}
        position = stop
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    if len(text) > MAX_HEADER_BYTES:
        raise NotRebuiltError(f"a header of {len(text)} bytes, {MAX_HEADER_BYTES} are what readers take")
    file.write(len(text).to_bytes(LENGTH_BYTES, "little") + text)
    for _, tensor in ordered:
        for chunk in tensor.chunks():
            file.write(chunk)
    return LENGTH_BYTES + len(text) + position


def _require_holdable(name: str, tensor: Writable) -> None:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise NotRebuiltError(f"the name `{printable(name)}` is not Unicode text") from error
    if name == METADATA:
        raise NotRebuiltError(f"a tensor is named `{METADATA}`, which is the format's own name")
    if len(tensor.shape) > MAX_DIMENSIONS or tensor.dtype not in ITEM_BYTES:
        raise NotRebuiltError(f"the tensor `{printable(name)}` has a shape or type that the format does not have")

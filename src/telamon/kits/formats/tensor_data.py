"""Tensors as files store them: a type, a shape, strides into a stretch of bytes; and their bytes in row-major order."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from telamon.core.errors import TelamonError
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.pickle.contents import Called
    from telamon.kits.formats.source import Source

MIB: Final = 1024**2
_CHUNK_BYTES: Final = MIB
_BLOCK_BYTES: Final = 8 * MIB  # of a tensor that is not stored in row-major order, put together in memory
_SPAN_BYTES: Final = 16 * MIB  # read at once where only every nth item is wanted
_FORMATS: Final[dict[int, Literal["B", "H", "I", "Q"]]] = {1: "B", 2: "H", 4: "I", 8: "Q"}

# Bytes of an item, and of the numbers that it consists of, which is what a byte order applies to.
ITEM_BYTES: Final = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 1),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 2),
    **dict.fromkeys(("I32", "U32", "F32"), 4),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 8),
}
_NUMBER_BYTES: Final = {**ITEM_BYTES, "C64": 4}


class NotRebuiltError(TelamonError):
    """Tensors cannot be taken from a file without loading it; the message says why.

    Remedy: Load the file in the sandbox instead: `telamon convert` without `--no-load`, or `telamon load`.

    Args:
        message: One line.
        calls: What the file was seen to call, as `telamon.kits.formats.pickle.contents.Called`.
    """

    code: ClassVar[str] = "not-rebuilt"

    def __init__(self, message: str, *, calls: frozenset[Called] = frozenset()) -> None:
        super().__init__(message)
        self.calls = calls


class LeftOutError(NotRebuiltError):
    """One array holds no numbers; it is left out, and named.

    Remedy: Write what it holds, texts or objects, to a file of its own; safetensors holds numbers alone.
    """

    code: ClassVar[str] = "array-left-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTensor:
    """A tensor as a file stores it.

    Attributes:
        dtype: As safetensors names it, such as `F32`.
        shape: Lengths of the dimensions.
        strides: Items from one index to the next, for each dimension; never negative.
        offset: Items before the first one.
        storage: The bytes.
        is_big: Whether the numbers are big-endian.
    """

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    storage: Source
    is_big: bool = False

    @property
    def item_bytes(self) -> int:
        """Bytes of one item."""
        return ITEM_BYTES[self.dtype]

    @property
    def byte_count(self) -> int:
        """Bytes of the tensor in row-major order."""
        return math.prod(self.shape) * self.item_bytes

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for tensors that are the same items of the same storage."""
        place = self.storage.offset, self.storage.size, self.offset
        return (self.dtype, self.shape, self.strides, place, self.is_big)

    def require_inside(self, name: str) -> None:
        """Raise `NotRebuiltError` where an item lies outside the storage."""
        if 0 in self.shape:
            return
        reach = sum((length - 1) * stride for length, stride in zip(self.shape, self.strides, strict=True))
        there = self.storage.size // self.item_bytes
        if self.offset < 0 or min(self.strides, default=0) < 0 or self.offset + reach >= there:
            needed = self.offset + reach + 1
            raise NotRebuiltError(f"the tensor `{printable(name)}` reaches to item {needed} of {there}")

    def chunks(self) -> Iterator[bytes | memoryview]:
        """Yield the bytes in row-major order, little-endian, in pieces of some megabytes.

        Raises:
            SourceError: The file cannot be read.
        """
        if 0 in self.shape:
            return
        for chunk in self._in_order() if is_row_major(self.shape, self.strides) else self._blocks():
            yield self._swapped(chunk) if self.is_big else chunk

    def _in_order(self) -> Iterator[bytes]:
        yield from self.storage.sub(self.offset * self.item_bytes, self.byte_count).chunks()

    def _swapped(self, chunk: bytes) -> bytes:
        width = _NUMBER_BYTES[self.dtype]
        if width == 1:
            return chunk
        numbers = array(_FORMATS[width], chunk)
        numbers.byteswap()
        return numbers.tobytes()

    def _blocks(self) -> Iterator[bytes]:
        yield from _gathered(self.storage, self.item_bytes, self.offset, self.shape, self.strides)


def is_row_major(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Return whether items follow each other as row-major order wants; the stride of a single index does not matter.

    >>> is_row_major((2, 3), (3, 1)), is_row_major((2, 3), (1, 2)), is_row_major((1, 3), (7, 1))
    (True, False, True)
    """
    expected = 1
    for length, stride in zip(reversed(shape), reversed(strides), strict=True):
        if length != 1 and stride != expected:
            return False
        expected *= length
    return True


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of row-major order.

    >>> row_major((2, 3, 4))
    (12, 4, 1)
    """
    return tuple(math.prod(shape[index + 1 :]) for index in range(len(shape)))


def column_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of column-major order, numpy's `F`.

    >>> column_major((2, 3, 4))
    (1, 2, 6)
    """
    return tuple(math.prod(shape[:index]) for index in range(len(shape)))


def _gathered(
    storage: Source, item_bytes: int, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> Iterator[bytes]:
    """Yield a strided region, cut along its first dimension until its parts are small enough to be put together."""
    total = math.prod(shape) * item_bytes
    if total <= _BLOCK_BYTES:
        yield _assembled(storage, item_bytes, offset, shape, strides)
        return
    rows = max(1, _BLOCK_BYTES // (total // shape[0]))
    for first in range(0, shape[0], rows):
        count = min(rows, shape[0] - first)
        begin = offset + first * strides[0]
        if count == 1:
            yield from _gathered(storage, item_bytes, begin, shape[1:], strides[1:])
        else:
            yield from _gathered(storage, item_bytes, begin, (count, *shape[1:]), strides)


def _assembled(
    storage: Source, item_bytes: int, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> bytes:
    """Return a region, read in runs along the dimension whose items lie closest together."""
    block = bytearray(math.prod(shape) * item_bytes)
    items = memoryview(block).cast(_FORMATS[item_bytes])
    places = row_major(shape)
    moving = [index for index, stride in enumerate(strides) if stride and shape[index] > 1]
    run = min(moving, key=lambda index: strides[index], default=len(shape) - 1)
    length, stride, step = shape[run], strides[run], places[run]
    others = [index for index in range(len(shape)) if index != run]
    for indices in product(*(range(shape[index]) for index in others)):
        chosen = list(zip(others, indices, strict=True))
        begin = offset + sum(strides[index] * at for index, at in chosen)
        place = sum(places[index] * at for index, at in chosen)
        taken = _run(storage, item_bytes, begin, length, stride)
        items[place : place + (length - 1) * step + 1 : step] = taken
    items.release()
    return bytes(block)


def _run(storage: Source, item_bytes: int, begin: int, length: int, stride: int) -> memoryview:
    """Return every nth item, from one on."""
    kind = _FORMATS[item_bytes]
    if stride == 0:
        return memoryview(storage.read(begin * item_bytes, item_bytes) * length).cast(kind)
    span = (length - 1) * stride + 1
    if span * item_bytes <= _SPAN_BYTES:
        return memoryview(storage.read(begin * item_bytes, span * item_bytes)).cast(kind)[::stride]
    parts = (storage.read((begin + at * stride) * item_bytes, item_bytes) for at in range(length))
    return memoryview(b"".join(parts)).cast(kind)

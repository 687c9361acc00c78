"""What a sandboxed child hands back: a manifest, of which every number is checked, and the memory it refers to."""

from __future__ import annotations

import math
import mmap
import os
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode
from telamon.kits.formats.tensor_data import ITEM_BYTES
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from telamon.kits.sandbox import SandboxRun

MIB: Final = 1024**2
MANIFEST_BYTES: Final = 64 * MIB
"""Of a manifest, at most: a million tensors."""

_MOST_DIMENSIONS: Final = 64
_MOST_NAME_CHARACTERS: Final = 4096
_FLOOR_BYTES: Final = 64 * MIB  # of tensors that share their bytes, whatever the size of the model
_SHARED: Final = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)  # all pages at once, not by a fault for each
TIMES: Final = 4  # the model's size: its copy, what is loaded of it, what is put in order, what is handed over


class HandOverError(TelamonError):
    """The sandboxed child handed back what is not as it must be.

    Remedy: Treat the file as hostile: only what runs in the sandbox can break what comes out of it.
    """

    code: ClassVar[str] = "hand-over"
    exit_code: ClassVar[ExitCode] = ExitCode.NOT_RUN


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tensor as the child describes it; `place` is the memory that it lies in, `start` its first byte there."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    place: str
    start: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the child describes."""

    tensors: tuple[Entry, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTensor:
    """A tensor that was handed over; the memory is this process's alone, and can be written to.

    Attributes:
        dtype: As safetensors names it, such as `F32`.
        shape: Lengths of the dimensions.
        data: The bytes in row-major order, little-endian.
    """

    dtype: str
    shape: tuple[int, ...]
    data: memoryview

    @property
    def byte_count(self) -> int:
        """Bytes of the tensor."""
        return len(self.data)

    def chunks(self) -> Iterator[bytes | memoryview]:
        """Yield the bytes."""
        yield self.data

    def numpy(self) -> Any:  # numpy is optional, and so is its type
        """Return the tensor as a numpy array over the same memory.

        Raises:
            TypeError: numpy has no such type (`BF16`, `F8_*`).
        """
        import numpy as np  # noqa: PLC0415  # only who asks for it needs it

        code = _NUMPY_CODES.get(self.dtype)
        if code is None:
            raise TypeError(f"numpy has no type for {self.dtype}")
        return np.frombuffer(self.data, dtype=np.dtype(code)).reshape(self.shape)

    def torch(self) -> Any:  # likewise
        """Return the tensor as a torch tensor over the same memory."""
        import torch  # noqa: PLC0415  # only who asks for it needs it

        dtype = getattr(torch, _TORCH_NAMES[self.dtype])
        if 0 in self.shape:
            return torch.empty(self.shape, dtype=dtype)
        return torch.frombuffer(self.data, dtype=torch.uint8).view(dtype).reshape(self.shape)


def _codes() -> tuple[Mapping[str, str], Mapping[str, str]]:
    from telamon.kits.formats.weights.dtypes import NUMPY, TORCH  # noqa: PLC0415  # to name them the other way round

    arrays = {dtype: f"<{code}" for code, dtype in NUMPY.items()}
    return MappingProxyType(arrays), MappingProxyType({dtype: name for name, dtype in TORCH.items()})


_NUMPY_CODES, _TORCH_NAMES = _codes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes that two processes share: memory without a name, which is gone with them, or the model's file."""

    descriptor: int
    is_file: bool

    @property
    def size(self) -> int:
        """Their number."""
        return os.fstat(self.descriptor).st_size


class Area:
    """Shared memory after the child is gone: from now on this process alone has it."""

    def __init__(self, memory: Memory) -> None:
        self.size = memory.size
        flags = mmap.MAP_PRIVATE if memory.is_file else _SHARED
        try:
            self._view = memoryview(mmap.mmap(memory.descriptor, self.size, flags=flags) if self.size else b"")
        except (OSError, ValueError, OverflowError) as error:
            raise HandOverError(f"{self.size} bytes that were handed over cannot be mapped") from error

    def tensor(self, entry: Entry) -> LoadedTensor:
        """Return the tensor of an entry that `checked` has yielded."""
        stop = entry.start + math.prod(entry.shape) * ITEM_BYTES[entry.dtype]
        return LoadedTensor(dtype=entry.dtype, shape=entry.shape, data=self._view[entry.start : stop])


def read_manifest(memory: Memory, ended: SandboxRun) -> Manifest:
    """Return the manifest; only its form is checked."""
    length = ended.answer.get("bytes") if isinstance(ended.answer, dict) else None
    size = memory.size
    if length != size or size > MANIFEST_BYTES:
        raise HandOverError(f"expected a manifest of at most {MANIFEST_BYTES} bytes, found {size}")
    try:
        return msgspec.json.decode(os.pread(memory.descriptor, size, 0), type=Manifest)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise HandOverError("the manifest is not of its form") from error


def checked(manifest: Manifest, areas: Mapping[str, Area]) -> Iterator[Entry]:
    """Yield the entries, each of which lies in its memory."""
    names: set[str] = set()
    left = _FLOOR_BYTES + TIMES * sum(area.size for area in areas.values())
    for entry in manifest.tensors:
        shown = printable(entry.name)
        if entry.name in names or len(entry.name) > _MOST_NAME_CHARACTERS:
            raise HandOverError(f"the name `{shown}` stands twice, or is too long")
        names.add(entry.name)
        if entry.dtype not in ITEM_BYTES or entry.place not in areas:
            raise HandOverError(f"the tensor `{shown}` has an unknown type or place")
        if len(entry.shape) > _MOST_DIMENSIONS or any(not 0 <= length < 1 << 63 for length in entry.shape):
            raise HandOverError(f"the tensor `{shown}` has a shape that none can have")
        count = math.prod(entry.shape) * ITEM_BYTES[entry.dtype]
        stop, left = entry.start + count, left - count
        if left < 0:
            raise HandOverError("the tensors overlap so much that they are not those of a model")
        if entry.start < 0 or stop > areas[entry.place].size:
            raise HandOverError(f"the tensor `{shown}` reaches to byte {stop} of {areas[entry.place].size}")
        yield entry

"""Loads a model in a sandboxed child and takes nothing back but tensors, through shared memory.

The child is given a copy of the model, the installed libraries to read, and nothing else. What it hands back is a
manifest of names, types and shapes, of which every number is checked, and memory that no process writes to any more.
"""

from __future__ import annotations

import math
import mmap
import os
import stat
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import msgspec

from telamon.controls.artifact.library_loading.handing_over import HEAD_BYTES, expects_torch
from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode
from telamon.kits.formats.source import SourceError, open_source
from telamon.kits.formats.tensor_data import ITEM_BYTES
from telamon.kits.sandbox import NULL, Ending, SandboxPolicy, SandboxRun, Task, libraries, run
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

GIB: Final = 1024**3
MIB: Final = 1024**2
MANIFEST_BYTES: Final = 64 * MIB
"""Of a manifest, at most: a million tensors."""

_MOST_DIMENSIONS: Final = 64
_MOST_NAME_CHARACTERS: Final = 4096
_LIBRARY_BYTES: Final = 8 * GIB  # of address space: torch, scikit-learn and pandas map some gigabytes, and use few
_TIMES: Final = 4  # the model's size: its copy, what is loaded of it, what is put in order, what is handed over
_CPU_S: Final = 600
_MAPPING: Final = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)  # all pages at once, not by a fault for each
_COPIED_BYTES: Final = 16 * MIB
_PROGRAM: Final = (
    "from telamon.controls.artifact.library_loading.handing_over import hand_over\n"
    "hand_over(descriptors, arguments, answer)\n"
)


class LoadFailedError(TelamonError):
    """The model could not be loaded in the sandbox.

    Args:
        name: The model.
        ended: How the sandboxed child ended.
    """

    code: ClassVar[str] = "load-failed"
    exit_code: ClassVar[ExitCode] = ExitCode.NOT_RUN

    def __init__(self, name: str, ended: SandboxRun) -> None:
        what = f"{ended.message} (`{ended.system_call}`)" if ended.system_call else ended.message
        super().__init__(
            f"`{printable(name)}` was not loaded: {what}",
            hint="`telamon check` on the file says what it does when it is loaded",
        )
        self.ended = ended


class HostileLoadError(LoadFailedError):
    """The model did what only an attack does; it was stopped."""

    code: ClassVar[str] = "load-hostile"
    exit_code: ClassVar[ExitCode] = ExitCode.FINDINGS


class HandOverError(TelamonError):
    """The sandboxed child handed back what is not as it must be."""

    code: ClassVar[str] = "hand-over"
    exit_code: ClassVar[ExitCode] = ExitCode.NOT_RUN


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    dtype: str
    shape: tuple[int, ...]
    place: str
    start: int


class _Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tensors: tuple[_Entry, ...]
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
class LoadedModel:
    """What a sandboxed load handed back.

    Attributes:
        tensors: By dotted name, in the order of the model.
        left_out: Names of values that are no tensors.
        ended: How the child ended; `ended.missing` says what of the sandbox this machine could not enforce.
    """

    tensors: Mapping[str, LoadedTensor]
    left_out: tuple[str, ...]
    ended: SandboxRun

    @property
    def is_degraded(self) -> bool:
        """Whether something of the sandbox was not enforced."""
        return self.ended.is_degraded


def load(
    path: str | os.PathLike[str],
    *,
    search: Sequence[str | os.PathLike[str]] = (),
    require_sandbox: bool = False,
    memory_bytes: int | None = None,
    timeout_s: float = 600.0,
) -> LoadedModel:
    """Load a model of the pickle family in a sandbox and return its tensors, and nothing else of it.

    The file may be torch's, joblib's, numpy's or a plain pickle. Whatever it does when it is loaded, it does in a child
    process that can read the model and the installed libraries, and can write to nothing, start nothing and reach
    nobody.

    Args:
        path: The model; links are followed.
        search: Further folders that its classes are imported from; the child can read them.
        require_sandbox: Whether to refuse where this machine cannot enforce all of the sandbox.
        memory_bytes: Address space of the child; by default enough for the libraries and the model.
        timeout_s: Wall time.

    Raises:
        HostileLoadError: The model did what only an attack does.
        LoadFailedError: The library could not load it, or a limit was passed.
        HandOverError: What came back is not as it must be.
        SandboxUnavailableError: The sandbox is required, and the machine cannot enforce all of it.
        SourceError: The file cannot be read.
    """
    with ExitStack() as stack:
        memory = {name: stack.enter_context(_Memory(name)) for name in ("model", "copies", "manifest")}
        ended = _run(path, memory, "tensors", _limits(path, search, memory_bytes), search, timeout_s, require_sandbox)
        manifest = _manifest(memory["manifest"], ended)
        areas = {name: _Area(memory[name]) for name in ("model", "copies")}
        tensors = {entry.name: areas[entry.place].tensor(entry) for entry in _checked(manifest, areas)}
    return LoadedModel(tensors=MappingProxyType(tensors), left_out=manifest.left_out, ended=ended)


def load_as_onnx(
    path: str | os.PathLike[str],
    *,
    search: Sequence[str | os.PathLike[str]] = (),
    require_sandbox: bool = False,
    timeout_s: float = 600.0,
) -> tuple[bytes, SandboxRun]:
    """Load an estimator of scikit-learn in a sandbox, have skl2onnx convert it there, and return the ONNX file.

    Raises:
        LoadFailedError: It could not be loaded or converted; and as `load`.
    """
    with ExitStack() as stack:
        memory = {name: stack.enter_context(_Memory(name)) for name in ("model", "copies", "manifest")}
        ended = _run(path, memory, "onnx", _limits(path, search, None), search, timeout_s, require_sandbox)
        return os.pread(memory["copies"].descriptor, memory["copies"].size, 0), ended


class _Memory:
    """Memory that two processes share: without a name, and gone with them."""

    def __init__(self, name: str) -> None:
        if hasattr(os, "memfd_create"):
            self.descriptor = os.memfd_create(f"telamon-{name}", os.MFD_CLOEXEC)
            return
        with tempfile.TemporaryFile(prefix="telamon-") as file:
            self.descriptor = os.dup(file.fileno())

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return os.fstat(self.descriptor).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


class _Area:
    """Shared memory after the child is gone: from now on this process alone has it."""

    def __init__(self, memory: _Memory) -> None:
        self.size = memory.size
        self._view = memoryview(mmap.mmap(memory.descriptor, self.size, flags=_MAPPING) if self.size else b"")

    def tensor(self, entry: _Entry) -> LoadedTensor:
        stop = entry.start + math.prod(entry.shape) * ITEM_BYTES[entry.dtype]
        return LoadedTensor(dtype=entry.dtype, shape=entry.shape, data=self._view[entry.start : stop])


def _limits(
    path: str | os.PathLike[str], search: Sequence[str | os.PathLike[str]], memory_bytes: int | None
) -> SandboxPolicy:
    try:
        size = Path(path).stat().st_size
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot open `{printable(os.fspath(path))}`: {error}") from error
    return SandboxPolicy(
        readable=(*libraries(), *(Path(each).absolute() for each in search)),
        writable=(NULL,),
        memory_bytes=memory_bytes or _LIBRARY_BYTES + _TIMES * size,
        written_bytes=_TIMES * size + MANIFEST_BYTES,
        cpu_s=_CPU_S,
    )


def _run(  # noqa: PLR0917  # one private call
    path: str | os.PathLike[str],
    memory: Mapping[str, _Memory],
    to: str,
    policy: SandboxPolicy,
    search: Sequence[str | os.PathLike[str]],
    timeout_s: float,
    require_sandbox: bool,  # noqa: FBT001  # likewise
) -> SandboxRun:
    with open_source(path, follow_links=True) as source, _opened(path) as descriptor:
        reading, writing = os.pipe()
        copier = _Copier(descriptor, memory["model"].descriptor, writing)
        task = Task(
            program=_PROGRAM,
            arguments={"to": to, "is_torch": expects_torch(source.read(0, HEAD_BYTES))},
            descriptors={**{name: each.descriptor for name, each in memory.items()}, "ready": reading},
            search=tuple(os.fspath(Path(each).absolute()) for each in search),
            timeout_s=timeout_s,
        )
        copier.start()
        try:
            ended = run(task, policy, is_required=require_sandbox)
        finally:
            os.close(reading)
            copier.join()
        if copier.failure is not None:
            raise copier.failure
        source.check_unchanged()
        if memory["model"].size != source.size:
            raise SourceError(f"`{printable(os.fspath(path))}` was changed while it was read")
    if ended.ending is Ending.DENIED_CALL:
        raise HostileLoadError(os.fspath(path), ended)
    if ended.ending is not Ending.ANSWERED:
        raise LoadFailedError(os.fspath(path), ended)
    return ended


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[int]:
    """Open a file again by its name; that it is the same is seen by its size and its time."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class _Copier(threading.Thread):
    """Copies the model while the child imports the library that is to load it, and closes a pipe at the end."""

    def __init__(self, source: int, target: int, ready: int) -> None:
        super().__init__(daemon=True)
        self._source = source
        self._target = target
        self._ready = ready
        self.failure: SourceError | None = None

    def run(self) -> None:
        """Copy; the child begins to load only after that, and cannot have changed anything before."""
        offset = 0
        try:
            while count := os.sendfile(self._target, self._source, offset, _COPIED_BYTES):
                offset += count
        except OSError as error:
            self.failure = SourceError(f"the model could not be copied: {error.strerror}")
        finally:
            os.close(self._ready)


def _manifest(memory: _Memory, ended: SandboxRun) -> _Manifest:
    """Return the manifest; only its form is checked."""
    length = ended.answer.get("bytes") if isinstance(ended.answer, dict) else None
    if not stat.S_ISREG(os.fstat(memory.descriptor).st_mode) or length != memory.size or length > MANIFEST_BYTES:
        raise HandOverError(f"expected a manifest of at most {MANIFEST_BYTES} bytes, found {memory.size}")
    try:
        return msgspec.json.decode(os.pread(memory.descriptor, length, 0), type=_Manifest)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise HandOverError("the manifest is not of its form") from error


def _checked(manifest: _Manifest, areas: Mapping[str, _Area]) -> Iterator[_Entry]:
    """Yield the entries, each of which lies in its memory."""
    names: set[str] = set()
    for entry in manifest.tensors:
        shown = printable(entry.name)
        if entry.name in names or len(entry.name) > _MOST_NAME_CHARACTERS:
            raise HandOverError(f"the name `{shown}` stands twice, or is too long")
        names.add(entry.name)
        if entry.dtype not in ITEM_BYTES or entry.place not in areas:
            raise HandOverError(f"the tensor `{shown}` has an unknown type or place")
        if len(entry.shape) > _MOST_DIMENSIONS or any(not 0 <= length < 1 << 63 for length in entry.shape):
            raise HandOverError(f"the tensor `{shown}` has a shape that none can have")
        stop = entry.start + math.prod(entry.shape) * ITEM_BYTES[entry.dtype]
        if entry.start < 0 or stop > areas[entry.place].size:
            raise HandOverError(f"the tensor `{shown}` reaches to byte {stop} of {areas[entry.place].size}")
        yield entry

"""Loads a model in a sandboxed child and takes nothing back but tensors, through shared memory.

The child is given the model, open for reading, the installed libraries, and nothing else. What it hands back is a
manifest of names, types and shapes, of which every number is checked, and memory that no process writes to any more.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from telamon.controls.artifact.library_loading.handing_over import HEAD_BYTES, expects_torch
from telamon.controls.artifact.library_loading.profiled import require_fit
from telamon.controls.artifact.library_loading.receiving import (
    MANIFEST_BYTES,
    TIMES,
    Area,
    LoadedTensor,
    Memory,
    checked,
    read_manifest,
)
from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode
from telamon.kits.formats.source import SourceError, open_source
from telamon.kits.sandbox import NULL, Ending, SandboxPolicy, SandboxRun, Task, libraries, run
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from telamon.kits.profiles import Profile

GIB: Final = 1024**3
MIB: Final = 1024**2

_LIBRARY_BYTES: Final = 8 * GIB  # of address space: torch, scikit-learn and pandas map some gigabytes, and use few
_CPU_S: Final = 600
_FAULTS: Final = frozenset({-signal.SIGSEGV, -signal.SIGBUS})
_COPIED_BYTES: Final = 16 * MIB
_PROGRAM: Final = (
    "from telamon.controls.artifact.library_loading.handing_over import hand_over\n"
    "hand_over(descriptors, arguments, answer)\n"
)


class LoadFailedError(TelamonError):
    """The model could not be loaded in the sandbox.

    Remedy: Install what the model was written with, and name folders of its own classes with `--search`.

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
    """The model did what only an attack does; it was stopped.

    Remedy: Do not load the file anywhere; see with `telamon check` what it would do.
    """

    code: ClassVar[str] = "load-hostile"
    exit_code: ClassVar[ExitCode] = ExitCode.FINDINGS


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
    copy: bool = False,
    require_sandbox: bool = False,
    memory_bytes: int | None = None,
    timeout_s: float = 600.0,
    profile: Profile | None = None,
) -> LoadedModel:
    """Load a model of the pickle family in a sandbox and return its tensors, and nothing else of it.

    The file may be torch's, joblib's, numpy's or a plain pickle. Whatever it does when it is loaded, it does in a child
    process that can read the model and the installed libraries, and can write to nothing, start nothing and reach
    nobody.

    Args:
        path: The model; links are followed.
        search: Further folders that its classes are imported from; the child can read them.
        copy: Whether to load a copy that nobody else has. Without it the tensors of torch's archives are private views
            of the file, as those of safetensors' own loader are: it must not be changed while they are used.
        require_sandbox: Whether to refuse where this machine cannot enforce all of the sandbox.
        memory_bytes: Address space of the child; by default enough for the libraries and the model.
        timeout_s: Wall time.
        profile: What the file may name; then it must be the file that the profile is of, and what it looks up beside
            that ends the load.

    Raises:
        HostileLoadError: The model did what only an attack does.
        ProfileVoidError: The profile is of other bytes.
        LoadFailedError: The library could not load it, or a limit was passed.
        HandOverError: What came back is not as it must be.
        SandboxUnavailableError: The sandbox is required, and the machine cannot enforce all of it.
        SourceError: The file cannot be read.
    """
    wanted = _Wanted(
        path=path,
        search=tuple(os.fspath(Path(each).absolute()) for each in search),
        is_copy=copy,
        is_required=require_sandbox,
        memory_bytes=memory_bytes,
        timeout_s=timeout_s,
        profile=profile,
    )
    try:
        return _load(wanted)
    except LoadFailedError as error:
        if copy or error.ended.status not in _FAULTS:
            raise
        return _load(replace(wanted, is_copy=True))  # the loader changes tensors in place


def _load(wanted: _Wanted) -> LoadedModel:
    with _memories(wanted) as memory:
        ended = _run(wanted, memory)
        manifest = read_manifest(memory["manifest"], ended)
        areas = {name: Area(memory[name]) for name in ("model", "copies")}
        tensors = {entry.name: areas[entry.place].tensor(entry) for entry in checked(manifest, areas)}
    return LoadedModel(tensors=MappingProxyType(tensors), left_out=manifest.left_out, ended=ended)


def load_as_onnx(
    path: str | os.PathLike[str],
    *,
    search: Sequence[str | os.PathLike[str]] = (),
    require_sandbox: bool = False,
    timeout_s: float = 600.0,
    profile: Profile | None = None,
) -> tuple[bytes, SandboxRun]:
    """Load an estimator of scikit-learn in a sandbox, have skl2onnx convert it there, and return the ONNX file.

    Raises:
        LoadFailedError: It could not be loaded or converted; and as `load`.
    """
    wanted = _Wanted(
        path=path,
        search=tuple(os.fspath(Path(each).absolute()) for each in search),
        is_copy=True,
        is_required=require_sandbox,
        timeout_s=timeout_s,
        to="onnx",
        profile=profile,
    )
    with _memories(wanted) as memory:
        ended = _run(wanted, memory)
        return os.pread(memory["copies"].descriptor, memory["copies"].size, 0), ended


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is to be loaded, and how."""

    path: str | os.PathLike[str]
    search: tuple[str, ...]
    is_copy: bool
    is_required: bool
    timeout_s: float
    memory_bytes: int | None = None
    to: str = "tensors"
    profile: Profile | None = None


@contextmanager
def _memories(wanted: _Wanted) -> Iterator[dict[str, Memory]]:
    """Give the model, the place for what has to be copied, and the place for the manifest."""
    with ExitStack() as stack:
        found = {}
        for name in ("model", "copies", "manifest"):
            is_file = name == "model" and not wanted.is_copy
            descriptor = _open(wanted.path) if is_file else _nameless(name)
            stack.callback(os.close, descriptor)
            found[name] = Memory(descriptor=descriptor, is_file=is_file)
        yield found


def _nameless(name: str) -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create(f"telamon-{name}", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile(prefix="telamon-") as file:
        return os.dup(file.fileno())


def _open(path: str | os.PathLike[str]) -> int:
    """Open a file that `open_source` has looked at again, by its name; never waits for anybody."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot open `{printable(os.fspath(path))}`: {error}") from error


def _limits(wanted: _Wanted, model: Memory, size: int) -> SandboxPolicy:
    # The child opens its own descriptor again, for torch wants a name: the very file, whatever its path says by then.
    own = (Path(f"/proc/self/fd/{model.descriptor}"),) if model.is_file else ()
    return SandboxPolicy(
        readable=(*libraries(), *own, *map(Path, wanted.search)),
        writable=(NULL,),
        memory_bytes=wanted.memory_bytes or _LIBRARY_BYTES + TIMES * size,
        written_bytes=TIMES * size + MANIFEST_BYTES,
        cpu_s=_CPU_S,
    )


def _run(wanted: _Wanted, memory: Mapping[str, Memory]) -> SandboxRun:
    name = os.fspath(wanted.path)
    with open_source(wanted.path, follow_links=True) as source, ExitStack() as stack:
        reading, writing = os.pipe()
        stack.callback(os.close, reading)
        copier = _Copier(wanted.path if wanted.is_copy else None, memory["model"].descriptor, writing)
        task = Task(
            program=_PROGRAM,
            arguments={
                "to": wanted.to,
                "is_torch": expects_torch(source.read(0, HEAD_BYTES)),
                "is_copy": wanted.is_copy,
                "names": None if wanted.profile is None else [each.name for each in wanted.profile.names],
            },
            descriptors={**{key: each.descriptor for key, each in memory.items()}, "ready": reading},
            search=wanted.search,
            timeout_s=wanted.timeout_s,
        )
        if wanted.profile is not None and not wanted.is_copy:
            require_fit(wanted.profile, name, memory["model"].descriptor)
        copier.start()
        try:
            ended = run(task, _limits(wanted, memory["model"], source.size), is_required=wanted.is_required)
        finally:
            copier.join()
        if copier.failure is not None:
            raise copier.failure
        source.check_unchanged()
        if wanted.profile is not None and wanted.is_copy:  # nothing of what was loaded was looked at until here
            require_fit(wanted.profile, name, memory["model"].descriptor)
        if not wanted.is_copy and memory["model"].size != source.size:
            raise SourceError(f"`{printable(name)}` was changed while it was read")
    if ended.ending is Ending.DENIED_CALL:
        raise HostileLoadError(name, ended)
    if ended.ending is not Ending.ANSWERED:
        raise LoadFailedError(name, ended)
    return ended


class _Copier(threading.Thread):
    """Copies the model, if so, while the child imports the library that is to load it; then closes a pipe."""

    def __init__(self, source: str | os.PathLike[str] | None, target: int, ready: int) -> None:
        super().__init__(daemon=True)
        self._source = source
        self._target = target
        self._ready = ready
        self.failure: SourceError | None = None

    def run(self) -> None:
        """Copy; the child begins to load only after that, and cannot have changed anything before."""
        try:
            if self._source is not None:
                _copy(self._source, self._target)
        except SourceError as error:
            self.failure = error
        except OSError as error:
            self.failure = SourceError(f"the model could not be copied: {error.strerror}")
        finally:
            os.close(self._ready)


def _copy(path: str | os.PathLike[str], target: int) -> None:
    source = _open(path)
    try:
        offset = 0
        while count := os.sendfile(target, source, offset, _COPIED_BYTES):
            offset += count
    finally:
        os.close(source)

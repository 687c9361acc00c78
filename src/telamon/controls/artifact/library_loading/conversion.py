"""Turns models of the pickle family into safetensors: without executing them where that can be done, else sandboxed.

The rules of the names are those of `kits.formats.weights.tree`: keys, indexes and attributes are joined by dots, values
that are no tensors are left out and named. Tensors that share their bytes are all written, each under its own name, so
that a strict `load_state_dict` finds every one; the metadata say which are the same (`telamon.tied`).
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar, Final

from telamon.controls.artifact.library_loading.profiled import require_same
from telamon.core.errors import TelamonError, UsageError
from telamon.core.records import ExitCode
from telamon.kits.callables import Effect, Known, Use, lookup
from telamon.kits.callables.capabilities import ACTING
from telamon.kits.formats.pickle import Opcode
from telamon.kits.formats.safetensors_writer import Writable, write_safetensors
from telamon.kits.formats.source import open_source
from telamon.kits.formats.tensor_data import NotRebuiltError, StoredTensor
from telamon.kits.formats.weights import Weights, read_weights
from telamon.kits.profiles import permits
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from telamon.kits.formats.pickle.contents import Called
    from telamon.kits.profiles import Profile

MIB: Final = 1024**2
_FLOOR_BYTES: Final = 64 * MIB
_TIMES: Final = 8
"""Bytes written for each byte stored: views share bytes, and a stride of zero makes terabytes of four of them."""

_MOST_NAMED: Final = 20
_MAKING: Final = frozenset({Opcode.NEWOBJ, Opcode.NEWOBJ_EX})
# What `kits.formats.pickle.tensors` works out itself, from the arguments.
_FOLLOWED: Final = frozenset(
    {
        *(("torch._utils", name) for name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3")),
        *(("torch._utils", name) for name in ("_rebuild_parameter", "_rebuild_parameter_with_state")),
        *(("torch", "Size"), ("torch", "device"), ("torch._tensor", "_rebuild_from_type_v2")),
        *(("collections", "OrderedDict"), ("numpy", "dtype"), ("_codecs", "encode")),
        *(
            (f"{package}.multiarray", name)
            for package in ("numpy.core", "numpy._core")
            for name in ("_reconstruct", "scalar")
        ),
        *((f"{package}.numeric", "_frombuffer") for package in ("numpy.core", "numpy._core")),
    }
)
_TORCHSCRIPT: Final = "__torch__"  # types of an archive's own code, which are no names of Python
_HARMLESS: Final = frozenset({Effect.DATA, Effect.INSTANTIATES_ARGUMENT})


class RefusedError(TelamonError):
    """The file calls what no weights need; it is neither converted nor loaded.

    Remedy: See with `telamon check` what it calls; if that is meant, take the weights where it can do no harm.
    """

    code: ClassVar[str] = "conversion-refused"
    exit_code: ClassVar[ExitCode] = ExitCode.FINDINGS


class Way(StrEnum):
    """How the tensors were had."""

    REBUILT = "rebuilt"  # from the file's bytes; nothing was executed
    SANDBOXED = "sandboxed"  # the file was loaded, in the sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What was converted, and how.

    Attributes:
        way: How the tensors were had.
        reason: Why the file had to be loaded; empty where it had not.
        tensors: How many there are.
        byte_count: Length of the safetensors file.
        left_out: Names of values that are no tensors.
        tied: Names of tensors that are the same as an earlier one, and of that one.
        missing: What of the sandbox was not enforced, where there was one.
    """

    way: Way
    reason: str
    tensors: int
    byte_count: int
    left_out: tuple[str, ...]
    tied: Mapping[str, str]
    missing: tuple[str, ...] = ()


def convert(
    path: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    may_load: bool = True,
    require_sandbox: bool = False,
    search: Sequence[str | os.PathLike[str]] = (),
    profile: Profile | None = None,
) -> Conversion:
    """Write the tensors of a model to a safetensors file, which appears whole or not at all.

    Args:
        path: A file of torch, joblib or numpy, or a plain pickle; links are followed.
        target: The safetensors file; one that is there is replaced.
        may_load: Whether the model may be loaded in the sandbox where its tensors cannot be told otherwise.
        require_sandbox: Whether to refuse that where this machine cannot enforce all of the sandbox.
        search: Folders that its classes are imported from, if it is loaded.
        profile: What the file may call and name; then it must be the file that the profile is of.

    Raises:
        RefusedError: The file calls what no weights need, or what its profile does not have.
        ProfileVoidError: The profile is of other bytes.
        NotRebuiltError: It would have to be loaded, and may not be; or it holds no tensors.
        UsageError: The target is the model, or cannot be written.
        TelamonError: As `load`; or the file cannot be read.
    """
    _require_two(path, target)
    with open_source(path, follow_links=True) as source:
        if profile is not None:
            require_same(profile, os.fspath(path), source)
        try:
            weights = read_weights(source)
            _require_permitted(weights.calls, profile)
            _require_harmless(weights.calls)
            _require_size(weights.tensors.values())
        except NotRebuiltError as error:
            _require_permitted(error.calls, profile)
            with contextlib.suppress(
                NotRebuiltError
            ):  # what is not known is the sandbox's; what acts is refused here too
                _require_harmless(error.calls)
            if not may_load:
                raise
            reason = error.message
        else:
            made = _write_rebuilt(weights, target)
            source.check_unchanged()
            return made
    return _write_loaded(path, target, reason, require_sandbox=require_sandbox, search=search, profile=profile)


def _require_two(path: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    with contextlib.suppress(OSError):
        if Path(path).samefile(target):
            raise UsageError(f"expected another file than the model, found `{printable(os.fspath(target))}`")


def _write_rebuilt(weights: Weights, target: str | os.PathLike[str]) -> Conversion:
    tied: dict[str, str] = {}
    first: dict[tuple[object, ...], str] = {}
    for name, tensor in weights.tensors.items():
        same = first.setdefault(tensor.identity, name)
        if same != name and tensor.byte_count and tensor.storage.offset:
            tied[name] = same
    metadata = _metadata("pt" if weights.kind.startswith("torch") else "np", tied, weights.left_out)
    count = _write(target, weights.tensors, metadata)
    return Conversion(
        way=Way.REBUILT, reason="", tensors=len(weights.tensors), byte_count=count, left_out=weights.left_out, tied=tied
    )


def _write_loaded(
    path: str | os.PathLike[str],
    target: str | os.PathLike[str],
    reason: str,
    *,
    require_sandbox: bool,
    search: Sequence[str | os.PathLike[str]],
    profile: Profile | None,
) -> Conversion:
    from telamon.controls.artifact.library_loading.loading import load  # noqa: PLC0415  # most files need no sandbox

    model = load(path, search=search, require_sandbox=require_sandbox, profile=profile)
    count = _write(target, model.tensors, _metadata("pt", {}, model.left_out))
    return Conversion(
        way=Way.SANDBOXED,
        reason=reason,
        tensors=len(model.tensors),
        byte_count=count,
        left_out=model.left_out,
        tied={},
        missing=model.ended.missing,
    )


def _metadata(form: str, tied: Mapping[str, str], left_out: Sequence[str]) -> dict[str, str]:
    """Return what the file says of itself; `format` is what libraries ask for."""
    metadata = {"format": form}
    if tied:
        metadata["telamon.tied"] = json.dumps(tied, sort_keys=True)
    if left_out:
        metadata["telamon.left_out"] = json.dumps(left_out)
    return metadata


def _write(target: str | os.PathLike[str], tensors: Mapping[str, Writable], metadata: Mapping[str, str]) -> int:
    if not tensors:
        raise NotRebuiltError("the file holds no tensors")
    with written_whole(target) as file:
        return write_safetensors(file, tensors, metadata)


@contextlib.contextmanager
def written_whole(target: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Give a file to write to, which takes the target's name when all went well, and else leaves nothing.

    Raises:
        UsageError: The target cannot be written.
    """
    place = Path(target)
    try:
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".telamon-", delete=False) as file:
            temporary = Path(file.name)
            try:
                yield file
                file.flush()
                mask = os.umask(0)
                os.umask(mask)
                os.fchmod(file.fileno(), 0o666 & ~mask)
                temporary.replace(place)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UsageError(f"`{printable(os.fspath(target))}` cannot be written: {error.strerror}") from error


def _require_size(tensors: Iterable[StoredTensor]) -> None:
    """Refuse files whose tensors, written out, are far more than the bytes that they are views of."""
    stored: dict[object, int] = {}
    wanted = 0
    for tensor in tensors:
        place = (tensor.storage.offset, tensor.storage.size) if tensor.storage.offset else len(stored)
        stored[place] = tensor.storage.size
        wanted += tensor.byte_count
    allowed = _FLOOR_BYTES + _TIMES * sum(stored.values())
    if wanted > allowed:
        raise RefusedError(f"the tensors would take {wanted} bytes, {allowed} are allowed for what the file stores")


def _require_permitted(calls: Iterable[Called], profile: Profile | None) -> None:
    """Refuse what the file calls beside what its profile has.

    Raises:
        RefusedError: It calls more.
    """
    if profile is None:
        return
    for call in calls:
        use = Use.INSTANTIATED if call.opcode in _MAKING else Use.CALLED
        if call.module.partition(".")[0] == _TORCHSCRIPT and use is Use.INSTANTIATED:
            continue
        if call.module and not permits(profile, call.module, call.name, use):
            shown = printable(f"{call.module}.{call.name}")
            raise RefusedError(f"the file calls `{shown}`, which its profile does not have")


def _require_harmless(calls: Iterable[Called]) -> None:
    """Judge what the file calls.

    Raises:
        RefusedError: It calls what runs code, or reaches files, processes or the network, or something that it
            computes.
        NotRebuiltError: It calls what is not known, or what depends on its arguments; the sandbox is left.
    """
    unknown: list[str] = []
    for call in sorted(calls, key=lambda each: (each.module, each.name)):
        shown = printable(f"{call.module}.{call.name}")
        known = lookup(call.module, call.name) if call.module else None
        if (call.module, call.name) in _FOLLOWED:
            continue
        if not call.module:
            raise RefusedError("the file calls something that it computes, which no weights need")
        effects = _effects(known, call.opcode)
        if effects & ACTING:
            does = known.does if known is not None else ""
            raise RefusedError(f"the file calls `{shown}`, which no weights need: it {does}")
        # An instance is not made, and its class not imported; what is known to make data only is left out.
        if effects - _HARMLESS or (not effects and call.opcode not in _MAKING):
            unknown.append(shown)
    if unknown:
        raise NotRebuiltError(f"the file calls {', '.join(f'`{each}`' for each in unknown[:_MOST_NAMED])}")


def _effects(known: Known | None, opcode: Opcode) -> frozenset[Effect]:
    if known is None:
        return frozenset()
    return known.instantiated if opcode in _MAKING else known.called

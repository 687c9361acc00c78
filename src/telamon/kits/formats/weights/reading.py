"""Takes the tensors out of a model file of the pickle family; nothing in it is loaded, imported or called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.budget import Budget
from telamon.kits.formats.containers import open_parts
from telamon.kits.formats.identify import claims, is_torch_legacy
from telamon.kits.formats.kinds import Kind
from telamon.kits.formats.observations import ObservationCode
from telamon.kits.formats.parts import Part
from telamon.kits.formats.tensor_data import NotRebuiltError, StoredTensor
from telamon.kits.formats.weights import numpy_files, torch_files

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.contents import Called
    from telamon.kits.formats.source import Source

# torch writes its archives so; its reader, and every other that has the directory, does not guess.
_HARMLESS: Final = frozenset({ObservationCode.ZIP_DESCRIPTOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The tensors of a file.

    Attributes:
        kind: `torch`, `torch-legacy`, `joblib`, `pickle`, `npy` or `npz`.
        tensors: By dotted name, in the order of the file; they read from it as long as it is open.
        left_out: Names of values that are no tensors.
        calls: What the file calls when it is loaded, for the caller to judge. Nothing of it was called.
    """

    kind: str
    tensors: dict[str, StoredTensor]
    left_out: tuple[str, ...]
    calls: frozenset[Called]


def read_weights(source: Source) -> Weights:
    """Return the tensors of a file.

    Raises:
        NotRebuiltError: They cannot be told without loading the file; the message says why.
        SourceError: The file cannot be read.
    """
    found = claims(source)
    if is_torch_legacy(source):
        return _weights("torch-legacy", torch_files.read_legacy(source))
    if Kind.ZIP in found:
        return _of_zip(source)
    if Kind.NPY in found:
        return _weights("npy", numpy_files.read_npy(source))
    if Kind.PICKLE in found:
        return _weights("joblib or pickle", numpy_files.read_pickle(source))
    streams = [kind for kind in found if kind.is_compressed_stream]
    if not streams:
        names = ", ".join(found) or "nothing that is known"
        raise NotRebuiltError(f"expected a model file of the pickle family, found {names}")
    return _of_stream(source, streams[0])


def _weights(kind: str, read: torch_files.Read) -> Weights:
    return Weights(kind=kind, tensors=read.flattened.tensors, left_out=tuple(read.flattened.left_out), calls=read.calls)


def _of_zip(source: Source) -> Weights:
    members: dict[str, Source] = {}
    for met in open_parts(source, Kind.ZIP, Budget(source.size)):
        if not isinstance(met, Part):
            if met.code in _HARMLESS:
                continue
            raise NotRebuiltError(f"readers of the archive may differ: {met.code.sentence.rstrip('.').lower()}")
        name = met.path[-1]
        if name in members or not met.is_complete:
            raise NotRebuiltError("the archive has two members of one name, or one that is cut off")
        members[name] = met.source
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in members):
        return _weights("torch", torch_files.read_zip_members(members))
    if members and all(name.endswith(".npy") for name in members):
        return _weights("npz", numpy_files.read_npz_members(members))
    raise NotRebuiltError("the archive is neither torch's nor numpy's")


def _of_stream(source: Source, kind: Kind) -> Weights:
    """Read what is compressed, as joblib writes it, out of an unlinked temporary file."""
    for met in open_parts(source, kind, Budget(source.size)):
        if not isinstance(met, Part) or not met.is_complete:
            raise NotRebuiltError("the compressed stream cannot be read to its end")
        inner = claims(met.source)
        if Kind.PICKLE not in inner:
            raise NotRebuiltError("what is compressed is no pickle")
        return _weights("joblib or pickle", numpy_files.read_pickle(met.source))
    raise NotRebuiltError("the compressed stream is empty")

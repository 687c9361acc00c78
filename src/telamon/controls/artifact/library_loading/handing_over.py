"""What runs within the sandbox: it loads the model with its own library and puts the tensors into shared memory.

Nothing here is believed outside: the parent checks every number of the manifest against the memory that it refers to.
"""

from __future__ import annotations

import _compat_pickle
import ctypes
import importlib
import importlib.util
import json
import mmap
import os
import pickle
import sys
import zipfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final

from telamon.kits.formats.weights.dtypes import NUMPY, TORCH
from telamon.kits.formats.weights.tree import DEEPEST, MOST_NAMED, ONLY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ALIGNMENT: Final = 64  # of copied tensors; as wide as a vector register, so that every library takes them as they are
LEGACY_MAGIC: Final = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."  # torch/serialization.py, MAGIC_NUMBER
_NUMBERS: Final = frozenset("biufc")  # numpy's kinds; `b` are the booleans
HEAD_BYTES: Final = 128


def expects_torch(head: bytes) -> bool:
    """Return whether the file may be torch's, by its first bytes, so that the library can be imported meanwhile."""
    if head.startswith(b"PK"):
        return b".npy" not in head  # the name of the first member, as numpy writes it
    return LEGACY_MAGIC in head


def hand_over(descriptors: Mapping[str, int], arguments: Mapping[str, Any], answer: Callable[[object], None]) -> None:
    """Load the model and describe its tensors.

    Args:
        descriptors: `model`, `copies` and `manifest`; and `ready`, at whose end the model is there.
        arguments: `is_torch`, whether it may be torch's; `is_copy`, whether it is a copy, to be waited for; `to`, what
            is wanted of it: `tensors` or `onnx`; `names`, all that the model may look up, or `None`.
        answer: Takes what is said to the parent.
    """
    if arguments["is_torch"] and importlib.util.find_spec("torch") is not None:
        import torch  # noqa: F401, PLC0415  # meanwhile the parent copies the model
    os.read(descriptors["ready"], 1)
    if arguments["names"] is not None:
        _restrict(frozenset(arguments["names"]))
    model = _Model(descriptors["model"], is_copy=arguments["is_copy"])
    if arguments["to"] == "onnx":
        answer({"bytes": _write_all(descriptors["copies"], _onnx(model.load()), 0)})
        return
    manifest = _Manifest(model, descriptors["copies"])
    manifest.add(model.load(), (), frozenset())
    text = json.dumps({"tensors": manifest.tensors, "left_out": manifest.left_out}).encode()
    answer({"bytes": _write_all(descriptors["manifest"], text, 0)})


def _restrict(names: frozenset[str]) -> None:
    """Let unpicklers look up nothing but these names, by what CPython tells before each look-up.

    Pickles of protocol 2 and below spell names as Python 2 did; a profile has them as they are now.
    """

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event != "pickle.find_class":
            return
        module, name = str(arguments[0]), str(arguments[1])
        new = _compat_pickle.NAME_MAPPING.get((module, name), (_compat_pickle.IMPORT_MAPPING.get(module, module), name))
        if f"{module}:{name}" not in names and ":".join(new) not in names:
            raise pickle.UnpicklingError(f"looks up {module}.{name}, which is not in its profile")

    sys.addaudithook(hear)


class _Model:
    """The model's bytes.

    Tensors of torch's archives are made over a mapping of them, so that they need not be copied; `base` is its
    address. Of a copy the mapping is shared with the parent, who sees what is done to it. The file itself is mapped for
    reading only: who changes a tensor in place ends by SIGSEGV, and the parent begins anew with a copy.
    """

    def __init__(self, descriptor: int, *, is_copy: bool) -> None:
        self.descriptor = descriptor
        self.is_copy = is_copy
        self.size = os.fstat(descriptor).st_size
        self.base = 0

    def load(self) -> object:
        """Return what the library that wrote the file makes of it."""
        with os.fdopen(os.dup(self.descriptor), "rb") as file:
            head = os.pread(self.descriptor, HEAD_BYTES, 0)
            if head.startswith(b"PK"):
                with zipfile.ZipFile(file) as archive:
                    is_numpy = all(name.endswith(".npy") for name in archive.namelist())
                return _arrays(file) if is_numpy else self._torch(file)
            if LEGACY_MAGIC in head:
                return self._torch(file)
            if head.startswith(b"\x93NUMPY"):
                return _arrays(file)
            file.seek(0)
            if importlib.util.find_spec("joblib") is not None:
                import joblib  # noqa: PLC0415  # where it is installed

                return joblib.load(file)
            return pickle.load(file)  # noqa: S301  # this is the sandbox

    def _torch(self, file: IO[bytes]) -> object:
        import torch  # noqa: PLC0415  # only for its files

        def mapped(_: str, __: bool, size: int) -> object:  # noqa: FBT001  # torch's interface
            protection = mmap.PROT_READ | (mmap.PROT_WRITE if self.is_copy else 0)
            mapping = mmap.mmap(self.descriptor, self.size, prot=protection)
            whole = torch.frombuffer(mapping, dtype=torch.uint8, count=size)
            self.base = whole.data_ptr()
            return whole.untyped_storage()

        torch.UntypedStorage.from_file = staticmethod(mapped)
        try:
            path = f"/proc/self/fd/{self.descriptor}"
            return torch.load(path, map_location="cpu", weights_only=False, mmap=True)
        except (RuntimeError, OSError, ValueError):  # a legacy stream, or no procfs
            file.seek(0)
            return torch.load(file, map_location="cpu", weights_only=False)


def _arrays(file: IO[bytes]) -> object:
    import numpy as np  # noqa: PLC0415  # only for its files

    file.seek(0)
    found = np.load(file, allow_pickle=True)
    return {name: found[name] for name in found.files} if isinstance(found, np.lib.npyio.NpzFile) else found


@dataclass(slots=True)
class _Manifest:
    """Tensors as they are found, by the names that `kits.formats.weights.tree` gives them too."""

    model: _Model
    copies: int
    tensors: list[dict[str, object]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    _end: int = 0

    def add(self, value: Any, path: tuple[str, ...], above: frozenset[int]) -> None:  # whatever the loader returned
        """Take up the tensors in a value."""
        if id(value) in above or len(path) > DEEPEST:
            return
        if _is_instance(value, "torch", "Tensor"):
            self._add_torch(value, path)
        elif _is_instance(value, "numpy", "ndarray"):
            self._add_numpy(value, path)
        else:
            parts = _parts(value)
            if parts is None:
                self._leave_out(path, value)
                return
            for name, part in parts:
                self.add(part, (*path, name), above | {id(value)})

    def _add_torch(self, tensor: Any, path: tuple[str, ...]) -> None:
        dtype = TORCH.get(str(tensor.dtype).removeprefix("torch."))
        if dtype is None or str(tensor.layout) != "torch.strided" or tensor.is_quantized:
            raise TypeError(f"safetensors has no type for the tensor {'.'.join(path)!r} ({tensor.dtype})")
        plain = tensor.detach().resolve_conj().resolve_neg().contiguous()
        self._place(path, dtype, list(plain.shape), plain.data_ptr(), plain.nbytes)
        del plain

    def _add_numpy(self, found: Any, path: tuple[str, ...]) -> None:
        import numpy as np  # noqa: PLC0415  # it made the array

        if found.dtype.kind not in _NUMBERS:
            self._leave_out(path, found)
            return
        plain = np.ascontiguousarray(found, dtype=found.dtype.newbyteorder("<")).reshape(found.shape)
        dtype = NUMPY.get(f"{plain.dtype.kind}{plain.dtype.itemsize}")
        if dtype is None:
            raise TypeError(f"safetensors has no type for the array {'.'.join(path)!r} ({found.dtype})")
        self._place(path, dtype, list(plain.shape), plain.ctypes.data, plain.nbytes)

    def _place(self, path: tuple[str, ...], dtype: str, shape: list[int], address: int, count: int) -> None:
        start = address - self.model.base
        is_mapped = bool(self.model.base) and start >= 0 and start + count <= self.model.size
        if not is_mapped:
            start = -(-self._end // ALIGNMENT) * ALIGNMENT
            self._end = start + count
            os.ftruncate(self.copies, self._end)
            if count:
                _write_all(self.copies, memoryview((ctypes.c_char * count).from_address(address)).cast("B"), start)
        name = ".".join(path) or ONLY
        place = "model" if is_mapped else "copies"
        self.tensors.append({"name": name, "dtype": dtype, "shape": shape, "place": place, "start": start})

    def _leave_out(self, path: tuple[str, ...], value: object) -> None:
        if value is not None and len(self.left_out) < MOST_NAMED:
            self.left_out.append(".".join(path) or ONLY)


def _is_instance(value: object, module: str, name: str) -> bool:
    """Return whether a value is of a library's class, if that is loaded at all."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _parts(value: Any) -> Iterator[tuple[str, object]] | None:  # whatever the loader returned
    """Return the named parts of a container or object; `None` where it is neither."""
    if hasattr(type(value), "state_dict"):
        value = value.state_dict()
    if isinstance(value, dict):
        return ((str(key), part) for key, part in value.items() if type(key) in {str, int})
    if isinstance(value, list | tuple):
        return ((str(index), part) for index, part in enumerate(value))
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict) and not isinstance(value, type) and not callable(value):
        return ((str(name), part) for name, part in attributes.items())
    return None


def _onnx(model: Any) -> bytes:  # an estimator of scikit-learn
    convert = importlib.import_module("skl2onnx").convert_sklearn  # optional, and imported by nobody else
    numbers = importlib.import_module("skl2onnx.common.data_types").FloatTensorType
    width = int(model.n_features_in_)
    made: bytes = convert(model, initial_types=[("input", numbers([None, width]))]).SerializeToString()
    return made


def _write_all(descriptor: int, data: bytes | memoryview, offset: int) -> int:
    view = memoryview(data)
    done = 0
    while done < len(view):
        done += os.pwrite(descriptor, view[done:], offset + done)
    return done

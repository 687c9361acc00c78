"""A load under a profile takes the very file that the profile is of, and looks up nothing else than the profile has."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from typing import TYPE_CHECKING

import joblib
import msgspec
import numpy as np
import pytest
import torch

from telamon.controls.artifact.library_loading.conversion import RefusedError, Way, convert
from telamon.controls.artifact.library_loading.loading import LoadFailedError, load
from telamon.controls.artifact.library_loading.profiled import ProfileVoidError, profile_of
from telamon.kits.attacks.pickles import EMPTY_TUPLE, NEWOBJ, Program
from telamon.kits.callables import Use
from telamon.kits.formats.tensor_data import NotRebuiltError
from telamon.kits.profiles import Profile, ProfiledName, digest_of
from telamon.kits.sandbox import available

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

sandboxed = pytest.mark.skipif(not available().landlock_abi, reason="this kernel has no Landlock")
CALLED = (Use.CALLED, Use.BUILT)
TORCH = ("collections:OrderedDict", "torch:FloatStorage", "torch._utils:_rebuild_tensor_v2")
ARRAY = ("numpy:dtype", "numpy:ndarray", "numpy._core.multiarray:_reconstruct", "_codecs:encode")
JOBLIB = ("numpy:dtype", "numpy:ndarray", "joblib.numpy_pickle:NumpyArrayWrapper")


def objects() -> bytes:
    """An array of one object, which is an array."""
    outer = np.empty(1, dtype=object)
    outer[0] = np.ones(2, dtype="f4")
    buffer = io.BytesIO()
    np.save(buffer, outer)
    return buffer.getvalue()


WRITE = {
    "torch": lambda path: torch.save(OrderedDict(w=torch.ones(2)), path),
    "torch legacy": lambda path: torch.save(OrderedDict(w=torch.ones(2)), path, _use_new_zipfile_serialization=False),
    "joblib": lambda path: joblib.dump({"w": np.ones(2, dtype="f4")}, path),
    "pickle of protocol 2": lambda path: path.write_bytes(pickle.dumps({"w": np.ones(2, dtype="f4")}, 2)),
    "npy of objects": lambda path: path.write_bytes(objects()),
}
NAMES = {
    "torch": TORCH,
    "torch legacy": TORCH,
    "joblib": JOBLIB,
    "pickle of protocol 2": ARRAY,
    "npy of objects": ARRAY,
}


def profile(path: Path, *names: str, uses: tuple[Use, ...] = CALLED) -> Profile:
    """A profile of the file as it is."""
    return Profile(
        model=path.name,
        digest=digest_of([path.read_bytes()]),
        names=tuple(ProfiledName(name=name, uses=uses) for name in names),
    )


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(form: str) -> Path:
        WRITE[form](tmp_path / "model.bin")
        return tmp_path / "model.bin"

    return write


@sandboxed
@pytest.mark.parametrize("is_copy", [False, True])
@pytest.mark.parametrize("form", WRITE)
def test_loads_what_looks_up_no_more_than_its_profile_has(
    form: str,
    is_copy: bool,  # noqa: FBT001  # a case
    written: Callable[[str], Path],
) -> None:
    path = written(form)
    names = (*NAMES[form], *(name.replace("numpy._core", "numpy.core") for name in NAMES[form]))
    model = load(path, copy=is_copy, profile=profile(path, *dict.fromkeys(names)))
    plain = load(path)
    assert model.left_out == plain.left_out
    assert {name: bytes(tensor.data) for name, tensor in model.tensors.items()} == {
        name: bytes(tensor.data) for name, tensor in plain.tensors.items()
    }


@sandboxed
@pytest.mark.parametrize("form", WRITE)
def test_a_look_up_beside_the_profile_ends_the_load(form: str, written: Callable[[str], Path]) -> None:
    path = written(form)
    with pytest.raises(LoadFailedError, match="which is not in its profile"):
        load(path, profile=profile(path, *NAMES[form][:1]))


@sandboxed
def test_without_a_profile_nothing_is_asked(written: Callable[[str], Path]) -> None:
    assert list(load(written("torch")).tensors) == ["w"]


@sandboxed
@pytest.mark.parametrize("is_copy", [False, True])
def test_refuses_another_file_than_that_of_the_profile(written: Callable[[str], Path], is_copy: bool) -> None:  # noqa: FBT001  # a case
    path = written("torch")
    made = profile(path, *TORCH)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ProfileVoidError, match="to be the file of its profile") as caught:
        load(path, copy=is_copy, profile=made)
    assert made.digest in caught.value.message


def test_converts_under_a_profile_that_has_its_calls_and_under_no_other(written: Callable[[str], Path]) -> None:
    path = written("torch")
    target = path.with_suffix(".safetensors")
    assert convert(path, target, profile=profile(path, *TORCH)).way is Way.REBUILT
    with pytest.raises(RefusedError, match=r"`torch._utils._rebuild_tensor_v2`, which its profile does not have"):
        convert(path, target, profile=profile(path, "collections:OrderedDict"))
    with pytest.raises(RefusedError, match="which its profile does not have"):
        convert(path, target, profile=profile(path, *TORCH, uses=(Use.REFERENCED,)))
    made = profile(path, *TORCH)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ProfileVoidError):
        convert(path, target, profile=made)


def test_types_of_an_archives_own_code_are_no_names_of_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    program = Program(protocol=2).global_("__torch__.nn", "Linear").raw(EMPTY_TUPLE + NEWOBJ)
    path.write_bytes(program.finished())
    with pytest.raises(NotRebuiltError, match="no tensors"):
        convert(path, tmp_path / "m.safetensors", may_load=False, profile=profile(path))


def test_a_profile_lets_nothing_through_that_no_weights_need(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(Program(protocol=4).call("os", "system", "true").finished())
    with pytest.raises(RefusedError, match="which no weights need"):
        convert(path, tmp_path / "m.safetensors", profile=profile(path, "os:system"))


def test_finds_the_profile_by_the_bytes_and_then_by_the_path(tmp_path: Path) -> None:
    path, other = tmp_path / "a.pkl", tmp_path / "b.pkl"
    path.write_bytes(b"one")
    other.write_bytes(b"two")
    made = profile(path)
    upper = msgspec.structs.replace(made, digest="sha256:" + made.digest.removeprefix("sha256:").upper())
    assert profile_of(path, (), folder=tmp_path) is None
    assert profile_of(path, (made,), folder=tmp_path) is made
    assert profile_of(path, (upper,), folder=tmp_path) is upper
    assert profile_of(other, (made,), folder=tmp_path) is None
    other.write_bytes(b"one")
    assert profile_of(other, (made,), folder=tmp_path) is made
    path.write_bytes(b"three")
    with pytest.raises(ProfileVoidError):
        profile_of(path, (made,), folder=tmp_path)
    assert profile_of(path, (made,), folder=tmp_path / "elsewhere") is None

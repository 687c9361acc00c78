"""A sandboxed load hands back the tensors that a plain load has, and nothing that a hostile model does."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest
import torch

import telamon
from telamon.controls.artifact.library_loading import loading
from telamon.controls.artifact.library_loading.loading import (
    HostileLoadError,
    LoadFailedError,
    load,
)
from telamon.controls.artifact.library_loading.receiving import HandOverError
from telamon.kits.formats.source import SourceError
from telamon.kits.sandbox import SandboxRun, SandboxUnavailableError, available
from telamon.kits.sandbox.records import Ending, SandboxSupport

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not available().landlock_abi, reason="this kernel has no Landlock")

BASE = torch.arange(48, dtype=torch.float32).reshape(6, 8)


class Calls:
    """Pickled as a call."""

    def __init__(self, function: Any, *arguments: object) -> None:  # whatever is callable
        self._call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:  # a callable and its arguments
        return self._call


@pytest.mark.parametrize("is_legacy", [False, True])
def test_tensors_of_torch_are_those_of_a_plain_load(tmp_path: Path, is_legacy: bool) -> None:  # noqa: FBT001  # a case
    state = OrderedDict(a=BASE, t=BASE.t(), h=BASE.half(), b=BASE.bfloat16(), e=torch.zeros(0, 2), s=torch.tensor(2))
    torch.save({"model": state, "epoch": 1}, tmp_path / "m.pt", _use_new_zipfile_serialization=not is_legacy)
    model = load(tmp_path / "m.pt")
    loaded = torch.load(tmp_path / "m.pt", weights_only=True)["model"]
    assert list(model.tensors) == [f"model.{name}" for name in loaded]
    assert all(torch.equal(model.tensors[f"model.{name}"].torch(), tensor) for name, tensor in loaded.items())
    assert (model.left_out, model.is_degraded) == (("epoch",), False)


@pytest.mark.parametrize("form", ["joblib", "joblib compressed", "pickle", "npz", "npy"])
def test_arrays_are_those_of_a_plain_load(tmp_path: Path, form: str) -> None:
    arrays = {"x": np.arange(12.0).reshape(3, 4), "f": np.asfortranarray(np.eye(3)), "big": np.arange(3, dtype=">i4")}
    path = tmp_path / "model"
    with path.open("wb") as file:
        match form:
            case "joblib":
                joblib.dump(arrays, file)
            case "joblib compressed":
                joblib.dump(arrays, file, compress=3)
            case "pickle":
                pickle.dump(arrays, file)
            case "npz":
                np.savez(file, **arrays)
            case _:
                arrays = {"tensor": arrays["f"]}
                np.save(file, arrays["tensor"])
    found = load(path).tensors
    assert {name: each.numpy().tolist() for name, each in found.items()} == {
        name: each.tolist() for name, each in arrays.items()
    }


def test_the_tensors_can_be_changed_and_the_model_stays_as_it_is(tmp_path: Path) -> None:
    torch.save({"x": torch.ones(3)}, tmp_path / "m.pt")
    before = (tmp_path / "m.pt").read_bytes()
    tensor = load(tmp_path / "m.pt").tensors["x"]
    tensor.numpy()[0] = 7
    assert tensor.torch().tolist() == [7, 1, 1]
    assert (tmp_path / "m.pt").read_bytes() == before


def test_it_is_offered_by_the_package() -> None:
    assert telamon.load is load


def test_a_payload_that_writes_writes_nothing(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    hostile = pickle.dumps({"x": np.ones(2), "y": Calls(open, str(canary), "w")})
    (tmp_path / "m.pkl").write_bytes(hostile)
    with pytest.raises(LoadFailedError, match="PermissionError"):
        load(tmp_path / "m.pkl")
    assert not canary.exists()
    pickle.loads(hostile)["y"].close()  # the twin: it does write
    assert canary.exists()


def test_a_payload_that_runs_a_command_runs_none(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    (tmp_path / "m.pkl").write_bytes(pickle.dumps({"y": Calls(os.system, f"touch {canary}")}))
    assert load(tmp_path / "m.pkl").left_out == ("y",)  # the number that `system` gives back
    assert not canary.exists()


def test_a_payload_that_attacks_is_stopped_and_named(tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Calls(os.chroot, "/")))
    with pytest.raises(HostileLoadError, match="`chroot`") as raised:
        load(tmp_path / "m.pkl")
    assert raised.value.ended.ending is Ending.DENIED_CALL


def test_a_payload_cannot_read_what_lies_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Calls(open, str(tmp_path / "secret"))))
    with pytest.raises(LoadFailedError, match="PermissionError"):
        load(tmp_path / "m.pkl")


def test_classes_of_ones_own_are_imported_from_where_one_says(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "ownmodels.py").write_text("class Net:\n    pass\n")
    made = b"\x80\x02cownmodels\nNet\n)\x81}X\x01\x00\x00\x00wcbuiltins\nlist\n)Rsb."
    (tmp_path / "m.pkl").write_bytes(made)
    with pytest.raises(LoadFailedError, match="No module named"):
        load(tmp_path / "m.pkl")
    assert load(tmp_path / "m.pkl", search=[tmp_path / "own"]).ended.ending is Ending.ANSWERED


DOUBLING = """
class Doubled:
    def __setstate__(self, state):
        self.weight = state['weight'].mul_(2)
"""


def test_a_loader_that_changes_tensors_in_place_is_given_a_copy(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "doubling.py").write_text(DOUBLING)
    program = (
        "import sys, torch; sys.path.insert(0, sys.argv[1]); import doubling; made = doubling.Doubled(); "
        "made.weight = torch.ones(3); torch.save(made, sys.argv[2])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "own"), str(tmp_path / "m.pt")]
    subprocess.run(command, check=True, timeout=60)  # noqa: S603  # our interpreter and our program
    before = (tmp_path / "m.pt").read_bytes()
    assert load(tmp_path / "m.pt", search=[tmp_path / "own"]).tensors["weight"].torch().tolist() == [2, 2, 2]
    assert (tmp_path / "m.pt").read_bytes() == before


def test_a_copy_is_not_touched_by_who_changes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    torch.save({"x": torch.ones(3)}, path)
    model = load(path, copy=True)
    path.write_bytes(bytes(path.stat().st_size))
    assert model.tensors["x"].torch().tolist() == [1, 1, 1]


def test_it_is_refused_where_the_sandbox_is_required_and_not_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "m.npy", np.ones(2))
    poor = SandboxSupport(
        system="Linux 5.4", architecture="x86_64", landlock_abi=0, has_seccomp=True, reasons=("none",)
    )
    monkeypatch.setattr("telamon.kits.sandbox.runner.available", lambda: poor)
    with pytest.raises(SandboxUnavailableError, match="this machine lacks: none"):
        load(tmp_path / "m.npy", require_sandbox=True)
    assert load(tmp_path / "m.npy").ended.missing == ("none",)


@pytest.mark.parametrize("name", ["missing", "folder"])
def test_what_is_no_file_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceError):
        load(tmp_path / name)


ENTRY = {"name": "x", "dtype": "F32", "shape": [2], "place": "copies", "start": 0}


@pytest.mark.parametrize(
    "changed",
    [
        {"start": 1},
        {"start": -4},
        {"shape": [3]},
        {"shape": [1 << 62, 1 << 62]},
        {"shape": [-2]},
        {"shape": [1] * 65},
        {"dtype": "F128"},
        {"place": "elsewhere"},
        {"name": "n" * 5000},
        {"extra": 1},
        {"start": 1.5},
    ],
)
def test_a_manifest_that_lies_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object]
) -> None:
    manifest = {"tensors": [{**ENTRY, **changed}], "left_out": []}
    with pytest.raises(HandOverError):
        _handed_over(tmp_path, monkeypatch, json.dumps(manifest).encode())


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"tensors": []}'])
def test_a_manifest_of_another_form_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    with pytest.raises(HandOverError):
        _handed_over(tmp_path, monkeypatch, text)


def test_a_name_that_stands_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HandOverError, match="stands twice"):
        _handed_over(tmp_path, monkeypatch, json.dumps({"tensors": [ENTRY, ENTRY], "left_out": []}).encode())


def test_a_manifest_that_is_true_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = _handed_over(tmp_path, monkeypatch, json.dumps({"tensors": [ENTRY], "left_out": []}).encode())
    assert model.tensors["x"].data.tobytes() == b"12345678"


def _handed_over(folder: Path, monkeypatch: pytest.MonkeyPatch, manifest: bytes) -> loading.LoadedModel:
    """Load with a child that is not ours: it puts 8 bytes and a manifest into the memory, and says so."""

    def child(task: Any, *_: object, **__: object) -> SandboxRun:  # the runner's interface
        os.pwrite(task.descriptors["copies"], b"12345678", 0)
        os.pwrite(task.descriptors["manifest"], manifest, 0)
        return SandboxRun(ending=Ending.ANSWERED, status=0, answer={"bytes": len(manifest)})

    monkeypatch.setattr(loading, "run", child)
    (folder / "m").write_bytes(b"model")
    return load(folder / "m")


def test_tensors_without_end_over_the_same_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def child(task: Any, *_: object, **__: object) -> SandboxRun:  # the runner's interface
        os.ftruncate(task.descriptors["copies"], 1 << 20)
        entries = [{**ENTRY, "name": str(number), "shape": [1 << 18]} for number in range(100)]
        manifest = json.dumps({"tensors": entries, "left_out": []}).encode()
        os.pwrite(task.descriptors["manifest"], manifest, 0)
        return SandboxRun(ending=Ending.ANSWERED, status=0, answer={"bytes": len(manifest)})

    monkeypatch.setattr(loading, "run", child)
    (tmp_path / "m").write_bytes(b"model")
    with pytest.raises(HandOverError, match="overlap so much"):
        load(tmp_path / "m")

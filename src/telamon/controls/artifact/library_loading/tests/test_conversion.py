"""Conversion executes nothing where the tensors can be told, loads in the sandbox where not, and refuses attacks."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import safetensors
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from telamon.controls.artifact.library_loading import load_commands
from telamon.controls.artifact.library_loading.conversion import RefusedError, Way, convert
from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings, Requirement
from telamon.core.commands import Result
from telamon.core.errors import TelamonError, UsageError
from telamon.core.records import Verdict
from telamon.kits.formats.tensor_data import NotRebuiltError

BASE = torch.arange(48, dtype=torch.float32).reshape(6, 8)


class Runs:
    """Pickled as a call of a shell."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self._canary}",)


def save(path: Path, value: object) -> Path:
    torch.save(value, path)
    return path


def test_the_file_is_that_of_safetensors_itself(tmp_path: Path) -> None:
    tensors = {"a": BASE.t(), "b": BASE.bfloat16()}
    done = convert(save(tmp_path / "m.pt", OrderedDict(tensors)), tmp_path / "ours.safetensors")
    save_file({name: each.contiguous() for name, each in tensors.items()}, tmp_path / "theirs", {"format": "pt"})
    assert (done.way, done.tensors) == (Way.REBUILT, 2)
    assert (tmp_path / "ours.safetensors").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_tensors_that_are_the_same_are_all_written_and_said(tmp_path: Path) -> None:
    shared = torch.rand(4)
    state = {"embedding": shared, "head": shared, "part": shared[:2], "epoch": 1}
    done = convert(save(tmp_path / "m.pt", state), tmp_path / "o")
    with safetensors.safe_open(tmp_path / "o", "pt") as file:
        assert all(torch.equal(file.get_tensor(name), state[name]) for name in ("embedding", "head", "part"))
        assert file.metadata() == {
            "format": "pt",
            "telamon.tied": '{"head": "embedding"}',
            "telamon.left_out": '["epoch"]',
        }
    assert (dict(done.tied), done.left_out) == ({"head": "embedding"}, ("epoch",))


def test_what_calls_a_shell_is_refused_and_not_even_loaded_in_the_sandbox(tmp_path: Path) -> None:
    path = save(tmp_path / "m.pt", {"x": BASE, "y": Runs(tmp_path / "canary")})
    with pytest.raises(RefusedError, match=r"calls `posix\.system`"):
        convert(path, tmp_path / "o")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["m.pt"]
    torch.load(path, weights_only=False)  # the twin
    assert (tmp_path / "canary").exists()


def test_a_call_that_is_computed_is_refused(tmp_path: Path) -> None:
    # getattr(os, "system") would be known; what it returns is called with nothing.
    (tmp_path / "m.pkl").write_bytes(b"\x80\x02cbuiltins\nlist\n)R)R.")
    with pytest.raises(RefusedError, match="something that it computes"):
        convert(tmp_path / "m.pkl", tmp_path / "o")


def test_a_file_that_writes_far_more_than_it_stores_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "m.pt", {"x": torch.ones(1).expand(1 << 40)})
    with pytest.raises(RefusedError, match="would take 4398046511104 bytes"):
        convert(path, tmp_path / "o")


def test_many_views_of_one_storage_are_no_way_round_that(tmp_path: Path) -> None:
    base = torch.ones(1 << 18)
    path = save(tmp_path / "m.pt", {str(at): base[at : at + (1 << 17)] for at in range(400)})
    with pytest.raises(RefusedError, match="are allowed"):
        convert(path, tmp_path / "o")


def test_what_cannot_be_told_is_loaded_in_the_sandbox_and_the_reason_is_said(tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(pickle.dumps({"x": np.arange(9000.0)}, 2))  # bytes as text, in protocol 2
    done = convert(tmp_path / "m.pkl", tmp_path / "o")
    assert (done.way, done.reason) == (Way.SANDBOXED, "an array whose bytes are computed, or objects")
    with safetensors.safe_open(tmp_path / "o", "np") as file:
        assert np.array_equal(file.get_tensor("x"), np.arange(9000.0))


def test_it_is_not_loaded_where_it_may_not_be(tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(pickle.dumps({"x": np.arange(9000.0)}, 2))
    with pytest.raises(NotRebuiltError):
        convert(tmp_path / "m.pkl", tmp_path / "o", may_load=False)
    assert not (tmp_path / "o").exists()


def test_a_model_without_tensors_gives_no_file(tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(pickle.dumps({"x": 1}))
    with pytest.raises(NotRebuiltError, match="holds no tensors"):
        convert(tmp_path / "m.pkl", tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_the_model_is_never_written_over(tmp_path: Path) -> None:
    path = save(tmp_path / "m.pt", {"x": BASE})
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(UsageError):
        convert(path, tmp_path / "link")
    assert torch.load(path)["x"].equal(BASE)


def test_memory_does_not_grow_with_the_model(tmp_path: Path) -> None:
    state = {f"l{n}": torch.ones(1 << 22) for n in range(8)}  # 128 MiB
    state["turned"] = torch.ones(2048, 2048).t()
    path = save(tmp_path / "m.pt", state)
    program = (
        "import sys\n"
        "from telamon.controls.artifact.library_loading.conversion import convert\n"
        "convert(sys.argv[1], sys.argv[2])\n"
        "lines = open('/proc/self/status').read().splitlines()\n"  # not ru_maxrss, which counts the parent's
        "print(next(line.split()[1] for line in lines if line.startswith('VmHWM')))\n"
    )
    command = [sys.executable, "-c", program, str(path), str(tmp_path / "o")]
    done = subprocess.run(  # noqa: S603  # our interpreter and our program
        command, capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout) < 100 * 1024  # KiB


class Context:
    """What the CLI gives to a command, as far as these look."""

    settings = LibraryLoadingSettings()
    policy_folder = Path()


@pytest.mark.parametrize("form", ["safetensors", "npz"])
def test_the_command_load_writes_what_was_asked_for(tmp_path: Path, form: str) -> None:
    path = save(tmp_path / "m.pt", {"x": BASE})
    run = CliRunner().invoke(
        load_commands.load, [str(path), str(tmp_path / "o"), "--to", form], obj=Context(), standalone_mode=False
    )
    assert isinstance(run.return_value, Result)
    assert run.return_value.values["tensors"] == 1
    assert run.return_value.outcomes[0].verdict is Verdict.CLEAN
    loaded = np.load(tmp_path / "o")["x"] if form == "npz" else _opened(tmp_path / "o")
    assert np.array_equal(loaded, BASE.numpy())


def test_the_command_convert_says_how_it_did_it(tmp_path: Path) -> None:
    path = save(tmp_path / "m.pt", {"x": BASE})
    run = CliRunner().invoke(
        load_commands.convert, [str(path), str(tmp_path / "o")], obj=Context(), standalone_mode=False
    )
    expected = {
        "written": str(tmp_path / "o"),
        "way": "rebuilt",
        "tensors": 1,
        "bytes": (tmp_path / "o").stat().st_size,
    }
    assert run.return_value.values == expected


def test_onnx_needs_its_converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    path = save(tmp_path / "m.pt", {"x": BASE})
    run = CliRunner().invoke(load_commands.load, [str(path), str(tmp_path / "o"), "--to", "onnx"], obj=Context())
    assert isinstance(run.exception, TelamonError)
    assert run.exception.code == "missing-extra"


def test_a_policy_can_require_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from telamon.kits.sandbox.records import SandboxSupport  # noqa: PLC0415  # only here

    poor = SandboxSupport(
        system="Linux 5.4", architecture="x86_64", landlock_abi=0, has_seccomp=True, reasons=("none",)
    )
    monkeypatch.setattr("telamon.kits.sandbox.runner.available", lambda: poor)
    path = save(tmp_path / "m.pt", {"x": BASE})
    strict = Context()
    strict.settings = LibraryLoadingSettings(require=Requirement.SANDBOX)
    run = CliRunner().invoke(load_commands.load, [str(path), str(tmp_path / "o")], obj=strict)
    assert isinstance(run.exception, TelamonError)
    assert run.exception.code == "sandbox-unavailable"
    degraded = CliRunner().invoke(
        load_commands.load, [str(path), str(tmp_path / "o")], obj=Context(), standalone_mode=False
    )
    outcome = degraded.return_value.outcomes[0]
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_UNDERSTOOD, "degraded: none")


def _opened(path: Path) -> np.ndarray:
    with safetensors.safe_open(path, "np") as file:
        assert json.loads(json.dumps(list(file.keys()))) == ["x"]
        array: np.ndarray = file.get_tensor("x")
        return array

"""The torch archive that is written without torch: what it holds, and what torch makes of it."""

from __future__ import annotations

import io
import pickletools
import struct
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from telamon.kits.attacks.pickles import Program
from telamon.kits.models.torch_zip import Tensor, write_state_dict

if TYPE_CHECKING:
    from pathlib import Path

TENSORS = (Tensor(name="a.weight", rows=3, columns=4), Tensor(name="b.bias", rows=1, columns=5))
LOAD = """
import struct, sys, zipfile, torch
state = torch.load(sys.argv[1], weights_only=True)
assert list(state) == ["a.weight", "b.bias"], list(state)
assert [tuple(one.shape) for one in state.values()] == [(3, 4), (1, 5)]
assert all(one.dtype is torch.float32 and not one.requires_grad for one in state.values())
with zipfile.ZipFile(sys.argv[1]) as archive:
    for number, one in enumerate(state.values()):
        raw = archive.read(f"model/data/{number}")
        assert one.flatten().tolist() == list(struct.unpack(f"<{len(raw) // 4}f", raw))
print("loaded")
"""


def test_members_are_those_of_a_torch_archive() -> None:
    with zipfile.ZipFile(io.BytesIO(write_state_dict(TENSORS, seed=1))) as archive:
        assert archive.testzip() is None
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.namelist() == [
            "model/data.pkl",
            "model/byteorder",
            "model/data/0",
            "model/data/1",
            "model/version",
        ]
        assert [len(archive.read(f"model/data/{number}")) for number in (0, 1)] == [48, 20]


def test_pickle_names_only_what_a_state_dictionary_needs() -> None:
    with zipfile.ZipFile(io.BytesIO(write_state_dict(TENSORS, seed=1))) as archive:
        program = archive.read("model/data.pkl")
    names = {argument for opcode, argument, _ in pickletools.genops(program) if opcode.name == "GLOBAL"}
    assert names == {"collections OrderedDict", "torch FloatStorage", "torch._utils _rebuild_tensor_v2"}


def test_same_seed_gives_the_same_bytes() -> None:
    assert write_state_dict(TENSORS, seed=1) == write_state_dict(TENSORS, seed=1) != write_state_dict(TENSORS, seed=2)


def test_numbers_are_small_and_not_all_alike() -> None:
    with zipfile.ZipFile(io.BytesIO(write_state_dict(TENSORS, seed=1))) as archive:
        values = struct.unpack("<12f", archive.read("model/data/0"))
    assert len(set(values)) == 12
    assert all(-1 < value < 1 for value in values)


def test_payload_is_one_more_value_of_the_dictionary() -> None:
    payload = Program().call("time", "time")
    with zipfile.ZipFile(io.BytesIO(write_state_dict(TENSORS, seed=1, payload=payload))) as archive:
        program = archive.read("model/data.pkl")
    assert program.endswith(b"X\x0b\x00\x00\x00calibration" + payload.body + b"u.")


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_torch_loads_the_tensors_by_its_safe_loader(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(write_state_dict(TENSORS, seed=1))
    done = subprocess.run(  # noqa: S603  # the program is ours
        [sys.executable, "-c", LOAD, str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "loaded\n"), done.stderr

"""Tensors taken out of files without loading them are those that the libraries load."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import zipfile
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save as save_tensors

from telamon.kits.formats.safetensors_writer import write_safetensors
from telamon.kits.formats.source import Source
from telamon.kits.formats.tensor_data import NotRebuiltError, StoredTensor
from telamon.kits.formats.weights import Weights, read_weights

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = torch.arange(48, dtype=torch.float32).reshape(6, 8)
DTYPES = (
    *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16),
    *(torch.float32, torch.float64, torch.complex64, torch.uint16, torch.uint32, torch.uint64),
    *(torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu),
)


def convert(content: bytes) -> tuple[bytes, Weights]:
    file = io.BytesIO()
    weights = read_weights(Source.from_bytes(content))
    write_safetensors(file, weights.tensors)
    return file.getvalue(), weights


def saved(value: Any, *, is_legacy: bool = False) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=not is_legacy)
    return file.getvalue()


def plain(tensors: dict[str, torch.Tensor]) -> bytes:
    """What safetensors itself writes of them; it refuses tensors that share bytes, so they share none."""
    return save_tensors({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()})


@pytest.mark.parametrize("is_legacy", [False, True])
@pytest.mark.parametrize(
    "tensors",
    [
        pytest.param({"transposed": BASE.t(), "sliced": BASE[1:3, ::2], "row": BASE[2]}, id="views"),
        pytest.param({"a": BASE, "b": BASE, "c": BASE[:2]}, id="shared storages"),
        pytest.param({"expanded": torch.ones(1, 3).expand(4, 3)}, id="stride of zero"),
        pytest.param({"images": torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last)}, id="channels last"),
        pytest.param({"scalar": torch.tensor(3.5), "empty": torch.zeros(0, 3)}, id="no dimensions, no items"),
        pytest.param({"parameter": torch.nn.Parameter(torch.rand(3))}, id="parameter"),
    ],
)
def test_what_torch_saves_becomes_what_safetensors_saves(tensors: dict[str, torch.Tensor], is_legacy: bool) -> None:  # noqa: FBT001  # a case
    assert convert(saved(OrderedDict(tensors), is_legacy=is_legacy))[0] == plain(tensors)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_type_that_safetensors_has(dtype: torch.dtype) -> None:
    tensors = {"x": torch.arange(12).reshape(3, 4).to(torch.uint8).to(dtype).t()}
    assert convert(saved(tensors))[0] == plain(tensors)


def test_nested_checkpoints_are_flattened_by_dots_and_other_values_are_named() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    state = {"model": model.state_dict(), "epoch": 3, "extra": [torch.ones(1), {7: torch.ones(2)}]}
    made, weights = convert(saved(state))
    expected = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    assert made == plain({**expected, "extra.0": torch.ones(1), "extra.1.7": torch.ones(2)})
    assert weights.left_out == ("epoch",)


@pytest.mark.parametrize("is_legacy", [False, True])
def test_a_whole_module_has_the_names_of_its_state_dict(is_legacy: bool) -> None:  # noqa: FBT001  # a case
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    model.register_buffer("hidden", torch.ones(1), persistent=False)
    content = saved(model, is_legacy=is_legacy)
    assert convert(content)[0] == plain(model.state_dict())


def test_big_endian_archives_are_turned_round() -> None:
    tensors = {"x": torch.arange(4, dtype=torch.int32), "c": torch.tensor([1 + 2j], dtype=torch.complex64)}
    turned = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(tensors))) as archive, zipfile.ZipFile(turned, "w") as other:
        for name in archive.namelist():
            data = archive.read(name)
            if "/data/" in name:
                data = np.frombuffer(data, "<u4").astype(">u4").tobytes()
            other.writestr(name, b"big" if name.endswith("byteorder") else data)
    assert convert(turned.getvalue())[0] == plain(tensors)


ARRAYS = {
    "matrix": np.arange(3000, dtype="f8").reshape(50, 60),
    "columns": np.asfortranarray(np.arange(12, dtype="f4").reshape(3, 4)),
    "big": np.arange(5, dtype=">i4"),
    "empty": np.zeros((0, 2)),
    "flags": np.array([True, False]),
}


def dumped(value: object, compress: int) -> bytes:
    file = io.BytesIO()
    joblib.dump(value, file, compress=compress)
    return file.getvalue()


def archived(save: Callable[..., None], arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(dumped(ARRAYS, 0), id="joblib"),
        pytest.param(dumped(ARRAYS, 3), id="joblib compressed"),
        *(pytest.param(pickle.dumps(ARRAYS, protocol), id=f"protocol {protocol}") for protocol in (3, 4, 5)),
        pytest.param(archived(np.savez, ARRAYS), id="npz"),
        pytest.param(archived(np.savez_compressed, ARRAYS), id="npz compressed"),
    ],
)
def test_arrays_become_what_safetensors_saves(content: bytes) -> None:
    native = {name: np.array(each, dtype=each.dtype.newbyteorder("="), order="C") for name, each in ARRAYS.items()}
    assert convert(content)[0] == safetensors.numpy.save(native)


def test_arrays_without_numbers_are_left_out_and_named() -> None:
    values = {"x": np.ones(2), "texts": np.array(["a"]), "objects": np.array([{}]), "records": np.zeros(2, "i4,f4")}
    assert convert(dumped(values, 0))[1].left_out == ("texts", "objects", "records")


def test_what_is_called_is_said_whether_its_result_is_used_or_not() -> None:
    # GLOBAL os.system, an argument, REDUCE, and POP: nothing of it is in the value.
    hidden = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R0}."
    calls = read_weights(Source.from_bytes(hidden)).calls
    assert [(each.module, each.name) for each in calls] == [("os", "system")]


class _Changed:
    """A tensor that is changed after it is made: pickled as a call and items that are set."""

    def __reduce__(self) -> tuple[object, ...]:
        array = np.ones(3)
        function, arguments, state = array.__reduce__()
        return function, arguments, state, None, iter([(0, 5.0)])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (saved({"a": {"b": torch.ones(1)}, "a.b": torch.ones(2)}), "two tensors would be named `a.b`"),
        (saved(torch.ones(2, dtype=torch.complex128)), "safetensors has no type for `torch.ComplexDoubleStorage`"),
        (saved({"x": torch.ones(2, dtype=torch.complex64).conj()}), "a tensor that is stored conjugated or negated"),
        (saved({"x": torch.eye(2).to_sparse()}), "a tensor is made by `torch._utils._rebuild_sparse_tensor`"),
        (pickle.dumps({"x": _Changed()}), "a tensor is changed after it is made"),
        (saved({"x": torch.ones(2)})[:-200], ""),
        (b"not a model at all, but a text of some length", ""),
        (pickle.dumps({"x": np.ones(600)}) + b"more", "other bytes follow the program"),
    ],
)
def test_what_cannot_be_followed_is_said_and_not_guessed(content: bytes, reason: str) -> None:
    with pytest.raises(NotRebuiltError) as raised:
        convert(content)
    assert reason in raised.value.message


def test_a_tensor_that_reaches_behind_its_storage_is_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved({"x": torch.ones(300)}))) as archive, zipfile.ZipFile(content, "w") as other:
        for name in archive.namelist():
            data = archive.read(name)
            other.writestr(name, data[:-4] if "/data/" in name else data)
    with pytest.raises(NotRebuiltError, match="is not there, or is cut off"):
        convert(content.getvalue())


@given(
    shape=st.lists(st.integers(0, 5), max_size=4),
    data=st.data(),
    item=st.sampled_from([("U8", 1), ("I16", 2), ("F32", 4), ("F64", 8)]),
)
@settings(max_examples=200, deadline=None)
def test_strided_regions_are_what_numpy_makes_of_them(
    shape: list[int], data: st.DataObject, item: tuple[str, int]
) -> None:
    dtype, width = item
    strides = [data.draw(st.integers(0, 7)) for _ in shape]
    offset = data.draw(st.integers(0, 5))
    count = offset + sum(max(length - 1, 0) * stride for length, stride in zip(shape, strides, strict=True)) + 1
    raw = (np.arange(count * width) % 251).astype("u1").tobytes()
    tensor = StoredTensor(
        dtype=dtype, shape=tuple(shape), strides=tuple(strides), offset=offset, storage=Source.from_bytes(raw)
    )
    whole = np.frombuffer(raw, f"u{width}")[offset:]
    expected = np.lib.stride_tricks.as_strided(whole, shape, [stride * width for stride in strides]).tobytes()
    assert b"".join(map(bytes, tensor.chunks())) == expected


def test_large_regions_are_put_together_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telamon.kits.formats.tensor_data._BLOCK_BYTES", 64)
    monkeypatch.setattr("telamon.kits.formats.tensor_data._SPAN_BYTES", 40)
    tensors = {"x": torch.rand(9, 7, 5).permute(2, 0, 1), "y": torch.rand(400)[::17], "z": torch.rand(1, 30, 7).mT}
    assert convert(saved(tensors))[0] == plain(tensors)


@given(content=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(NotRebuiltError):
        assert isinstance(read_weights(Source.from_bytes(content)), Weights)


@given(position=st.integers(0, 10**6), value=st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_damaged_archives_are_read_or_refused(position: int, value: int) -> None:
    content = bytearray(saved({"a": {"b": BASE.t()}, "n": 1}))
    content[position % len(content)] = value
    try:
        made, _ = convert(bytes(content))
    except NotRebuiltError:
        return
    length = int.from_bytes(made[:8], "little")
    assert isinstance(json.loads(made[8 : 8 + length]), dict)

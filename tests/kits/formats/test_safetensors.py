"""The header of safetensors files."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.safetensors import SafetensorsHeader, Tensor, read_safetensors
from telamon.kits.formats.source import Source


def file(header: object, data: bytes = b"") -> Source:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return Source.from_bytes(struct.pack("<Q", len(text)) + text + data)


def tensor(start: int, stop: int, dtype: str = "F32", shape: tuple[int, ...] | None = None) -> dict[str, object]:
    return {"dtype": dtype, "shape": list(shape or ((stop - start) // 4,)), "data_offsets": [start, stop]}


def test_an_ordinary_file_has_no_flaws() -> None:
    header = {"__metadata__": {"format": "pt"}, "b": tensor(8, 16), "a": tensor(0, 8, shape=(1, 2))}
    assert read_safetensors(file(header, bytes(16))) == SafetensorsHeader(
        tensors=(
            Tensor(name="a", dtype="F32", shape=(1, 2), start=0, stop=8),
            Tensor(name="b", dtype="F32", shape=(2,), start=8, stop=16),
        ),
        metadata={"format": "pt"},
        data_offset=8 + len(json.dumps(header)),
        flaws=(),
        trailing_bytes=0,
    )


@pytest.mark.parametrize(
    ("header", "flaw"),
    [
        ({"a": tensor(0, 8), "b": tensor(4, 12)}, "the tensor `b` overlaps the one before it by 4 bytes"),
        ({"a": tensor(0, 4), "b": tensor(8, 12)}, "4 bytes before the tensor `b` belong to none"),
        ({"a": tensor(0, 16)}, "the tensors need 16 bytes, the file has 12"),
        ({"a": tensor(0, 12, shape=(4,))}, "the tensor `a` needs 16 bytes, its offsets span 12"),
        ({"a": tensor(0, 12, dtype="Q9")}, "the tensor `a` has the unknown dtype `Q9`"),
        ({"a": tensor(0, 12) | {"x": 1}}, "the tensor `a` has not exactly a dtype, a shape and data offsets"),
        ({"a": tensor(0, 12) | {"shape": [True]}}, "the tensor `a` has a dtype, shape or offsets of the wrong type"),
        ({"a": tensor(0, 12) | {"shape": [-3]}}, "the tensor `a` has a dtype, shape or offsets of the wrong type"),
        ({"a": tensor(0, 12) | {"shape": [1] * 65}}, "the tensor `a` has a dtype, shape or offsets of the wrong type"),
        ({"__metadata__": {"a": 1}, "a": tensor(0, 12)}, "`__metadata__` holds something else than texts"),
        ({"__metadata__": [], "a": tensor(0, 12)}, "`__metadata__` is no object"),
        (b' {"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}', "the header does not begin with `{`"),
    ],
)
def test_broken_rules_are_told(header: object, flaw: str) -> None:
    assert read_safetensors(file(header, bytes(12))).flaws == (flaw,)


def test_a_name_that_stands_twice_is_a_flaw() -> None:
    one = '"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'
    assert read_safetensors(file(f"{{{one}, {one}}}".encode(), bytes(4))).flaws == ("the key `a` stands twice",)


def test_bytes_behind_the_last_tensor_are_counted() -> None:
    assert read_safetensors(file({"a": tensor(0, 4)}, bytes(10))).trailing_bytes == 6


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x08", "expected a header of 8 bytes, found 0"),
        (struct.pack("<Q", 100) + b"{}", "expected a header of 100 bytes, found 2"),
        (struct.pack("<Q", 2) + b"[]", "expected an object as the header"),
        (struct.pack("<Q", 2) + b"{x", "expected JSON: expecting property name enclosed in double quotes"),
    ],
)
def test_without_a_header_there_is_nothing(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_safetensors(Source.from_bytes(data))
    assert caught.value.message == message


def test_a_header_beyond_the_bound_is_not_parsed() -> None:
    length = 7 * 1024 * 1024 + 1
    with pytest.raises(MalformedError, match="expected a header of at most 7340032 bytes, found 7340033"):
        read_safetensors(Source.from_bytes(struct.pack("<Q", length) + b"{" + b" " * length))


@given(st.binary(max_size=200))
def test_anything_else_is_malformed_or_read(data: bytes) -> None:
    try:
        header = read_safetensors(Source.from_bytes(data))
    except MalformedError:
        return
    assert header.data_offset <= len(data)


@given(st.binary(max_size=60))
def test_any_header_text_is_malformed_or_read(text: bytes) -> None:
    try:
        header = read_safetensors(file(b"{" + text, bytes(8)))
    except MalformedError:
        return
    assert header.trailing_bytes <= 8

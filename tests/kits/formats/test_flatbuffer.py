"""Tables of flatbuffers, built byte by byte."""

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats import flatbuffer
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.source import Source


def table(*fields: int) -> bytes:
    """A table whose fields are 32-bit numbers, missing where they are -1; its vtable stands before it."""
    slots = [-1 if value < 0 else 4 + 4 * index for index, value in enumerate(fields)]
    vtable = struct.pack(f"<HH{len(fields)}H", 4 + 2 * len(fields), 4 + 4 * len(fields), *(max(s, 0) for s in slots))
    vtable += bytes(-len(vtable) % 4)
    return vtable + struct.pack(f"<i{len(fields)}I", len(vtable), *(max(value, 0) for value in fields))


def opened(data: bytes) -> flatbuffer.Table:
    return flatbuffer.root(Source.from_bytes(data))


def rooted(body: bytes, at: int) -> bytes:
    return struct.pack("<I", at) + body


def model(*names: str, extra: bytes = b"") -> bytes:
    """A root whose second field is a vector of tables whose second field is a text."""
    root = table(-1, 0)
    body = bytearray(struct.pack("<I", 4 + 8) + root)
    vector = len(body)
    struct.pack_into("<I", body, vector - 4, 4)  # the field's offset to the vector behind it
    body += struct.pack("<I", len(names)) + bytes(4 * len(names))
    for index, name in enumerate(names):
        slot = vector + 4 + 4 * index
        made = table(-1, 4)
        struct.pack_into("<I", body, slot, len(body) + 8 - slot)
        body += made + struct.pack("<I", len(name.encode())) + name.encode() + b"\0"
        body += bytes(-len(body) % 4)
    return bytes(body) + extra


def names(data: bytes) -> list[str]:
    return [inner.text(1) for inner in opened(data).tables(1)]


def test_texts_of_tables_in_a_vector_are_read() -> None:
    assert names(model("First", "grün", "")) == ["First", "grün", ""]


def test_missing_fields_are_empty() -> None:
    root = opened(rooted(table(7, -1), 12))
    assert (root.number(0, 4), root.number(1, 4), root.number(9, 4), root.text(1), list(root.tables(1))) == (
        7,
        0,
        0,
        "",
        [],
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x04\0\0",
        struct.pack("<I", 1 << 31),
        struct.pack("<Ii", 4, 1 << 30),
        struct.pack("<Ii", 4, -(1 << 30)),
        model("a")[:30],
    ],
)
def test_offsets_out_of_the_file_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        names(data)


def test_a_vector_that_claims_too_much_is_malformed() -> None:
    data = bytearray(model("a"))
    struct.pack_into("<I", data, 24, 0xFFFFFFFF)
    with pytest.raises(MalformedError, match="expected at most 50000 tables, found 4294967295"):
        names(bytes(data))


def test_texts_are_cut() -> None:
    assert names(model("x" * 10_000)) == ["x" * 4096]


def test_a_text_that_claims_more_than_there_is_ends_with_the_file() -> None:
    data = bytearray(model("abcd"))
    struct.pack_into("<I", data, data.index(b"abcd") - 4, 1 << 31)
    assert [name.rstrip("\0") for name in names(bytes(data))] == ["abcd"]


def test_a_vector_of_one_table_many_times_costs_bounded_time() -> None:
    count = 50_000
    made = bytearray(struct.pack("<I", 12) + table(-1, 4) + struct.pack("<I", count) + bytes(4 * count))
    target = len(made) + 8
    for index in range(count):
        slot = 28 + 4 * index
        struct.pack_into("<I", made, slot, target - slot)
    made += table(-1, 4) + struct.pack("<I", 4096) + b"x" * 4096
    begin = time.process_time()
    assert len(names(bytes(made))) == count
    assert time.process_time() - begin < 4  # 0.4 s on an idle core


def test_a_table_that_is_its_own_member_ends() -> None:
    data = bytearray(model("a"))
    struct.pack_into("<i", data, 28, -12)  # the vector's only entry leads back to the root; offsets are unsigned
    with pytest.raises(MalformedError):
        names(bytes(data))


@given(st.binary(max_size=200))
def test_anything_is_malformed_or_read(data: bytes) -> None:
    try:
        found = names(data)
    except MalformedError:
        return
    assert len(found) <= 50_000


@given(st.integers(min_value=0, max_value=200), st.integers(min_value=0, max_value=255))
def test_a_changed_byte_leads_to_names_or_a_clear_error(at: int, value: int) -> None:
    data = bytearray(model("First", "Second", "Third"))
    data[at % len(data)] = value
    try:
        found = names(bytes(data))
    except MalformedError:
        return
    assert all(isinstance(name, str) for name in found)

"""Reading JSON of strangers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.json_tree import JsonText, place, read_json, walk
from telamon.kits.formats.malformed import MalformedError

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(TREES)
def test_reads_what_the_standard_library_writes(tree: object) -> None:
    assert read_json(json.dumps(tree).encode()) == JsonText(value=tree, duplicates=())  # type: ignore[arg-type]  # any


def test_duplicate_keys_are_told_and_the_last_counts() -> None:
    assert read_json(b'{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}') == JsonText(
        value={"a": 3, "b": {"c": 2}}, duplicates=("c", "a")
    )


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read_json(b"\xef\xbb\xbf[]").value == []


@pytest.mark.parametrize(
    ("data", "message", "offset"),
    [
        (b"{", "expected JSON: expecting property name enclosed in double quotes", 1),
        (b"\xff", "expected JSON in UTF-8", 0),
        (b"[" * 100_000, "expected JSON that nests less deeply", None),
        (b"9" * 5000, "expected numbers of fewer digits in the JSON", None),
        (b"[" + b" " * 100 + b"]", "expected at most 100 bytes of JSON, found 102", None),
    ],
)
def test_what_is_no_json_is_told_with_its_place(data: bytes, message: str, offset: int | None) -> None:
    with pytest.raises(MalformedError) as caught:
        read_json(data, longest=100 if b" " in data else 1_000_000)
    assert (caught.value.message, caught.value.offset) == (message, offset)


def test_every_value_comes_with_its_place_in_order() -> None:
    tree = {"a": ["x", {"b": "y"}], "c": [[]], "d": 1}
    assert [(place(trail), met) for trail, met in walk(tree)] == [
        ("$", tree),
        ("$.a", ["x", {"b": "y"}]),
        ("$.a[0]", "x"),
        ("$.a[1]", {"b": "y"}),
        ("$.a[1].b", "y"),
        ("$.c", [[]]),
        ("$.c[0]", []),
        ("$.d", 1),
    ]


@given(st.recursive(st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_walk_finds_what_each_place_holds(tree: object) -> None:
    for trail, met in walk(tree):
        found = tree
        for key in trail:
            found = found[key]
        assert found is met

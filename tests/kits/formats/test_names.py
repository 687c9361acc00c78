from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.names import (
    decode_name,
    folded,
    has_control_characters,
    is_absolute,
    leaves_its_folder,
)
from telamon.kits.text.display import printable


@given(st.binary())
def test_any_bytes_decode_and_print_on_one_line(raw: bytes) -> None:
    assert printable(decode_name(raw)).isprintable()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a/data.pkl", "A/DATA.PKL"),
        ("a/data.pkl", "a\\data.pkl"),
        ("a/data.pkl", "a/./data.pkl"),
        ("a/data.pkl", "a//data.pkl"),
        ("a/data.pkl", "/a/data.pkl"),
        ("a/data.pkl", "a/b/../data.pkl"),
        ("a/data.pkl", "a/data.pkl\0.txt"),
        ("\u00e9", "e\u0301"),
    ],
)
def test_names_that_some_reader_takes_for_one_fold_together(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_a_folder_and_a_file_do_not_fold_together() -> None:
    assert folded("a") != folded("a/")


@pytest.mark.parametrize("name", ["/x", "\\x", "C:\\x", "c:x"])
def test_knows_absolute_names(name: str) -> None:
    assert is_absolute(name)


@pytest.mark.parametrize("name", ["..", "../x", "a/../../x", "a\\..\\x"])
def test_knows_traversal(name: str) -> None:
    assert leaves_its_folder(name)


@pytest.mark.parametrize("name", ["a\0b", "a\x1bb", "a\u202eb", "a\x7fb", "a\udcffb"])
def test_knows_control_format_and_surrogate_characters(name: str) -> None:
    assert has_control_characters(name)


def test_a_name_with_a_blank_is_ordinary() -> None:
    assert not has_control_characters("a b\u00a0c")

from __future__ import annotations

import ast
import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.literals import MAX_DEPTH, LiteralSyntaxError, read_literal
from telamon.kits.formats.numpy import ItemType, NpyHeader, item_type, read_npy_header
from telamon.kits.formats.observations import ObservationCode
from telamon.kits.formats.source import Source


def _npy(text: bytes | str, data: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    raw = text if isinstance(text, bytes) else text.encode("utf-8" if version[0] == 3 else "latin-1")
    length = struct.pack("<H" if version[0] == 1 else "<L", len(raw))
    return b"\x93NUMPY" + bytes(version) + length + raw + data


def _read(data: bytes) -> NpyHeader:
    return read_npy_header(Source.from_bytes(data), "m.npy")


def _codes(header: NpyHeader) -> list[str]:
    return [o.code.value for o in header.observations]


ORDINARY = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }"


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_reads_every_version(version: tuple[int, int]) -> None:
    header = _read(_npy(ORDINARY, bytes(48), version))
    start = 10 if version == (1, 0) else 12
    assert (header.version, header.descriptor, header.shape) == (version, "<f8", (2, 3))
    assert (header.data_offset, header.expected_bytes) == (start + len(ORDINARY), 48)
    assert (header.has_object, header.is_fortran_order, header.is_understood, _codes(header)) == (
        False,
        False,
        True,
        [],
    )


def test_reads_what_numpy_writes() -> None:
    numpy = pytest.importorskip("numpy")
    fields = [("a", "<i4"), ("b", "<f8", (2, 3)), (("title", "c"), "S5"), ("d", [("e", "<U3"), ("f", "?")])]
    for array in (
        numpy.zeros((3, 4), order="F"),
        numpy.zeros(()),
        numpy.zeros((0, 5), "<i2"),
        numpy.zeros(3, fields),
        numpy.zeros(3, "datetime64[ns]"),
        numpy.zeros(3, "V7"),
        numpy.zeros(3, "S0"),
        numpy.zeros(3, ">c16"),
        numpy.zeros(3, numpy.float16),
        numpy.zeros(3, numpy.longdouble),
    ):
        file = io.BytesIO()
        numpy.save(file, array)
        header = _read(file.getvalue())
        assert (header.shape, header.expected_bytes, _codes(header)) == (array.shape, array.nbytes, [])


def test_an_array_of_objects_is_a_pickle_at_the_offset_of_its_data() -> None:
    numpy = pytest.importorskip("numpy")
    file = io.BytesIO()
    numpy.save(file, numpy.array([{"a": 1}], object))
    header = _read(file.getvalue())
    assert (header.has_object, header.expected_bytes, header.is_understood) == (True, None, True)
    assert file.getvalue()[header.data_offset] == 0x80


@pytest.mark.parametrize(
    ("descr", "expected"),
    [
        ("|O", ItemType(item_bytes=8, has_object=True)),
        ("O", ItemType(item_bytes=8, has_object=True)),
        ("|O8", ItemType(item_bytes=8, has_object=True)),
        ("object", ItemType(item_bytes=None, has_object=True)),
        ("i4,O", ItemType(item_bytes=None, has_object=True)),
        ("(2,)O", ItemType(item_bytes=None, has_object=True)),
        ([("a", "<i4"), ("b", "|O")], ItemType(item_bytes=12, has_object=True)),
        ([("a", [("b", ("O", (2,)))])], ItemType(item_bytes=16, has_object=True)),
        (("<i4", (2, 3)), ItemType(item_bytes=24, has_object=False)),
        ("T", ItemType(item_bytes=None, has_object=True)),
        ("|T", ItemType(item_bytes=None, has_object=True)),
        ("i4,T", ItemType(item_bytes=None, has_object=True)),
        ("2T", ItemType(item_bytes=None, has_object=True)),
        ([("a", "T")], ItemType(item_bytes=None, has_object=True)),
        ("<U3", ItemType(item_bytes=12, has_object=False)),
        ("<M8[25s]", ItemType(item_bytes=8, has_object=False)),
        ("d", ItemType(item_bytes=8, has_object=False)),
        ("float64", ItemType(item_bytes=None, has_object=True)),
        (5, ItemType(item_bytes=None, has_object=True)),
        ([("a",)], ItemType(item_bytes=None, has_object=True)),
    ],
)
def test_tells_whether_items_are_objects_and_how_long_they_are(descr: object, expected: ItemType) -> None:
    assert item_type(descr) == expected


def test_numpy_unpickles_the_data_of_every_type_that_it_takes_for_objects() -> None:
    numpy = pytest.importorskip("numpy")
    for code in ("T", "|T", "i4,T", "2T", "O", "=O", "object", "object_", "O8", "2O", "O,"):
        assert numpy.dtype(code).hasobject
        assert item_type(code).has_object


def test_an_array_of_objects_without_their_pickle_is_cut_off() -> None:
    header = _read(_npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"))
    assert (header.has_object, _codes(header)) == (True, ["npy-truncated"])


BROKEN = {
    "npy-header": _npy("{'descr': __import__('os'), 'fortran_order': False, 'shape': ()}"),
    "npy-header-extra": _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), 'more': 1}", bytes(8)),
    "npy-truncated": _npy(ORDINARY, bytes(47)),
    "npy-trailing-data": _npy(ORDINARY, bytes(49)),
    "npy-version": _npy(ORDINARY, bytes(48), (4, 0)),
}


@pytest.mark.parametrize("code", [code.value for code in ObservationCode if code.startswith("npy-")])
def test_notes_what_is_odd(code: str) -> None:
    assert _codes(_read(BROKEN[code])) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "{'descr': '<f8', 'fortran_order': 0, 'shape': ()}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': [1]}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}",
        "{'fortran_order': False, 'shape': ()}",
        "{'descr': 'zz', 'fortran_order': False, 'shape': ()}",
        "(" * 60_000,
        "-" * 60_000,
        "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "9" * 60_000 + ",)}",
        "",
    ],
)
def test_a_header_of_another_form_is_not_understood(text: str) -> None:
    header = _read(_npy(text))
    assert (header.is_understood, _codes(header)) == (False, ["npy-header"])


def test_a_header_that_is_not_understood_may_hide_objects() -> None:
    assert _read(_npy("junk")).has_object


def test_a_header_longer_than_is_read_is_not_understood() -> None:
    header = _read(_npy(" " * 70_000 + ORDINARY, bytes(48), (2, 0)))
    assert (header.is_understood, _codes(header)) == (False, ["npy-header"])


def test_numbers_of_python_2_are_numbers() -> None:
    assert _read(_npy(ORDINARY.replace("3)", "3L)"), bytes(48))).shape == (2, 3)


def test_a_cut_at_every_byte_never_raises_and_is_noted() -> None:
    data = _npy(ORDINARY, bytes(48))
    for length in range(len(data)):
        assert _codes(_read(data[:length]))


@given(data=st.binary(max_size=200), has_head=st.booleans())
def test_random_bytes_never_raise(data: bytes, *, has_head: bool) -> None:
    _read((b"\x93NUMPY\1\0" if has_head else b"") + data)


@given(st.data())
def test_any_byte_of_a_header_changed_never_raises(data: st.DataObject) -> None:
    base = bytearray(_npy(ORDINARY, bytes(48)))
    base[data.draw(st.integers(0, 9 + len(ORDINARY)))] = data.draw(st.integers(0, 255))
    _read(bytes(base))


_TEXT = st.text(st.characters(categories=["L", "N", "P", "Zs"], codec="latin-1"), max_size=8)
_LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | _TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple) | st.dictionaries(_TEXT, inner, max_size=4)
    ),
    max_leaves=15,
)


@given(_LITERALS)
def test_a_literal_is_what_python_reads(value: object) -> None:
    try:
        read = read_literal(repr(value))
    except LiteralSyntaxError:
        assert "\\x" in repr(value)  # the one escape that repr writes for these characters and that is refused
        return
    assert read == ast.literal_eval(repr(value)) == value


@given(st.text("{}[](),:'\"0123456789- \\TrueNoneFals", max_size=40))
def test_what_is_taken_for_a_literal_is_one_to_python(text: str) -> None:
    try:
        value = read_literal(text)
    except LiteralSyntaxError:
        return
    try:
        expected = ast.literal_eval(text.strip())
    except SyntaxError:
        assert any(number.startswith(("0", "-0")) for number in text.split()) or "0" in text  # octal of Python 2
        return
    assert value == expected


def test_literals_nest_to_a_bound() -> None:
    assert read_literal("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(LiteralSyntaxError, match="nested deeper"):
        read_literal("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2))

from __future__ import annotations

import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telamon.kits.formats.pickle import text

NUMBERS = st.text(alphabet="0123456789+-_ abefxoXLiInN.\0\t\v", max_size=8).map(lambda line: line.encode())
ANYTHING = st.binary(max_size=12).filter(lambda line: b"\n" not in line)


def loaded(opcode: bytes, line: bytes) -> object:
    """Returns what CPython makes of a text opcode that only pushes a constant."""
    try:
        return pickle.loads(opcode + line + b"\n.")
    except (ValueError, OverflowError, pickle.UnpicklingError, EOFError):
        return "refused"


def read(reader: object, line: bytes) -> object:
    if not line:
        return "refused"
    try:
        return reader(line + b"\n")  # type: ignore[operator]
    except (ValueError, OverflowError):
        return "refused"


@given(NUMBERS | ANYTHING)
@example(b"00")
@example(b"01")
@example(b" 1")
@example(b"010")
@example(b"08")
@example(b"0x1F")
@example(b"0x")
@example(b"1\x00junk")
@example(b"\x00")
@example(b"\x00\x00")
@example(b"1_000")
@example(b"9223372036854775807")
@example(b"9223372036854775808")
@example(b"-9223372036854775809")
@example(b"0b101")
@example(b"1 ")
@example(b"1" * 5000)
def test_reads_int_lines_as_the_unpickler_does(line: bytes) -> None:
    expected, found = loaded(b"I", line), read(text.read_int, line)
    assert found == expected
    assert type(found) is type(expected)


@given(NUMBERS | ANYTHING)
@example(b"5L")
@example(b"L")
@example(b"LL")
@example(b"010L")
@example(b"0x1FL")
@example(b"5\x00L")
def test_reads_long_lines_as_the_unpickler_does(line: bytes) -> None:
    assert read(text.read_counted_line_long, line) == loaded(b"L", line)


@given(NUMBERS | ANYTHING)
@example(b"1.5")
@example(b"1.")
@example(b".5")
@example(b"1e400")
@example(b"1e")
@example(b"inf")
@example(b"-Infinity")
@example(b" 1")
@example(b"1\x00x")
def test_reads_float_lines_as_the_unpickler_does(line: bytes) -> None:
    assert repr(read(text.read_float, line)) == repr(loaded(b"F", line))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # CPython warns of unknown escapes
@given(st.sampled_from([b"'", b'"']), ANYTHING | st.text(alphabet="\\x0189nt'\"aAé", max_size=8).map(str.encode))
@example(b"'", b"\\")
@example(b"'", b"\\x4")
@example(b"'", b"\\777")
@example(b"'", b"\\\\")
def test_reads_quoted_lines_as_the_unpickler_does(quote: bytes, body: bytes) -> None:
    line = quote + body + quote
    try:
        expected: object = pickle.loads(b"S" + line + b"\n.", encoding="bytes")
    except (ValueError, pickle.UnpicklingError):
        expected = "refused"
    assert read(text.read_quoted, line) == expected


@pytest.mark.parametrize("line", [b"abc", b"'abc", b"'abc\"", b"'", b""])
def test_refuses_strings_that_are_not_quoted(line: bytes) -> None:
    assert read(text.read_quoted, line) == "refused"
    assert loaded(b"S", line) == "refused"

"""Canonical JSON against the vectors of RFC 8785 and its own properties."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telamon.kits.text.canonical_json import CanonicalJsonError, decode, encode, format_number

APPENDIX_B = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(("bits", "text"), APPENDIX_B)
def test_formats_the_numbers_of_rfc_8785_appendix_b(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert format_number(value) == text
    assert encode(value) == text.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (100.0, "100"),
        (0.1, "0.1"),
        (123.456, "123.456"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (2e21, "2e+21"),
    ],
)
def test_places_the_point_as_ecmascript_does(value: float, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_refuses_numbers_that_json_does_not_have(value: float) -> None:
    with pytest.raises(CanonicalJsonError, match="finite number"):
        encode([value])


def test_writes_the_sample_of_rfc_8785_section_3_2_2() -> None:
    sample = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27],
        "string": '\u20ac$\u000f\u000aA\'\u0042"\\\\"/',
        "literals": [None, True, False],
    }
    assert encode(sample) == (
        b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_sorts_keys_by_utf16_code_units() -> None:
    # RFC 8785, section 3.2.3: U+1F600 stands before U+FB33, whose code point is lower.
    sample = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert encode(sample) == '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}'.encode()


def test_writes_empty_and_nested_containers() -> None:
    assert encode({"b": [], "a": {}, "c": ((), [{"x": ()}])}) == b'{"a":{},"b":[],"c":[[],[{"x":[]}]]}'


def test_leaves_delete_and_astral_characters_as_they_are() -> None:
    assert encode("\x7f\u2028\U0001f600") == '"\x7f\u2028\U0001f600"'.encode()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (2**53, "2\\^53"),
        (-(2**53), "2\\^53"),
        ({1: 2}, "string keys"),
        ({"a": b"bytes"}, "type `bytes`"),
        ({1, 2}, "type `set`"),
        ("\ud800", "lone surrogate"),
        ({"\udfff": 1}, "lone surrogate"),
    ],
)
def test_refuses_values_without_a_canonical_form(value: object, message: str) -> None:
    with pytest.raises(CanonicalJsonError, match=message):
        encode(value)


def test_bounds_nesting() -> None:
    value: object = 1
    for _ in range(128):
        value = [value]
    assert encode(value) == b"[" * 128 + b"1" + b"]" * 128
    with pytest.raises(CanonicalJsonError, match="128 levels"):
        encode([value])


def test_refuses_a_value_that_holds_itself() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(CanonicalJsonError, match="nesting"):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b' {"a":1}',
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'"\\ud800"',
        b"NaN",
        b"Infinity",
        b"1e999",
        b"9007199254740993",
        b"[" * 100_000,
        b"1" * 5_000,
    ],
)
def test_refuses_everything_but_the_canonical_form(data: bytes) -> None:
    with pytest.raises(CanonicalJsonError, match="expected"):
        decode(data)


@given(json_values)
@example(1e20)
@example(-(2.0**53))
def test_reads_back_what_it_wrote(value: object) -> None:
    data = encode(value)
    assert decode(data) == value
    assert encode(decode(data)) == data


@given(json_values)
def test_writes_json_that_other_readers_read_the_same(value: object) -> None:
    # ECMAScript has no integers: what is written without a point is a double all the same.
    assert json.loads(encode(value), parse_int=float) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back_as_the_same_double(value: float) -> None:
    assert float(format_number(value)) == value
    assert len(format_number(value)) <= 25


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 9)), st.randoms())
def test_does_not_depend_on_the_order_of_keys(value: dict[str, int], random: object) -> None:
    keys = list(value)
    random.shuffle(keys)  # type: ignore[attr-defined]  # hypothesis' Random
    assert encode({key: value[key] for key in keys}) == encode(value)


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        value = decode(data)
    except CanonicalJsonError:
        return
    assert encode(value) == data

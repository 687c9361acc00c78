"""Protocol-buffer messages by the wire format alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.protobuf import Field, Message, open_message
from telamon.kits.formats.source import Source


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def content(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def opened(data: bytes) -> Message:
    return open_message(Source.from_bytes(data))


def everything(message: Message) -> int:
    """Read every field, and whatever parses as a message within one; return how many there were."""
    count = 0
    for field in message.contents():
        count += 1
        try:
            count += everything(message.message(field))
        except MalformedError:
            continue
    return count


def test_fields_are_told_in_their_order_with_their_places() -> None:
    data = number(1, 300) + content(2, b"ab") + b"\x1d\x01\0\0\0" + b"\x21\x02" + bytes(7)
    assert list(opened(data)) == [
        Field(number=1, value=300, start=1, stop=3, is_bytes=False),
        Field(number=2, value=0, start=5, stop=7, is_bytes=True),
        Field(number=3, value=1, start=8, stop=12, is_bytes=False),
        Field(number=4, value=2, start=13, stop=21, is_bytes=False),
    ]


def test_contents_leave_numbers_out() -> None:
    assert [field.start for field in opened(number(1, 0) + content(1, b"a") + number(1, 9)).contents()] == [4]


def test_messages_within_messages_are_read_in_place() -> None:
    outer = opened(content(7, content(3, "grün".encode())))
    [field] = outer
    inner = outer.message(field)
    assert [inner.text(part) for part in inner] == ["grün"]


def test_a_source_that_is_a_stretch_is_read_alone() -> None:
    data = b"\xff" * 10 + number(1, 5) + b"\xff" * 10
    assert [field.value for field in open_message(Source.from_bytes(data).sub(10, 2))] == [5]


def test_an_entry_of_a_map_is_a_pair_and_the_last_of_two_values_counts() -> None:
    outer = opened(content(1, content(1, b"k") + content(2, b"first") + number(2, 7) + content(2, b"last")))
    [field] = outer
    assert outer.pairs(field) == ("k", "last")


def test_texts_are_cut_and_what_is_no_utf_8_is_replaced() -> None:
    outer = opened(content(1, b"a\xff" + b"b" * 100))
    [field] = outer
    assert outer.text(field, 3) == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x08", "expected a number of at most ten bytes"),
        (b"\x80" * 11, "expected a number of at most ten bytes"),
        (b"\x0a\x05abc", "expected a field that ends within its message"),
        (varint(1 << 3 | 2) + varint(1 << 62) + b"abc", "expected a field that ends within its message"),
        (b"\x00\x01", "expected a field that ends within its message"),
        (b"\x0d\x01", "expected a field that ends within its message"),
        (b"\x09\x01", "expected a field that ends within its message"),
        (b"\x0b\x0c", "expected a field, found wire type 3"),
        (b"\x0f\x0c", "expected a field, found wire type 7"),
    ],
)
def test_what_is_no_message_is_malformed(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        list(opened(data))
    assert caught.value.message == message


def test_a_number_is_no_message() -> None:
    outer = opened(number(4, 1))
    [field] = outer
    with pytest.raises(MalformedError, match="expected a message in field 4"):
        outer.message(field)


def test_messages_nest_to_a_depth() -> None:
    data = b""
    for _ in range(102):
        data = content(1, data)
    message = opened(data)
    for _ in range(100):
        message = message.message(next(iter(message)))
    innermost = next(iter(message))
    with pytest.raises(MalformedError, match="expected messages to nest at most 100 deep"):
        message.message(innermost)


def test_fields_are_counted_over_all_levels() -> None:
    message = open_message(Source.from_bytes(content(1, number(1, 1) * 5) * 2), most=10)
    first, second = message
    assert len(list(message.message(first))) == 5
    inner = message.message(second)
    with pytest.raises(MalformedError, match="expected fewer fields than 11"):
        list(inner)


def test_the_time_ends_a_reading() -> None:
    with pytest.raises(MalformedError, match="expected fewer fields than 4096"):
        list(open_message(Source.from_bytes(number(1, 1) * 5000), is_late=lambda: True))


def test_ten_million_fields_end_at_the_bound_of_time() -> None:
    begin = time.process_time()
    with pytest.raises(MalformedError):
        list(opened(number(1, 1) * 10_000_000))
    assert time.process_time() - begin < 6  # 1.3 s on an idle core; a fifth of what reading all of them takes


@given(st.binary(max_size=200))
def test_anything_is_malformed_or_read(data: bytes) -> None:
    try:
        fields = list(opened(data))
    except MalformedError:
        return
    assert not fields or fields[-1].stop == len(data)
    assert everything(opened(data)) <= 200 * 101


@given(st.lists(st.tuples(st.integers(1, 1 << 28), st.integers(0, (1 << 64) - 1) | st.binary(max_size=300))))
def test_what_was_written_is_read(fields: list[tuple[int, int | bytes]]) -> None:
    data = b"".join(number(f, v) if isinstance(v, int) else content(f, v) for f, v in fields)
    message = opened(data)
    assert [(part.number, message.raw(part) if part.is_bytes else part.value) for part in message] == fields

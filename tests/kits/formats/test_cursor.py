"""Numbers and bytes one after the other, never behind the end, and never for free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats import cursor as module
from telamon.kits.formats.cursor import AHEAD_BYTES, Cursor
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.source import Source


def over(data: bytes, **more: int) -> Cursor:
    return Cursor(Source.from_bytes(data), **more)  # type: ignore[arg-type]  # one of the whole numbers


@given(st.lists(st.integers(0, 300)), st.binary(max_size=2000))
def test_what_is_taken_is_what_stands_there(lengths: list[int], data: bytes) -> None:
    cursor, at = over(data), 0
    for length in lengths:
        if at + length > len(data):
            with pytest.raises(MalformedError):
                cursor.take(length)
            return
        assert cursor.take(length) == data[at : at + length]
        at += length


def test_what_is_passed_over_is_not_read_again() -> None:
    cursor = over(b"a" * 10 + b"b" * AHEAD_BYTES + b"c")
    assert cursor.take(1) == b"a"
    cursor.skip(9 + AHEAD_BYTES)
    assert (cursor.take(1), cursor.left) == (b"c", 0)


def test_a_count_must_fit_what_is_left() -> None:
    assert over(b"\2\0\0\0ab").count("i", "items") == 2
    with pytest.raises(MalformedError):
        over(b"\3\0\0\0ab").count("i", "items")
    with pytest.raises(MalformedError):
        over(b"\xff\xff\xff\xffab").count("i", "items")


def test_words_end_at_blanks() -> None:
    cursor = over(b" \n ab\tc")
    assert [cursor.word(9), cursor.word(9), cursor.word(9)] == [b"ab", b"c", b""]
    with pytest.raises(MalformedError):
        over(b"a" * 20).word(9)


def test_blanks_cost_steps() -> None:
    with pytest.raises(MalformedError):
        over(b" " * 10_000, most_steps=100).word(9)


def test_only_blanks_may_follow_the_end() -> None:
    over(b"\n").end()
    for data in (b"x", b" " * 100, b" " * 60 + b"x"):
        with pytest.raises(MalformedError):
            over(data).end()


def test_little_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TAKEN_BYTES", 10)
    cursor = over(b"a" * 20)
    assert cursor.keep(8) == b"a" * 8
    with pytest.raises(MalformedError):
        cursor.keep(3)


def test_the_clock_is_asked_now_and_then() -> None:
    cursor = Cursor(Source.from_bytes(b""), is_late=lambda: True)
    cursor.step()
    with pytest.raises(MalformedError):
        cursor.step(5000)

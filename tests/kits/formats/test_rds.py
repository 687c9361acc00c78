"""Serialised objects of R: all three forms say the same, and what runs is told apart from what does not."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora import r_bytes as r
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.rds import RFile, begins_r, read_r
from telamon.kits.formats.source import Source

ITEMS = st.recursive(
    st.lists(st.integers(-(1 << 31) + 1, (1 << 31) - 1)).map(lambda values: r.numbers(*values))
    | st.lists(st.text("ab ", min_size=1)).map(lambda values: r.texts(*values)),
    lambda inner: (
        st.lists(inner).map(lambda items: r.listed(*items))
        | st.lists(inner, max_size=3).map(lambda items: r.call("f", *items))
        | inner.map(r.promise)
        | inner.map(r.closure)
    ),
    max_leaves=10,
)


def read(data: bytes) -> RFile:
    return read_r(Source.from_bytes(data))


@given(ITEMS)
def test_every_form_says_the_same(words: r.Words) -> None:
    found = [read(r.written(words, form)) for form in "XBA"]
    places = [[calls for _, calls in each.promises] for each in found]
    assert places[0] == places[1] == places[2]
    assert [each.calls for each in found] == [found[0].calls] * 3
    assert [each.closures for each in found] == [found[0].closures] * 3


def test_a_promise_names_what_it_calls() -> None:
    found = read(r.written(r.promise(r.call("system", r.call("paste", r.texts("x"))))))
    assert ([calls for _, calls in found.promises], found.calls) == ([("paste", "system")], {"paste", "system"})


def test_a_promise_that_was_evaluated_is_none() -> None:
    words = (5 | r.HAS_TAG, *r.GLOBAL, *r.numbers(1), *r.call("system"))
    assert read(r.written(words)).promises == []


def test_a_workspace_names_what_it_defines() -> None:
    found = read(r.written(r.bound(".First", r.closure(r.NOTHING)), is_workspace=True))
    assert (found.bindings, found.closures) == ({".First": True}, 1)


def test_bindings_that_run_are_counted_in_environments_alone() -> None:
    frame = r.bound("x", r.closure(r.NOTHING), is_active=True)
    assert (read(r.written(r.environment(frame))).active, read(r.written(frame)).active) == (1, 0)


def test_a_symbol_that_stood_before_is_known_again() -> None:
    words = r.listed(r.call("f", r.NOTHING), (6, 255 | 1 << 8, *r.NOTHING))
    assert read(r.written(words)).calls == {"f"}


@pytest.mark.parametrize("form", ["X", "B", "A"])
def test_beginnings_are_told(form: str) -> None:
    data = r.written(r.numbers(1), form)
    assert (begins_r(data), begins_r(data[1:]), begins_r(r.MAGICS[form] + data)) == (True, False, True)


@pytest.mark.parametrize(
    "data",
    [
        b"X\n",
        r.written((14,)),
        r.written((19, -1, 1 << 30, 5)),
        r.written((77,)),
        r.written((0x40209, 1, b"a", *r.NOTHING)),
        r.written((255 | 7 << 8,)),
        r.written(r.numbers(1)) + bytes(40),
    ],
)
def test_what_no_r_writes_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read(data)


def test_an_escape_that_is_no_octal_number_is_the_character() -> None:
    assert read(r.written((8, 3, b"a\\8"), "A")).calls == {"a8"}


@given(st.binary(max_size=300), st.sampled_from("XBA"))
def test_any_bytes_are_read_or_malformed(data: bytes, form: str) -> None:
    with suppress(MalformedError):
        read(r.written(r.NOTHING, form)[:-4] + data)


def test_many_functions_cost_what_one_does_times_their_number() -> None:
    names = [r.call(f"f{number}") for number in range(5000)]
    functions = [r.closure(r.call("f")) for _ in range(10_000)]
    begin = time.process_time()
    found = read(r.written(r.closure(r.listed(*names, *functions))))
    assert (len(found.calls), found.closures) == (5001, 10_001)
    assert time.process_time() - begin < 4  # 0.3 s on an idle core


def test_depth_is_bounded() -> None:
    for words in ((19, 1) * 5000, (2, *r.NOTHING) * 20_000, (5 | r.HAS_TAG, *r.GLOBAL, *r.UNBOUND) * 5000):
        with pytest.raises(MalformedError):
            read(r.written(words))

"""Models of tree libraries: what they say, and what of it native code must not believe."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.hostile.tree_models import old_xgboost
from corpora.model_bytes import ubjson
from corpora.real_models import CATBOOST, LIGHTGBM, LIGHTGBM_CATEGORIES, XGBOOST_DART, XGBOOST_JSON
from telamon.kits.formats.catboost import read_catboost
from telamon.kits.formats.lightgbm import begins_lightgbm, read_lightgbm
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.source import Source
from telamon.kits.formats.tree_arrays import is_walk, is_within
from telamon.kits.formats.ubjson import begins_ubjson, read_ubjson
from telamon.kits.formats.xgboost import check_xgboost, looks_like_xgboost, model_of
from telamon.kits.formats.xgboost_binary import begins_xgboost, read_xgboost

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def source(data: bytes) -> Source:
    return Source.from_bytes(data)


@given(JSON)
def test_what_is_written_in_ubjson_is_read(value: object) -> None:
    assert read_ubjson(source(ubjson(value))) == value  # type: ignore[arg-type]  # JSON, of which hypothesis knows


def test_typed_arrays_of_ubjson_are_numbers() -> None:
    assert list(read_ubjson(source(b"[$i#i\3\1\2\xff"))) == [1, 2, -1]  # type: ignore[arg-type]  # an array
    assert list(read_ubjson(source(b"[$l#i\1\0\0\1\0"))) == [256]  # type: ignore[arg-type]  # an array


@pytest.mark.parametrize(
    "data", [b"", b"[$Z#l\x7f\xff\xff\xff", b"[" * 200, b"{i\1aTi\1aT}", b"[]x", b"S", b"Q", b"[$i"]
)
def test_no_ubjson_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read_ubjson(source(data))


def test_beginnings_are_told() -> None:
    heads = (ubjson({"learner": {}}), b'{"learner": {}}', LIGHTGBM, old_xgboost(), b"binf" + old_xgboost())
    told = [[begins(head) for head in heads] for begins in (begins_ubjson, begins_lightgbm, begins_xgboost)]
    assert told == [
        [True, False, False, False, False],
        [False, False, True, False, False],
        [False, False, False, True, True],
    ]


def test_models_of_the_libraries_have_no_flaw() -> None:
    boosted = check_xgboost(json.loads(XGBOOST_JSON))
    dart = check_xgboost(read_ubjson(source(XGBOOST_DART)))
    old = read_xgboost(source(old_xgboost()))
    trees, categories = read_lightgbm(source(LIGHTGBM)), read_lightgbm(source(LIGHTGBM_CATEGORIES))
    cats = read_catboost(source(CATBOOST))
    assert [(made.booster, made.tree_count, made.flaws) for made in (boosted, dart, old)] == [
        ("gbtree", 2, []),
        ("dart", 2, []),
        ("gbtree", 1, []),
    ]
    assert [(made.version, made.tree_count, made.flaws) for made in (trees, categories)] == [
        ("v4", 2, []),
        ("v4", 1, []),
    ]
    assert (cats.form, cats.tree_count, cats.parts, cats.flaws) == ("FlabuffersModel_v1", 2, (), [])


def test_the_model_inside_of_a_state_is_found() -> None:
    state = {"Model": {"learner": {"gradient_booster": {}}}, "Config": {}}
    assert looks_like_xgboost(model_of(state))  # type: ignore[arg-type]  # JSON
    assert not looks_like_xgboost(state)  # type: ignore[arg-type]  # JSON


@given(st.lists(st.integers(-3, 8), max_size=8), st.lists(st.integers(-3, 8), max_size=8))
def test_a_walk_ends_at_every_leaf(left: list[int], right: list[int]) -> None:
    if is_walk(left, right) and left:
        reached, waiting = 0, [0]
        while waiting:
            node = waiting.pop()
            reached += 1
            assert reached <= len(left)
            waiting += [child for child in (left[node], right[node]) if child != -1]


def test_nothing_lies_within_bounds_where_something_does_not() -> None:
    assert (is_within([], 0, 0), is_within([0, 2], 0, 3), is_within([0, 3], 0, 3), is_within([-1], 0, 3)) == (
        True,
        True,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (read_lightgbm, LIGHTGBM),
        (read_catboost, CATBOOST),
        (read_xgboost, old_xgboost()),
        (lambda given: check_xgboost(read_ubjson(given)), XGBOOST_DART),
    ],
    ids=["lightgbm", "catboost", "xgboost-binary", "xgboost-ubjson"],
)
@given(st.data())
def test_a_damaged_model_is_read_or_malformed(
    read: Callable[[Source], object], data: bytes, draw: st.DataObject
) -> None:
    damaged = bytearray(data[: draw.draw(st.integers(0, len(data)) | st.just(len(data)))])
    for _ in range(draw.draw(st.integers(0, 4)) if damaged else 0):
        damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    with suppress(MalformedError):
        read(source(bytes(damaged)))


def test_trees_that_share_their_splits_cost_bounded_time() -> None:
    block = "Tree=0\nnum_leaves=2\nsplit_feature=0\nleft_child=" + "9" * 3_000_000 + "\n"
    begin = time.process_time()
    with pytest.raises(MalformedError):
        read_lightgbm(source(b"tree\nversion=v4\n" + block.encode() * 30))
    assert time.process_time() - begin < 4  # 0.3 s on an idle core

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.stats import InvalidSampleError, clopper_pearson, wilson
from telamon.kits.stats.bounds import critical_value

counts = st.integers(1, 3000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
levels = st.floats(0.5, 0.9999)
methods = pytest.mark.parametrize("method", [wilson, clopper_pearson])


@pytest.mark.parametrize(
    ("successes", "trials", "score", "exact"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, table I: methods 3 and 5 at 95 %.
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_agrees_with_the_examples_of_newcombe(
    successes: int, trials: int, score: tuple[float, float], exact: tuple[float, float]
) -> None:
    assert wilson(successes, trials) == pytest.approx(score, abs=5e-5)
    assert clopper_pearson(successes, trials) == pytest.approx(exact, abs=5e-5)


@given(counts, levels)
def test_wilson_agrees_with_scipy(scipy_stats: Any, count: tuple[int, int], level: float) -> None:
    theirs = scipy_stats.binomtest(*count).proportion_ci(level, method="wilson")
    assert wilson(*count, level=level) == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=1e-12)


@given(counts, levels)
def test_clopper_pearson_agrees_with_scipy(scipy_stats: Any, count: tuple[int, int], level: float) -> None:
    theirs = scipy_stats.binomtest(*count).proportion_ci(level, method="exact")
    assert clopper_pearson(*count, level=level) == pytest.approx((theirs.low, theirs.high), rel=1e-8, abs=1e-12)


@methods
@given(count=counts, level=levels)
def test_contains_the_estimate_and_stays_in_range(method: Any, count: tuple[int, int], level: float) -> None:
    successes, trials = count
    low, high = method(successes, trials, level=level)
    assert 0 <= low <= successes / trials <= high <= 1
    assert low < high


@methods
@given(count=counts, level=levels)
def test_failures_mirror_successes(method: Any, count: tuple[int, int], level: float) -> None:
    successes, trials = count
    low, high = method(successes, trials, level=level)
    mirrored = method(trials - successes, trials, level=level)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


@methods
@given(count=counts, level=levels)
def test_more_successes_raise_both_ends(method: Any, count: tuple[int, int], level: float) -> None:
    successes, trials = count
    fewer, more = method(successes, trials + 1, level=level), method(successes + 1, trials + 1, level=level)
    assert fewer.low < more.low
    assert fewer.high < more.high


@methods
@given(count=counts, level=levels)
def test_a_higher_level_is_wider(method: Any, count: tuple[int, int], level: float) -> None:
    low, high = method(*count, level=level)
    wider = method(*count, level=(level + 1) / 2)
    assert wider.low <= low
    assert wider.high >= high
    assert wider.high - wider.low > high - low


@given(counts)
def test_the_exact_interval_has_the_tails_that_define_it(scipy_stats: Any, count: tuple[int, int]) -> None:
    # Clopper and Pearson's own definition: at each end the observed count has probability 2.5 %.
    successes, trials = count
    low, high = clopper_pearson(successes, trials)
    if successes > 0:
        assert scipy_stats.binom.sf(successes - 1, trials, low) == pytest.approx(0.025, rel=1e-6)
    if successes < trials:
        assert scipy_stats.binom.cdf(successes, trials, high) == pytest.approx(0.025, rel=1e-6)


def test_the_exact_interval_of_no_success_is_the_closed_form() -> None:
    assert clopper_pearson(0, 10) == pytest.approx((0, 1 - 0.025 ** (1 / 10)), rel=1e-12)
    assert clopper_pearson(10, 10) == pytest.approx((0.025 ** (1 / 10), 1), rel=1e-12)


@methods
@pytest.mark.parametrize(
    ("successes", "trials", "level", "message"),
    [
        (0, 0, 0.95, "expected at least one trial, found `0`"),
        (0, -1, 0.95, "expected at least one trial, found `-1`"),
        (-1, 5, 0.95, "expected successes from 0 to 5, found `-1`"),
        (6, 5, 0.95, "expected successes from 0 to 5, found `6`"),
        (1, 5, 0.0, "expected a level between 0 and 1, found `0.0`"),
        (1, 5, 1.0, "expected a level between 0 and 1, found `1.0`"),
        (1, 5, 95, "expected a level between 0 and 1, found `95`"),
        (1, 5, float("nan"), "expected a level between 0 and 1, found `nan`"),
    ],
)
def test_refuses_what_has_no_interval(method: Any, successes: int, trials: int, level: float, message: str) -> None:
    with pytest.raises(InvalidSampleError) as caught:
        method(successes, trials, level=level)
    assert caught.value.message == message


def test_refuses_more_trials_than_the_exact_interval_serves() -> None:
    assert clopper_pearson(1, 10**9).low > 0
    with pytest.raises(InvalidSampleError, match="expected at most 1000000000 trials for the exact interval"):
        clopper_pearson(1, 10**9 + 1)


def test_critical_values_are_those_of_the_normal_tables() -> None:
    assert [round(critical_value(level), 4) for level in (0.9, 0.95, 0.99)] == [1.6449, 1.96, 2.5758]
    assert critical_value(1 - 1e-15) == pytest.approx(7.94, abs=0.1)

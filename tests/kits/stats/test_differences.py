from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.stats import InvalidSampleError, newcombe_independent, newcombe_paired

arms = st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
tables = st.tuples(*[st.integers(0, 200)] * 4).filter(any)
levels = st.floats(0.5, 0.9999)


def independent(first: tuple[int, int], second: tuple[int, int], level: float = 0.95) -> tuple[float, float]:
    return newcombe_independent(
        first_successes=first[0],
        first_trials=first[1],
        second_successes=second[0],
        second_trials=second[1],
        level=level,
    )


def paired(table: tuple[int, int, int, int], level: float = 0.95) -> tuple[float, float]:
    both, only_first, only_second, neither = table
    return newcombe_paired(both=both, only_first=only_first, only_second=only_second, neither=neither, level=level)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, table II, examples (a) to (h), method 10.
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0000)),
        ((10, 10), (0, 10), (0.6075, 1.0000)),
    ],
)
def test_independent_agrees_with_the_examples_of_newcombe(
    first: tuple[int, int], second: tuple[int, int], expected: tuple[float, float]
) -> None:
    assert independent(first, second) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), 2635-2650: 36, 12, 2, 0.
        ((36, 12, 2, 0), (0.0569, 0.3404)),
        # Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014), 2850-2875: -0.507 to -0.026.
        ((1, 1, 7, 12), (-0.5069, -0.0256)),
        # D. G. Altman and others, Statistics with Confidence, 2nd edition (2000), chapter 6: 14, 5, 0, 22.
        ((14, 5, 0, 22), (0.0115, 0.2265)),
    ],
)
def test_paired_agrees_with_published_examples(table: tuple[int, int, int, int], expected: tuple[float, float]) -> None:
    assert paired(table) == pytest.approx(expected, abs=5e-5)


def test_the_correction_takes_a_small_positive_correlation_for_none() -> None:
    # 10 * 9 - 8 * 9 = 18 is not above n / 2 = 18: the interval is that of two independent arms.
    assert paired((10, 8, 9, 9)) == pytest.approx(independent((18, 36), (19, 36)))


def test_agreement_between_the_arms_narrows_the_interval() -> None:
    together, apart = paired((50, 10, 0, 40)), independent((60, 100), (50, 100))
    assert together[0] > apart[0]
    assert together[1] < apart[1]


def test_an_arm_with_one_outcome_has_no_correlation() -> None:
    assert paired((30, 20, 0, 0)) == independent((50, 50), (30, 50))


@given(arms, arms, levels)
def test_independent_agrees_with_its_definition(
    scipy_stats: Any, first: tuple[int, int], second: tuple[int, int], level: float
) -> None:
    a, b = (scipy_stats.binomtest(*arm).proportion_ci(level, method="wilson") for arm in (first, second))
    p, q = first[0] / first[1], second[0] / second[1]
    low = p - q - ((p - a.low) ** 2 + (b.high - q) ** 2) ** 0.5
    high = p - q + ((a.high - p) ** 2 + (q - b.low) ** 2) ** 0.5
    assert independent(first, second, level) == pytest.approx((low, high), abs=1e-9)


@given(arms, arms, levels)
def test_independent_contains_the_estimate_and_stays_in_range(
    first: tuple[int, int], second: tuple[int, int], level: float
) -> None:
    low, high = independent(first, second, level)
    assert -1 <= low <= first[0] / first[1] - second[0] / second[1] <= high <= 1


@given(tables, levels)
def test_paired_contains_the_estimate_and_stays_in_range(table: tuple[int, int, int, int], level: float) -> None:
    low, high = paired(table, level)
    assert -1 <= low <= (table[1] - table[2]) / sum(table) + 1e-12
    assert (table[1] - table[2]) / sum(table) - 1e-12 <= high <= 1


@given(arms, arms, levels)
def test_swapping_independent_arms_turns_the_sign(
    first: tuple[int, int], second: tuple[int, int], level: float
) -> None:
    low, high = independent(first, second, level)
    assert independent(second, first, level) == pytest.approx((-high, -low), abs=1e-12)


@given(tables, levels)
def test_swapping_paired_arms_turns_the_sign(table: tuple[int, int, int, int], level: float) -> None:
    both, only_first, only_second, neither = table
    low, high = paired(table, level)
    assert paired((both, only_second, only_first, neither), level) == pytest.approx((-high, -low), abs=1e-12)


@given(tables, levels)
def test_counting_failures_turns_the_sign(table: tuple[int, int, int, int], level: float) -> None:
    both, only_first, only_second, neither = table
    low, high = paired(table, level)
    assert paired((neither, only_second, only_first, both), level) == pytest.approx((-high, -low), abs=1e-9)


@given(tables, levels)
def test_a_higher_level_is_wider(table: tuple[int, int, int, int], level: float) -> None:
    low, high = paired(table, level)
    wide_low, wide_high = paired(table, (level + 1) / 2)
    assert wide_low <= low + 1e-12
    assert wide_high >= high - 1e-12


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ((0, 0, 0, 0), "expected at least one trial, found `0`"),
        ((1, -1, 2, 3), "expected counts of 0 or more, found `(1, -1, 2, 3)`"),
    ],
)
def test_refuses_tables_that_are_none(table: tuple[int, int, int, int], message: str) -> None:
    with pytest.raises(InvalidSampleError) as caught:
        paired(table)
    assert caught.value.message == message


def test_refuses_an_arm_without_trials() -> None:
    with pytest.raises(InvalidSampleError, match="expected at least one trial, found `0`"):
        independent((1, 2), (0, 0))


@pytest.mark.parametrize(("first", "second"), [(0.9, 0.1), (0.5, 0.3)])
def test_covers_the_true_difference_about_as_often_as_it_says(scipy_stats: Any, first: float, second: float) -> None:
    # Exact coverage over all outcomes of two arms of 20, by enumeration: no randomness.
    a, b = (scipy_stats.binom.pmf(range(21), 20, p) for p in (first, second))
    covered = sum(
        a[x] * b[y]
        for x in range(21)
        for y in range(21)
        if (bounds := independent((x, 20), (y, 20)))[0] <= first - second <= bounds[1]
    )
    assert 0.93 <= covered <= 0.98

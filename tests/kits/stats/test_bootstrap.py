from __future__ import annotations

import math
import random
from statistics import NormalDist, fmean, median
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.stats import BootstrapMethod, InvalidSampleError, bootstrap
from telamon.kits.stats.bootstrap import acceleration, bias_correction, quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

# Efron and Tibshirani, table 14.1: the spatial test data, test A.
SPATIAL_A = [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41]
samples = st.lists(st.floats(-100, 100), min_size=1, max_size=12)


def spread(values: Sequence[float]) -> float:
    mean = fmean(values)
    return fmean((value - mean) ** 2 for value in values)


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # resampling needs repeatable numbers, not secret ones


def test_agrees_with_the_spatial_test_of_efron_and_tibshirani() -> None:
    # Section 14.3 and table 14.2: estimate 171.5, acceleration 0.061; at 90 % BCa (115.8, 259.6) and percentile
    # (100.8, 233.9) by 2000 resamples. Other resamples move the ends by a few units.
    assert spread(SPATIAL_A) == pytest.approx(171.5, abs=0.05)
    assert acceleration(SPATIAL_A, spread) == pytest.approx(0.061, abs=0.0005)
    low, high = bootstrap(SPATIAL_A, spread, generator=seeded(14), resamples=5000, level=0.9)
    assert low == pytest.approx(115.8, abs=5)
    assert high == pytest.approx(259.6, abs=6)
    percentile = bootstrap(
        SPATIAL_A, spread, generator=seeded(14), resamples=5000, level=0.9, method=BootstrapMethod.PERCENTILE
    )
    assert percentile.low == pytest.approx(100.8, abs=6)
    assert percentile.high == pytest.approx(233.9, abs=6)


@pytest.mark.parametrize(
    ("method", "theirs"), [(BootstrapMethod.BCA, "BCa"), (BootstrapMethod.PERCENTILE, "percentile")]
)
def test_agrees_with_scipy(scipy_stats: Any, numpy: Any, method: BootstrapMethod, theirs: str) -> None:
    sample = [math.exp(NormalDist().inv_cdf((number + 0.5) / 40)) for number in range(40)]
    expected = scipy_stats.bootstrap(
        (sample,), numpy.mean, n_resamples=20_000, method=theirs, rng=numpy.random.default_rng(7)
    ).confidence_interval
    ours = bootstrap(sample, fmean, generator=seeded(7), resamples=20_000, method=method)
    assert ours == pytest.approx((expected.low, expected.high), rel=0.02)


@given(samples, st.integers(0, 5), st.sampled_from(BootstrapMethod))
def test_the_same_generator_gives_the_same_interval(sample: list[float], seed: int, method: BootstrapMethod) -> None:
    first, second = (bootstrap(sample, fmean, generator=seeded(seed), resamples=50, method=method) for _ in range(2))
    assert first == second
    assert first.low <= first.high


@given(samples, st.sampled_from(BootstrapMethod))
def test_stays_within_what_the_statistic_can_be(sample: list[float], method: BootstrapMethod) -> None:
    low, high = bootstrap(sample, median, generator=seeded(1), resamples=50, method=method)
    assert min(sample) <= low <= high <= max(sample)


@given(samples, st.sampled_from(BootstrapMethod))
def test_a_higher_level_is_wider(sample: list[float], method: BootstrapMethod) -> None:
    narrow, wide = (
        bootstrap(sample, fmean, generator=seeded(2), resamples=50, level=level, method=method) for level in (0.5, 0.9)
    )
    assert wide.low <= narrow.low
    assert wide.high >= narrow.high


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=10))
def test_bca_moves_and_scales_with_the_sample(sample: list[int]) -> None:
    # Exact in binary floating point: integers, and a factor that is a power of two.
    low, high = bootstrap(sample, sum, generator=seeded(3), resamples=40)
    moved = bootstrap([4 * item for item in sample], sum, generator=seeded(3), resamples=40)
    assert moved == pytest.approx((4 * low, 4 * high), abs=1e-9)


def test_resamples_items_that_are_pairs() -> None:
    pairs = [(1.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)] * 10
    low, high = bootstrap(pairs, lambda items: fmean(off - on for off, on in items), generator=seeded(4), resamples=500)
    assert 0.3 < low < 0.5 < high < 0.7


def test_one_item_is_its_own_interval() -> None:
    assert bootstrap([2.5], fmean, generator=seeded(0), resamples=10) == (2.5, 2.5)


def test_bca_covers_about_as_often_as_it_says() -> None:
    # 200 samples of 30 exponential waiting times with mean 1; the seed is fixed, so the count is too.
    generator = seeded(5)
    covered = 0
    for _ in range(200):
        sample = [generator.expovariate(1.0) for _ in range(30)]
        low, high = bootstrap(sample, fmean, generator=generator, resamples=200, level=0.9)
        covered += low <= 1.0 <= high
    assert 165 <= covered <= 195


def test_ties_count_half_in_the_bias_correction() -> None:
    assert bias_correction([1.0, 1.0, 1.0, 1.0], 1.0) == 0.0
    assert bias_correction([1.0, 2.0, 3.0, 4.0], 2.5) == 0.0
    assert bias_correction([1.0, 2.0, 3.0, 4.0], 1.5) == pytest.approx(NormalDist().inv_cdf(0.25))


def test_an_estimate_outside_all_resamples_has_a_finite_correction() -> None:
    assert bias_correction([1.0, 2.0], 0.0) == pytest.approx(NormalDist().inv_cdf(0.25))
    assert bias_correction([1.0, 2.0], 3.0) == pytest.approx(NormalDist().inv_cdf(0.75))


def test_a_symmetric_sample_has_no_acceleration() -> None:
    assert acceleration([-2.0, -1.0, 0.0, 1.0, 2.0], fmean) == 0.0
    assert acceleration([5.0, 5.0, 5.0], fmean) == 0.0
    assert acceleration([5.0], fmean) == 0.0


def test_a_skewed_sample_has_the_acceleration_of_its_skewness() -> None:
    # The mean's deviations are -1, -1, -1 and 3: cubes sum to 24, squares to 12, whatever the unit.
    expected = 24 / (6 * 12**1.5)
    for unit in (1e-200, 1.0, 1e200):
        assert acceleration([0.0, 0.0, 0.0, 4.0 * unit], fmean) == pytest.approx(expected)


def test_an_extreme_level_with_acceleration_ends_at_the_outermost_resample() -> None:
    sample = [0.0] * 9 + [1000.0]
    generator = seeded(6)
    values = [fmean(generator.choices(sample, k=10)) for _ in range(300)]
    # At a level this near to 1 the formula of the upper end is past its pole.
    low, high = bootstrap(sample, fmean, generator=seeded(6), resamples=300, level=1 - 1e-12)
    assert (low, high) == (min(values), max(values))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20).map(sorted), st.floats(0, 1))
def test_quantiles_agree_with_numpy(numpy: Any, values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(numpy.quantile(values, share)), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("sample", "resamples", "level", "message"),
    [
        ([], 10, 0.95, "expected at least one item to resample, found none"),
        ([1.0], 0, 0.95, "expected at least one resample, found `0`"),
        ([1.0], 10, 1.5, "expected a level between 0 and 1, found `1.5`"),
        ([math.nan], 10, 0.95, "expected a statistic that is a finite number, found `nan`"),
        ([math.inf], 10, 0.95, "expected a statistic that is a finite number, found `inf`"),
    ],
)
def test_refuses_what_has_no_interval(sample: list[float], resamples: int, level: float, message: str) -> None:
    with pytest.raises(InvalidSampleError) as caught:
        bootstrap(sample, fmean, generator=seeded(0), resamples=resamples, level=level)
    assert caught.value.message == message

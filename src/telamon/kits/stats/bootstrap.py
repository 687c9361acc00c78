"""Bootstrap intervals for any statistic (B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap, 1993)."""

from __future__ import annotations

import math
from enum import StrEnum
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, TypeVar

from telamon.kits.stats.bounds import Bounds, InvalidSampleError, critical_value

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

T = TypeVar("T")

RESAMPLES = 2000  # Efron and Tibshirani, section 14.3, for 95 % intervals


class BootstrapMethod(StrEnum):
    """How the ends are read off the resampled statistics."""

    PERCENTILE = "percentile"
    BCA = "bias-corrected and accelerated"


def bootstrap(
    sample: Sequence[T],
    statistic: Callable[[Sequence[T]], float],
    *,
    generator: random.Random,
    resamples: int = RESAMPLES,
    level: float = 0.95,
    method: BootstrapMethod = BootstrapMethod.BCA,
) -> Bounds:
    """Return the interval of `statistic` over `sample` by resampling its items with replacement.

    For paired arms the items are the pairs, or their differences. With BCa the statistic is computed
    `resamples + len(sample) + 1` times. The same generator state gives the same interval.

    Source: B. Efron, Journal of the American Statistical Association 82 (1987), 171-185; Efron and Tibshirani,
    sections 13.3 (percentile) and 14.3 (BCa).

    >>> import random
    >>> low, high = bootstrap([3.0, 3.0, 3.0], fmean, generator=random.Random(0), resamples=100)
    >>> low, high
    (3.0, 3.0)

    Args:
        sample: At least one item.
        statistic: Of a sequence as long as the sample.
        generator: All randomness comes from it.
        resamples: At least one.
        level: Coverage.
        method: BCa is second-order accurate; the percentile method is kept for comparison with other tools.

    Raises:
        InvalidSampleError: An empty sample, no resamples, a level outside 0..1, or a statistic that is not finite.
    """
    critical_value(level)
    if not sample:
        raise InvalidSampleError("expected at least one item to resample, found none")
    if resamples < 1:
        raise InvalidSampleError(f"expected at least one resample, found `{resamples}`")
    estimate = _finite(statistic(sample))
    size = len(sample)
    values = sorted(_finite(statistic(generator.choices(sample, k=size))) for _ in range(resamples))
    tails = ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
    if method is BootstrapMethod.BCA:
        tails = _corrected(tails, bias_correction(values, estimate), acceleration(sample, statistic))
    return Bounds(quantile(values, tails[0]), quantile(values, tails[1]))


def bias_correction(values: Sequence[float], estimate: float) -> float:
    """Return z0: how far, in normal units, the median of the resampled statistics lies from the estimate.

    Values equal to the estimate count half, which matters for statistics that take few values. Source: Efron and
    Tibshirani, equation 14.14.
    """
    below = sum(value < estimate for value in values) + 0.5 * sum(value == estimate for value in values)
    # An estimate outside all resamples would give an infinite correction; half a resample is the finest share.
    share = min(max(below, 0.5), len(values) - 0.5) / len(values)
    return NormalDist().inv_cdf(share)


def acceleration(sample: Sequence[T], statistic: Callable[[Sequence[T]], float]) -> float:
    """Return a: the skewness of the statistic's jackknife values over six; 0 where they do not vary.

    Source: Efron and Tibshirani, equation 14.15.
    """
    if len(sample) == 1:
        return 0.0
    values = _scaled([_finite(statistic([*sample[:i], *sample[i + 1 :]])) for i in range(len(sample))])
    mean = fmean(values)
    # Skewness has no unit: scaled deviations neither vanish nor overflow when they are cubed.
    deviations = _scaled([mean - value for value in values])
    squares = math.fsum(d * d for d in deviations)
    if squares == 0.0:
        return 0.0
    return math.fsum(d**3 for d in deviations) / (6.0 * math.pow(squares, 1.5))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the quantile of sorted `values` at `share`, linear between neighbours.

    Source: definition 7 of R. J. Hyndman and Y. Fan, The American Statistician 50 (1996), 361-365.

    >>> quantile([1.0, 2.0, 4.0], 0.75)
    3.0
    """
    position = share * (len(values) - 1)
    index = min(int(position), len(values) - 1)
    following = values[min(index + 1, len(values) - 1)]
    return values[index] + (position - index) * (following - values[index])


def _corrected(tails: tuple[float, float], bias: float, skew: float) -> tuple[float, float]:
    """Move the tails by bias and acceleration (Efron and Tibshirani, equation 14.10)."""
    normal = NormalDist()
    low, high = (bias + normal.inv_cdf(tail) for tail in tails)
    return normal.cdf(bias + _stretched(low, skew)), normal.cdf(bias + _stretched(high, skew))


def _stretched(z: float, skew: float) -> float:
    divisor = 1.0 - skew * z
    # Beyond the pole the formula turns back on itself; the limit there is the outermost resample.
    return z / divisor if divisor > 0.0 else math.copysign(math.inf, z)


def _scaled(values: Sequence[float]) -> list[float]:
    """Return `values` over the largest magnitude among them."""
    largest = max(map(abs, values))
    return [value / largest for value in values] if largest else list(values)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise InvalidSampleError(f"expected a statistic that is a finite number, found `{value}`")
    return value

"""Confidence intervals for a difference of two proportions: Newcombe's score methods, paired and independent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from telamon.kits.stats.bounds import Bounds, InvalidSampleError
from telamon.kits.stats.proportions import wilson


def newcombe_independent(
    *,
    first_successes: int,
    first_trials: int,
    second_successes: int,
    second_trials: int,
    level: float = 0.95,
) -> Bounds:
    """Return the interval of first minus second for two arms that have nothing to do with each other.

    Source: method 10 of R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, whose example (a) this is:

    >>> low, high = newcombe_independent(
    ...     first_successes=56, first_trials=70, second_successes=48, second_trials=80
    ... )
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)

    Raises:
        InvalidSampleError: An arm without trials, successes outside 0..trials, or a level outside 0..1.
    """
    first = _Arm.measured(first_successes, first_trials, level)
    second = _Arm.measured(second_successes, second_trials, level)
    return _combine(first, second, correlation=0.0)


def newcombe_paired(*, both: int, only_first: int, only_second: int, neither: int, level: float = 0.95) -> Bounds:
    """Return the interval of first minus second where each trial is run in both arms.

    Source: method 10 of R. G. Newcombe, Statistics in Medicine 17 (1998), 2635-2650: Wilson's intervals of the two
    marginals joined with the correlation phi, whose numerator is continuity-corrected where it is positive. The
    example is that of M. W. Fagerland, S. Lydersen and P. Laake, Statistics in Medicine 33 (2014), 2850-2875:

    >>> low, high = newcombe_paired(both=1, only_first=1, only_second=7, neither=12)
    >>> round(low, 3), round(high, 3)
    (-0.507, -0.026)

    Args:
        both: Trials that succeed in both arms.
        only_first: Trials that succeed in the first arm only.
        only_second: Trials that succeed in the second arm only.
        neither: Trials that succeed in neither arm.
        level: Coverage.

    Raises:
        InvalidSampleError: No trials, a negative count, or a level outside 0..1.
    """
    counts = (both, only_first, only_second, neither)
    if min(counts) < 0:
        raise InvalidSampleError(f"expected counts of 0 or more, found `{counts}`")
    trials = sum(counts)
    first = _Arm.measured(both + only_first, trials, level)
    second = _Arm.measured(both + only_second, trials, level)
    return _combine(first, second, correlation=_corrected_phi(both, only_first, only_second, neither))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arm:
    """One arm: its proportion and how far Wilson's interval reaches below and above it."""

    proportion: float
    below: float
    above: float

    @classmethod
    def measured(cls, successes: int, trials: int, level: float) -> _Arm:
        low, high = wilson(successes, trials, level=level)
        proportion = successes / trials
        return cls(proportion=proportion, below=proportion - low, above=high - proportion)


def _combine(first: _Arm, second: _Arm, *, correlation: float) -> Bounds:
    """Join two arms' reaches as the sides of a triangle whose angle has the correlation for its cosine.

    The third side is at most the sum of the two, so that the ends stay within -1..1 as Wilson's stay within 0..1.
    """
    difference = first.proportion - second.proportion
    low = difference - _third_side(first.below, second.above, correlation)
    high = difference + _third_side(first.above, second.below, correlation)
    return Bounds(low, high)


def _third_side(a: float, b: float, cosine: float) -> float:
    return math.sqrt(max(0.0, a * a - 2.0 * cosine * a * b + b * b))


def _corrected_phi(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Return phi of the 2x2 table as method 10 takes it; 0 where an arm has one outcome only."""
    marginals = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if marginals == 0:
        return 0.0
    numerator: float = both * neither - only_first * only_second
    if numerator > 0:
        numerator = max(numerator - (both + only_first + only_second + neither) / 2.0, 0.0)
    return numerator / math.sqrt(marginals)

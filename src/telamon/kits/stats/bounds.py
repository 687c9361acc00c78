"""The ends of a two-sided confidence interval, and the refusal of counts and levels that have none."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

from telamon.core.errors import TelamonError


class InvalidSampleError(TelamonError):
    """Counts, a level or a sample from which no interval can be computed.

    Remedy: Give at least one trial, no more successes than trials, and a level between 0 and 1.
    """

    code = "invalid-sample"


class Bounds(NamedTuple):
    """The two ends of a confidence interval, `low <= high`."""

    low: float
    high: float


def critical_value(level: float) -> float:
    """Return the z such that a standard normal variable lies within ±z with probability `level`.

    >>> round(critical_value(0.95), 6)
    1.959964
    """
    if not 0.0 < level < 1.0:
        raise InvalidSampleError(f"expected a level between 0 and 1, found `{level}`")
    # The upper tail is computed first: 1 - (1 - level) / 2 would lose the digits of a level near 1.
    return -NormalDist().inv_cdf((1.0 - level) / 2.0)


def check_counts(successes: int, trials: int) -> None:
    """Raise `InvalidSampleError` unless there is a trial and `successes` lies in 0..`trials`."""
    if trials < 1:
        raise InvalidSampleError(f"expected at least one trial, found `{trials}`")
    if not 0 <= successes <= trials:
        raise InvalidSampleError(f"expected successes from 0 to {trials}, found `{successes}`")

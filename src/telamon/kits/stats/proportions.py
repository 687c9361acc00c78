"""Confidence intervals for one proportion: Wilson's score interval and the exact one of Clopper and Pearson."""

from __future__ import annotations

import math

from telamon.kits.stats.beta import beta_quantile
from telamon.kits.stats.bounds import Bounds, InvalidSampleError, check_counts, critical_value

# The log-gamma function loses one digit of the result for each digit of the trials; nine leave six.
MAX_EXACT_TRIALS = 10**9


def wilson(successes: int, trials: int, *, level: float = 0.95) -> Bounds:
    """Return Wilson's score interval for a proportion, without continuity correction.

    Its coverage is near the level on average, and it stays inside 0..1 and has a width even where every trial
    agrees. Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212; method 3 of
    R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, whose example this is:

    >>> low, high = wilson(81, 263)
    >>> round(low, 4), round(high, 4)
    (0.2553, 0.3662)

    Raises:
        InvalidSampleError: No trials, successes outside 0..`trials`, or a level outside 0..1.
    """
    check_counts(successes, trials)
    z = critical_value(level)
    p = successes / trials
    centre = 2 * successes + z * z
    spread = z * math.sqrt(z * z + 4 * successes * (1 - p))
    scale = 2 * (trials + z * z)
    # At either end the two terms cancel exactly on paper but not in floating point.
    low = 0.0 if successes == 0 else (centre - spread) / scale
    high = 1.0 if successes == trials else (centre + spread) / scale
    return Bounds(low, high)


def clopper_pearson(successes: int, trials: int, *, level: float = 0.95) -> Bounds:
    """Return the exact interval for a proportion: it covers at least at the level, and is wider than need be.

    The ends are quantiles of beta distributions, found by bisection on the regularised incomplete beta function.
    Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), 404-413; the example is that of method 5 in
    R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872:

    >>> low, high = clopper_pearson(15, 148)
    >>> round(low, 4), round(high, 4)
    (0.0578, 0.1617)

    Raises:
        InvalidSampleError: No trials or more than 10**9, successes outside 0..`trials`, or a level outside 0..1.
    """
    check_counts(successes, trials)
    critical_value(level)
    if trials > MAX_EXACT_TRIALS:
        raise InvalidSampleError(
            f"expected at most {MAX_EXACT_TRIALS} trials for the exact interval, found `{trials}`",
            hint="Wilson's interval is the same to more digits than matter",
        )
    tail = (1.0 - level) / 2.0
    low = 0.0 if successes == 0 else beta_quantile(tail, successes, trials - successes + 1)
    # The upper end is one minus the lower end for the failures, which keeps the digits of small tails.
    failures = trials - successes
    high = 1.0 if failures == 0 else 1.0 - beta_quantile(tail, failures, successes + 1)
    return Bounds(low, high)

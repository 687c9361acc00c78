"""The regularised incomplete beta function and its inverse (Numerical Recipes, 3rd edition, section 6.4)."""

from __future__ import annotations

import math

from telamon.kits.stats.bounds import InvalidSampleError

# Modified Lentz: a denominator that vanishes is replaced by this.
TINY = 1e-300
PRECISION = 1e-15  # a factor this near to 1 changes a double in its last place at most
# The continued fraction needs O(sqrt(max(a, b))) terms; this serves parameters past 1e9 everywhere in 0..1.
MAX_TERMS = 100_000
# Halvings that bring 0..1 below the spacing of doubles near the smallest quantiles of use (2**-200).
HALVINGS = 200


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return I_x(a, b), the probability that a Beta(a, b) variable is at most `x`.

    >>> round(incomplete_beta(0.5, 2, 3), 6)
    0.6875

    Args:
        x: From 0 to 1.
        a: Positive.
        b: Positive.

    Raises:
        InvalidSampleError: `a` and `b` are so large that the fraction does not converge.
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    front = math.exp(log_front)
    # The fraction converges fast below the mean; above it the symmetry I_x(a, b) = 1 - I_{1-x}(b, a) is used.
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _continued_fraction(x, a, b) / a
    return 1.0 - front * _continued_fraction(1.0 - x, b, a) / b


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return the x with I_x(a, b) = `probability`, by bisection.

    >>> round(beta_quantile(0.6875, 2, 3), 6)
    0.5
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        if middle in {low, high}:
            break
        if incomplete_beta(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Evaluate the fraction of I_x(a, b) by the modified Lentz method."""
    c = 1.0
    d = 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for coefficient in (even, odd):
            d = 1.0 / _away_from_zero(1.0 + coefficient * d)
            c = _away_from_zero(1.0 + coefficient / c)
            value *= c * d
        if abs(c * d - 1.0) < PRECISION:
            return value
    raise InvalidSampleError(f"expected parameters for which the fraction converges, found `{a:g}` and `{b:g}`")


def _away_from_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.stats import InvalidSampleError
from telamon.kits.stats.beta import beta_quantile, incomplete_beta

parameters = st.floats(0.5, 2000)
shares = st.floats(0, 1)


@given(shares, parameters, parameters)
def test_agrees_with_scipy(scipy_special: Any, x: float, a: float, b: float) -> None:
    assert incomplete_beta(x, a, b) == pytest.approx(scipy_special.betainc(a, b, x), rel=1e-8, abs=1e-13)


@given(shares, st.integers(1, 30), st.integers(1, 30))
def test_is_a_binomial_tail(x: float, a: int, b: int) -> None:
    # Abramowitz and Stegun, 26.5.24: I_x(a, n - a + 1) is the chance of a or more successes in n trials.
    n = a + b - 1
    tail = math.fsum(math.comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))
    assert incomplete_beta(x, a, b) == pytest.approx(tail, abs=1e-12)


@given(st.floats(0.001, 0.999), parameters, parameters)
def test_the_quantile_undoes_it(probability: float, a: float, b: float) -> None:
    assert incomplete_beta(beta_quantile(probability, a, b), a, b) == pytest.approx(probability, abs=1e-9)


def test_is_zero_and_one_at_and_past_the_ends() -> None:
    assert [incomplete_beta(x, 2, 3) for x in (-1.0, 0.0, 1.0, 2.0)] == [0, 0, 1, 1]


def test_the_quantile_of_nothing_is_as_small_as_it_looks() -> None:
    assert beta_quantile(0.0, 1, 1) == pytest.approx(0, abs=1e-60)


def test_refuses_parameters_for_which_it_would_not_converge() -> None:
    with pytest.raises(InvalidSampleError, match="expected parameters for which the fraction converges"):
        incomplete_beta(0.5, 1e16, 1e16)

"""The tools that the intervals are compared with, where they are installed."""

from __future__ import annotations

from typing import Any

import pytest

REASON = "scipy is compared with where it is installed"


@pytest.fixture(scope="session")
def scipy_stats() -> Any:
    return pytest.importorskip("scipy.stats", reason=REASON)


@pytest.fixture(scope="session")
def scipy_special() -> Any:
    return pytest.importorskip("scipy.special", reason=REASON)


@pytest.fixture(scope="session")
def numpy() -> Any:
    return pytest.importorskip("numpy", reason=REASON)

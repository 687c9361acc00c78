"""Confidence intervals for what experiments measure, after the papers named in each function; standard library only."""

from __future__ import annotations

from telamon.kits.stats.bootstrap import BootstrapMethod, bootstrap
from telamon.kits.stats.bounds import Bounds, InvalidSampleError
from telamon.kits.stats.differences import newcombe_independent, newcombe_paired
from telamon.kits.stats.proportions import clopper_pearson, wilson

__all__ = [
    "BootstrapMethod",
    "Bounds",
    "InvalidSampleError",
    "bootstrap",
    "clopper_pearson",
    "newcombe_independent",
    "newcombe_paired",
    "wilson",
]

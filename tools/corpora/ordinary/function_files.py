"""Plain objects and importable classes by dill and cloudpickle, which then carry no code."""

from __future__ import annotations

import collections
import datetime as dt
import functools
import operator
from typing import TYPE_CHECKING

import cloudpickle
import dill
import numpy as np
from sklearn.linear_model import LogisticRegression

from corpora.ordinary import sklearn_files
from corpora.ordinary.artefact import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpora.ordinary.artefact import Artefact


def artefacts() -> Iterator[Artefact]:
    """Yield each value by both."""
    for name, value in _values().items():
        yield written(f"{name}.dill", dill.dumps(value))
        yield written(f"{name}.cloudpickle", cloudpickle.dumps(value))


def _values() -> dict[str, object]:
    features, classes = sklearn_files.data()
    return {
        "plain": {"a": [1, 2.5, "x", None, b"y"], "when": dt.date(2026, 1, 1)},
        "array": np.arange(20.0),
        "estimator": LogisticRegression().fit(features, classes),
        "classes": [collections.OrderedDict, int, dt.datetime],
        "functions": [np.mean, len, functools.partial(int, base=2), operator.itemgetter(1)],
        "containers": [collections.defaultdict(list, a=[1]), collections.Counter("ab"), slice(1)],
    }

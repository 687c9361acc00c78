"""Frames, series and indexes of pandas, by `to_pickle` in every compression and by pickle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corpora.ordinary.artefact import Artefact, pickled

if TYPE_CHECKING:
    from collections.abc import Iterator


def artefacts() -> Iterator[Artefact]:
    """Yield frames by `to_pickle`, then values by pickle."""
    frame = _frame()
    for suffix in ("pkl", "pkl.gz", "pkl.bz2", "pkl.xz", "pkl.zip", "pkl.tar", "pkl.zst"):
        yield Artefact(name=f"frame.{suffix}", write=frame.to_pickle)
    for name, value in _values(frame).items():
        yield pickled(f"pandas-{name}.pkl", value, 2 if len(name) % 2 else 5)


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": np.arange(6.0),
            "count": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
            "text": ["a", "b", None, "d", "e", "f"],
            "string": pd.array(["a", "b", "c", "d", "e", None], dtype="string"),
            "kind": pd.Categorical(list("abcabc"), ordered=True),
            "when": pd.date_range("2026-01-01", periods=6, tz="UTC"),
            "flag": pd.array([True, None, False, True, True, False], dtype="boolean"),
            "object": [{"a": 1}, [1], None, 1, "x", (1,)],
        }
    )


def _values(frame: pd.DataFrame) -> dict[str, object]:
    return {
        "series": frame["number"],
        "string-series": frame["string"],
        "categories": frame["kind"],
        "multi-index": frame.set_index(["text", "kind"]),
        "columns": frame.pivot_table(index="kind", columns="flag", values="number", observed=True),
        "range-index": pd.RangeIndex(5),
        "date-index": pd.date_range("2026-01-01", periods=3, freq="h"),
        "period-index": pd.period_range("2026-01", periods=3, freq="M"),
        "duration-index": pd.timedelta_range("1D", periods=3),
        "interval-index": pd.interval_range(0, 3),
        "categorical-index": pd.CategoricalIndex(list("ab")),
        "times": [pd.Timestamp("2026-01-01", tz="Europe/Berlin"), pd.Timedelta("1D"), pd.Period("2026-01"), pd.NaT],
        "interval": pd.Interval(0, 1),
        "missing": pd.NA,
        "offsets": [pd.offsets.BDay(2), pd.offsets.MonthEnd()],
        "sparse": pd.arrays.SparseArray([0, 0, 1]),
        "types": [pd.Int64Dtype(), pd.CategoricalDtype(["a"]), pd.StringDtype(), pd.DatetimeTZDtype(tz="UTC")],
        "empty": pd.DataFrame(),
        "wide": pd.DataFrame(np.random.default_rng(7).normal(size=(200, 30))),
    }

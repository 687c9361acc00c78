"""The fraud model of the demo: real, reproducible, and clean to the scanner's eye as to joblib's."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from telamon.core.errors import MissingExtraError
from telamon.kits.models.fraud import train_fraud_model

if TYPE_CHECKING:
    from pathlib import Path

needs_sklearn = pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn is not installed")


@needs_sklearn
def test_model_is_better_than_guessing_and_reproducible(tmp_path: Path) -> None:
    first = train_fraud_model(tmp_path / "a.joblib", seed=7)
    assert 0.92 < first <= 1.0  # nine of ten payments are honest, so that guessing gives 0.9
    assert train_fraud_model(tmp_path / "b.joblib", seed=7) == first


@needs_sklearn
def test_file_is_a_pipeline_that_predicts(tmp_path: Path) -> None:
    train_fraud_model(tmp_path / "fraud.joblib", seed=7)
    program = (
        "import joblib, sys; model = joblib.load(sys.argv[1]); "
        "print(type(model).__name__, model.predict([[0.0] * 12]).shape)"
    )
    done = subprocess.run(  # noqa: S603  # the program is ours
        [sys.executable, "-c", program, str(tmp_path / "fraud.joblib")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "Pipeline (1,)\n"), done.stderr


def test_without_scikit_learn_the_install_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(MissingExtraError) as raised:
        train_fraud_model(tmp_path / "fraud.joblib", seed=7)
    assert raised.value.hint == "pip install 'telamon[ml]'"
    assert list(tmp_path.iterdir()) == []

"""A fraud classifier that is trained on the spot on synthetic payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.core.errors import MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

PAYMENTS = 2000


def train_fraud_model(path: Path, *, seed: int) -> float:
    """Train a scikit-learn pipeline on synthetic payments, save it with joblib, and return its test accuracy.

    Args:
        path: Where the model is written.
        seed: Of the payments and of the training.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        import joblib  # noqa: PLC0415  # optional, and 1 s of import
        from sklearn.datasets import make_classification  # noqa: PLC0415  # likewise
        from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415  # likewise
        from sklearn.model_selection import train_test_split  # noqa: PLC0415  # likewise
        from sklearn.pipeline import make_pipeline  # noqa: PLC0415  # likewise
        from sklearn.preprocessing import StandardScaler  # noqa: PLC0415  # likewise
    except ImportError as error:
        raise MissingExtraError("ml", "training the demo model") from error
    features, labels = make_classification(PAYMENTS, n_features=12, n_informative=6, weights=[0.9], random_state=seed)
    parts = train_test_split(features, labels, random_state=seed, stratify=labels)
    model = make_pipeline(StandardScaler(), RandomForestClassifier(40, random_state=seed)).fit(parts[0], parts[2])
    joblib.dump(model, path, compress=3)
    return float(model.score(parts[1], parts[3]))

"""joblib files in every codec, with arrays of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer

from corpora.ordinary import sklearn_files
from corpora.ordinary.artefact import Artefact

if TYPE_CHECKING:
    from collections.abc import Iterator

CODECS = (0, 1, 9, True, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3), ("lz4", 3))


def artefacts() -> Iterator[Artefact]:
    """Yield one bundle in every codec, then values without compression and with it."""
    features, classes = sklearn_files.data()
    forest = RandomForestClassifier(5).fit(features, classes)
    bundle = {"model": forest, "features": features, "classes": list("abc"), "history": [0.5] * 40}
    for number, codec in enumerate(CODECS):
        yield _dumped(f"bundle-{number}.joblib", bundle, codec)
    for name, value in _values().items():
        yield _dumped(f"{name}.joblib", value, 0)
        yield _dumped(f"{name}.joblib.z", value, 3)
    for protocol in (2, 3, 5):
        yield _dumped(f"bundle-protocol-{protocol}.joblib", bundle, 0, protocol)
    for name in ("pipeline", "grid-search", "text-pipeline", "hist-gradient-boosting", "k-neighbours"):
        yield _dumped(f"{name}.joblib", _estimator(name), 0)


def _estimator(name: str) -> object:
    features, classes = sklearn_files.data()
    if name == "text-pipeline":
        return TfidfVectorizer().fit(sklearn_files.TEXTS)
    return sklearn_files.classifiers()[name].fit(features, classes)


def _dumped(name: str, value: object, codec: object, protocol: int | None = None) -> Artefact:
    return Artefact(name=name, write=lambda path: joblib.dump(value, path, compress=codec, protocol=protocol))


def _values() -> dict[str, object]:
    generator = np.random.default_rng(7)
    return {
        "large-array": generator.normal(size=(300, 300)),
        "many-arrays": [generator.normal(size=(number, 3)) for number in range(40)],
        "fortran-array": np.asfortranarray(generator.normal(size=(8, 5))),
        "object-array": np.array([{"a": 1}, "b", None], dtype=object),
        "structured-array": np.zeros(4, dtype=[("a", "f8"), ("b", "U4")]),
        "empty-array": np.zeros((0, 2)),
        "scalar-array": np.array(3),
        "masked-array": np.ma.masked_array([1.0, 2.0], mask=[True, False]),
        "matrix": np.asmatrix(np.eye(3)),
        "dates": np.array(["2026-01-01"], dtype="M8[D]"),
        "array-of-pickles": np.frombuffer(b"\x80\x04cos\nsystem\n(tR." * 16, dtype=np.uint8),
        "no-array": {"a": [1, 2.5, "x"]},
    }

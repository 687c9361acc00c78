"""NumPy arrays of all kinds, as npy, npz and pickle."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from corpora.ordinary.artefact import Artefact, pickled

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 7
DTYPES = "?bBhHiIlLqQefdgFDG"


def artefacts() -> Iterator[Artefact]:
    """Yield npy and npz files, then pickles."""
    for name, array in _arrays().items():
        yield Artefact(name=f"{name}.npy", write=functools.partial(np.save, arr=array, allow_pickle=True))
        for protocol in (2, 5):
            yield pickled(f"array-{name}-{protocol}.pkl", array, protocol)
    arrays: dict[str, Any] = {f"a{number}": np.arange(8).astype(code) for number, code in enumerate(DTYPES)}
    yield Artefact(name="all-types.npz", write=lambda path: np.savez(path, **arrays))
    yield Artefact(name="all-types-compressed.npz", write=lambda path: np.savez_compressed(path, **arrays))
    yield Artefact(name="objects.npz", write=lambda path: np.savez(path, names=_arrays()["objects"]))
    for name, value in _values().items():
        yield pickled(f"numpy-{name}.pkl", value, 4)


def _arrays() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(SEED)
    structured = np.zeros(3, dtype=[("name", "U8"), ("weight", "f8", (2,)), ("at", "M8[s]")])
    return {
        "float": generator.normal(size=(20, 5)),
        "fortran": np.asfortranarray(generator.normal(size=(4, 6))),
        "empty": np.zeros((0, 3)),
        "scalar": np.array(1.5),
        "structured": structured,
        "objects": np.array([{"a": 1}, ["b"], None, "c"], dtype=object),
        "strings": np.array(["a", "bc"]),
        "bytes": np.array([b"a", b"bc"]),
        "big-endian": np.arange(4, dtype=">i4"),
        "dates": np.array(["2026-01-01", "NaT"], dtype="M8[D]"),
        "durations": np.array([1, 2], dtype="m8[ms]"),
        "of-pickles": np.frombuffer(b"\x80\x04cos\nsystem\n" * 20, dtype=np.uint8),
    }


def _values() -> dict[str, object]:
    return {
        "generator": np.random.default_rng(SEED),
        "random-state": np.random.RandomState(SEED),  # what older models hold
        "bit-generators": [np.random.PCG64(1), np.random.Philox(1), np.random.SFC64(1), np.random.MT19937(1)],
        "seed-sequence": np.random.SeedSequence(SEED),
        "masked": np.ma.masked_array([1.0, 2.0], mask=[True, False]),
        "record-array": np.rec.array([(1, 0.5)], dtype=[("a", "i4"), ("b", "f8")]),
        "scalars": [np.float64(1), np.int8(1), np.bool_(1), np.str_("a"), np.datetime64("2026-01-01"), np.complex64(1)],
        "dtypes": [np.dtype(code) for code in DTYPES] + [np.dtype([("a", "i4")])],
        "functions": [np.mean, np.log1p, np.add, np.float32, np.ndarray],
        "polynomial": np.polynomial.Polynomial([1, 2, 3]),
        "poly1d": np.poly1d([1, 2]),
        "matrix-of-objects": {"classes": np.array(["a", "b"], dtype=object), "weights": np.ones((2, 2))},
        "memory-order": np.ones((3, 4), order="F")[::2],
        "large": np.arange(200_000),
    }

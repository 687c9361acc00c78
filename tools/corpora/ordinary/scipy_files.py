"""Sparse matrices and other objects of SciPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.interpolate
import scipy.optimize
import scipy.sparse
import scipy.spatial

from corpora.ordinary.artefact import Artefact, pickled

if TYPE_CHECKING:
    from collections.abc import Iterator


def artefacts() -> Iterator[Artefact]:
    """Yield pickles and one npz."""
    dense = np.eye(5)
    for kind in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr"):
        yield pickled(f"{kind}-matrix.pkl", getattr(scipy.sparse, f"{kind}_matrix")(dense))
        yield pickled(f"{kind}-array.pkl", getattr(scipy.sparse, f"{kind}_array")(dense))
    matrix = scipy.sparse.csr_matrix(dense)
    yield Artefact(name="sparse.npz", write=lambda path: scipy.sparse.save_npz(path, matrix))
    grid = np.arange(6.0)
    yield pickled("spline.pkl", scipy.interpolate.CubicSpline(grid, grid**2))
    yield pickled("interpolation.pkl", scipy.interpolate.interp1d(grid, grid**2))
    yield pickled("minimum.pkl", scipy.optimize.minimize(lambda x: float(x @ x), np.ones(2)))
    yield pickled("tree.pkl", scipy.spatial.KDTree(np.random.default_rng(7).normal(size=(20, 3))))
    yield pickled("rotation.pkl", scipy.spatial.transform.Rotation.from_euler("z", 90, degrees=True))

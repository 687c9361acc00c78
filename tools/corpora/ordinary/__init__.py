"""Ordinary files, written by the libraries that people train with: none of them may be flagged."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

# Each module writes what its libraries, which are named beside it, write.
MODULES: Final = (
    ("standard_library", ()),
    ("named_models", ()),
    ("archives", ("numpy", "zstandard")),
    ("numpy_files", ("numpy",)),
    ("scipy_files", ("scipy",)),
    ("structured_files", ()),
    ("image_files", ()),
    ("pandas_files", ("pandas",)),
    ("sklearn_files", ("sklearn",)),
    ("joblib_files", ("joblib", "lz4", "sklearn")),
    ("function_files", ("cloudpickle", "dill", "sklearn")),
    ("torch_files", ("torch",)),
    ("hdf5_files", ("h5py", "numpy")),
    ("onnx_files", ("numpy", "onnx")),
    ("safetensors_files", ("numpy", "safetensors")),
    ("template_files", ()),
    ("yaml_files", ("yaml",)),
    ("dependency_files", ()),
    ("code_files", ()),
    ("model_files", ()),
    ("product_files", ()),
)


def missing(module: str) -> tuple[str, ...]:
    """Return the libraries that the module needs and that are not installed."""
    return tuple(name for name in dict(MODULES)[module] if importlib.util.find_spec(name) is None)


def build(folder: Path, module: str) -> list[Path]:
    """Write the files of one module to `folder`, which must exist, and return their paths."""
    paths = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries warn of each other's versions and of unconverged fits
        for artefact in importlib.import_module(f"corpora.ordinary.{module}").artefacts():
            path = folder / artefact.name
            artefact.write(path)
            paths.append(path)
    return paths

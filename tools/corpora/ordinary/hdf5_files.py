"""HDF5 files in every form of the format: weights as Keras lays them out, with its configuration and without."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import h5py
import numpy as np

from corpora.ordinary.artefact import Artefact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSIONS: Final = ("earliest", "v108", "v110", "latest")
LAYERS: Final[tuple[dict[str, Any], ...]] = (
    {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4], "name": "input"}},
    {"class_name": "Dense", "config": {"units": 8, "activation": "relu", "name": "dense"}},
    {"class_name": "Dropout", "config": {"rate": 0.5, "name": "dropout"}},
)


def artefacts() -> Iterator[Artefact]:
    """Yield a model, weights alone, arrays of every layout and deep groups, in every form."""
    for libver in VERSIONS:
        for write in (_model, _weights, _arrays, _groups):
            name = f"{write.__name__.strip('_')}-{libver}.h5"
            yield Artefact(name=name, write=partial(_written, write, libver))


def _written(write: Any, libver: str, path: Path) -> None:  # one of the functions below
    with h5py.File(path, "w", libver=libver) as file:
        write(file)


def _model(file: h5py.File) -> None:
    file.attrs["backend"] = "tensorflow"
    file.attrs["keras_version"] = "2.15.0"
    file.attrs["model_config"] = json.dumps(
        {"class_name": "Sequential", "config": {"name": "s", "layers": list(LAYERS)}}
    )
    file.attrs["training_config"] = json.dumps({"loss": "mse", "metrics": ["accuracy"]})
    _weights(file.create_group("model_weights"))


def _weights(file: h5py.Group) -> None:
    file.attrs["layer_names"] = [b"input", b"dense"]
    group = file.create_group("dense")
    group.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
    group["dense/kernel:0"] = np.ones((4, 8), "f4")
    group["dense/bias:0"] = np.zeros(8, "f4")


def _arrays(file: h5py.File) -> None:
    file.create_dataset("chunked", data=np.zeros((40, 40)), chunks=(10, 10), compression="gzip", shuffle=True)
    file.create_dataset("checked", data=np.arange(100), chunks=True, fletcher32=True)
    file.create_dataset("texts", data=["a", "grün"], dtype=h5py.string_dtype())
    file.create_dataset("growing", (0,), maxshape=(None,), dtype="i8")
    file["scalar"] = 3.5
    file["records"] = np.zeros(3, dtype=[("a", "f8"), ("b", "S4")])


def _groups(file: h5py.File) -> None:
    group = file
    for depth in range(20):
        group = group.create_group(f"level{depth}")
        group["x"] = np.arange(depth)
    for number in range(300):
        file[f"many/{number}"] = number
    file["soft"] = h5py.SoftLink("/many/1")
    file["hard"] = file["many"]

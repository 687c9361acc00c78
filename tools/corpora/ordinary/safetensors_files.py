"""safetensors files of every type of number, with metadata and without."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from safetensors.numpy import save_file

from corpora.ordinary.artefact import Artefact

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPES: Final = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")


def artefacts() -> Iterator[Artefact]:
    """Yield a file for each type, then files of many tensors, of an empty and a scalar one, and with metadata."""
    for code in TYPES:
        tensors = {"weight": np.ones((3, 4), code), "bias": np.zeros(4, code)}
        name = np.dtype(code).name
        yield Artefact(name=f"{name}.safetensors", write=partial(save_file, tensors))
    shapes = {"empty": (0,), "scalar": (), "cube": (2, 3, 4)}
    yield Artefact(
        name="shapes.safetensors", write=partial(save_file, {name: np.zeros(shape) for name, shape in shapes.items()})
    )
    layers = {f"layers.{number}.weight": np.full((4, 4), number, "f4") for number in range(200)}
    yield Artefact(name="layers.safetensors", write=partial(save_file, layers))
    described = partial(save_file, {"w": np.ones(3)}, metadata={"format": "pt", "license": "MIT"})
    yield Artefact(name="described.safetensors", write=described)

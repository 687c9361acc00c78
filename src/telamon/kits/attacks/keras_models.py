"""Trojaned Keras models and their benign twins, as bytes: Lambda layers whose code creates one empty file."""

from __future__ import annotations

import base64
import io
import json
import marshal
import zipfile
from functools import partial
from types import CodeType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from telamon.kits.attacks.artefacts import Recipe
from telamon.kits.attacks.loading import Loader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Node: TypeAlias = "dict[str, Any]"

# The smallest file that the HDF5 library opens: a superblock of version 2 and a root group without links, each with its
# checksum (HDF5 File Format Specification 3.0, II.A.1 and IV.A.1.b). Keras wants one even of models without weights.
_EMPTY_HDF5: Final = bytes.fromhex(
    "894844460d0a1a0a020808000000000000000000ffffffffffffffff57000000000000003000000000000000421f0a6e"
    "4f48445202001c021200000000ffffffffffffffffffffffffffffffff0a0200000000bd940614"
)


def plain(canary: str | None) -> bytes:
    """A Lambda layer among others, as in the models that were found on public hubs."""
    return _text(_model([_layer(canary)]))


def wrapped(canary: str | None) -> bytes:
    """The layer within a wrapper of another, for scanners that go through the list of layers."""
    return _text(_model([_node("TimeDistributed", name="steps", layer=_layer(canary))]))


def nested(canary: str | None) -> bytes:
    """The layer within a model that is a layer of the model."""
    return _text(_model([_model([_layer(canary)])]))


def escaped(canary: str | None) -> bytes:
    """Names spelled with escapes of JSON, for scanners that search the text."""
    return _text(_model([_layer(canary)])).replace(b"ambda", b"\\u0061mbda")


def wide(canary: str | None) -> bytes:
    """A configuration in UTF-16, which `json.loads` takes from bytes as well."""
    return _text(_model([_layer(canary)])).decode("ascii").encode("utf-16")


def repeated(canary: str | None) -> bytes:
    """Two keys `config`: Python's `json` takes the last. No honest program writes that, so the twin has one."""
    if canary is None:
        return plain(None)
    honest, taken = (_text(_model([_layer(each)])["config"]) for each in (None, canary))
    return b'{"module": "keras", "class_name": "Sequential", "config": ' + honest + b', "config": ' + taken + b"}"


def keras_recipes(configurations: Sequence[Callable[[str | None], bytes]]) -> tuple[Recipe, ...]:
    """Return a recipe of a `.keras` file for each configuration.

    Args:
        configurations: Given the path of the canary or `None`, return the text of `config.json`.
    """
    return tuple(
        Recipe(
            name=f"lambda-{each.__name__}".replace("_", "-"),
            loader=Loader.KERAS,
            suffix=".keras",
            make=partial(_archive, each),
        )
        for each in configurations
    )


def _archive(configuration: Callable[[str | None], bytes], canary: str | None, seed: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in (
            ("metadata.json", _text({"keras_version": "3.0.0", "date_saved": f"seed {seed}"})),
            ("config.json", configuration(canary)),
            ("model.weights.h5", _EMPTY_HDF5),
        ):
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def _text(value: object) -> bytes:
    return json.dumps(value).encode("ascii")


def _node(class_name: str, **config: object) -> Node:
    return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}


def _model(layers: Sequence[Node]) -> Node:
    first = _node("InputLayer", batch_shape=[None, 2, 3], dtype="float32", name="features")
    return {**_node("Sequential", name="model", layers=[first, *layers]), "module": "keras"}


def _layer(canary: str | None) -> Node:
    """A Lambda layer whose function creates the canary, or an honest layer of the same shape."""
    if canary is None:
        return _node("ReLU", name="activation")
    function = {"code": base64.b64encode(marshal.dumps(_code(canary))).decode(), "defaults": None, "closure": None}
    serialized = {"class_name": "__lambda__", "config": function}
    return _node("Lambda", name="activation", function=serialized, output_shape=None, arguments={})


def _code(canary: str) -> CodeType:
    """The code of a function of one argument; constants of a module's code hold that of its functions."""
    module = compile(f"lambda x: (open({canary!r}, 'w').close(), x)[1]", "layer", "eval")
    return next(each for each in module.co_consts if isinstance(each, CodeType))

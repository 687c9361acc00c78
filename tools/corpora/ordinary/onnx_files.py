"""ONNX models of several operator sets, with subgraphs, functions, external weights beside them and metadata."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from corpora.ordinary.artefact import Artefact

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATORS: Final = ("Relu", "Sigmoid", "Tanh", "Erf", "Exp", "Abs", "Neg", "Identity", "Sqrt", "Floor")


def artefacts() -> Iterator[Artefact]:
    """Yield models of one operator, then the constructions."""
    for number, name in enumerate(OPERATORS):
        yield _saved(f"{name.lower()}.onnx", _model(_graph(_node(name)), opset=11 + number))
    for label, made in _constructions().items():
        yield _saved(f"{label}.onnx", made)


def _saved(name: str, made: Any) -> Artefact:  # onnx has no types
    return Artefact(name=name, write=partial(onnx.save, made))


def _node(name: str, domain: str = "", **attributes: object) -> Any:  # likewise
    return helper.make_node(name, ["x"], ["y"], domain=domain, **attributes)


def _graph(*nodes: Any, weights: tuple[Any, ...] = ()) -> Any:  # likewise
    inputs, outputs = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy")
    return helper.make_graph(list(nodes), "main", [inputs], [outputs], initializer=list(weights))


def _model(graph: Any, opset: int = 17, **more: object) -> Any:  # likewise
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="corpus", **more)


def _constructions() -> dict[str, Any]:  # likewise
    weight = numpy_helper.from_array(np.ones(4, "f4"), "w")
    beside = numpy_helper.from_array(np.ones(4, "f4"), "w")
    beside.ClearField("raw_data")
    beside.data_location = TensorProto.EXTERNAL
    entry = beside.external_data.add()
    entry.key, entry.value = "location", "model.onnx.data"
    function = helper.make_function("local", "Twice", ["x"], ["y"], [_node("Relu")], [helper.make_opsetid("", 17)])
    described = _model(_graph(_node("Relu")), doc_string="A model of one operator.")
    helper.set_model_props(described, {"license": "MIT", "author": "corpus"})
    return {
        "weights": _model(_graph(helper.make_node("Add", ["x", "w"], ["y"]), weights=(weight,))),
        "weights-beside": _model(_graph(helper.make_node("Add", ["x", "w"], ["y"]), weights=(beside,))),
        "subgraphs": _model(_graph(_node("If", then_branch=_graph(_node("Relu")), else_branch=_graph(_node("Abs"))))),
        "functions": _model(_graph(_node("Twice", "local")), functions=[function]),
        "microsoft": _model(_graph(_node("FusedGemm", "com.microsoft"))),
        "trees": _model(_graph(_node("TreeEnsembleRegressor", "ai.onnx.ml"))),
        "metadata": described,
    }

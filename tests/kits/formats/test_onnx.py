"""ONNX models, as the package `onnx` writes them."""

from __future__ import annotations

import random

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.onnx import OnnxModel, has_onnx_graph, read_onnx
from telamon.kits.formats.source import Source

LONG = "x" * 70_000


def external(name: str, location: str) -> TensorProto:
    tensor = numpy_helper.from_array(np.ones(2, "f4"), name)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("offset", "0"), ("location", location), ("length", "8")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return tensor


def graph(*nodes: onnx.NodeProto, initializers: tuple[TensorProto, ...] = ()) -> onnx.GraphProto:
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])]
    return helper.make_graph(list(nodes), "g", inputs, outputs, initializer=list(initializers))


def node(name: str, domain: str = "", **attributes: object) -> onnx.NodeProto:
    return helper.make_node(name, ["x"], ["y"], domain=domain, **attributes)


def model(main: onnx.GraphProto, **fields: object) -> onnx.ModelProto:
    return helper.make_model(main, opset_imports=[helper.make_opsetid("", 17)], **fields)


def read(made: onnx.ModelProto) -> OnnxModel:
    return read_onnx(Source.from_bytes(made.SerializeToString()))


def test_an_ordinary_model_is_read_whole() -> None:
    made = model(
        graph(node("Relu"), node("Relu"), initializers=(numpy_helper.from_array(np.ones(9, "f4"), "w"),)),
        producer_name="pytorch",
        producer_version="2.6",
    )
    helper.set_model_props(made, {"license": "MIT"})
    assert read(made) == OnnxModel(producer="pytorch 2.6", operators={("", "Relu"): None}, metadata={"license": "MIT"})


def test_operators_are_found_in_subgraphs_however_deep() -> None:
    inner = graph(node("Deep", "a.b"))
    for _ in range(20):
        inner = graph(node("If", then_branch=inner, else_branch=graph(node("Relu"))))
    assert set(read(model(inner)).foreign) == {("a.b", "Deep"), ("", "If"), ("", "Relu")}


def test_operators_are_found_in_lists_of_graphs() -> None:
    made = node("Many", "c")
    made.attribute.append(helper.make_attribute("all", [graph(node("First", "c")), graph(node("Second", "c"))]))
    assert set(read(model(graph(made))).operators) == {("c", "Many"), ("c", "First"), ("c", "Second")}


def test_functions_are_the_model_s_own_and_what_they_use_is_not() -> None:
    body = [node("Foreign", "e"), node("Relu")]
    function = helper.make_function("local", "f", ["x"], ["y"], body, [helper.make_opsetid("", 17)])
    found = read(model(graph(node("f", "local")), functions=[function]))
    assert found.functions == {("local", "f")}
    assert found.foreign == (("e", "Foreign"), ("", "Relu"))


def test_external_tensors_are_found_wherever_tensors_stand() -> None:
    values, indices = external("v", "sparse-values"), external("i", "sparse-indices")
    sparse = onnx.SparseTensorProto(values=values, indices=indices, dims=[4])
    constants = [
        node("Constant", value=external("c", "attribute")),
        node("Constant", sparse_value=sparse),
        node("If", then_branch=graph(initializers=(external("s", "subgraph"),)), else_branch=graph()),
    ]
    many = node("Many", "m")
    many.attribute.append(helper.make_attribute("all", [external("a", "first"), external("b", "second")]))
    main = graph(*constants, many, initializers=(external("w", "initializer"),))
    main.sparse_initializer.append(
        onnx.SparseTensorProto(values=external("v", "graph-values"), indices=external("i", "graph-indices"), dims=[4])
    )
    made = model(main)
    function = helper.make_function(
        "l", "f", ["x"], ["y"], [node("Constant", value=external("c", "function"))], [helper.make_opsetid("", 17)]
    )
    made.functions.append(function)
    training = made.training_info.add()
    training.initialization.CopyFrom(graph(initializers=(external("t", "initialization"),)))
    training.algorithm.CopyFrom(graph(initializers=(external("t", "algorithm"),)))
    assert set(read(made).external) == {
        *("attribute", "sparse-values", "sparse-indices", "subgraph", "first", "second", "initializer"),
        *("graph-values", "graph-indices", "function", "initialization", "algorithm"),
    }


def test_long_texts_are_told_by_their_length() -> None:
    made = model(graph(node("Relu")), doc_string=LONG)
    made.graph.doc_string = LONG
    helper.set_model_props(made, {"payload": LONG})
    found = read(made)
    assert found.metadata == {"payload": LONG[:4096]}
    assert found.long_texts == {"doc_string": 70_000, "graph.doc_string": 70_000, "metadata `payload`": 70_013}


def test_a_number_in_the_place_of_a_text_does_not_hide_the_text() -> None:
    named = b"\x22\x04Evil" + b"\x20\x00" + b"\x3a\x03ops" + b"\x38\x00"  # op_type and domain, each as a number too
    data = b"\x3a" + bytes([2 + len(named)]) + b"\x0a" + bytes([len(named)]) + named
    assert read_onnx(Source.from_bytes(data)).foreign == (("ops", "Evil"),)


def test_a_second_graph_is_merged_into_the_first() -> None:
    made = model(graph(node("Relu"))).SerializeToString() + model(graph(node("Evil", "ops"))).SerializeToString()
    assert read_onnx(Source.from_bytes(made)).foreign == (("", "Relu"), ("ops", "Evil"))


def test_more_operators_than_are_kept_are_told() -> None:
    found = read(model(graph(*(node(f"o{number}", "d") for number in range(10_001)))))
    assert (len(found.operators), found.is_cut) == (10_000, True)


def test_graphs_in_one_another_end_at_a_depth() -> None:
    data = b""
    for _ in range(60):  # graph, node, attribute, graph, ...
        for tag in (b"\x32", b"\x2a", b"\x0a"):
            length = len(data)
            size = bytes([length]) if length < 128 else bytes([length & 0x7F | 0x80, length >> 7])
            data = tag + size + data
    with pytest.raises(MalformedError, match="expected messages to nest at most 100 deep"):
        read_onnx(Source.from_bytes(b"\x3a" + bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data))


def test_a_graph_with_operator_sets_is_what_a_runtime_takes() -> None:
    made = model(graph(node("Relu")))
    assert has_onnx_graph(Source.from_bytes(made.SerializeToString()))
    made.ClearField("opset_import")
    assert not has_onnx_graph(Source.from_bytes(made.SerializeToString()))
    assert not has_onnx_graph(Source.from_bytes(b"\xff"))


@given(st.binary(max_size=200))
def test_anything_is_malformed_or_read(data: bytes) -> None:
    try:
        found = read_onnx(Source.from_bytes(data))
    except MalformedError:
        return
    assert len(found.operators) <= len(data)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=10))
def test_flipped_bytes_lead_to_a_model_or_a_clear_error(seed: int, flips: int) -> None:
    dice = random.Random(seed)  # noqa: S311  # which bytes to flip
    data = bytearray(
        model(graph(node("Constant", value=external("c", "weights"))), doc_string="text").SerializeToString()
    )
    for _ in range(flips):
        data[dice.randrange(len(data))] = dice.randrange(256)
    try:
        found = read_onnx(Source.from_bytes(bytes(data)))
    except MalformedError:
        return
    assert not found.is_cut

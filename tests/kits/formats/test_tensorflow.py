"""TensorFlow's graphs: SavedModels, MetaGraphs and GraphDefs, written field by field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.messages import field
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.source import Source
from telamon.kits.formats.tensorflow import GraphKind, Operation, TensorflowGraph, graph_kind, read_tensorflow


def node(operation: str, name: str = "n", **texts: str) -> bytes:
    attributes = b"".join(field(5, field(1, key) + field(2, field(2, text))) for key, text in texts.items())
    return field(1, name) + field(2, operation) + field(3, "input") + attributes


def graph(*nodes: bytes, functions: tuple[bytes, ...] = ()) -> bytes:
    library = b"".join(field(1, function) for function in functions)
    return (
        b"".join(field(1, made) for made in nodes) + (field(2, library) if functions else b"") + field(4, field(1, 9))
    )


def function(name: str, *nodes: bytes) -> bytes:
    return field(1, field(1, name)) + b"".join(field(3, made) for made in nodes)


def meta_graph(content: bytes) -> bytes:
    return field(1, field(5, "2.20.0")) + field(2, content)


def saved_model(*contents: bytes) -> bytes:
    return field(1, 1) + b"".join(field(2, meta_graph(content)) for content in contents)


def read(data: bytes) -> TensorflowGraph:
    source = Source.from_bytes(data)
    kind = graph_kind(source)
    assert kind is not None
    return read_tensorflow(source, kind)


MAIN = graph(node("MatMul"), node("MatMul", "m"), functions=(function("f", node("WriteFile")),))
OPERATIONS = {Operation("MatMul", ""): None, Operation("WriteFile", "f"): None}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (saved_model(MAIN), GraphKind.SAVED_MODEL),
        (meta_graph(MAIN), GraphKind.META_GRAPH),
        (MAIN, GraphKind.GRAPH),
    ],
)
def test_the_three_messages_are_told_apart_and_read_whole(data: bytes, kind: GraphKind) -> None:
    found = read(data)
    assert found.kind is kind
    assert {
        operation: None for operation in found.operations if operation.name in {"MatMul", "WriteFile"}
    } == OPERATIONS
    assert not found.is_cut


def test_every_meta_graph_is_read() -> None:
    found = read(saved_model(graph(node("Add")), graph(node("Evil"))))
    assert {"Add", "Evil"} <= {operation.name for operation in found.operations}


def test_texts_with_a_slash_are_kept() -> None:
    found = read(graph(node("PrintV2", output_stream="file:///x", end="no slash")))
    assert list(found.operations) == [Operation("PrintV2", "", (("output_stream", "file:///x"),))]


def test_no_text_hides_behind_another() -> None:
    entry = (
        field(1, "output_stream") + field(2, field(2, "/first") + field(2, "/second")) + field(2, field(2, "/third"))
    )
    found = read(graph(field(1, "n") + field(2, "PrintV2") + field(5, entry)))
    values = [value for operation in found.operations for _, value in operation.texts]
    assert values == ["/first", "/second", "/third"]


def test_a_number_in_the_place_of_a_text_does_not_hide_the_text() -> None:
    made = field(1, "n") + field(2, "WriteFile") + field(2, 0)
    assert list(read(graph(made)).operations) == [Operation("WriteFile", "")]


def test_the_last_of_two_names_counts_as_it_does_for_protobuf() -> None:
    assert list(read(graph(node("Add") + field(2, "WriteFile"))).operations) == [Operation("WriteFile", "")]


def test_a_graph_that_is_a_saved_model_as_well_is_read_as_both() -> None:
    data = field(1, node("Add")) + field(2, meta_graph(graph(node("WriteFile"))))
    assert {"Add", "WriteFile"} <= {operation.name for operation in read(data).operations}


def test_more_operations_than_are_kept_are_told() -> None:
    found = read(graph(*(node(f"o{number}") for number in range(20_001))))
    assert (len(found.operations), found.is_cut) == (20_000, True)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        field(1, 1),
        field(1, 1) + field(2, b"\xff"),
        field(1, "no node"),
        field(1, field(1, 5) + field(2, "Add")),
        field(2, "no graph"),
        field(9, node("Add")),
    ],
)
def test_other_messages_are_of_no_known_kind(data: bytes) -> None:
    assert graph_kind(Source.from_bytes(data)) is None


def test_more_fields_than_are_read_are_malformed() -> None:
    data = graph(node("Add"), *([field(1, "n") + field(3, "i") * 1_000] * 1_300))
    with pytest.raises(MalformedError, match="expected fewer fields than"):
        read(data)


@given(st.binary(max_size=200))
def test_anything_is_malformed_or_read_as_any_kind(data: bytes) -> None:
    for kind in GraphKind:
        try:
            found = read_tensorflow(Source.from_bytes(data), kind)
        except MalformedError:
            continue
        assert found.nodes <= 3 * len(data)


@given(st.binary(max_size=60))
def test_anything_within_a_graph_is_malformed_or_read(data: bytes) -> None:
    try:
        found = read(graph(node("Add"), functions=(function("f", data),)) + data)
    except MalformedError:
        return
    assert Operation("Add", "") in found.operations

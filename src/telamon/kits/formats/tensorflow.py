"""Reads which operations a TensorFlow graph runs: SavedModels, MetaGraphs and GraphDefs.

The messages are those of tensorflow/core/protobuf/{saved_model,meta_graph}.proto and
tensorflow/core/framework/{graph,node_def,function}.proto, TensorFlow 2.20.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.protobuf import Message, open_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.source import Source

MAX_OPERATIONS: Final = 20_000
"""Distinct operations and places that are kept apart."""

MAX_TEXTS: Final = 20_000
"""Attributes with a text that are kept, over all nodes."""

MAX_NAME_BYTES: Final = 500


class GraphKind(StrEnum):
    """Which message a file is."""

    SAVED_MODEL = "saved-model"
    META_GRAPH = "meta-graph"
    GRAPH = "graph"


class _SavedModel:
    VERSION, META_GRAPHS = 1, 2


class _MetaGraph:
    INFO, GRAPH, SAVER = 1, 2, 3


class _Graph:
    NODE, LIBRARY, VERSION, VERSIONS = 1, 2, 3, 4


class _Node:
    NAME, OPERATION, ATTRIBUTES = 1, 2, 5


class _Function:
    SIGNATURE, NODE = 1, 3


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a graph.

    Attributes:
        name: Such as `WriteFile`.
        function: The function of the library that it stands in, empty for the graph itself.
        texts: Its attributes that are texts, by name.
    """

    name: str
    function: str
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, kw_only=True)
class TensorflowGraph:
    """What a file runs.

    Attributes:
        kind: Which message it is.
        operations: Each once, in the order of the file; a dictionary as an ordered set.
        nodes: How many there are, in the graphs and in functions.
        is_cut: Whether there were more distinct operations than are kept.
    """

    kind: GraphKind | None
    operations: dict[Operation, None] = field(default_factory=dict)
    nodes: int = 0
    is_cut: bool = False


def graph_kind(source: Source) -> GraphKind | None:
    """Returns which of TensorFlow's messages a source begins like, `None` where it begins like none."""
    try:
        outer = open_message(source, most=2000)
        first = next(iter(outer), None)
        if first is None:
            return None
        if not first.is_bytes:
            return GraphKind.SAVED_MODEL if first.number == _SavedModel.VERSION and _has_meta_graph(outer) else None
        if first.number == _Graph.NODE and _is_node(outer.message(first)):
            return GraphKind.GRAPH
        if any(part.number == _MetaGraph.GRAPH and _is_graph(outer.message(part)) for part in outer if part.is_bytes):
            return GraphKind.META_GRAPH
    except MalformedError:
        return None
    return None


def read_tensorflow(
    source: Source, kind: GraphKind | None, *, is_late: Callable[[], bool] = lambda: False
) -> TensorflowGraph:
    """Returns what a TensorFlow file runs, whichever of the three messages it is read as.

    A parser steps over fields that its schema does not know, so that one file can be a graph to one loader and a
    SavedModel to another: the operations are those of all three readings.

    Args:
        source: The file.
        kind: Which message it begins like, whose reading must succeed; `None` where none must.
        is_late: Tells when the time is up.

    Raises:
        MalformedError: The bytes are no such message, or hold more than is read.
        SourceError: The file cannot be read.
    """
    reader = _Reader(kind)
    message = open_message(source, is_late=is_late)
    if kind is not None:
        reader.read(message, kind)
    for other in GraphKind:
        if other is not kind:
            with contextlib.suppress(MalformedError):  # but for the fields that count, which every reading shares
                reader.read(message, other)
    message.check_count()
    return reader.found


class _Reader:
    def __init__(self, kind: GraphKind | None) -> None:
        self.found = TensorflowGraph(kind=kind)
        self._texts = 0

    def read(self, message: Message, kind: GraphKind) -> None:
        match kind:
            case GraphKind.SAVED_MODEL:
                for part in message.contents():
                    if part.number == _SavedModel.META_GRAPHS:
                        self._meta_graph(message.message(part))
            case GraphKind.META_GRAPH:
                self._meta_graph(message)
            case GraphKind.GRAPH:
                self._graph(message)

    def _meta_graph(self, message: Message) -> None:
        for part in message.contents():
            if part.number == _MetaGraph.GRAPH:
                self._graph(message.message(part))

    def _graph(self, message: Message) -> None:
        for part in message.contents():
            if part.number == _Graph.NODE:
                self._node(message.message(part), "")
            elif part.number == _Graph.LIBRARY:
                library = message.message(part)
                for inner in library.contents():
                    if inner.number == 1:  # the functions; gradients name functions only
                        self._function(library.message(inner))

    def _function(self, message: Message) -> None:
        name = ""
        for part in message.contents():
            if part.number == _Function.SIGNATURE:
                signature = message.message(part)
                texts = (signature.text(inner, MAX_NAME_BYTES) for inner in signature.contents() if inner.number == 1)
                name = next(texts, name)
            elif part.number == _Function.NODE:
                self._node(message.message(part), name)

    def _node(self, message: Message, function: str) -> None:
        name = ""
        texts: list[tuple[str, str]] = []
        for part in message.contents():
            if part.number == _Node.OPERATION:
                name = message.text(part, MAX_NAME_BYTES)
            elif part.number == _Node.ATTRIBUTES and len(texts) <= MAX_TEXTS:  # one more tells that there were too many
                texts.extend(_texts(message.message(part)))
        self.found.nodes += 1
        self._texts += len(texts)
        if self._texts > MAX_TEXTS:
            self.found.is_cut = True
            texts.clear()
        operation = Operation(name, function, tuple(texts))
        if operation not in self.found.operations:
            if len(self.found.operations) >= MAX_OPERATIONS:
                self.found.is_cut = True
                return
            self.found.operations[operation] = None


def _texts(entry: Message) -> list[tuple[str, str]]:
    """The texts of an entry of a node's attributes (`AttrValue.s`, field 2); of two that are merged the last counts.

    Here all of them do, which no parser can make less of.
    """
    key, values = "", []
    for part in entry.contents():
        if part.number == 1:
            key = entry.text(part, MAX_NAME_BYTES)
        elif part.number == 2:  # noqa: PLR2004  # the value of a map's entry
            attribute = entry.message(part)
            texts = (attribute.text(inner, MAX_NAME_BYTES) for inner in attribute.contents() if inner.number == 2)  # noqa: PLR2004  # AttrValue.s
            values += [text for text in texts if "/" in text]
    # Class names of data types and device lists are noise; paths and addresses are texts with a slash.
    return [(key, value) for value in values]


def _has_meta_graph(message: Message) -> bool:
    for part in message:
        if part.number == _SavedModel.META_GRAPHS and part.is_bytes:
            inner = message.message(part)
            if any(deep.number == _MetaGraph.GRAPH and deep.is_bytes for deep in inner):
                return True
    return False


def _is_graph(message: Message) -> bool:
    for part in message:
        return part.number == _Graph.NODE and part.is_bytes and _is_node(message.message(part))
    return False


def _is_node(message: Message) -> bool:
    """Whether a message begins with a name and an operation, as every node does."""
    numbers = []
    for part in message:
        if part.number <= _Node.OPERATION:
            if not part.is_bytes or not message.text(part, 200).isprintable():
                return False
            numbers.append(part.number)
        if len(numbers) == 2:  # noqa: PLR2004  # both
            break
    return numbers == [_Node.NAME, _Node.OPERATION]

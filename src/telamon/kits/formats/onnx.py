"""Reads what an ONNX model runs and which files it names (onnx/onnx.proto3, IR version 12)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.protobuf import Message, open_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.protobuf import Field
    from telamon.kits.formats.source import Source

MAX_KEPT: Final = 10_000
"""External files, operators and metadata that are kept apart; a model has a few hundred of each."""

LONG_TEXT_BYTES: Final = 64 * 1024
"""Metadata and documentation beyond this length are told by their length."""


class _Model:
    PRODUCER, PRODUCER_VERSION, DOC, GRAPH, OPSETS, METADATA, TRAINING, FUNCTIONS = 2, 3, 6, 7, 8, 14, 20, 25


class _Graph:
    NODE, INITIALIZER, DOC, SPARSE = 1, 5, 10, 15


class _Node:
    OP, ATTRIBUTE, DOMAIN = 4, 5, 7


class _Attribute:
    STRING, TENSOR, GRAPH, TENSORS, GRAPHS, SPARSE, SPARSES = 4, 5, 6, 10, 11, 22, 23


class _Tensor:
    EXTERNAL, LOCATION = 13, 14


class _Function:
    NAME, NODE, DOMAIN, ATTRIBUTES = 1, 7, 10, 11


@dataclass(slots=True, kw_only=True)
class OnnxModel:
    """What a model says of itself.

    Attributes:
        producer: Name and version of the program that wrote it.
        operators: Domain and name of every operator used, in graphs, subgraphs and functions; a dictionary as an
            ordered set. The empty domain is ONNX's own.
        functions: Domain and name of every function that the model itself defines.
        external: Location of every tensor whose bytes stand in another file, with the name of the entry's key.
        metadata: Keys and the beginning of their values.
        long_texts: Where a text is longer than `LONG_TEXT_BYTES`, with its length.
        is_cut: Whether there was more than is kept.
    """

    producer: str = ""
    operators: dict[tuple[str, str], None] = field(default_factory=dict)
    functions: set[tuple[str, str]] = field(default_factory=set)
    external: dict[str, None] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    long_texts: dict[str, int] = field(default_factory=dict)
    is_cut: bool = False

    @property
    def foreign(self) -> tuple[tuple[str, str], ...]:
        """The operators that the model does not define itself."""
        return tuple(operator for operator in self.operators if operator not in self.functions)


def read_onnx(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> OnnxModel:
    """Returns what an ONNX model says; the bytes of its tensors are passed over.

    Args:
        source: The model.
        is_late: Tells when the time is up.

    Raises:
        MalformedError: The bytes are no message, or hold more than is read.
        SourceError: The file cannot be read.
    """
    reader = _Reader()
    reader.model(open_message(source, is_late=is_late))
    return reader.found


def has_onnx_graph(source: Source) -> bool:
    """Returns whether a message has the two fields that onnxruntime asks of a model: a graph and operator sets."""
    try:
        numbers = {part.number for part in open_message(source).contents()}
    except MalformedError:
        return False
    return {_Model.GRAPH, _Model.OPSETS} <= numbers


class _Reader:
    def __init__(self) -> None:
        self.found = OnnxModel()

    def model(self, message: Message) -> None:
        for part in message.contents():
            match part.number:
                case _Model.PRODUCER | _Model.PRODUCER_VERSION:
                    self.found.producer = f"{self.found.producer} {message.text(part, 200)}".strip()
                case _Model.DOC:
                    self._text("doc_string", part)
                case _Model.GRAPH:
                    self._graph(message.message(part))
                case _Model.METADATA:
                    self._metadata(message, part)
                case _Model.TRAINING:
                    training = message.message(part)
                    for graph in training.contents():
                        if graph.number in {1, 2}:  # initialization, algorithm
                            self._graph(training.message(graph))
                case _Model.FUNCTIONS:
                    self._function(message.message(part))

    def _graph(self, message: Message) -> None:
        for part in message.contents():
            match part.number:
                case _Graph.NODE:
                    self._node(message.message(part))
                case _Graph.INITIALIZER:
                    self._tensor(message.message(part))
                case _Graph.SPARSE:
                    self._sparse(message.message(part))
                case _Graph.DOC:
                    self._text("graph.doc_string", part)

    def _node(self, message: Message) -> None:
        domain = name = ""
        for part in message.contents():
            match part.number:
                case _Node.OP:
                    name = message.text(part, 500)
                case _Node.DOMAIN:
                    domain = message.text(part, 500)
                case _Node.ATTRIBUTE:
                    self._attribute(message.message(part))
        self._keep(self.found.operators, (domain, name))

    def _attribute(self, message: Message) -> None:
        for part in message.contents():
            match part.number:
                case _Attribute.GRAPH | _Attribute.GRAPHS:
                    self._graph(message.message(part))
                case _Attribute.TENSOR | _Attribute.TENSORS:
                    self._tensor(message.message(part))
                case _Attribute.SPARSE | _Attribute.SPARSES:
                    self._sparse(message.message(part))
                case _Attribute.STRING:
                    self._text("attribute", part)

    def _function(self, message: Message) -> None:
        domain = name = ""
        for part in message.contents():
            match part.number:
                case _Function.NAME:
                    name = message.text(part, 500)
                case _Function.DOMAIN:
                    domain = message.text(part, 500)
                case _Function.NODE:
                    self._node(message.message(part))
                case _Function.ATTRIBUTES:
                    self._attribute(message.message(part))
        if len(self.found.functions) < MAX_KEPT:
            self.found.functions.add((domain, name))
        else:
            self.found.is_cut = True

    def _sparse(self, message: Message) -> None:
        for part in message.contents():
            if part.number in {1, 2}:  # values, indices
                self._tensor(message.message(part))

    def _tensor(self, message: Message) -> None:
        for part in message.contents():
            if part.number == _Tensor.EXTERNAL:
                key, value = message.pairs(part)
                if key == "location":
                    self._keep(self.found.external, value)

    def _metadata(self, message: Message, part: Field) -> None:
        key, value = message.pairs(part)
        self._text(f"metadata `{key}`", part)
        if len(self.found.metadata) < MAX_KEPT:
            self.found.metadata[key] = value

    def _text(self, what: str, part: Field) -> None:
        if part.stop - part.start > LONG_TEXT_BYTES and len(self.found.long_texts) < MAX_KEPT:
            self.found.long_texts[what] = part.stop - part.start

    def _keep(self, kept: dict[object, None] | dict[str, None] | dict[tuple[str, str], None], value: object) -> None:
        if len(kept) >= MAX_KEPT:
            self.found.is_cut = True
            return
        kept[value] = None  # type: ignore[index]  # one of the three, by its caller

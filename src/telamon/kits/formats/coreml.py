"""Reads what a Core ML model asks of whoever runs it: classes of the application, other models, files (Model.proto)."""

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

# Numbers of `Model` in mlmodel/format/Model.proto of apple/coremltools 9.
VERSION, DESCRIPTION, UPDATABLE = 1, 2, 10
PIPELINES: Final = frozenset({200, 201, 202})
NETWORKS: Final = frozenset({303, 403, 500})
PROGRAM, CUSTOM, LINKED, SERIALIZED = 502, 555, 556, 3000
PLAIN: Final = frozenset(
    {300, 301, 302, 304, 400, 401, 402, 404, 501, 560, 600, 601, 602, 603, 604, 606, 607, 609, 610, 900}
    | {2000, 2001, 2002, 2003, 2004, 2005, 2006}
)
TYPES: Final = PIPELINES | NETWORKS | PLAIN | {PROGRAM, CUSTOM, LINKED, SERIALIZED}
PIPELINE_OF: Final = frozenset({200, 201})
_LAYERS, _MODELS = 1, 1
_LAYER_NAME, _CUSTOM_LAYER, _BRANCH, _LOOP = 1, 500, 600, 605
_CLASS_NAME = 10


@dataclass(slots=True, kw_only=True)
class CoremlModel:
    """What a model says; of each the first `MAX_KEPT`.

    Attributes:
        classes: Classes of the application that run as models or layers.
        files: Names of files and models that it refers to.
        operations: Names of the operations of programs.
        unknown: Numbers of model types that are not known.
        opaque: What is there and has no public description.
    """

    classes: dict[str, None] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)
    operations: dict[str, None] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)


def looks_like_coreml(source: Source) -> bool:
    """Whether a message has the three fields of a model: a version, a description and one of its types."""
    try:
        numbers = {(part.number, part.is_bytes) for part in open_message(source, most=10_000)}
    except MalformedError:
        return False
    return {(VERSION, False), (DESCRIPTION, True)} <= numbers and any((kind, True) in numbers for kind in TYPES)


def read_coreml(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> CoremlModel:
    """Returns what a model asks of whoever runs it.

    Raises:
        MalformedError: The bytes are no message, or hold more than is read.
        SourceError: The file cannot be read.
    """
    reader = _Reader()
    reader.model(open_message(source, is_late=is_late))
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found = CoremlModel()

    def model(self, message: Message) -> None:
        for part in message.contents():
            if part.number in PIPELINES:
                self._pipeline(message.message(part), is_wrapped=part.number in PIPELINE_OF)
            elif part.number in NETWORKS:
                self._network(message.message(part))
            elif part.number == PROGRAM:
                self._program(message.message(part))
            elif part.number == CUSTOM:
                self._class(message.message(part), "custom model")
            elif part.number == LINKED:
                self._linked(message.message(part))
            elif part.number == SERIALIZED:
                self.found.opaque.add("a model in a form without a public description")
            elif part.number >= min(PIPELINES) and part.number not in PLAIN:
                self.found.unknown.add(part.number)

    def _pipeline(self, message: Message, *, is_wrapped: bool) -> None:
        for part in message.contents():
            if part.number == _MODELS and is_wrapped:
                self._pipeline(message.message(part), is_wrapped=False)
            elif part.number == _MODELS:
                self.model(message.message(part))

    def _network(self, message: Message) -> None:
        for part in message.contents():
            if part.number == _LAYERS:
                self._layer(message.message(part))

    def _layer(self, message: Message) -> None:
        for part in message.contents():
            if part.number == _CUSTOM_LAYER:
                self._class(message.message(part), "custom layer")
            elif part.number in {_BRANCH, _LOOP}:
                inner = message.message(part)
                for network in inner.contents():
                    if network.number <= 4:  # noqa: PLR2004  # branches 1 and 2; condition and body of loops 3 and 4
                        self._maybe_network(inner, network)

    def _maybe_network(self, message: Message, part: Field) -> None:
        try:
            self._network(message.message(part))
        except MalformedError:
            if part.number > 2:  # noqa: PLR2004  # of a loop, whose first two fields are a number and a name
                raise

    def _class(self, message: Message, what: str) -> None:
        names = [message.text(part, 500) for part in message.contents() if part.number == _CLASS_NAME]
        for name in names or [""]:
            self._keep(self.found.classes, f"{what} {name}")

    def _linked(self, message: Message) -> None:
        for part in message.contents():
            if part.number == 1:
                inner = message.message(part)
                for parameter in inner.contents():  # a text parameter: its default stands in field 1
                    value = inner.message(parameter)
                    for text in value.contents():
                        self._keep(self.found.files, value.text(text, 1000))

    def _program(self, message: Message) -> None:
        for part in message.contents():
            if part.number == 2:  # noqa: PLR2004  # functions
                for function in self._values(message, part):
                    for block in function.contents():
                        if block.number == 3:  # noqa: PLR2004  # block_specializations
                            for inner in self._values(function, block):
                                self._block(inner)
            elif part.number == 4:  # noqa: PLR2004  # attributes
                self._value_entry(message, part)

    def _block(self, message: Message) -> None:
        for part in message.contents():
            if part.number == 3:  # noqa: PLR2004  # operations
                self._operation(message.message(part))

    def _operation(self, message: Message) -> None:
        for part in message.contents():
            if part.number == 1:
                self._keep(self.found.operations, message.text(part, 200))
            elif part.number == 2:  # noqa: PLR2004  # inputs, whose arguments are names or values
                for argument in self._values(message, part):
                    for binding in argument.contents():
                        inner = argument.message(binding)
                        for value in inner.contents():
                            if value.number == 2:  # noqa: PLR2004  # of `Binding`: a value
                                self._value(inner.message(value))
            elif part.number == 4:  # noqa: PLR2004  # blocks
                self._block(message.message(part))
            elif part.number == 5:  # noqa: PLR2004  # attributes
                self._value_entry(message, part)

    def _value_entry(self, message: Message, part: Field) -> None:
        for value in self._values(message, part):
            self._value(value)

    def _value(self, message: Message) -> None:
        for part in message.contents():
            if part.number == 5:  # noqa: PLR2004  # a value that stands in a file
                inner = message.message(part)
                for name in inner.contents():
                    if name.number == 1:
                        self._keep(self.found.files, inner.text(name, 1000))

    @staticmethod
    def _values(message: Message, part: Field) -> list[Message]:
        """Return the values of an entry of a map of messages."""
        entry = message.message(part)
        return [entry.message(value) for value in entry.contents() if value.number == 2]  # noqa: PLR2004  # of an entry

    def _keep(self, kept: dict[str, None], value: str) -> None:
        if len(kept) >= MAX_KEPT:
            raise MalformedError(f"expected at most {MAX_KEPT} names")
        kept[value] = None

"""A bounded reader of YAML 1.1 that keeps the line of every node and runs no constructors.

Values stay the text that they were written as, so that a version `2026.10` is not the number 2026.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from telamon.atlas.errors import AtlasFileError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# ATLAS 5.6 has 12,000 nodes at depth 6 and format 6 roughly twice as many; a node takes under 1 kB of memory.
MAX_NODES = 250_000
MAX_DEPTH = 32

Event: TypeAlias = (
    Any  # Any: the classes of yaml.events share no attributes but the marks, which the C parser always sets
)


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A value, as text."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    line: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapNode:
    """A map from texts."""

    line: int
    entries: Mapping[str, Node]


Node: TypeAlias = ScalarNode | ListNode | MapNode


def compose(text: str, place: str) -> Node:
    """Return the root of the only document in `text`.

    Args:
        text: YAML, with or without a byte order mark.
        place: The file's name, for errors.

    Raises:
        AtlasFileError: The text is no YAML, holds no document or more than one, has a map key that is no text or is
            given twice, or has too many nodes or levels.
    """
    try:
        composer = _Composer(place=place, events=iter(yaml.parse(text, yaml.CSafeLoader)))
        return composer.document()
    except yaml.MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise AtlasFileError(f"{place}:{line}", f"expected YAML, found: {error.problem}") from error
    except yaml.YAMLError as error:
        # The parser refuses a character before it has a line for it.
        raise AtlasFileError(place, "expected YAML, found a character that it does not allow") from error


@dataclass(slots=True, kw_only=True)
class _Composer:
    """Makes nodes of events, and counts them."""

    place: str
    events: Iterator[Event]
    nodes: int = 0
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)

    def document(self) -> Node:
        self._next()  # the stream's start
        event = self._next()
        if not isinstance(event, yaml.DocumentStartEvent):
            raise self._error(event, "expected a document, found none")
        root = self._node(self._next(), depth=1)
        self._next()  # the document's end
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._error(event, "expected one document, found another")
        return root

    def _node(self, event: Event, *, depth: int) -> Node:
        """Compose the node that `event` begins; events come balanced, for the parser sees to it."""
        if depth > MAX_DEPTH:
            raise self._error(event, f"expected at most {MAX_DEPTH} levels, found more")
        before = self.nodes
        self._count(event, 1)
        node: Node
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.ScalarEvent):
            node = ScalarNode(self._line(event), event.value)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._list(event, depth)
        else:
            node = self._map(event, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, self.nodes - before)
        return node

    def _list(self, start: Event, depth: int) -> ListNode:
        items = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth=depth + 1))
        return ListNode(self._line(start), tuple(items))

    def _map(self, start: Event, depth: int) -> MapNode:
        entries: dict[str, Node] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth=depth + 1)
            if not isinstance(key, ScalarNode):
                raise self._error(event, "expected a text for a key, found a list or a map")
            if key.text in entries:
                raise self._error(event, f"expected each key once, found `{shown(key.text)}` again")
            entries[key.text] = self._node(self._next(), depth=depth + 1)
        return MapNode(self._line(start), entries)

    def _alias(self, event: Event) -> Node:
        """Return the node that an alias stands for; it is counted again, so that aliases cannot multiply the work."""
        if event.anchor not in self.anchors:
            raise self._error(event, f"expected an anchor `{shown(event.anchor)}` that is complete before its alias")
        node, size = self.anchors[event.anchor]
        self._count(event, size)
        return node

    def _count(self, event: Event, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise self._error(event, f"expected at most {MAX_NODES} nodes, found more")

    def _next(self) -> Event:
        return next(self.events)

    def _line(self, event: Event) -> int:
        return int(event.start_mark.line) + 1

    def _error(self, event: Event, message: str) -> AtlasFileError:
        return AtlasFileError(f"{self.place}:{self._line(event)}", message)

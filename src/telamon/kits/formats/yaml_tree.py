"""Reads YAML of strangers (YAML 1.1 as PyYAML reads it): nodes with their tags, bounded, and nothing constructed.

Aliases are not followed but kept: a node that is named twice is one node, so that a text that would unfold to
thousands of millions of nodes costs what it is long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import yaml

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_YAML_BYTES = 1024 * 1024
"""Longest text that is parsed by default: a second of libyaml's parser, or the nodes below, whichever ends first."""

MAX_YAML_NODES = 200_000
"""Nodes that are kept."""

MAX_YAML_DEPTH = 200
"""Collections in one another; PyYAML's own composer ends with a RecursionError at some 300."""

MAX_UNFOLDED = 1 << 62
"""Where counting the nodes that aliases stand for stops."""


@dataclass(slots=True, kw_only=True, eq=False)
class YamlNode:
    """One node; mutable only while it is read.

    Attributes:
        tag: In full, with handles and escapes resolved; empty where there is none.
        text: Of a scalar; `None` for a collection.
        items: Of a sequence, its items; of a mapping, keys and values in turns.
        is_mapping: Whether it is one.
        line: Where it stands, counted from 1.
        offset: In characters from the beginning.
    """

    tag: str
    line: int
    offset: int = 0
    text: str | None = None
    items: list[YamlNode] = field(default_factory=list, repr=False)
    is_mapping: bool = False

    def pairs(self) -> Iterator[tuple[YamlNode, YamlNode]]:
        """Yields keys and values of a mapping, of anything else nothing."""
        if self.is_mapping:
            yield from zip(self.items[::2], self.items[1::2], strict=False)

    def get(self, *keys: str) -> YamlNode | None:
        """Returns what stands under those keys, each in the mapping of the one before; of a repeated key the last."""
        found: YamlNode | None = self
        for key in keys:
            values = [value for name, value in found.pairs() if name.text == key] if found is not None else []
            found = values[-1] if values else None
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlText:
    """What was read.

    Attributes:
        nodes: All of them, in the order in which they begin; aliased ones once.
        documents: The roots.
        unfolded: Nodes of the largest document where every alias is written out, at most `MAX_UNFOLDED`.
        fault: Why reading stopped early; empty where it did not. Earlier documents can have been loaded by then.
        is_cut: Whether it stopped at a bound of this reader, so that loaders go on.
    """

    nodes: tuple[YamlNode, ...]
    documents: tuple[YamlNode, ...]
    unfolded: int
    fault: str
    is_cut: bool = False


_Event: TypeAlias = (
    yaml.events.ScalarEvent | yaml.events.SequenceStartEvent | yaml.events.MappingStartEvent | yaml.events.AliasEvent
)


class _BoundError(MalformedError):
    """Ends the reading at a bound; stays inside this module."""


class _Composer:
    def __init__(self) -> None:
        self.nodes: list[YamlNode] = []
        self.documents: list[YamlNode] = []
        self.unfolded = 0
        self._anchors: dict[str, YamlNode] = {}
        self._open: list[YamlNode] = []
        self._sizes: dict[int, int] = {}

    def take(self, event: yaml.events.Event) -> None:
        match event:
            case yaml.events.DocumentStartEvent():
                self._anchors = {}
            case yaml.events.AliasEvent():
                self._alias(event)
            case yaml.events.ScalarEvent():
                self._begin(event, text=event.value)
                self._end()
            case yaml.events.SequenceStartEvent() | yaml.events.MappingStartEvent():
                self._begin(event, text=None)
            case yaml.events.SequenceEndEvent() | yaml.events.MappingEndEvent():
                self._end()

    def _alias(self, event: yaml.events.AliasEvent) -> None:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            raise MalformedError(f"expected an anchor before its alias, found none in line {_line(event)}")
        self._place(node, self._sizes.get(id(node), 1))  # one within its own anchor makes a circle, which is no size

    def _begin(
        self,
        event: yaml.events.ScalarEvent | yaml.events.SequenceStartEvent | yaml.events.MappingStartEvent,
        text: str | None,
    ) -> None:
        if len(self.nodes) >= MAX_YAML_NODES:
            raise _BoundError(f"expected at most {MAX_YAML_NODES} nodes of YAML")
        if len(self._open) >= MAX_YAML_DEPTH:
            raise _BoundError(f"expected YAML that nests at most {MAX_YAML_DEPTH} deep")
        node = YamlNode(
            tag=event.tag or "",
            text=text,
            line=_line(event),
            offset=event.start_mark.index if event.start_mark else 0,
            is_mapping=isinstance(event, yaml.events.MappingStartEvent),
        )
        if event.anchor:
            self._anchors[event.anchor] = node
        self.nodes.append(node)
        self._open.append(node)

    def _end(self) -> None:
        node = self._open.pop()
        size = 1 + sum(self._sizes.get(id(item), 1) for item in node.items)
        self._sizes[id(node)] = min(size, MAX_UNFOLDED)
        self._place(node, self._sizes[id(node)])

    def _place(self, node: YamlNode, size: int) -> None:
        if self._open:
            self._open[-1].items.append(node)
        else:
            self.documents.append(node)
            self.unfolded = max(self.unfolded, size)


def read_yaml(data: bytes, *, longest: int = MAX_YAML_BYTES) -> YamlText:
    """Returns the nodes of a YAML text in UTF-8, as far as it can be parsed.

    Args:
        data: The text, with or without a byte order mark.
        longest: Bytes that are taken at most.

    Raises:
        MalformedError: It is too long, or no text.
    """
    if len(data) > longest:
        raise MalformedError(f"expected at most {longest} bytes of YAML, found {len(data)}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedError("expected YAML in UTF-8", offset=error.start) from error
    composer, fault, is_cut = _Composer(), "", False
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            composer.take(event)
    except MalformedError as error:
        fault, is_cut = error.message, isinstance(error, _BoundError)
    except yaml.YAMLError as error:
        fault = f"expected YAML: {_reason(error)}"
    except RecursionError:
        fault = "expected YAML that nests less deeply"
    except (ValueError, OverflowError):  # PyYAML makes characters of escapes without asking whether there are such
        fault = "expected escapes of characters that exist"
    return YamlText(
        nodes=tuple(composer.nodes),
        documents=tuple(composer.documents),
        unfolded=composer.unfolded,
        fault=fault,
        is_cut=is_cut,
    )


def _line(event: _Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _reason(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        return f"{error.problem}{line}".lower()
    return " ".join(str(error).split()).lower()

"""What YAML says to loaders that obey its tags: tags, and the scalars under keys, without making anything of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from yaml.events import Event, NodeEvent

MAX_YAML_BYTES: Final = 4 * 1024 * 1024
MAX_FACTS: Final = 100_000
MAX_DEPTH: Final = 1000  # of collections in one another; loaders in Python break long before
MAX_VALUE: Final = 4096  # characters of a scalar that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFact:
    """A tag, or a scalar under a key.

    Attributes:
        line: From 1.
        offset: In characters from the beginning.
        tag: Resolved by the document's directives, such as `tag:yaml.org,2002:python/name:os.system`; else empty.
        key: Of the mapping that the scalar is a value of; else empty.
        value: The scalar; empty for collections.
    """

    line: int
    offset: int
    tag: str = ""
    key: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlReading:
    """What was read.

    Attributes:
        flaw: Why the reading ended early; else empty.
    """

    facts: tuple[YamlFact, ...]
    flaw: str


def read_yaml(data: bytes) -> YamlReading:
    """Return the tags and the scalars under keys of all documents, up to where the text breaks off.

    Source: YAML 1.1, as PyYAML reads it. The events of its parser are taken; no node is composed, nothing constructed.
    """
    import yaml  # noqa: PLC0415  # 10 ms that other texts do not cost

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: list[YamlFact] = []
    flaw = ""
    try:
        for fact in _facts(yaml.parse(data, Loader=loader)):
            if len(found) == MAX_FACTS:
                flaw = f"more than {MAX_FACTS} tags and scalars under keys"
                break
            found.append(fact)
    except (yaml.YAMLError, UnicodeError, RecursionError, ValueError) as error:
        flaw = str(error).partition("\n")[0] or type(error).__name__
    return YamlReading(facts=tuple(found), flaw=flaw)


def _facts(events: Iterable[Event]) -> Iterator[YamlFact]:
    import yaml  # noqa: PLC0415  # as above

    frames: list[_Frame] = []
    anchored: dict[str, str] = {}  # scalars by their anchors: an alias is the scalar
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            frames.pop()
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        value = _text(event, anchored)
        key = frames[-1].take(value) if frames else ""
        tag = getattr(event, "tag", None) or ""
        if tag:
            yield _fact(event, tag=tag)
        if key and value:
            yield _fact(event, key=key, value=value)
        if isinstance(event, yaml.CollectionStartEvent):
            if len(frames) == MAX_DEPTH:
                raise ValueError(f"collections more than {MAX_DEPTH} deep in one another")
            frames.append(_Frame(is_mapping=isinstance(event, yaml.MappingStartEvent)))


def _text(event: NodeEvent, anchored: dict[str, str]) -> str:
    """Return the text of a scalar, or of the one that an alias stands for; empty for collections."""
    import yaml  # noqa: PLC0415  # as above

    if isinstance(event, yaml.AliasEvent):
        return anchored.get(event.anchor or "", "")
    value: str = getattr(event, "value", "")[:MAX_VALUE]
    if event.anchor:
        anchored[event.anchor] = value
    return value


class _Frame:
    """A collection that is being read: in a mapping, keys and values take turns."""

    __slots__ = ("_is_key", "_is_mapping", "_key")

    def __init__(self, *, is_mapping: bool) -> None:
        self._is_mapping = is_mapping
        self._is_key = is_mapping
        self._key = ""

    def take(self, value: str) -> str:
        """Return the key that a node of this text is the value of; empty for keys and items."""
        if not self._is_mapping:
            return ""
        is_key, self._is_key = self._is_key, not self._is_key
        if is_key:
            self._key = value
            return ""
        return self._key


def _fact(event: Event, *, tag: str = "", key: str = "", value: str = "") -> YamlFact:
    mark = event.start_mark
    line, offset = (mark.line + 1, mark.index) if mark is not None else (1, 0)
    return YamlFact(line=line, offset=offset, tag=tag, key=key, value=value)

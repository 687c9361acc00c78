"""Judges YAML (1.1, which takes JSON too): compose files, Kubernetes, workflows, settings of model servers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from telamon.controls.artifact.library_loading.configuration.commands import (
    COMMIT,
    judge_command,
    judge_commands,
    place,
    remote,
)
from telamon.controls.artifact.library_loading.configuration.hit import Gap, Hit
from telamon.controls.artifact.library_loading.configuration.lines import TELLING, judge_lines
from telamon.controls.artifact.library_loading.configuration.variables import NAME, TRUE, judge_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml import MappingNode, Node, ScalarNode, SequenceNode
    from yaml.events import NodeEvent

    from telamon.controls.artifact.library_loading.configuration.hit import Judged

MAX_BYTES: Final = 2 * 1024 * 1024
MAX_NODES: Final = 200_000
MAX_DEPTH: Final = 500
REMOTE_KEY: Final = re.compile(r"trust[_-]?remote[_-]?code", re.IGNORECASE)
REVISION_KEY: Final = re.compile(r"(?:code[_-]?)?revision", re.IGNORECASE)
COMMANDS: Final = frozenset(
    {
        "command",
        "cmd",
        "args",
        "arguments",
        "entrypoint",
        "entryPoint",
        "run",
        "script",
        "exec",
        "extraArgs",
        "extra_args",
    }
    | {"before_script", "after_script", "start", "postCreateCommand", "postStartCommand", "setup", "launch", "test"}
    | {"onCreateCommand", "updateContentCommand", "runArgs", "vllmArgs", "engineArgs", "serverArgs", "extraArguments"}
)


def judge_document(text: str) -> Iterator[Judged]:
    """Yield what a YAML or JSON text configures riskily; where it breaks off, it is judged line by line."""
    if not TELLING.search(text):
        return
    import yaml  # noqa: PLC0415  # 10 ms that other texts do not cost

    try:
        roots = _composed(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        yield from judge_lines(text)  # a template of Helm or Jinja, say
        return
    lines = text.splitlines()
    seen: set[int] = set()
    waiting: list[tuple[Node, str]] = [(root, "") for root in reversed(roots)]
    while waiting:
        node, key = waiting.pop()
        if id(node) in seen:
            continue  # an alias
        seen.add(id(node))
        if len(seen) > MAX_NODES:
            yield Gap(reason=f"more than {MAX_NODES} values")
            return
        if isinstance(node, yaml.MappingNode):
            yield from _mapping(node)
            waiting.extend((value, _text(name) or key) for name, value in reversed(node.value))
        elif isinstance(node, yaml.SequenceNode):
            yield from _sequence(node, key)
            waiting.extend((item, key) for item in reversed(node.value) if not isinstance(item, yaml.ScalarNode))
            if not _is_command_line(node, key):
                waiting.extend((item, key) for item in reversed(node.value) if isinstance(item, yaml.ScalarNode))
        elif isinstance(node, yaml.ScalarNode):
            yield from _scalar(node, key, lines)


def _composed(text: str) -> list[Node]:
    """Return the documents as nodes; nothing is constructed, and tags are not obeyed.

    PyYAML's own composer recurses in C, where a text of brackets ends the process.

    Raises:
        YAMLError: It is no YAML.
        ValueError: It has more values, or nests deeper, than is followed.
    """
    import yaml  # noqa: PLC0415  # as above

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    roots: list[Node] = []
    stack: list[tuple[Node, list[Node]]] = []
    anchors: dict[str, Node] = {}
    for count, event in enumerate(yaml.parse(text, Loader=loader)):
        if count > 2 * MAX_NODES or len(stack) > MAX_DEPTH:
            raise ValueError("more values, or deeper ones, than are followed")
        if isinstance(event, yaml.CollectionEndEvent):
            node, items = stack.pop()
            is_mapping = isinstance(node, yaml.MappingNode)
            node.value = list(zip(items[::2], items[1::2], strict=False)) if is_mapping else items
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        met = _node(event, anchors)
        (stack[-1][1] if stack else roots).append(met)
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append((met, []))
    return roots


def _node(event: NodeEvent, anchors: dict[str, Node]) -> Node:
    import yaml  # noqa: PLC0415  # as above

    start: Any = event.start_mark  # the parsers in C and in Python have marks of their own, of one form
    end: Any = event.end_mark  # likewise
    if isinstance(event, yaml.AliasEvent):
        return anchors.get(event.anchor or "") or yaml.ScalarNode("", "", start, end)
    if isinstance(event, yaml.MappingStartEvent):
        node: Node = yaml.MappingNode("", [], start, end)
    elif isinstance(event, yaml.SequenceStartEvent):
        node = yaml.SequenceNode("", [], start, end)
    else:
        node = yaml.ScalarNode("", getattr(event, "value", ""), start, end)
    if event.anchor:
        anchors[event.anchor] = node
    return node


def _text(node: Node) -> str:
    value = node.value
    return value if isinstance(value, str) else ""


def _mapping(node: MappingNode) -> Iterator[Hit]:
    entries = {_text(key): value for key, value in node.value}
    for name, value in entries.items():
        line, column = value.start_mark.line + 1, value.start_mark.column + 1
        if NAME.fullmatch(name):
            yield from judge_variable(name, _text(value), line, column)
        elif REMOTE_KEY.fullmatch(name.rpartition(".")[2]) and _text(value).casefold() in TRUE:
            pins = [_text(other) for key, other in entries.items() if REVISION_KEY.fullmatch(key)]
            is_pinned = bool(pins) and any(map(COMMIT.fullmatch, pins))
            yield remote(f"{name}: {_text(value)}", is_pinned=is_pinned, line=line, column=column)
    yield from _named(entries.get("name") or entries.get("key"), entries.get("value"))


def _named(name: Node | None, value: Node | None) -> Iterator[Hit]:
    """A pair as Kubernetes and task definitions of ECS have them: `{name: X, value: "1"}`."""
    if name is None or value is None:
        return
    line, column = value.start_mark.line + 1, value.start_mark.column + 1
    if NAME.fullmatch(_text(name)):
        yield from judge_variable(_text(name), _text(value), line, column)
    elif _text(name).startswith("--") and _text(value):
        for hit in judge_command([f"{_text(name)}={_text(value)}"]):
            yield replace(hit, line=line, column=column)


def _is_command_line(node: SequenceNode, key: str) -> bool:
    texts = [_text(item) for item in node.value]
    return key in COMMANDS and any(REMOTE_KEY.search(text) or text.startswith("-") for text in texts)


def _sequence(node: SequenceNode, key: str) -> Iterator[Judged]:
    """A command by its words, each an item."""
    if not _is_command_line(node, key):
        return
    texts = [_text(item) for item in node.value]
    for item in node.value:
        text = _text(item)
        if any(blank in text for blank in " \n"):  # `sh -c "vllm serve ..."`
            for hit in judge_commands(text):
                if isinstance(hit, Hit):
                    yield replace(hit, line=item.start_mark.line + (hit.line or 1), column=item.start_mark.column + 1)
    for hit in judge_command([text for text in texts if " " not in text]):
        word = hit.subject.partition(" ")[0]
        found = next((item for item in node.value if word in _text(item)), node)
        yield replace(hit, line=found.start_mark.line + 1, column=found.start_mark.column + 1)


def _scalar(node: ScalarNode, key: str, lines: list[str]) -> Iterator[Judged]:
    text = _text(node)
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    name, separator, value = text.partition("=")
    if separator and NAME.fullmatch(name):  # compose: `- X=1`
        yield from judge_variable(name, value, line, column)
    elif key in COMMANDS:
        for hit in judge_commands(text):
            if isinstance(hit, Hit):
                at = place(lines[: node.end_mark.line + 1], line, hit.subject)
                yield replace(hit, line=at[0], column=at[1] if at != (line, 1) else column)
            else:
                yield hit
    elif REMOTE_KEY.fullmatch(text.removeprefix("--")):
        yield from (replace(hit, line=line, column=column) for hit in judge_command([text]))

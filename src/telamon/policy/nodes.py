"""Reads YAML into plain values that remember where they stood (YAML 1.2 core schema; no tags, aliases or merges)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from telamon.policy.errors import PolicyError, Problem

if TYPE_CHECKING:
    import yaml

MAX_BYTES: Final = 1024 * 1024  # a policy is written by hand
MAX_NODES: Final = 50_000
MAX_DEPTH: Final = 40

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
Path: TypeAlias = tuple["str | int", ...]

# YAML 1.2.2, section 10.3.2: `off`, `yes` and `1_000` are words there, which YAML 1.1 takes for booleans and numbers.
NULL: Final = re.compile(r"(~|null|Null|NULL)?")
TRUE: Final = re.compile(r"true|True|TRUE")
FALSE: Final = re.compile(r"false|False|FALSE")
INT: Final = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,16}")
FLOAT: Final = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in a file; line and column are one-based."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML document as plain values.

    Attributes:
        file: The file's name for messages.
        value: The root.
        marks: Where each value stands, by its path; a key's own place is under the path of its value.
    """

    file: str
    value: Plain
    marks: dict[Path, Mark]

    def mark(self, path: Path) -> Mark:
        """Return where the value at `path` stands, or the innermost value around it that is there."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, Mark(line=1, column=1))

    def problem(self, path: Path, message: str, hint: str = "") -> Problem:
        """Return a problem with the value at `path`."""
        mark = self.mark(path)
        return Problem(file=self.file, line=mark.line, column=mark.column, message=message, hint=hint)


def read_document(content: bytes, file: str) -> Document:
    """Return the one YAML document in `content`.

    Raises:
        PolicyError: It is no UTF-8, no YAML, too large, or uses what a policy may not: anchors, tags, several
            documents, keys that are twice or no text.
    """
    import yaml  # noqa: PLC0415  # 20 ms that a run without a policy file does not pay

    if len(content) > MAX_BYTES:
        raise PolicyError((_problem(file, 0, 0, f"expected at most {MAX_BYTES} bytes, found {len(content)}"),))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n")
        raise PolicyError((_problem(file, line, 0, "expected UTF-8 text, found other bytes"),)) from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _refuse_references(text, file)
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        raise PolicyError((_problem(file, line, column, f"expected YAML, found {error.problem}"),)) from error
    except (yaml.YAMLError, RecursionError) as error:
        message = "expected YAML, found characters or nesting that it does not allow"
        raise PolicyError((_problem(file, 0, 0, message),)) from error
    return _Reader(file).document(root)


def _refuse_references(text: str, file: str) -> None:
    """Anchors and aliases are refused before nodes are composed, so that no alias bomb is ever built."""
    import yaml  # noqa: PLC0415  # as above

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=loader)):
        line, column = (event.start_mark.line, event.start_mark.column) if event.start_mark else (0, 0)
        if getattr(event, "anchor", None) is not None:
            message = "expected values written out, found an anchor or alias"
            raise PolicyError((_problem(file, line, column, message),))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or count > MAX_NODES:
            message = f"expected at most {MAX_DEPTH} levels and {MAX_NODES} values, found more"
            raise PolicyError((_problem(file, line, column, message),))


class _Reader:
    """Turns nodes into values, and gathers what is wrong with keys and tags."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._marks: dict[Path, Mark] = {}
        self._problems: list[Problem] = []

    def document(self, root: yaml.Node | None) -> Document:
        value: Plain = {} if root is None else self._value(root, ())
        if self._problems:
            raise PolicyError(tuple(self._problems))
        return Document(file=self._file, value=value, marks=self._marks)

    def _value(self, node: yaml.Node, path: Path) -> Plain:
        import yaml  # noqa: PLC0415  # as above

        self._marks.setdefault(path, Mark(line=node.start_mark.line + 1, column=node.start_mark.column + 1))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self._wrong(node, f"expected no tag, found `{node.tag}`")
        return _scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Plain:
        import yaml  # noqa: PLC0415  # as above

        found: dict[str, Plain] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, "expected a name as the key, found a list or mapping")
                continue
            if key.value in found:
                self._wrong(key, f"expected each key once, found `{key.value}` again")
                continue
            inner = (*path, key.value)
            self._marks[inner] = Mark(line=key.start_mark.line + 1, column=key.start_mark.column + 1)
            found[key.value] = self._value(value, inner)
        return found

    def _wrong(self, node: yaml.Node, message: str) -> None:
        self._problems.append(_problem(self._file, node.start_mark.line, node.start_mark.column, message))


def _scalar(node: yaml.ScalarNode) -> Plain:
    text: str = node.value
    if node.style:  # quoted or a block: text whatever it looks like; plain is None, or "" in libyaml
        return text
    if NULL.fullmatch(text):
        return None
    if TRUE.fullmatch(text) or FALSE.fullmatch(text):
        return bool(TRUE.fullmatch(text))
    if INT.fullmatch(text):
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    if FLOAT.fullmatch(text):
        return float(text)
    return text


def _problem(file: str, line: int, column: int, message: str) -> Problem:
    return Problem(file=file, line=line + 1, column=column + 1, message=message)

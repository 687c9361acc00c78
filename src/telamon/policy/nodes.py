"""Reads YAML into plain values that remember where they stood (YAML 1.2 core schema; no tags, aliases or merges)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from telamon.kits.text.canonical_json import MAX_INTEGER
from telamon.kits.text.display import printable
from telamon.policy.errors import PolicyError, Problem

if TYPE_CHECKING:
    import yaml

MAX_BYTES: Final = 1024 * 1024  # a policy is written by hand
MAX_NODES: Final = 50_000
MAX_DEPTH: Final = 40
SHOWN: Final = 60  # characters of a key or value in a message, so that the message stays one line of a terminal

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
Path: TypeAlias = tuple["str | int", ...]

# YAML 1.2.2, section 10.3.2: `off`, `yes` and `1_000` are words there, which YAML 1.1 takes for booleans and numbers.
# Infinities and not-a-number are words here too: no setting means them, and JSON has none.
NULL: Final = re.compile(r"(~|null|Null|NULL)?")
TRUE: Final = re.compile(r"true|True|TRUE")
FALSE: Final = re.compile(r"false|False|FALSE")
INT: Final = re.compile(r"[-+]?[0-9]{1,40}|0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}")
FLOAT: Final = re.compile(r"[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,3})?")

# YAML 1.2.2, section 5.1, production 1, turned round (as a negated class it takes ten times as long to compile, 3 ms);
# and the line breaks that PyYAML counts (YAML 1.1, section 4.1.4).
UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
SURROGATE: Final = re.compile("[\ud800-\udfff]")
BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


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
        problems: What is wrong with keys and numbers whatever they are for; such a document is never in force, and
            is read to its end so that all of its problems are reported together.
    """

    file: str
    value: Plain
    marks: dict[Path, Mark]
    problems: tuple[Problem, ...] = ()

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
            documents.
    """
    import yaml  # noqa: PLC0415  # 20 ms that a run without a policy file does not pay

    text = _text(content, file)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _refuse_constructs(text, file)
        root = yaml.compose(text, Loader=loader)
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the last two: escapes, read without libyaml
        reason = getattr(error, "problem", None) or "an escape that stands for no character"
        mark = getattr(error, "problem_mark", None)
        raise PolicyError((_marked(file, mark, f"expected valid YAML: {reason}"),)) from error
    return _Reader(file).document(root)


def _text(content: bytes, file: str) -> str:
    """Return the text of a file, without a byte order mark."""
    if len(content) > MAX_BYTES:
        raise PolicyError((_problem(file, 0, 0, f"expected at most {MAX_BYTES} bytes, found more"),))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(error.object[: error.start].decode())
        raise PolicyError((_problem(file, line, column, "expected UTF-8 text, found other bytes"),)) from error
    unprintable = UNPRINTABLE.search(text)
    if unprintable:
        line, column = _place(text[: unprintable.start()])
        message = f"expected text, found the character U+{ord(unprintable[0]):04X}"
        raise PolicyError((_problem(file, line, column, message),))
    return text


def _place(before: str) -> tuple[int, int]:
    """Return the zero-based line and column of what comes after a text."""
    lines = BREAK.split(before)
    return len(lines) - 1, len(lines[-1])


def _refuse_constructs(text: str, file: str) -> None:
    """Refuse what a policy may not use before nodes are composed, so that no alias bomb is ever built."""
    import yaml  # noqa: PLC0415  # as above

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = documents = 0
    for count, event in enumerate(yaml.parse(text, Loader=loader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        message = _refusal(event)
        if documents > 1:
            message = "expected one document, found another"
        if depth > MAX_DEPTH or count > MAX_NODES:
            message = f"expected at most {MAX_DEPTH} levels and {MAX_NODES} values, found more"
        if message:
            raise PolicyError((_marked(file, event.start_mark, message),))


def _refusal(event: yaml.Event) -> str:
    """Return why an event is refused whatever stands around it, or nothing."""
    if getattr(event, "anchor", None) is not None:
        return "expected values written out, found an anchor or alias"
    if getattr(event, "tag", None) is not None:
        return "expected values without tags, found a tag"
    if SURROGATE.search(getattr(event, "value", None) or ""):  # libyaml refuses the escape itself
        return "expected text, found half of a surrogate pair"
    return ""


class _Reader:
    """Turns nodes into values, and gathers what is wrong with keys and numbers."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._marks: dict[Path, Mark] = {}
        self._problems: list[Problem] = []

    def document(self, root: yaml.Node | None) -> Document:
        value: Plain = {} if root is None else self._value(root, ())
        return Document(file=self._file, value=value, marks=self._marks, problems=tuple(self._problems))

    def _value(self, node: yaml.Node, path: Path) -> Plain:
        import yaml  # noqa: PLC0415  # as above

        self._marks.setdefault(path, Mark(line=node.start_mark.line + 1, column=node.start_mark.column + 1))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        # Quoted or a block, it is text whatever it looks like; a plain style is `None` or, from libyaml, empty.
        value: Plain = node.value if getattr(node, "style", None) else resolved(node.value)
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            self._wrong(node, f"expected a number of at most {MAX_INTEGER} in magnitude, found a larger one")
        return value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Plain:
        import yaml  # noqa: PLC0415  # as above

        found: dict[str, Plain] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, "expected a name as the key, found a list or mapping")
                continue
            if key.value in found:
                self._wrong(key, f"expected each key once, found `{printable(key.value, SHOWN)}` again")
                continue
            inner = (*path, key.value)
            self._marks[inner] = Mark(line=key.start_mark.line + 1, column=key.start_mark.column + 1)
            found[key.value] = self._value(value, inner)
        return found

    def _wrong(self, node: yaml.Node, message: str) -> None:
        self._problems.append(_marked(self._file, node.start_mark, message))


def resolved(text: str) -> Plain:
    """Return what a plain (unquoted) scalar means.

    >>> resolved("off"), resolved("true"), resolved("0x10"), resolved("1e3"), resolved("~")
    ('off', True, 16, 1000, None)
    """
    if NULL.fullmatch(text):
        return None
    if TRUE.fullmatch(text) or FALSE.fullmatch(text):
        return bool(TRUE.fullmatch(text))
    if INT.fullmatch(text):
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    if FLOAT.fullmatch(text) and math.isfinite(float(text)):
        number = float(text)
        # JSON has one kind of number, and its Schema takes `1.0` for a whole one.
        return int(number) if number.is_integer() and abs(number) <= MAX_INTEGER else number
    return text


def _marked(file: str, mark: yaml.error.Mark | yaml._yaml.Mark | None, message: str) -> Problem:
    line, column = (mark.line, mark.column) if mark else (0, 0)
    return _problem(file, line, column, message)


def _problem(file: str, line: int, column: int, message: str) -> Problem:
    return Problem(file=file, line=line + 1, column=column + 1, message=message)

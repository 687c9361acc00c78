"""What a template does, as far as it matters to whoever judges it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Route(StrEnum):
    """How a template reaches an attribute; Jinja's subscripts fall back to attributes (`Environment.getitem`)."""

    ATTRIBUTE = "."
    SUBSCRIPT = "[]"
    FILTER = "a filter"
    FORMAT = "a format string"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An attribute or item is reached by name.

    Attributes:
        route: How.
        names: The names that it can be; empty where none is known.
        base: What it is reached on, where that is a name that the template does not define, or an attribute of one.
        is_crafted: Whether a name is made by string operations that could not be followed to their end.
        has_data: Whether what the name is made of comes, in part, from the template's caller.
        is_on_value: Whether the base is a constant or something the template made, and no data of the caller.
        line: One-based.
    """

    route: Route
    names: tuple[str, ...]
    base: str
    is_crafted: bool = False
    has_data: bool = False
    is_on_value: bool = False
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Something is called.

    Attributes:
        name: A dotted path that begins with a name the template does not define, or `.method` of any other value.
        line: One-based.
    """

    name: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Another template is read.

    Attributes:
        statement: `include`, `import`, `from` or `extends`.
        names: What may be read, where it is known.
        line: One-based.
    """

    statement: str
    names: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Something constant is repeated very often.

    Attributes:
        what: In words.
        line: One-based.
    """

    what: str
    line: int


Fact: TypeAlias = Access | Call | Load | Repeat

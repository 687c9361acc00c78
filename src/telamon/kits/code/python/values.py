"""Abstract values: what is known of a value before the program runs, and where its data came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, TypeAlias


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
"""Stands for what is not known before the program runs."""

Constant: TypeAlias = "bool | int | float | complex | str | bytes | tuple[Constant, ...] | Unknown | None"
"""A value that the source states, or that follows from what it states; lists, sets and tuples are tuples."""

HOLE: Final = "\ufffc"
"""Stands in a text for a part that is not known."""

MAX_CONSTANTS: Final = 4  # that one value is kept as; ordinary conditions have two outcomes
MAX_NAMES: Final = 8
MAX_MARKS: Final = 12


class Origin(StrEnum):
    """Where data came from."""

    SECRET = "a file of secrets"  # noqa: S105  # words for messages
    VARIABLE = "an environment variable"
    ENVIRONMENT = "the whole environment"
    CLIPBOARD = "the clipboard"
    INPUT = "keys or the screen"
    SYSTEM = "the name of the user or machine"
    HOME = "a search of the home directory"
    NETWORK = "the network"
    COMMAND = "a command"
    DECODED = "decoded data"
    BLOB = "a long constant"


@dataclass(frozen=True, slots=True)
class Mark:
    """That data comes from somewhere.

    Attributes:
        origin: From where.
        what: The path, variable, address or function; empty where unknown.
        line: One-based, where it was taken from there.
    """

    origin: Origin
    what: str
    line: int


@dataclass(frozen=True, slots=True)
class Value:
    """What is known of a value; the empty one is unknown.

    Attributes:
        names: What it can be, as dotted names.
        constants: What it can be, as constants.
        marks: Where its data came from.
        held: The names of what is in it, where it is a container.
        root: The variable that names the file which it is a handle of.
        is_crafted: Whether a name in `names` was reached by a text that the program puts together.
    """

    names: frozenset[str] = frozenset()
    constants: tuple[Constant, ...] = ()
    marks: frozenset[Mark] = frozenset()
    held: frozenset[str] = frozenset()
    root: str = ""
    is_crafted: bool = False

    def __or__(self, other: Value) -> Value:
        if other is NOTHING or other == self:
            return self
        if self is NOTHING:
            return other
        constants = tuple(dict.fromkeys((*_typed(self.constants), *_typed(other.constants))))
        return Value(
            names=_few(self.names | other.names, MAX_NAMES),
            constants=tuple(constant for _, constant in constants[:MAX_CONSTANTS]),
            marks=merged(self.marks, other.marks),
            held=_few(self.held | other.held, MAX_NAMES),
            root=self.root or other.root,
            is_crafted=self.is_crafted or other.is_crafted,
        )

    @property
    def constant(self) -> Constant:
        """The one constant that it is, unknown where there are several or none."""
        return self.constants[0] if len(self.constants) == 1 else UNKNOWN

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that it can be, bytes as Latin-1."""
        found = []
        for constant in self.constants:
            if isinstance(constant, str):
                found.append(constant)
            elif isinstance(constant, bytes):
                found.append(constant.decode("latin-1"))
        return tuple(found)


NOTHING: Final = Value()
NO_MARKS: Final[frozenset[Mark]] = frozenset()


def merged(*marks: frozenset[Mark]) -> frozenset[Mark]:
    """Return marks together, the first of them where there are too many."""
    found = NO_MARKS.union(*marks)
    if len(found) <= MAX_MARKS:
        return found
    return frozenset(sorted(found, key=lambda mark: (mark.origin, mark.line, mark.what))[:MAX_MARKS])


def _typed(constants: tuple[Constant, ...]) -> list[tuple[type, Constant]]:
    return [(type(constant), constant) for constant in constants]  # 1, 1.0 and True are equal


def _few(names: frozenset[str], most: int) -> frozenset[str]:
    return names if len(names) <= most else frozenset(sorted(names)[:most])

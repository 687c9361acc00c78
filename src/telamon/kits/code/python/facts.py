"""What a program does, as far as it matters to whoever judges it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from telamon.kits.code.python.values import NOTHING, UNKNOWN, Constant, Mark, Value, merged


class Place(StrEnum):
    """When a piece of a program runs."""

    IMPORT = "when the file is imported or run"
    MAIN = "when the file is run as a script"
    HOOK = "when a framework calls it"
    FUNCTION = "when somebody calls the function"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Something is called.

    Attributes:
        name: What, as the package's docstring says; empty where nothing is known of it.
        positional: The arguments by position; those behind a `*` are missing.
        keywords: The arguments by name, in order; one for `**` has the name `**`.
        line: One-based.
        column: One-based, in bytes of UTF-8.
        is_on_import: Whether it runs when the file is imported or run, without anybody calling a function of it.
    """

    name: str
    positional: tuple[Constant, ...] = ()
    keywords: tuple[tuple[str, Constant], ...] = ()
    line: int
    column: int
    is_on_import: bool = False

    def argument(self, position: int | None, keyword: str, *, absent: Constant = None) -> Constant:
        """Return an argument, or `absent` where it is not given; unknown where a `**` may give it.

        Args:
            position: Zero-based; `None` where it can only be given by name.
            keyword: Its name; empty where it can only be given by position.
            absent: What the callee takes where the argument is not given.
        """
        if position is not None and position < len(self.positional):
            return self.positional[position]
        given = dict(self.keywords)
        if keyword and keyword in given:
            return given[keyword]
        return UNKNOWN if "**" in given else absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A call with what is known of its arguments, and where their data came from.

    Attributes:
        name: As in `Call`.
        receiver: What the method is called on; `NOTHING` for functions.
        values: The arguments by position.
        named: The arguments by name.
        line: One-based.
        column: One-based.
        scope: The function that it stands in, as the file nests them; empty for the module's own lines.
        place: When it runs.
        is_crafted: Whether the callee was reached by a text that the program puts together.
    """

    name: str
    receiver: Value
    values: tuple[Value, ...]
    named: tuple[tuple[str, Value], ...]
    line: int
    column: int
    scope: str
    place: Place
    is_crafted: bool

    def value(self, position: int, keyword: str = "") -> Value:
        """Return the argument at a position or by a name; `NOTHING` where it is not given."""
        if position < len(self.values):
            return self.values[position]
        return dict(self.named).get(keyword, NOTHING) if keyword else NOTHING

    @property
    def marks(self) -> frozenset[Mark]:
        """Where the data of all arguments came from."""
        return merged(*(value.marks for value in self.values), *(value.marks for _, value in self.named))

    def call(self) -> Call:
        """Return the same as constants only."""
        return Call(
            name=self.name,
            positional=tuple(value.constant for value in self.values),
            keywords=tuple((name, value.constant) for name, value in self.named),
            line=self.line,
            column=self.column,
            is_on_import=self.place is Place.IMPORT,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a source text does.

    Attributes:
        steps: Its calls, in the order of the text.
        imports: The modules that it imports, by their full names.
        is_whole: Whether everything was followed; where the source does too much, the rest was not.
    """

    steps: tuple[Step, ...]
    imports: frozenset[str]
    is_whole: bool

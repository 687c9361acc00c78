"""Abstract values of template expressions: the constants they may be, and where the rest comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_CONSTANTS: Final = 24
"""Possible constants of one value that are kept apart."""

MAX_LENGTH: Final = 4096
"""Longest constant that is computed; names of attributes are shorter."""

Constant: TypeAlias = str | int | float | bool | tuple["Constant", ...] | None


@dataclass(frozen=True, slots=True)
class Abstract:
    """What an expression may be; the union of its parts.

    Attributes:
        constants: Values that are known exactly.
        roots: Names of Jinja's globals, which are neither the template's own nor data, and what is reached on them.
        is_crafted: Whether it may be a text, made of constants or of representations of objects, that is not known.
        has_data: Whether it may come from the template's caller.
        is_several: Whether it may be a collection of the constants instead of one of them.
    """

    constants: frozenset[Constant] = field(default=frozenset())
    roots: frozenset[str] = field(default=frozenset())
    is_crafted: bool = False
    has_data: bool = False
    is_several: bool = False

    def __or__(self, other: Abstract) -> Abstract:
        constants = self.constants | other.constants
        is_crafted = self.is_crafted or other.is_crafted
        if len(constants) > MAX_CONSTANTS:
            is_crafted = is_crafted or any(isinstance(value, str) for value in constants)
            constants = frozenset()
        return Abstract(
            constants,
            self.roots | other.roots,
            is_crafted,
            self.has_data or other.has_data,
            self.is_several or other.is_several,
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """The constants that are texts, sorted."""
        return tuple(sorted(value for value in self.constants if isinstance(value, str)))

    @property
    def is_exact(self) -> bool:
        """Whether all that it may be is known."""
        return bool(self.constants) and not (self.roots or self.is_crafted or self.has_data or self.is_several)


NOTHING: Final = Abstract()
DATA: Final = Abstract(has_data=True)
CRAFTED: Final = Abstract(is_crafted=True)


def constant(value: object) -> Abstract:
    """Returns the abstract value of a literal; of one that is too long only that it is a text."""
    if isinstance(value, str) and len(value) > MAX_LENGTH:
        return CRAFTED
    if value is None or isinstance(value, str | int | float | bool | tuple):
        return Abstract(frozenset({value}))
    return NOTHING


def collection(values: Iterable[Abstract]) -> Abstract:
    """Returns the collection of values in an order that does not matter."""
    return merged(values) | Abstract(is_several=True)


def merged(values: Iterable[Abstract]) -> Abstract:
    """Returns the union."""
    result = NOTHING
    for value in values:
        result |= value
    return result


def computed(function: Callable[..., object], *arguments: Abstract) -> Abstract:
    """Returns what a function makes of its arguments: exactly where they are known, else where they come from.

    Args:
        function: Pure; what it raises means that the template would fail there.
        arguments: Of the call; all combinations of their constants are tried.
    """
    if all(argument.is_exact for argument in arguments):
        return _applied(function, arguments)
    joined = merged(arguments)
    # Data put together with data is data; what the template adds of its own makes it crafted.
    is_crafted = joined.is_crafted or bool(joined.roots) or any(text for text in joined.texts)
    return Abstract(is_crafted=is_crafted, has_data=joined.has_data)


def _applied(function: Callable[..., object], arguments: tuple[Abstract, ...]) -> Abstract:
    combinations: list[tuple[Constant, ...]] = [()]
    for argument in arguments:
        combinations = [(*before, value) for before in combinations for value in argument.constants]
        if len(combinations) > MAX_CONSTANTS:
            return CRAFTED
    result = NOTHING
    for combination in combinations:
        try:
            value = function(*combination)
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
            continue
        result |= constant(value)
    return result

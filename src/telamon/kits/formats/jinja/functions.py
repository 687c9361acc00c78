"""Jinja's filters and methods on constants, as pure and bounded functions."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from telamon.kits.formats.jinja.values import MAX_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WIDTH: Final = re.compile(r"[%{:][^%{}]*?[0-9]{4,}")  # fields of a format that pad to a thousand characters and more


def join(items: Any, separator: str = "") -> str:  # whatever constants the template holds
    """Returns the items, or the characters of a text, put together."""
    return separator.join(str(item) for item in items)


def multiply(left: Any, right: Any) -> Any:  # likewise
    """Returns the product; refuses to repeat texts beyond what is followed."""
    for text, times in ((left, right), (right, left)):
        if isinstance(text, str | tuple) and isinstance(times, int) and len(text) * times > MAX_LENGTH:
            raise ValueError("longer than is followed")
    if any(isinstance(side, int) and abs(side) > 1 << 64 for side in (left, right)):
        raise ValueError("larger than is followed")
    return left * right


def modulo(left: Any, right: Any) -> Any:  # likewise
    """Returns the remainder, or the formatted text."""
    if isinstance(left, str) and _WIDTH.search(left):
        raise ValueError("longer than is followed")
    return left % right


def add(left: Any, right: Any) -> Any:  # likewise
    """Returns the sum."""
    return left + right


def subtract(left: Any, right: Any) -> Any:  # likewise
    """Returns the difference."""
    return left - right


def negate(value: Any) -> Any:  # likewise
    """Returns the negative."""
    return -value


def concatenate(*parts: Any) -> str:  # likewise
    """Returns what `~` makes."""
    return "".join(map(str, parts))


def pick(value: Any, key: Any) -> Any:  # likewise
    """Returns one item of a text or a list."""
    return value[key]


def cut(value: Any, start: Any, stop: Any, step: Any) -> Any:  # likewise
    """Returns a slice of a text or a list."""
    return value[slice(start, stop, step)]


def format_percent(text: str, *arguments: Any) -> str:  # likewise
    """Returns what the filter `format` makes."""
    return str(modulo(text, arguments))


def format_braces(text: str, *arguments: Any) -> str:  # likewise
    """Returns what `str.format` makes of fields that access nothing."""
    if re.search(r"{[^}]*[.\[]", text) or _WIDTH.search(text):
        raise ValueError("fields that are judged, not computed")
    return text.format(*arguments)


def _listed(value: Any) -> tuple[Any, ...]:  # likewise
    return tuple(value)


def _sorted(value: Any, reverse: Any = False) -> tuple[Any, ...]:  # noqa: FBT002  # Jinja's signature
    return tuple(sorted(value, reverse=bool(reverse)))


def _reversed(value: Any) -> Any:  # likewise
    return value[::-1]


def _unique(value: Any) -> tuple[Any, ...]:  # likewise
    return tuple(dict.fromkeys(value))


def _truncate(value: str, length: int = 255, *_: Any) -> str:  # likewise
    return value[:length]


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "capitalize": str.capitalize,
        "first": lambda value: value[0],
        "format": format_percent,
        "int": lambda value, default=0: int(value) if str(value).lstrip("-").isdigit() else default,
        "join": join,
        "last": lambda value: value[-1],
        "length": len,
        "count": len,
        "list": _listed,
        "lower": str.lower,
        "replace": lambda text, old, new, *_: text.replace(old, new) if len(text) * len(new) < MAX_LENGTH else None,
        "reverse": _reversed,
        "safe": str,
        "escape": str,
        "e": str,
        "sort": _sorted,
        "string": str,
        "striptags": lambda text: re.sub(r"<[^>]*>", "", text),
        "title": str.title,
        "trim": lambda text, characters=None: text.strip(characters),
        "truncate": _truncate,
        "unique": _unique,
        "upper": str.upper,
        "urlencode": quote,
    }
)
METHODS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "capitalize": str.capitalize,
        "casefold": str.casefold,
        "format": format_braces,
        "join": lambda separator, items: join(items, separator),
        "lower": str.lower,
        "lstrip": str.lstrip,
        "removeprefix": str.removeprefix,
        "removesuffix": str.removesuffix,
        "replace": lambda text, old, new: text.replace(old, new) if len(text) * len(new) < MAX_LENGTH else None,
        "rstrip": str.rstrip,
        "split": lambda text, *rest: tuple(text.split(*rest)),
        "strip": str.strip,
        "swapcase": str.swapcase,
        "title": str.title,
        "upper": str.upper,
    }
)

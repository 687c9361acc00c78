"""Unpicklers whose own `find_class` does not call that of the base, which tells the audit hooks: judged before it."""

from __future__ import annotations

import builtins
import functools
import pickle
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOKING_UP: Final = "find_class"
JUDGED: Final = "__telamon_judged__"
# The second is the one in Python, of which single opcodes can be replaced.
BASES: Final[tuple[type, ...]] = (pickle.Unpickler, pickle._Unpickler)  # noqa: SLF001  # libraries derive from it


def cover(look_up: Callable[[str, str], None]) -> None:
    """Have every class that overrides `find_class`, also those made later, judge the name first.

    Args:
        look_up: Raises where a name must not be fetched.
    """
    for kind in [found for base in BASES for found in _below(base)]:
        _judge(kind, look_up)
    build = builtins.__build_class__

    @functools.wraps(build)
    def build_class(*arguments: Any, **keywords: Any) -> Any:
        made = build(*arguments, **keywords)
        if isinstance(made, type) and issubclass(made, BASES):
            _judge(made, look_up)
        return made

    builtins.__build_class__ = build_class


def _below(base: type) -> Iterator[type]:
    kinds: list[type] = type.__subclasses__(base)
    for kind in kinds:
        yield kind
        yield from _below(kind)


def _judge(kind: type, look_up: Callable[[str, str], None]) -> None:
    own = kind.__dict__.get(LOOKING_UP)
    if own is None or getattr(own, JUDGED, False) or not callable(own):
        return

    @functools.wraps(own)
    def find_class(self: object, module: str, name: str, /) -> Any:
        look_up(module, name)
        return own(self, module, name)

    setattr(find_class, JUDGED, True)
    setattr(kind, LOOKING_UP, find_class)

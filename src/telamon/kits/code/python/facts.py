"""What a program does, as far as it matters to whoever judges it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.kits.code.python.values import UNKNOWN

if TYPE_CHECKING:
    from telamon.kits.code.python.values import Constant


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

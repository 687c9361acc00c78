"""A dependency as a file states it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_DEPENDENCIES: Final = 10_000  # of one file; the largest locks have some thousands
MAX_WORD: Final = 256  # characters of a name or version


class Registry(StrEnum):
    """Where a dependency is taken from."""

    PYPI = "PyPI"
    NPM = "npm"
    CONDA = "conda"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One dependency.

    Attributes:
        registry: Where from.
        name: As it is written.
        version: The one that is installed or pinned; empty where that is left open.
        specifiers: What PEP 440 calls so, where the version is left open; empty for any.
        line: One-based, where there is one.
    """

    registry: Registry
    name: str
    version: str = ""
    specifiers: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Something in a file of dependencies that was not understood."""

    reason: str
    line: int | None = None

"""Constants as far as reading the source can tell them."""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
"""Stands for what is not known before the program runs."""

Constant: TypeAlias = "bool | int | float | complex | str | bytes | tuple[Constant, ...] | Unknown | None"
"""A value that the source states, or that follows from what it states; lists, sets and tuples are tuples."""

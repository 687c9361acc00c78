"""Why a database did not do what it was asked, as far as the remedy differs; the same for every kind of database."""

from __future__ import annotations

from enum import Enum, auto

from telamon.core.errors import TelamonError


class Failure(Enum):
    """Why a database did not do what it was asked, as far as the remedy differs.

    `REJECTED` is a statement that does not fit the schema that was found. `UNREACHABLE` says nothing about what is
    stored: no server answered, it refused us, or the connection to it was lost.
    """

    BUSY = auto()
    DAMAGED = auto()
    FULL = auto()
    READ_ONLY = auto()
    REJECTED = auto()
    UNAVAILABLE = auto()
    UNREACHABLE = auto()


class DatabaseFailureError(TelamonError):
    """A database did not do what it was asked.

    Remedy: The message has the server's own words; put that right and run the command again.

    Attributes:
        failure: Why.
    """

    code = "database"

    def __init__(self, message: str, *, failure: Failure, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.failure = failure

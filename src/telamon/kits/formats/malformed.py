"""The error of readers whose content is not what its format asks for."""

from __future__ import annotations

from typing import ClassVar

from telamon.core.errors import TelamonError


class MalformedError(TelamonError):
    """The content breaks a rule of its format; what was read up to there counts.

    Remedy: Take the file again from where it was made; what cannot be read is not clean.

    Args:
        message: One line: what was expected, what was found.
        offset: Where, in bytes from the beginning of the content; `None` where no place can be told.
    """

    code: ClassVar[str] = "format-malformed"

    def __init__(self, message: str, *, offset: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset

"""What to install where a library of the extra `remote` is missing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from telamon.core.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def remote_extra(what: str) -> Iterator[None]:
    """Tell an import that fails within as the extra that is missing.

    Args:
        what: What needs it, in words.

    Raises:
        MissingExtraError: The library imported within is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise MissingExtraError("remote", what) from error

"""The libraries of the extra `remote`, or what to install."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from telamon.core.errors import MissingExtraError


def need(library: str, what: str) -> Any:  # a module, whose names mypy then knows no better
    """Return a library.

    Args:
        library: Its name.
        what: What needs it, in words.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return import_module(library)
    except ImportError as error:
        raise MissingExtraError("remote", what) from error

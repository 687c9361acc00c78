"""The libraries of the extra `remote`, or what to install."""

from __future__ import annotations

from typing import Any

from telamon.core.errors import MissingExtraError


def need_urllib3() -> Any:  # a module, whose names mypy then knows no better
    """Return urllib3.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import urllib3  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise MissingExtraError("remote", "reading files from web servers") from error
    return urllib3


def need_fsspec() -> Any:  # likewise
    """Return fsspec.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import fsspec  # type: ignore[import-untyped]  # noqa: PLC0415  # an extra, which has no types
    except ImportError as error:
        raise MissingExtraError("remote", "reading files from object stores") from error
    return fsspec

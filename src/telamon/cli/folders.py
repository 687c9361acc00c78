"""Folders of the user, after the XDG Base Directory Specification."""

from __future__ import annotations

import os
from pathlib import Path

from telamon.core.errors import UsageError


def data_folder() -> Path:
    """Return the folder for what telamon keeps for a user: `$XDG_DATA_HOME/telamon`."""
    home = os.environ.get("XDG_DATA_HOME", "")
    # The specification: relative paths are invalid and ignored.
    return (Path(home) if home.startswith("/") else Path.home() / ".local" / "share") / "telamon"


def atlas_folder() -> Path:
    """Return the folder of imported ATLAS releases."""
    return data_folder() / "atlas"


def working_folder() -> Path:
    """Return the working directory.

    Raises:
        UsageError: It was removed, or may not be looked at.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise UsageError(f"expected a working directory, found: {error.strerror}") from error

"""Who does what is recorded."""

from __future__ import annotations


def current_user() -> str:
    """Return the name of the user that this process runs for; `unknown` where the system has none."""
    import getpass  # noqa: PLC0415  # only where something is recorded

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user, as in some containers
        return "unknown"

"""References to secrets, as the rest of the policy calls them; they stand in `telamon.core.secrets`."""

from __future__ import annotations

from telamon.core.secrets import SECRET, SecretReference

__all__ = ["SECRET", "SecretReference"]

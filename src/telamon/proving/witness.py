"""A witness before a guard: it passes everything on and remembers whether anything was stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telamon.core.control import Guard
from telamon.core.settings import Settings

if TYPE_CHECKING:
    from telamon.core.records import Decision
    from telamon.core.subjects import Operation


class Witness(Guard[Settings]):
    """The guard of one trial, as the experiment sees it.

    Args:
        guard: The control's own.
    """

    def __init__(self, guard: Guard[Settings]) -> None:
        super().__init__(guard.settings)
        self._guard = guard
        self._has_denied = False

    @property
    def has_denied(self) -> bool:
        """Whether the guard has stopped an operation."""
        return self._has_denied

    def enforce(self, operation: Operation) -> Decision:
        """Return what the guard decides."""
        decision = self._guard.enforce(operation)
        self._has_denied = self._has_denied or decision.is_stopping
        return decision

    def __getattr__(self, name: str) -> Any:  # whatever the control's own guard has beside `enforce`
        return getattr(self._guard, name)

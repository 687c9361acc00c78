"""The guard of library-loading: what a load may fetch and do."""

from __future__ import annotations

from typing import ClassVar

from telamon.controls.artifact.library_loading.guarding.events import ACTS
from telamon.controls.artifact.library_loading.guarding.installing import rules_of
from telamon.controls.artifact.library_loading.guarding.names import objection_under
from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings
from telamon.core.control import Guard
from telamon.core.records import Decision, Effect
from telamon.core.subjects import Operation, OperationKind

FETCHES = "fetches what only makes data, or what the policy allows"


class LibraryLoadingGuard(Guard[LibraryLoadingSettings]):
    """Permits a load to fetch what only makes data, and to do nothing besides; the audit hook asks the same."""

    kinds: ClassVar[frozenset[OperationKind]] = frozenset({OperationKind.LOOK_UP, OperationKind.ACT})

    def enforce(self, operation: Operation) -> Decision:
        """Decide about one look-up or act of a load."""
        if operation.kind is OperationKind.ACT:
            return Decision(effect=Effect.DENY, reason=f"it {ACTS.get(operation.detail, 'reaches out')} while it loads")
        module, _, name = operation.detail.partition(":")
        reason = objection_under(rules_of(self.settings), module, name)
        return Decision(effect=Effect.DENY if reason else Effect.PERMIT, reason=reason or FETCHES)

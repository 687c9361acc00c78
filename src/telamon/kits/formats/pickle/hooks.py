"""Where a loader reads other bytes out of the same file between two opcodes, as joblib's does after BUILD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from telamon.kits.formats.pickle.endings import IrregularError

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.values import Value


@dataclass(frozen=True, slots=True)
class Nested:
    """A pickle that the loader reads right there; the outer stream goes on after its end.

    Attributes:
        start: Offset of its first byte.
    """

    start: int


Skip: TypeAlias = int | Nested | None
"""Where to go on: at an offset, after a nested pickle, or where the machine stands."""


class Hook(Protocol):
    """What the loader does beside the unpickler."""

    def after_build(self, instance: Value, state: Value, position: int) -> Skip:
        """Returns where to go on after a BUILD whose last byte is before `position`.

        Args:
            instance: The value that BUILD changed, as a rule a `Result` of NEWOBJ.
            state: Its state; of a dict `state.get(key)` gives a value.
            position: Offset of the byte that the loader would read next from the file.
        """


@runtime_checkable
class SelectiveHook(Hook, Protocol):
    """A hook that can tell beforehand what it leaves alone, so that large streams go the fast way until it acts."""

    def acts_on(self, instance: Value) -> bool:
        """Returns whether `after_build` may return anything but None for this value, or note it.

        Changes nothing. Of a `Result` it looks at `callable` and `opcode` only.
        """


class Guard:
    """Stands for a hook in the swift machine, which gives up before the hook acts.

    Args:
        hook: The hook that is not called.
    """

    def __init__(self, hook: SelectiveHook) -> None:
        self._hook = hook

    def after_build(self, instance: Value, state: Value, position: int) -> None:  # noqa: ARG002 - the interface's
        """Gives up if the hook would act."""
        if self._hook.acts_on(instance):
            raise IrregularError("the loader reads other bytes here")

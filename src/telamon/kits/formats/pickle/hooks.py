"""Where a loader reads other bytes out of the same file between two opcodes, as joblib's does after BUILD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

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

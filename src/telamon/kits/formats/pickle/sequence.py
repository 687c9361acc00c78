"""A recorder that keeps look-ups and calls in order, for comparing the machine with an unpickler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.kits.formats.pickle.recorder import Recorder
from telamon.kits.formats.pickle.values import Global, Result, Value, type_name

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.opcodes import Opcode


@dataclass(frozen=True, slots=True)
class Step:
    """One look-up or call, for comparing with another unpickler.

    Attributes:
        action: `import` or `call`.
        name: The raw (module, name) of a look-up; the text of a callable.
        offset: Where its opcode stands.
    """

    action: str
    name: tuple[str | None, str | None] | str
    offset: int


class Sequence(Recorder):
    """Keeps every look-up and call in order, for differential tests; memory grows with the stream."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def imported(self, offset: int, found: Global) -> None:
        """Takes a look-up."""
        self.steps.append(Step("import", (found.raw_module, found.raw_name), offset))

    def called(
        self,
        offset: int,
        opcode: Opcode,
        callable: Value,  # noqa: A002 - the field's word
        arguments: Value,  # noqa: ARG002 - the interface's
        keywords: Value = None,  # noqa: ARG002 - likewise
    ) -> None:
        """Takes a call."""
        self.steps.append(Step("call", f"{opcode.name} {_root(callable)}", offset))


def _root(value: Value) -> str:
    """Returns the name of a global, or of the global whose calls made the value, with the number of calls."""
    depth = 0
    while isinstance(value, Result):
        value, depth = value.callable, depth + 1
    name = f"{value.raw_module}.{value.raw_name}" if isinstance(value, Global) else type_name(value)
    return name + "()" * min(depth, 1000)

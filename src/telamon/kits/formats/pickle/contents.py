"""The pickle machine with all that a stream puts together kept: for who takes data out of it, not for judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle.dispatch import HANDLERS
from telamon.kits.formats.pickle.limits import Limits, Loader, Mode
from telamon.kits.formats.pickle.machine import Machine
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.recorder import Recorder
from telamon.kits.formats.pickle.values import Clipped, Collection, Global, Persistent, Result, Value

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.endings import Stream
    from telamon.kits.formats.pickle.hooks import Hook
    from telamon.kits.formats.pickle.machine import Data, Handler

_LIMITS: Final = Limits(
    opcodes=30_000_000, memo_entries=1_000_000, stack_entries=500_000, items_kept=1_000_000, line_bytes=2**20
)
"""What one stream may cost: some seconds and some hundred megabytes, for a state dictionary of 100,000 tensors."""

_MOST_IDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Called:
    """A callable that the stream calls, and by which opcode; the name is empty where a call computes it."""

    module: str
    name: str
    opcode: Opcode


@dataclass(slots=True, kw_only=True)
class Contents:
    """What a stream makes.

    Attributes:
        stream: How it ended, and its value.
        calls: Every callable that it calls, each once, whether its result is used or not.
        asks: What else it asks the loader for: extensions, buffers out of band, memory.
        persistent: The persistent ids that it asks the loader for, whether what it gets is used or not.
        filled: What was put into results of calls, by identity: of a dictionary keys and values in turn.
    """

    stream: Stream
    calls: frozenset[Called]
    asks: frozenset[str]
    persistent: tuple[Value, ...]
    _filled: dict[int, tuple[Result, list[Value]]] = field(default_factory=dict)

    def items_of(self, made: Result) -> list[Value]:
        """Return what the stream put into what a call made."""
        held = self._filled.get(id(made))
        return held[1] if held is not None else []


class _Watch(Recorder):
    """Takes down what is called, and what the loader is asked for."""

    def __init__(self) -> None:
        self.calls: set[Called] = set()
        self.asks: set[str] = set()
        self.pids: list[Value] = []

    def called(
        self,
        offset: int,  # noqa: ARG002  # the interface's
        opcode: Opcode,
        callable: Value,  # noqa: A002  # the field's word
        arguments: Value,  # noqa: ARG002  # the interface's
        keywords: Value = None,  # noqa: ARG002  # likewise
    ) -> None:
        """Takes a call."""
        made = _class_of(callable) if isinstance(callable, Persistent) else callable
        module, name = (made.module, made.name) if isinstance(made, Global) else ("", "")
        self.calls.add(Called(module or "", name or "", opcode))

    def persistent(self, offset: int, pid: Value) -> None:  # noqa: ARG002  # the interface's
        """Takes a call of `persistent_load`."""
        if len(self.pids) >= _MOST_IDS:
            self.asks.add("too many persistent ids")
        else:
            self.pids.append(pid)

    def extension(self, offset: int, code: int) -> None:  # noqa: ARG002  # likewise
        """Takes a look-up in the registry."""
        self.asks.add("extensions")

    def buffer(self, offset: int) -> None:  # noqa: ARG002  # likewise
        """Takes a request for a buffer."""
        self.asks.add("buffers out of band")

    def bomb(self, offset: int, resource: str, size: int) -> None:  # noqa: ARG002  # likewise
        """Takes an allocation."""
        self.asks.add(f"too much memory for a {resource}")


def _class_of(supplied: Persistent) -> Value:
    """Return the class that torch's loader supplies for `("module", class, file, source)` (its legacy format)."""
    pid = supplied.pid
    is_class = isinstance(pid, Collection) and len(pid.items) > 1 and pid.items[0] == "module"
    return pid.items[1] if is_class and isinstance(pid, Collection) else None


class _Keeper(Machine):
    """The exact machine, with what is put into results of calls."""

    def keep(self, mark: int) -> None:
        """Remember what stands above a mark, if what stands below is the result of a call."""
        target = self.stack[mark - 1] if 0 < mark <= len(self.stack) else None
        if isinstance(target, Result):
            self.filled.setdefault(id(target), (target, []))[1].extend(self.stack[mark:])

    @property
    def filled(self) -> dict[int, tuple[Result, list[Value]]]:
        """What was kept; shared by nested streams through the recorder, which they share."""
        recorder = self.recorder
        if not isinstance(recorder, _Filling):
            raise TypeError("a keeper's recorder keeps")
        return recorder.filled


class _Filling(_Watch):
    def __init__(self) -> None:
        super().__init__()
        self.filled: dict[int, tuple[Result, list[Value]]] = {}


def contents(data: Data, start: int, end: int, *, hook: Hook | None = None, loader: Loader | None = None) -> Contents:
    """Run one pickle on abstract values and return what it makes; nothing is loaded, called or raised.

    Args:
        data: The bytes, or a map of a file.
        start: Offset of its first byte.
        end: Offset behind the last byte that the loader can read.
        hook: What the loader reads beside the pickle.
        loader: What is assumed of it; by default `pickle.load`.
    """
    recorder = _Filling()
    machine = _Keeper(data, start, end, recorder, hook=hook, limits=_LIMITS, loader=loader or Loader(), mode=Mode.FILE)
    stream = machine.run(_KEEPING)
    return Contents(
        stream=stream,
        calls=frozenset(recorder.calls),
        asks=frozenset(recorder.asks),
        persistent=tuple(recorder.pids),
        _filled=recorder.filled,
    )


def _above_one(machine: Machine) -> None:
    if isinstance(machine, _Keeper):
        machine.keep(len(machine.stack) - 1)
    HANDLERS[Opcode.APPEND](machine)


def _above_two(machine: Machine) -> None:
    if isinstance(machine, _Keeper):
        machine.keep(len(machine.stack) - 2)
    HANDLERS[Opcode.SETITEM](machine)


def _above_mark(opcode: Opcode) -> Handler:
    def keep(machine: Machine) -> None:
        if isinstance(machine, _Keeper) and machine.marks:
            machine.keep(machine.marks[-1])
        HANDLERS[opcode](machine)

    return keep


def _bytearray(machine: Machine) -> None:
    """BYTEARRAY8: says where the bytes stand too."""
    HANDLERS[Opcode.BYTEARRAY8](machine)
    made = machine.stack[-1]
    if isinstance(made, Clipped):
        made.start, made.stop = machine.position - made.length, machine.position


_KEEPING: Final[tuple[Handler, ...]] = tuple(
    {
        int(Opcode.APPEND): _above_one,
        int(Opcode.SETITEM): _above_two,
        int(Opcode.APPENDS): _above_mark(Opcode.APPENDS),
        int(Opcode.SETITEMS): _above_mark(Opcode.SETITEMS),
        int(Opcode.BYTEARRAY8): _bytearray,
    }.get(code, handler)
    for code, handler in enumerate(HANDLERS)
)


def pairs_of(held: Collection | list[Value]) -> list[tuple[Value, Value]]:
    """Return keys and values of a dictionary, in order; of a key that stands twice both."""
    items = held.items if isinstance(held, Collection) else held
    return list(zip(items[::2], items[1::2], strict=False))

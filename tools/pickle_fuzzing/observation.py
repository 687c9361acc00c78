"""The pickle machine's events in the form in which the reference tells CPython's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from pickle_fuzzing.reference import Job, Reader, Row
from pickle_fuzzing.stubs import DEPTH_SHOWN, ITEMS_SHOWN, TEXT_SHOWN, Label, number_token
from telamon.kits.formats.pickle import (
    Buffer,
    Clipped,
    Collection,
    Ending,
    Extension,
    Global,
    Kind,
    Loader,
    Mode,
    Opcode,
    Persistent,
    Recorder,
    Result,
    Results,
    Stream,
    Unknown,
    limits,
    scan,
    stream,
)
from telamon.kits.formats.pickle.data_only import inert_prefix
from telamon.kits.formats.pickle.machine import Machine

if TYPE_CHECKING:
    from telamon.kits.formats.pickle import Value

ANYTHING: Final = ("?",)
"""Token of a value that the machine does not know; it agrees with every token."""

MODES: Final = {Reader.BUFFER: Mode.BUFFER, Reader.FILE: Mode.FILE, Reader.PEEK: Mode.BUFFER}
"""With `peek` the whole of a small file is one buffer, so that an opcode may cross the end of a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the machine says of one pickle.

    Attributes:
        events: See `reference.Outcome`.
        ending: How the stream ends.
        message: Why it breaks.
        end: Offset in the job's data after the pickle.
        value: Token of what it yields.
        is_data_only: The machine's claim that it has no events.
        is_overrun: Whether it says that readers of files and of buffers part.
    """

    events: tuple[Row, ...]
    ending: Ending
    message: str
    end: int
    value: object
    is_data_only: bool
    is_overrun: bool


UNBOUNDED: Final = limits.UNBOUNDED
"""Number of items of a container of which the machine has forgotten what was put in."""
CRASH: Final = "the machine raised "
BEFORE: Final = b"cos\nsystem\n)R."
BEHIND: Final = b"'\n.\nR.cos\nsystem\n)R." + bytes(300)
"""What stands around the stream in the scanned buffer, and must not be seen."""


class Scan(Protocol):
    """The machine's entry, or a wrong one that a test puts in its place."""

    __name__: str

    def __call__(  # it is `telamon.kits.formats.pickle.scan`
        self, buffer: bytes, start: int, end: int, /, *, recorder: Recorder, mode: Mode, loader: Loader
    ) -> Stream: ...


class Observer(Recorder):
    """Keeps the events of one scan as rows."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._calls: dict[int, int] = {}
        self._codes: set[int] = set()

    def imported(self, offset: int, found: Global) -> None:  # noqa: ARG002  # the recorder's signature
        """Takes a look-up."""
        self.rows.append(["import", found.raw_module, found.raw_name, found.module, found.name])

    def called(self, offset: int, opcode: Opcode, callable: Value, arguments: Value, keywords: Value = None) -> None:  # noqa: A002  # likewise
        """Takes a call; `_pickle.c` instantiates by `__new__` in NEWOBJ, and in OBJ and INST without arguments."""
        self._calls[offset] = len(self._calls)
        by_new = opcode in {Opcode.NEWOBJ, Opcode.NEWOBJ_EX}
        if opcode in {Opcode.OBJ, Opcode.INST}:
            by_new = isinstance(arguments, Collection) and not arguments.count
        row: Row = ["new" if by_new else "call", self.token(callable), self.token(arguments)]
        if by_new:
            row.append(self._keys(keywords))
        self.rows.append(row)

    def built(self, offset: int, target: Value, state: Value) -> None:  # noqa: ARG002  # likewise
        """Takes a BUILD."""
        self.rows.append(["build", self.token(target), self.token(state)])

    def mutated(self, offset: int, target: Value, method: str, argument: Value) -> None:  # noqa: ARG002  # likewise
        """Takes a method call."""
        self.rows.append(["mutate", self.token(target), method, self.token(argument)])

    def persistent(self, offset: int, pid: Value) -> None:  # noqa: ARG002  # likewise
        """Takes a persistent id."""
        self.rows.append(["persistent", self.token(pid)])

    def extension(self, offset: int, code: int) -> None:  # noqa: ARG002  # likewise
        """Takes an extension; CPython looks each code up once and caches what it found."""
        if code not in self._codes:
            self._codes.add(code)
            self.rows.append(["extension", code])

    def buffer(self, offset: int) -> None:  # noqa: ARG002  # likewise
        """Takes a buffer."""
        self.rows.append(["buffer"])

    def token(self, value: Value, depth: int = DEPTH_SHOWN) -> tuple[object, ...]:
        """Returns what `stubs.Journal.token` returns for the object that this value stands for."""
        if isinstance(value, Collection):
            return self._collection(value, depth)
        if isinstance(value, Global | Result | Persistent | Extension | Buffer):
            return self._label(value)
        if isinstance(value, str | bytes):
            return ("s" if isinstance(value, str) else "y", value[:TEXT_SHOWN], len(value))
        if isinstance(value, Clipped | Unknown):
            return self._clipped(value)
        if value is None or isinstance(value, bool | float):
            return (repr(value),)
        return number_token(value)

    def _label(self, value: Global | Result | Persistent | Extension | Buffer) -> Label:
        if isinstance(value, Global):
            return ("g", value.module, value.name)
        if isinstance(value, Result):
            return ("r", self._calls[value.offset])
        if isinstance(value, Persistent):
            return ("p", self.token(value.pid, 0))
        return ("e", value.code) if isinstance(value, Extension) else ("x", value.index)

    def _collection(self, value: Collection, depth: int) -> tuple[object, ...]:
        name = value.kind.value
        if value.count >= UNBOUNDED:
            return ANYTHING
        if value.kind not in {Kind.TUPLE, Kind.LIST} or not depth:
            return (name,)
        return (name, value.count, *[self.token(item, depth - 1) for item in value.items[:ITEMS_SHOWN]])

    def _clipped(self, value: Clipped | Unknown) -> tuple[object, ...]:
        if isinstance(value, Unknown):
            return ANYTHING
        name = {"str": "s", "bytes": "y", "int": "i"}.get(value.type_name, value.type_name)
        return (name, value.sample[:TEXT_SHOWN], value.length) if name in {"s", "y"} else (name,)

    def _keys(self, keywords: Value) -> object:
        """Returns the sorted names of keyword arguments; None where there are none."""
        if not isinstance(keywords, Collection) or not keywords.count:
            return None
        if not keywords.is_whole:
            return ANYTHING
        keys: set[Any] = set(keywords.items[::2])  # any: sorted below only where they are names
        return sorted(keys) if all(isinstance(key, str) for key in keys) else ANYTHING


def scan_as_large(buffer: bytes, start: int, end: int, /, *, recorder: Recorder, mode: Mode, loader: Loader) -> Stream:
    """Scans a small stream by the ways that `scan` keeps for large ones."""
    prefix = inert_prefix(buffer, start, end)
    if prefix.is_whole:
        return Stream(start=start, end=prefix.end, protocol=prefix.protocol, ending=Ending.STOP, is_data_only=True)
    return stream._scan_large(Machine(buffer, start, end, recorder, mode=mode, loader=loader))  # noqa: SLF001  # on purpose


def observe(
    job: Job,
    start: int = 0,
    *,
    machine: Scan = scan,
    results: Results = Results.CLASSES,
    reader: Reader | None = None,
) -> Observed:
    """Returns what the machine says of the pickle at `start` of the job's data.

    The data stand in the middle of a larger buffer, whose other bytes must not matter.
    """
    try:
        return _observe(job, start, machine, results, MODES[job.reader if reader is None else reader])
    except Exception as error:  # noqa: BLE001  # a scan that raises, or yields values that raise, is a finding
        return Observed(
            events=(),
            ending=Ending.LIMIT,
            message=f"{CRASH}{type(error).__name__}: {error}",
            end=start,
            value=ANYTHING,
            is_data_only=False,
            is_overrun=False,
        )


def _observe(job: Job, start: int, machine: Scan, results: Results, mode: Mode) -> Observed:
    observer = Observer()
    loader = Loader(encoding=job.encoding, fix_imports=job.fix_imports, results=results)
    shift = len(BEFORE)
    found = machine(
        BEFORE + job.data + BEHIND,
        shift + start,
        shift + len(job.data),
        recorder=observer,
        mode=mode,
        loader=loader,
    )
    return Observed(
        events=tuple(observer.rows),
        ending=found.ending,
        message=found.message,
        end=found.end - shift,
        value=observer.token(found.value),
        is_data_only=found.is_data_only,
        is_overrun=found.overrun is not None,
    )

"""Bounds on what one scan may cost, and what the scan assumes of the program that loads the file."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


EVENT_WORK: Final = 5
"""What telling the recorder costs, in opcodes."""

CALL_WORK: Final = 8
"""The same of a call, whose arguments may be told apart."""

NAME_WORK: Final = 30
"""What a name costs that was not looked up before."""

UNBOUNDED: Final = 2**63 - 1
"""The `count` of a container whose items were not all looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one scan may cost; exceeding one ends the scan with `Ending.LIMIT`.

    Attributes:
        is_late: Returns True when the time is up; asked every few thousand opcodes. Never late by default.
        opcodes: Work, as the number of opcodes executed one by one. What acts on the outside world counts as
            `EVENT_WORK` more, a container as one more; a line of text and what is taken in runs counts nothing:
            there ordinary streams have most of theirs, and a line is paid for by its bytes. A number of
            operations and no time, so that the same file ends the same everywhere. The default is about a minute of
            the exact machine.
        memo_entries: Memo slots filled at one time (about 100 bytes each).
        stack_entries: Values on the stack at one time (8 to 160 bytes each), marks included.
        line_bytes: Length of a text argument that must be read whole (INT, STRING, GLOBAL and so on).
        value_bytes: Constants up to this length are kept whole, longer ones are clipped.
        items_kept: Items kept per container.
        globals_kept: Distinct look-ups remembered, so that equal ones yield one value.
        allocation_bytes: What a memo index may make the loader allocate before it is reported as a bomb.
        nesting: How deep hooks may nest streams.
    """

    is_late: Callable[[], bool] | None = None
    opcodes: int = 300_000_000
    memo_entries: int = 2_000_000
    stack_entries: int = 1_000_000
    line_bytes: int = 16 * 2**20
    value_bytes: int = 4096
    items_kept: int = 64
    globals_kept: int = 10_000
    allocation_bytes: int = 2**30
    nesting: int = 16


class Mode(enum.Enum):
    """How the loader reads: a FRAME that an opcode overruns means two different programs.

    BUFFER is `pickle.loads`: a frame is only checked to be there. FILE is `pickle.load` of a file without
    `peek` (a BytesIO, a zip member): an opcode that does not fit in the rest of a frame is read after the frame.
    """

    BUFFER = "buffer"
    FILE = "file"


class Results(enum.Enum):
    """What a value of the outside world may be.

    ANYTHING is sound for judging: a call may return a tuple that another call then takes as its arguments.
    CLASSES is what the stubs of the differential tests are: classes, which are neither tuples, dicts, strings
    nor buffers, have every method that the unpickler calls, and can be dictionary keys.
    """

    ANYTHING = "anything"
    CLASSES = "classes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """What the scan assumes of the program that loads the file.

    Attributes:
        encoding: How STRING and BINSTRING are decoded: `ASCII` (the default of pickle), `latin1`, `utf-8`
            (the default of torch.load) or `bytes` (they stay bytes).
        fix_imports: Whether Python 2 names are mapped below protocol 3.
        results: What results of calls may be.
        is_python: True for subclasses of `pickle._Unpickler` in Python (joblib): arguments of calls may be
            any iterable there, where the C unpickler wants a tuple.
    """

    encoding: str = "ASCII"
    fix_imports: bool = True
    results: Results = Results.ANYTHING
    is_python: bool = False


DEFAULT_LIMITS: Final = Limits()
DEFAULT_LOADER: Final = Loader()

"""How a scan of one pickle ends, and the break that ends it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from telamon.core.errors import TelamonError
from telamon.kits.formats.pickle.values import UNKNOWN, Value


class Ending(enum.Enum):
    """How a stream ends.

    Attributes:
        STOP: By a STOP with a value on the stack. Of a large stream that is data only, just that its opcodes reach
            a STOP: whether an unpickler raises before it is not checked, since either way nothing is called.
        TRUNCATED: The data end inside it.
        ERROR: At an opcode at which the unpickler raises.
        LIMIT: A bound of the scan was exceeded, and the rest is not understood.
    """

    STOP = "stop"
    TRUNCATED = "truncated"
    ERROR = "error"
    LIMIT = "limit"


class Fault(enum.Enum):
    """Why a stream breaks."""

    NONE = "none"
    TRUNCATED = "truncated"
    OPCODE = "unknown opcode"
    STACK = "stack"
    MEMO = "memo"
    TYPE = "type"
    NUMBER = "number"
    ENCODING = "encoding"
    SIZE = "size"
    PROTOCOL = "protocol"
    TIME = "time"
    OPCODES = "opcodes"
    MEMORY = "memory"
    NESTING = "nesting"


_LIMITS = frozenset({Fault.TIME, Fault.OPCODES, Fault.MEMORY, Fault.NESTING})


class Break(TelamonError):  # noqa: N818 - the end of a stream
    """Ends the machine at the present opcode; it never leaves the scan.

    Remedy: None is needed; if you see it, report a defect of telamon.
    """

    code = "pickle-break"

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault

    @property
    def ending(self) -> Ending:
        """How a stream that breaks so ends."""
        if self.fault is Fault.TRUNCATED:
            return Ending.TRUNCATED
        return Ending.LIMIT if self.fault in _LIMITS else Ending.ERROR


class IrregularError(TelamonError):
    """The stream is not one that the swift machine executes; it never leaves the scan.

    Remedy: None is needed; if you see it, report a defect of telamon.
    """

    code = "pickle-irregular"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What a scan of one pickle found out about its frame; the events went to the recorder.

    Attributes:
        start: Offset of its first byte.
        end: Offset after its last byte: after STOP, or of the opcode that breaks it.
        protocol: The highest protocol that a PROTO opcode names; 0 without one.
        ending: How it ends.
        fault: Why it breaks, NONE if it does not.
        message: The same in words; empty if it does not break.
        is_data_only: Whether no look-up, call, BUILD, persistent id, extension or buffer occurs up to `end`.
        overrun: Offset of the first opcode that reaches over the end of its frame, where `pickle.load` and
            `pickle.loads` see different programs; None where there is none.
        value: What the stream yields, UNKNOWN if it breaks or only the data-only pass ran.
        nested: Streams that a hook found inside this one.
        work: What the scan cost, in the unit of `Limits.opcodes`.
    """

    start: int
    end: int
    protocol: int
    ending: Ending
    fault: Fault = Fault.NONE
    message: str = ""
    is_data_only: bool
    overrun: int | None = None
    value: Value = UNKNOWN
    nested: tuple[Stream, ...] = ()
    work: int = 0

"""A reader of pickles that says what loading one would do, with the semantics of CPython's C unpickler."""

from telamon.kits.formats.pickle.endings import Ending, Fault, Stream
from telamon.kits.formats.pickle.hooks import Hook, Nested, SelectiveHook, Skip
from telamon.kits.formats.pickle.limits import Limits, Loader, Mode, Results
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.recorder import Event, EventKind, Recorder, Summary
from telamon.kits.formats.pickle.rendering import render
from telamon.kits.formats.pickle.runs import settle
from telamon.kits.formats.pickle.sequence import Sequence
from telamon.kits.formats.pickle.stream import scan, scan_all
from telamon.kits.formats.pickle.values import (
    UNKNOWN,
    Buffer,
    Clipped,
    Collection,
    Extension,
    Global,
    Kind,
    Persistent,
    Result,
    Unknown,
    Value,
)

__all__ = [
    "UNKNOWN",
    "Buffer",
    "Clipped",
    "Collection",
    "Ending",
    "Event",
    "EventKind",
    "Extension",
    "Fault",
    "Global",
    "Hook",
    "Kind",
    "Limits",
    "Loader",
    "Mode",
    "Nested",
    "Opcode",
    "Persistent",
    "Recorder",
    "Result",
    "Results",
    "SelectiveHook",
    "Sequence",
    "Skip",
    "Stream",
    "Summary",
    "Unknown",
    "Value",
    "render",
    "scan",
    "scan_all",
    "settle",
]

"""The swift machine: the exact machine with runs of plain values taken as one entry of the stack.

It executes regular streams, which use MEMOIZE only (protocols 4 and 5), and says so where one is not: then the
exact machine takes over. What it reports is what the exact machine reports, except that containers fetched
from the memo have forgotten what was put in (their `count` says so).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from telamon.core.errors import TelamonError
from telamon.kits.formats.pickle import calls, containers
from telamon.kits.formats.pickle import grammar
from telamon.kits.formats.pickle.data_only import release
from telamon.kits.formats.pickle.dispatch import HANDLERS
from telamon.kits.formats.pickle.endings import Break, Fault
from telamon.kits.formats.pickle.limits import UNBOUNDED
from telamon.kits.formats.pickle.machine import Machine
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.runs import Entry, LazyCollection, Run
from telamon.kits.formats.pickle.slots import Place, Slots, Window
from telamon.kits.formats.pickle.values import Collection, Global, Kind, Result, Value, is_hashable, is_opaque

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    import re

    from telamon.kits.formats.pickle.machine import Handler

_KNOWN_VALUES: Final = 50_000  # memoised values kept as such: calls of an irregular form, look-ups
_KNOWN_GETS: Final = 100_000
_IDIOM_LENGTH: Final = 24
_BINGET: Final = int(Opcode.BINGET)
_STOP: Final = int(Opcode.STOP)
_HASHABLE: Final = frozenset(b"NKMJGIFLSVTUXCB)\x88\x89\x8a\x8b\x8c\x8d\x8eRoicQP\x81\x82\x83\x84\x92\x93\x91\x97")
_UNHASHABLE: Final = frozenset(b"]}\x8f\x96ld")
_TUPLES: Final = frozenset(b"t\x85\x86\x87")
_CONSTANTS: Final = frozenset(b"NKMJGIFLSVTUXCB\x88\x89\x8a\x8b\x8c\x8d\x8e\x96")
_MADE: Final = {ord("]"): Kind.LIST, ord("}"): Kind.DICT, 0x8F: Kind.SET, ord("l"): Kind.LIST, ord("d"): Kind.DICT}


class IrregularError(TelamonError):
    """The stream is not one that the swift machine executes; it never leaves the scan."""

    code = "pickle-irregular"

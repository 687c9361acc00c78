"""Comparison of the machine's events with CPython's: equal, excused for a stated reason, or a disagreement.

Assumption about the outside world: every global, extension, persistent object, buffer and result of a call is
a class whose use never fails (see `stubs`). CPython may stop earlier than the machine for a few causes that are
not in the bytes but in the loader; each is a category with a strict condition, in which CPython's events must
still be the beginning of the machine's. Two item assignments in a row on the same target count as one event,
because CPython cannot be seen to tell SETITEM twice from SETITEMS.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from pickle_fuzzing.stubs import EXTENSION_CODES, PLAIN
from telamon.kits.formats.pickle import Ending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pickle_fuzzing.observation import Observed
    from pickle_fuzzing.reference import Outcome, Row


class Verdict(Enum):
    """How one pickle compares."""

    LOADED = "equal, both reach STOP"
    FAILED = "equal, both break"
    INERT = "CPython breaks in data that the machine only walked over: no events on either side"
    COVERED = "results are values: the machine tells all that CPython does"
    NO_EXTENSION = "CPython stops at a code that is not registered"
    NO_PERSISTENT_LOAD = "CPython stops at a persistent id, the loader has no persistent_load"
    NO_BUFFER = "CPython stops at a buffer that the loader does not hand in"
    NO_SUCH_NAME = "CPython refuses a name with <locals>"
    STATE_REFUSED = "CPython refuses a state for a class without __setstate__"
    KEYWORDS_REFUSED = "CPython refuses keyword arguments whose names are not str"
    MEMORY = "CPython runs out of memory"
    KILLED = "the input ends CPython"
    DISAGREEMENT = "disagreement"


EXCUSES: Final = frozenset(Verdict) - {
    Verdict.LOADED,
    Verdict.FAILED,
    Verdict.COVERED,
    Verdict.DISAGREEMENT,
}
UNSEEN: Final = {"build": (2,), "mutate": (3,), "new": (2, 3)}
"""Where an event of CPython's may hold a None that means: not seen, because the call was refused."""
STATE_ERRORS: Final = ("state is not a dictionary", "attribute name must be string", "slot state is not a dictionary")


def compare(outcome: Outcome, observed: Observed) -> Verdict:
    """Returns how the machine's account of one pickle compares with what CPython did."""
    if outcome.ending == "killed":
        return Verdict.KILLED
    expected, found = merge(outcome.events), merge(observed.events)
    if observed.ending is Ending.LIMIT or (observed.is_data_only and expected):
        return Verdict.DISAGREEMENT
    if len(expected) > len(found) or not agree(expected, found):
        return Verdict.DISAGREEMENT
    is_stop = observed.ending is Ending.STOP
    is_equal = len(expected) == len(found) and is_stop == (outcome.ending == "ok")
    if is_equal and is_stop:
        is_equal = outcome.end in {-1, observed.end} and same_token(outcome.value, observed.value)
    if not is_equal:
        return excuse(outcome, observed, expected, found[len(expected) :])
    return Verdict.LOADED if is_stop else Verdict.FAILED


def is_beginning(outcome: Outcome, observed: Observed) -> bool:
    """Returns whether the machine tells everything that CPython did, in order, and perhaps more after it."""
    expected, found = merge(outcome.events), merge(observed.events)
    return len(expected) <= len(found) and agree(expected, found)


def cover(outcome: Outcome, observed: Observed) -> Verdict:
    """Returns whether the machine, which does not know what results are, misses nothing that CPython does.

    Where a result is a list or a dict, CPython fills it itself and there is no event; the machine reports one.
    """
    if outcome.ending == "killed":
        return Verdict.KILLED
    if observed.ending is Ending.LIMIT:
        return Verdict.DISAGREEMENT
    further = iter(merge(observed.events))
    for row in merge(outcome.events):
        for found in further:
            if is_same_deed(row, found):
                break
            if found[0] not in {"mutate", "build"}:
                return Verdict.DISAGREEMENT
        else:
            return Verdict.DISAGREEMENT
    is_cut = outcome.ending == "ok" and observed.ending is not Ending.STOP
    return Verdict.DISAGREEMENT if is_cut else Verdict.COVERED


def is_same_deed(expected: Row, found: Row) -> bool:
    """Returns whether two events are the same, arguments apart, which calls may have changed unseen."""
    if expected[0] != found[0]:
        return False
    if expected[0] == "import":
        return all(other in {None, one} for one, other in zip(expected[1:], found[1:], strict=True))
    if expected[0] in {"persistent", "buffer"}:
        return True
    if expected[0] == "mutate" and expected[2] != found[2]:
        return False
    if expected[0] == "extension":
        return bool(expected[1] == found[1])
    who, other = expected[1], found[1]
    return same_token(who, other) or (
        who[0] == other[0] == "g" and all(part in {None, name} for name, part in zip(who, other, strict=True))
    )


def excuse(outcome: Outcome, observed: Observed, expected: Sequence[Row], further: Sequence[Row]) -> Verdict:
    """Returns why CPython stopped where the machine goes on; a disagreement if no cause fits."""
    if outcome.ending == "memory":
        return Verdict.MEMORY
    if outcome.ending == "ok":
        return Verdict.DISAGREEMENT
    error = outcome.error
    last: Row = expected[-1] if expected else [""]
    following: Row = further[0] if further else [""]
    causes = {
        Verdict.INERT: observed.is_data_only and observed.value == ("?",) and not expected and not further,
        Verdict.NO_EXTENSION: following[0] == "extension"
        and following[1] not in EXTENSION_CODES
        and "unregistered extension" in error,
        Verdict.NO_PERSISTENT_LOAD: following[0] == "persistent" and "A load persistent id instruction" in error,
        Verdict.NO_BUFFER: following[0] == "buffer" and ("no *buffers*" in error or "not enough out-of-band" in error),
        Verdict.NO_SUCH_NAME: last[0] == "import"
        and "<locals>" in last[2].split(".")
        and error.startswith("AttributeError"),
        Verdict.STATE_REFUSED: last[0] == "build"
        and any(text in error for text in STATE_ERRORS)
        and is_plain(last[1], expected),
        Verdict.KEYWORDS_REFUSED: last[0] == "new" and last[2] is None and "keywords must be strings" in error,
    }
    return next((verdict for verdict, is_so in causes.items() if is_so), Verdict.DISAGREEMENT)


def is_plain(label: Sequence[object], events: Sequence[Row]) -> bool:
    """Returns whether a stub is one without `__setstate__`; results of calls are what their callable is."""
    callables = [row[1] for row in events if row[0] in {"call", "new"}]
    while label[0] == "r":
        label = callables[int(str(label[1]))]
    return label[0] == "g" and str(label[2]).startswith(PLAIN)


def merge(events: Sequence[Row]) -> list[Row]:
    """Returns the events with item assignments in a row on one target made one."""
    merged: list[Row] = []
    for row in events:
        is_assignment = row[0] == "mutate" and row[2] == "__setitem__" and None not in row[1]
        if not (is_assignment and merged and merged[-1][:3] == row[:3]):
            merged.append(row)
    return merged


def agree(expected: Sequence[Row], found: Sequence[Row]) -> bool:
    """Returns whether the rows are the same as far as the shorter list goes."""
    return all(same_row(row, other) for row, other in zip(expected, found, strict=False))


def same_row(expected: Row, found: Row) -> bool:
    """Returns whether two events are the same; a None of CPython's account was not seen."""
    if expected == found:
        return True
    if expected[0] != found[0] or len(expected) != len(found):
        return False
    unseen = UNSEEN.get(expected[0], ())
    if expected[0] == "new" and expected[2] is not None:
        unseen = ()
    return all(
        (one is None and at in unseen) or same_token(one, other)
        for at, (one, other) in enumerate(zip(expected, found, strict=True))
    )


def same_token(expected: object, found: object) -> bool:
    """Returns whether two tokens are the same where the machine knows the value."""
    if found in (expected, ("?",)):  # tokens may hold what cannot be hashed
        return True
    if not (isinstance(expected, tuple) and isinstance(found, tuple) and len(expected) == len(found)):
        return False
    return all(same_token(one, other) for one, other in zip(expected, found, strict=True))

"""Observers of the pickle machine: what a stream looks up, calls and changes while it is loaded."""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.rendering import fingerprint
from telamon.kits.formats.pickle.runs import settle
from telamon.kits.formats.pickle.values import UNKNOWN, Global, Result, Value, type_name

RESERVE: Final = 500
"""Events of each rank above 0 that are kept when there is no room for others."""

RESERVE_ASKED: Final = 2000
"""Events that matter for which there is no room, after which the rank of others is not asked for."""


class EventKind(enum.Enum):
    """What an event is."""

    IMPORT = "import"
    CALL = "call"
    BUILD = "build"
    MUTATION = "mutation"
    PERSISTENT = "persistent"
    EXTENSION = "extension"
    BUFFER = "buffer"
    BOMB = "bomb"

    __hash__ = object.__hash__  # members are equal only to themselves; the one of Enum is written in Python


class Tally(Protocol):
    """How many equal events there were.

    Attributes:
        count: To be added to.
    """

    count: int


class Recorder:
    """Observer of one or more scans; every method does nothing until a subclass says otherwise.

    Offsets are those of the opcode in the scanned buffer. Events come in the order of the load. Values may
    decode themselves from the buffer when they are looked at: what is kept beyond the scan is passed to `settle`.
    """

    def imported(self, offset: int, found: Global) -> None:
        """Takes a look-up of `module.name` (the unpickler's `find_class`)."""

    def called(
        self,
        offset: int,
        opcode: Opcode,
        callable: Value,  # noqa: A002 - the field's word
        arguments: Value,
        keywords: Value = None,
    ) -> None:
        """Takes a call by REDUCE, NEWOBJ, NEWOBJ_EX, INST or OBJ; `keywords` is not None for NEWOBJ_EX only."""

    def built(self, offset: int, target: Value, state: Value) -> None:
        """Takes a BUILD on a value of the outside world (`__setstate__` or attributes set)."""

    def mutated(self, offset: int, target: Value, method: str, argument: Value) -> None:
        """Takes a call of `extend`, `add` or `__setitem__` on a value of the outside world.

        Args:
            offset: Where the opcode stands.
            target: The value whose method is called.
            method: The method's name; `extend` stands for `append` too, which the unpickler falls back on.
            argument: The first item (of `__setitem__` the first key); one event per opcode.
        """

    def persistent(self, offset: int, pid: Value) -> None:
        """Takes a call of the loader's `persistent_load`."""

    def extension(self, offset: int, code: int) -> None:
        """Takes a look-up in the loader's extension registry."""

    def buffer(self, offset: int) -> None:
        """Takes a request for an out-of-band buffer."""

    def tally(
        self,
        kind: EventKind,  # noqa: ARG002 - a hook
        opcode: Opcode | None,  # noqa: ARG002 - likewise
        subject: Value,  # noqa: ARG002 - likewise
        detail: str = "",  # noqa: ARG002 - likewise
        arguments: Value = UNKNOWN,  # noqa: ARG002 - likewise
    ) -> Tally | None:
        """Returns a counter, where of further events like those before only the number matters; else None.

        Args:
            kind: CALL, BUILD, MUTATION or PERSISTENT.
            opcode: The opcode of a call.
            subject: The callable, or the target, of which the arguments are filled in where REDUCE made it.
            detail: The type of the state of a BUILD, the method of a mutation.
            arguments: Those of a call, where all the calls have the same.
        """
        return None

    def bomb(self, offset: int, resource: str, size: int) -> None:
        """Takes an opcode that makes the loader allocate `size` bytes for `resource` out of nothing."""


class Relay(Recorder):
    """Hands events on to another recorder, but for the first ones, and counts them all.

    Args:
        recorder: Where they go.
        skip: How many of the first ones it has been given already.

    Attributes:
        count: How many events there were.
        told: How many of them came one by one.
    """

    def __init__(self, recorder: Recorder, skip: int = 0) -> None:
        self._recorder = recorder
        self._skip = skip
        self.count = 0
        self.told = 0

    def _is_new(self) -> bool:
        self.count += 1
        self.told += 1
        return self.count > self._skip

    def tally(
        self, kind: EventKind, opcode: Opcode | None, subject: Value, detail: str = "", arguments: Value = UNKNOWN
    ) -> Tally | None:
        """Returns a counter if only the number of further events matters."""
        return self._recorder.tally(kind, opcode, subject, detail, arguments)

    def add(self, tally: Tally, count: int) -> None:
        """Counts `count` more events of a kind that the recorder gave a tally for."""
        self.count += count
        tally.count += count

    def imported(self, offset: int, found: Global) -> None:
        """Takes a look-up."""
        if self._is_new():
            self._recorder.imported(offset, found)

    def called(
        self,
        offset: int,
        opcode: Opcode,
        callable: Value,  # noqa: A002 - the field's word
        arguments: Value,
        keywords: Value = None,
    ) -> None:
        """Takes a call."""
        if self._is_new():
            self._recorder.called(offset, opcode, callable, arguments, keywords)

    def built(self, offset: int, target: Value, state: Value) -> None:
        """Takes a BUILD."""
        if self._is_new():
            self._recorder.built(offset, target, state)

    def mutated(self, offset: int, target: Value, method: str, argument: Value) -> None:
        """Takes a call of a method."""
        if self._is_new():
            self._recorder.mutated(offset, target, method, argument)

    def persistent(self, offset: int, pid: Value) -> None:
        """Takes a call of `persistent_load`."""
        if self._is_new():
            self._recorder.persistent(offset, pid)

    def extension(self, offset: int, code: int) -> None:
        """Takes a look-up in the extension registry."""
        if self._is_new():
            self._recorder.extension(offset, code)

    def buffer(self, offset: int) -> None:
        """Takes a request for a buffer."""
        if self._is_new():
            self._recorder.buffer(offset)

    def bomb(self, offset: int, resource: str, size: int) -> None:
        """Takes an allocation."""
        if self._is_new():
            self._recorder.bomb(offset, resource, size)


@dataclass(slots=True, kw_only=True, eq=False)
class Event:
    """Equal events of a scan, merged.

    Attributes:
        kind: What happens.
        subject: The global that is looked up, the callable, the target, the persistent id; None for the rest.
        opcode: The opcode of a call or look-up, else None.
        detail: The method of a mutation, the resource of a bomb.
        size: The code of an extension, the bytes of a bomb; 0 for the rest.
        offset: Byte offset of the first one.
        count: How many there are.
        samples: Of the first ones: (arguments, keywords) of a call, (state,) of a build, (argument,) of a mutation.
    """

    kind: EventKind
    subject: Value = None
    opcode: Opcode | None = None
    detail: str = ""
    size: int = 0
    offset: int
    count: int = 0
    samples: list[tuple[Value, ...]] = field(default_factory=list)


Distinction: TypeAlias = Callable[[Value, Value], Hashable]
"""Given a callable (or BUILD's target) and its arguments (state): what keeps this event apart from its equals."""


class Summary(Recorder):
    """Merges equal events, so that memory stays bounded however many calls a stream makes.

    Two calls are equal when their opcode is and their callables read the same (see `identity`), unless
    `distinguish` tells them apart: a judge whose verdict on a callable depends on the arguments passes one.

    Args:
        distinguish: Returns the part of the arguments that matters; nothing by default.
        depends: Whether `distinguish` looks at the arguments of a callable (at the state of a BUILD's target) at
            all; it does of every one by default. Where it does not, large streams are summarised faster.
        events_kept: Distinct events kept, half of them at most on computed callables and targets, so that a flood of
            those hides no global; beyond it `has_overflowed` is set and new ones are dropped.
        samples_kept: Arguments kept per event.
        rank: How much an event on a callable, target or name matters: those of rank 1, and those of rank 2, have
            room for `RESERVE` of their own when there is none left, so that a flood of others hides none.
    """

    def __init__(
        self,
        distinguish: Distinction | None = None,
        *,
        depends: Callable[[Value], bool] | None = None,
        rank: Callable[[Value], int] | None = None,
        events_kept: int = 10_000,
        samples_kept: int = 3,
    ) -> None:
        self.events: list[Event] = []
        self.has_overflowed = False
        self._distinguish = distinguish
        self._depends = depends
        self._rank = rank
        self._reserved = [0, RESERVE, RESERVE]
        self._left_asking = RESERVE_ASKED
        self._events_kept = events_kept
        self._samples_kept = samples_kept
        self._index: dict[Hashable, Event] = {}
        self._computed = 0
        self._settled: set[int] = set()  # of values that events keep alive
        self._last: Value = None  # the callable or target of the last event, with what is costly to tell of it
        self._last_identity: Hashable = None
        self._last_matters = False

    def imported(self, offset: int, found: Global) -> None:
        """Takes a look-up."""
        key = (EventKind.IMPORT, found.module, found.name, found.raw_module, found.raw_name, found.opcode)
        if not self._is_known(key):
            self._add(key, Event(kind=EventKind.IMPORT, subject=found, opcode=found.opcode, offset=offset))

    def called(
        self,
        offset: int,
        opcode: Opcode,
        callable: Value,  # noqa: A002 - the field's word
        arguments: Value,
        keywords: Value = None,
    ) -> None:
        """Takes a call."""
        if not isinstance(callable, Global) and self._is_flooded():
            self.has_overflowed = True
            return  # telling such callables apart takes time, and a stream with so many is not understood anyway
        key = (EventKind.CALL, opcode, self._identity(callable), self._part(callable, arguments))
        sample = (arguments, keywords)
        if not self._is_known(key, sample):
            self._add(key, Event(kind=EventKind.CALL, subject=callable, opcode=opcode, offset=offset), sample)

    def built(self, offset: int, target: Value, state: Value) -> None:
        """Takes a BUILD."""
        if not isinstance(target, Global) and self._is_flooded():
            self.has_overflowed = True
            return  # likewise
        key = (EventKind.BUILD, self._identity(target), type_name(state), self._part(target, state))
        if not self._is_known(key, (state,)):
            self._add(key, Event(kind=EventKind.BUILD, subject=target, offset=offset), (state,))

    def mutated(self, offset: int, target: Value, method: str, argument: Value) -> None:
        """Takes a call of a method."""
        if not isinstance(target, Global) and self._is_flooded():
            self.has_overflowed = True
            return  # likewise
        key = (EventKind.MUTATION, self._identity(target), method)
        if not self._is_known(key, (argument,)):
            event = Event(kind=EventKind.MUTATION, subject=target, detail=method, offset=offset)
            self._add(key, event, (argument,))

    def persistent(self, offset: int, pid: Value) -> None:
        """Takes a call of `persistent_load`."""
        key = (EventKind.PERSISTENT,)
        if not self._is_known(key, (pid,)):
            self._add(key, Event(kind=EventKind.PERSISTENT, subject=pid, offset=offset), (pid,))

    def extension(self, offset: int, code: int) -> None:
        """Takes a look-up in the extension registry."""
        key = (EventKind.EXTENSION, code)
        if not self._is_known(key):
            self._add(key, Event(kind=EventKind.EXTENSION, size=code, offset=offset))

    def buffer(self, offset: int) -> None:
        """Takes a request for a buffer."""
        key = (EventKind.BUFFER,)
        if not self._is_known(key):
            self._add(key, Event(kind=EventKind.BUFFER, offset=offset))

    def tally(
        self, kind: EventKind, opcode: Opcode | None, subject: Value, detail: str = "", arguments: Value = UNKNOWN
    ) -> Tally | None:
        """Returns a counter if only the number of further events matters."""
        part: Hashable = None
        if kind in {EventKind.CALL, EventKind.BUILD} and self._matters(subject):
            if arguments is UNKNOWN:
                return None
            part = self._part(subject, arguments)
        event = self._index.get(_tally_key(kind, opcode, subject, detail, part))
        return event if event is not None and len(event.samples) >= self._samples_kept else None

    def bomb(self, offset: int, resource: str, size: int) -> None:
        """Takes an allocation."""
        key = (EventKind.BOMB, resource)
        if not self._is_known(key):
            self._add(key, Event(kind=EventKind.BOMB, detail=resource, size=size, offset=offset))

    def _look_at(self, subject: Value) -> None:
        """Remembers what is costly to tell of a callable or target: as a rule the next event is about it too."""
        self._last_identity = identity(subject)
        self._last_matters = self._distinguish is not None and (self._depends is None or self._depends(subject))
        self._last = subject

    def _identity(self, subject: Value) -> Hashable:
        """Returns the key of a callable or target."""
        if subject is not self._last or subject is None:
            self._look_at(subject)
        return self._last_identity

    def _matters(self, subject: Value) -> bool:
        """Returns whether the arguments of a callable may tell its calls apart."""
        if subject is not self._last or subject is None:
            self._look_at(subject)
        return self._last_matters

    def _part(self, subject: Value, arguments: Value) -> Hashable:
        """Returns what tells calls of a callable apart."""
        if self._distinguish is None or not self._matters(subject):
            return None
        return self._distinguish(subject, arguments)

    def _is_flooded(self) -> bool:
        """Returns whether no more events on computed callables and targets are kept."""
        return self._computed >= self._events_kept // 2

    def _is_known(self, key: Hashable, sample: tuple[Value, ...] | None = None) -> bool:
        """Counts one more of an event; returns whether there is one such."""
        known = self._index.get(key)
        if known is None:
            return False
        known.count += 1
        if sample is not None and len(known.samples) < self._samples_kept:
            self._sample(known, sample)
        return True

    def _add(self, key: Hashable, event: Event, sample: tuple[Value, ...] | None = None) -> None:
        """Takes an event of a kind that was not there before, as far as there is room."""
        is_computed = isinstance(event.subject, Result)
        if len(self.events) >= self._events_kept or (is_computed and self._is_flooded()):
            self.has_overflowed = True
            if not self._is_vital(event.subject):
                return
        self._computed += is_computed
        settle(event.subject, self._settled)
        event.count = 1
        self._index[key] = event
        self.events.append(event)
        if sample is not None:
            self._sample(event, sample)

    def _is_vital(self, subject: Value) -> bool:
        """Returns whether there is room for what matters more than most."""
        if self._rank is None or self._left_asking <= 0:
            return False
        rank = self._rank(subject)
        if self._reserved[rank] <= 0:
            self._left_asking -= rank > 0  # so many that matter are kept that the verdict is settled
            return False
        self._reserved[rank] -= 1
        return True

    def _sample(self, event: Event, sample: tuple[Value, ...]) -> None:
        for value in sample:
            settle(value, self._settled)
        event.samples.append(sample)


def _tally_key(kind: EventKind, opcode: Opcode | None, subject: Value, detail: str, part: Hashable) -> Hashable:
    """Returns the key of an event, of whose arguments only a part matters."""
    if kind is EventKind.CALL:
        return (kind, opcode, identity(subject), part)
    if kind is EventKind.BUILD:
        return (kind, identity(subject), detail, part)
    return (kind, identity(subject), detail) if kind is EventKind.MUTATION else (kind,)


_IDENTITY_LENGTH: Final = 300


def identity(value: Value) -> Hashable:
    """Returns a short key under which the same callable or target is found again.

    A global is itself whatever opcode names it; the result of a call is the text of the call, in which
    `getattr(os, 'system')` and `getattr(os, 'popen')` differ; long texts are told apart by object.
    """
    if isinstance(value, Global):
        return (value.module, value.name) if value.module is not None else id(value)
    if isinstance(value, Result) and isinstance(value.callable, Global):
        made = value.callable
        if value.opcode in {Opcode.NEWOBJ, Opcode.NEWOBJ_EX, Opcode.INST, Opcode.OBJ}:
            return (value.opcode, made.module, made.name)
    return fingerprint(value, _IDENTITY_LENGTH) or id(value)

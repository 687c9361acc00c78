"""Shapes learned from a stream: what is matched by them is told as the exact machine tells it."""

from __future__ import annotations

import collections
import os
import pickle
import random
from typing import TYPE_CHECKING, Any

import pytest

from telamon.kits.formats.pickle import (
    Collection,
    Global,
    Loader,
    Mode,
    Recorder,
    Results,
    Summary,
    recall,
    render,
    slots,
    swift,
)
from telamon.kits.formats.pickle.dispatch import HANDLERS
from telamon.kits.formats.pickle.endings import IrregularError
from telamon.kits.formats.pickle.machine import Machine
from telamon.kits.formats.pickle.recorder import Relay
from telamon.kits.formats.pickle.shapes import Shapes
from telamon.kits.formats.pickle.swift_handlers import SWIFT_HANDLERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.pickle import Stream, Value

    Maker = Callable[[random.Random], Any]

CALLABLES = (os.getcwd, os.path.join, collections.Counter, slice)


class Plain:
    """An instance with a state."""


class Reduced:
    """An object that is pickled as a call of anything, with state and items of any kind."""

    def __init__(self, reduced: tuple[Any, ...]) -> None:
        self.reduced = reduced

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


def scalar(source: random.Random) -> Maker:
    texts = ["a", "text", "y" * 40, "\xe9\xe8", "\u4e2d\u6587"]
    return source.choice(
        [
            lambda rng: rng.choice([1, 300, 70_000, -5]),
            lambda rng: rng.choice([None, True, 1.5, 7]),
            lambda rng: rng.choice(texts) + str(rng.randrange(3)),
            lambda rng: rng.choice([2**70, -(2**40)]),
            lambda rng: bytes(rng.randrange(9)),
            lambda _: "shared",
        ]
    )


def container(source: random.Random, depth: int) -> Maker:
    one, other = maker(source, depth - 1), maker(source, depth - 1)
    key = scalar(source)
    return source.choice(
        [
            lambda rng: [one(rng) for _ in range(rng.randrange(4))],
            lambda rng: [one(rng), other(rng)],
            lambda rng: (one(rng), other(rng)),
            lambda rng: tuple(one(rng) for _ in range(rng.randrange(6))),
            lambda rng: {key(rng): one(rng), "k": other(rng)},
            lambda rng: {key(rng) for _ in range(rng.randrange(1, 4))},
            lambda rng: frozenset([key(rng), (key(rng), 1)]),
        ]
    )


def called(source: random.Random, depth: int) -> Maker:
    function, is_fixed = source.choice(CALLABLES), source.random() < 0.4
    arguments = [maker(source, depth - 1) for _ in range(0 if is_fixed else source.randrange(4))]
    state, item = maker(source, depth - 1), maker(source, depth - 1)
    has_state, has_items, has_pairs = (source.random() < 0.4 for _ in range(3))

    def make(rng: random.Random) -> Reduced:
        items = [item(rng) for _ in range(rng.choice([1, 2, 5]))] if has_items else None
        pairs = [(f"k{n}", item(rng)) for n in range(rng.choice([1, 2, 5]))] if has_pairs else None
        return Reduced(
            (
                function,
                tuple(argument(rng) for argument in arguments),
                state(rng) if has_state else None,
                iter(items) if items else None,
                iter(pairs) if pairs else None,
            )
        )

    return make


def instance(source: random.Random, depth: int) -> Maker:
    values = [maker(source, depth - 1) for _ in range(source.randrange(5))]

    def make(rng: random.Random) -> Plain:
        made = Plain()
        made.__dict__.update({f"attribute{n}": value(rng) for n, value in enumerate(values)})
        return made

    return make


def maker(source: random.Random, depth: int) -> Maker:
    """Returns a function that makes values alike."""
    if depth <= 0 or source.random() < 0.3:
        return scalar(source)
    return source.choice([container, called, instance])(source, depth)


def exactly(data: bytes, recorder: Recorder) -> Stream:
    return Machine(data, 0, len(data), recorder, loader=Loader(results=Results.CLASSES)).run(HANDLERS)


def swiftly(data: bytes, recorder: Recorder) -> Stream:
    machine = swift.SwiftMachine(data, 0, len(data), Recorder(), mode=Mode.FILE, loader=Loader(results=Results.CLASSES))
    machine.prepare(Relay(recorder), puts=data[:2] < b"\x80\x04")
    return machine.run(SWIFT_HANDLERS)


def number(_: Value, arguments: Value) -> int | None:
    """Tells calls of one callable apart by the number of their arguments."""
    return len(arguments.items) if isinstance(arguments, Collection) else None


def summary(*, is_told_apart: bool) -> Summary:
    return Summary(number, depends=lambda called: isinstance(called, Global)) if is_told_apart else Summary()


def told(recorder: Summary) -> list[tuple[object, ...]]:
    """Returns the events without the contents of what a call is made of, which may be forgotten."""
    return [
        (e.kind, render(e.subject).partition("[")[0], e.opcode, e.offset, e.count, e.detail, len(e.samples))
        for e in recorder.events
    ]


def outcome(stream: Stream) -> tuple[object, ...]:
    return (stream.ending, stream.end, stream.fault, stream.protocol, stream.is_data_only, stream.overrun)


def damaged(source: random.Random, data: bytes) -> bytes:
    at = source.randrange(2, len(data))
    change = source.choice([b"", b"", b"0", b"N", b"R", b"b", b"(", b"\x85", b"h\x00", bytes([source.randrange(256)])])
    return data[:at] + change + data[at + source.randrange(2) :]


@pytest.mark.parametrize("seed", range(24))
def test_values_of_a_learned_shape_are_told_as_the_exact_machine_tells_them(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swift, "_FIRST_LESSON", 8)
    monkeypatch.setattr(swift, "_PATIENCE", 16)
    learned: list[bool] = []
    learn = Shapes.learn

    def spy(shapes: Shapes, start: int, stop: int) -> bool:
        learned.append(learn(shapes, start, stop))
        return learned[-1]

    monkeypatch.setattr(Shapes, "learn", spy)
    source = random.Random(seed)  # noqa: S311 - not for secrets
    regular = 0
    for _ in range(12):
        monkeypatch.setattr(slots, "_WINDOW", source.choice([300, 2000, 64_000]))
        monkeypatch.setattr(recall, "_KNOWN_VALUES", source.choice([0, 20_000]))
        make = source.choice([called, instance])(source, 3)
        records = [make(source) for _ in range(60)]
        if source.random() < 0.3:
            records += records[::7]  # fetched from the memo
        data = pickle.dumps(records, source.choice([1, 2, 3, 4, 5]))
        if source.random() < 0.5:
            data = damaged(source, data)
        is_told_apart = source.random() < 0.5
        one, other = summary(is_told_apart=is_told_apart), summary(is_told_apart=is_told_apart)
        try:
            found = swiftly(data, one)
        except IrregularError:
            continue
        regular += 1
        assert outcome(found) == outcome(exactly(data, other)), data
        assert told(one) == told(other), data
    assert regular >= 3
    assert any(learned)

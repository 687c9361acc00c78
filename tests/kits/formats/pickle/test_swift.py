"""The fast way for large streams against the exact machine and against CPython, on small windows."""

from __future__ import annotations

import mmap
import pickle
import random
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from telamon.kits.formats.pickle import Ending, Loader, Mode, Results, Sequence, Summary, render, scan, slots
from telamon.kits.formats.pickle.data_only import inert_prefix
from telamon.kits.formats.pickle.dispatch import HANDLERS
from telamon.kits.formats.pickle.endings import IrregularError
from telamon.kits.formats.pickle.machine import Machine
from telamon.kits.formats.pickle.recorder import Relay
from telamon.kits.formats.pickle.swift import SwiftMachine
from telamon.kits.formats.pickle.swift_handlers import SWIFT_HANDLERS
from telamon.kits.formats.pickle.values import Global, Result, Value

if TYPE_CHECKING:
    from pathlib import Path

    from telamon.kits.formats.pickle import Recorder, Skip, Stream

CALL = b"cos\nsystem\n(S'id'\ntR"
PADDING = b"B" + struct.pack("<I", 600_000) + bytes(600_000) + b"0"


class Writer:
    """Writes regular streams: the memo is filled in order, by MEMOIZE or by BINPUT and LONG_BINPUT."""

    def __init__(self, source: random.Random, *, puts: bool) -> None:
        self.source, self.puts, self.filled = source, puts, 0
        self.strings: list[int] = []
        self.classes: list[int] = []

    def put(self) -> bytes:
        index, self.filled = self.filled, self.filled + 1
        if not self.puts:
            return b"\x94"
        return b"q%c" % index if index < 256 else b"r" + struct.pack("<I", index)

    def get(self, index: int) -> bytes:
        return b"h%c" % index if index < 256 and self.source.random() < 0.9 else b"j" + struct.pack("<I", index)

    def string(self, text: bytes = b"") -> bytes:
        text = text or self.source.choice([b"os", b"x", b"\xc3\xa9", b"y" * self.source.randint(0, 300)])
        self.strings.append(self.filled)
        short = not self.puts and len(text) < 256
        return (b"\x8c%c" % len(text) if short else b"X" + struct.pack("<I", len(text))) + text + self.put()

    def constant(self) -> bytes:
        kind = self.source.randrange(10)
        if kind < 3:
            return self.string()
        if kind == 3 and self.filled:
            risky = self.source.random() < 0.1
            return self.get(self.source.randrange(self.filled) if risky else self.source.choice(self.strings or [0]))
        return self.source.choice(
            [b"K\x05", b"M\x05\x07", b"J\1\2\3\4", b"N", b"\x88", b"G" + b"@" * 8, b")", b"K\x94", b"C\x02R\x81"]
        )

    def key(self) -> bytes:
        if self.strings and self.source.random() < 0.6:
            return self.get(self.source.choice(self.strings))
        return self.string() if self.source.random() < 0.7 else b"K\x01"

    def callable(self) -> bytes:
        if self.classes and self.source.random() < 0.98:
            return self.get(self.source.choice(self.classes))
        if self.puts:
            named = b"cm\nc%d\n" % len(self.classes)
        else:
            named = self.string(b"m") + self.string(b"c%d" % len(self.classes)) + b"\x93"
        self.classes.append(self.filled)
        return named + self.put()

    def tuple(self, depth: int) -> bytes:
        size = self.source.randrange(5)
        if size == 0:
            return b")"
        items = b"".join([self.value(depth - 1) for _ in range(size)])
        return (items + bytes([0x84 + size]) if size < 4 else b"(" + items + b"t") + self.put()

    def dict(self, depth: int) -> bytes:
        head, size = b"}" + self.put(), self.source.choice([0, 1, 2, 5])
        if size == 1 and self.source.random() < 0.5:
            return head + self.key() + self.value(depth - 1) + b"s"
        return (
            head + b"(" + b"".join([self.key() + self.value(depth - 1) for _ in range(size)]) + b"u" if size else head
        )

    def list(self, depth: int, size: int | None = None) -> bytes:
        head, size = b"]" + self.put(), self.source.choice([0, 1, 3, 6]) if size is None else size
        if size == 1 and self.source.random() < 0.5:
            return head + self.value(depth - 1) + b"a"
        return head + b"(" + b"".join([self.value(depth - 1) for _ in range(size)]) + b"e" if size else head

    def instance(self, depth: int) -> bytes:
        if self.source.random() < 0.6:
            made = self.callable() + b")\x81" + self.put()
            return (
                made
                if self.source.random() < 0.3
                else made + b"}" + self.put() + b"(" + self.string() + self.constant() + b"ub"
            )
        made = self.callable() + self.tuple(depth) + self.source.choice([b"R", b"\x81"]) + self.put()
        kind = self.source.randrange(4)
        if kind == 0:
            return made + b"N" + self.dict(depth - 1) + b"\x86" + self.put() + b"b"
        return made + self.dict(depth - 1) + b"b" if kind < 3 else made

    def value(self, depth: int) -> bytes:
        kind = self.source.randrange(10)
        if depth <= 0 or kind < 4:
            return self.constant()
        return (self.list, self.dict, self.tuple, self.instance, self.instance, self.instance)[kind - 4](depth)


def damaged(source: random.Random, data: bytes) -> bytes:
    """Returns the stream, one in five with a byte changed, lost or put in."""
    place, choice = source.randrange(len(data)), source.randrange(15)
    if choice == 0:
        return data[:place] + bytes([source.randrange(256)]) + data[place + 1 :]
    if choice == 1:
        return data[:place] + data[place + 1 :]
    if choice == 2:
        return (
            data[:place]
            + source.choice([b"(", b"t", b"}", b"]", b"u", b"e", b"b", b")", b"R", b"h\0", b"0"])
            + data[place:]
        )
    return data


def swiftly(data: bytes, recorder: Recorder, mode: Mode) -> Stream:
    machine = SwiftMachine(data, 0, len(data), recorder, mode=mode, loader=Loader(results=Results.CLASSES))
    machine.prepare(Relay(recorder), puts=data[1] < 4)
    return machine.run(SWIFT_HANDLERS)


def exactly(data: bytes, recorder: Recorder, mode: Mode) -> Stream:
    return Machine(data, 0, len(data), recorder, mode=mode, loader=Loader(results=Results.CLASSES)).run(HANDLERS)


def outcome(stream: Stream) -> tuple[object, ...]:
    return (stream.ending, stream.end, stream.fault, stream.protocol, stream.is_data_only, stream.overrun)


def summary(recorder: Summary) -> list[tuple[object, ...]]:
    names = [e.subject.raw_name if isinstance(e.subject, Global) else type(e.subject).__name__ for e in recorder.events]
    return [
        (e.kind, name, e.opcode, e.offset, e.count, e.detail) for e, name in zip(recorder.events, names, strict=True)
    ]


@pytest.mark.parametrize("seed", range(12))
def test_swift_and_exact_machine_report_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    source = random.Random(seed)  # noqa: S311 - not for secrets
    regular = 0
    for _ in range(40):
        monkeypatch.setattr(slots, "_WINDOW", source.choice([40, 100, 300, 2000]))
        puts, mode = source.random() < 0.4, source.choice(list(Mode))
        body = Writer(source, puts=puts).list(source.choice([2, 4]), source.choice([3, 10, 30])) + b"."
        frame = b"\x95" + struct.pack("<Q", len(body)) if source.random() < 0.2 else b""
        data = b"\x80" + (b"\2" if puts else b"\4") + damaged(source, frame + body)
        one, other = Sequence(), Sequence()
        merged, other_merged = Summary(), Summary()
        try:
            found = swiftly(data, one, mode)
            swiftly(data, merged, mode)
        except IrregularError:
            continue
        regular += 1
        expected = exactly(data, other, mode)
        exactly(data, other_merged, mode)
        assert outcome(found) == outcome(expected), data
        assert one.steps == other.steps, data
        assert summary(merged) == summary(other_merged), data
    assert regular > 20


def records(count: int, protocol: int) -> bytes:
    """Returns records with an instance each, as a pickler writes them."""
    return pickle.dumps(
        [{"id": n, "when": slice(n, 7, str(n % 50)), "tags": ["a", (n, None)]} for n in range(count)], protocol
    )


@pytest.mark.parametrize("protocol", range(6))
def test_large_pickles_of_every_protocol_are_followed(protocol: int) -> None:
    data = records(25_000, protocol)
    recorder = Summary()
    stream = scan(data, recorder=recorder)
    exact = Summary()
    exactly(data, exact, Mode.FILE)
    assert (stream.ending, stream.end) == (Ending.STOP, len(data))
    assert summary(recorder) == summary(exact)
    assert [[render(value) for value in sample] for event in recorder.events for sample in event.samples] == [
        [render(value) for value in sample] for event in exact.events for sample in event.samples
    ]


def test_large_plain_pickles_are_known_by_their_opcodes_alone() -> None:
    data = pickle.dumps([{"a": n, "b": [n, str(n), b"x" * (n % 300)]} for n in range(40_000)], 4)
    stream = scan(data, recorder=Sequence())
    assert (stream.ending, stream.end, stream.is_data_only) == (Ending.STOP, len(data), True)


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 9, 17, 40])
def test_the_inert_prefix_ends_before_the_first_opcode_that_acts(cut: int) -> None:
    data = pickle.dumps(["text", 1, 2.5, b"bytes", None, {"k": [1] * 50}], 4)[:-1] + CALL + b"."
    prefix = inert_prefix(data, 0, len(data))
    assert not prefix.is_whole
    assert prefix.end <= data.index(b"cos")
    assert not inert_prefix(data, 0, len(data) - cut).is_whole


@pytest.mark.parametrize(
    "stream",
    [
        b"\x80\x05}\x94Nh\x00\x86b0" + CALL + b".",
        b"\x80\x04cm\nf\n]\x94h\x00(Ne0\x85R.",
        b"\x80\x04cm\nf\n)}\x94h\x00(Va\nNu0\x92.",
        b"\x80\x04]\x94](h\x00h\x00e0h\x00K\x00Ns" + CALL + b".",
        b"\x80\x04N\x94q\x05" + CALL + b".",
        b"\x80\x04h\x05" + CALL + b".",
        b"\x80\x04]\x94}(h\x00Nu" + CALL + b".",
        b"\x80\x04](K\x01\x94]\x85\x94}(h\x02Nu" + CALL + b".",
        b"\x80\x04((1t\x94cm\nf\nh\x00\x81.",
        b"\x80\x04((0t\x94cm\nf\nh\x00\x81.",
        b"\x80\x04(K\x01(K\x02K\x031t\x94cm\nf\nh\x00\x81.",
        b"\x80\x04(K\x01\x972t\x94cm\nf\nh\x00\x81.",
    ],
)
def test_a_container_fetched_from_the_memo_hides_nothing(stream: bytes) -> None:
    padded = stream[:2] + PADDING + stream[2:]
    one, other = Sequence(), Sequence()
    found, expected = scan(padded, recorder=one), exactly(padded, other, Mode.FILE)
    assert outcome(found) == outcome(expected)
    assert [(step.action, step.name) for step in one.steps] == [(step.action, step.name) for step in other.steps]


def test_a_call_behind_millions_of_plain_values_is_found() -> None:
    plain = pickle.dumps([{"a": n, "b": [n]} for n in range(60_000)], 4)[:-1]
    recorder = Summary()
    stream = scan(plain + b"0" + CALL + b"\x85.", recorder=recorder)
    assert stream.ending is Ending.STOP
    assert [render(event.subject) for event in recorder.events] == ["os.system", "os.system"]


def test_memory_stays_small_on_a_mapped_file(tmp_path: Path) -> None:
    path = tmp_path / "records.pkl"
    path.write_bytes(records(40_000, 4))
    child = (
        "import mmap, sys, tracemalloc\n"
        "from telamon.kits.formats.pickle import Summary, scan\n"
        "with open(sys.argv[1], 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:\n"
        "    tracemalloc.start()\n"
        "    stream = scan(data, recorder=Summary())\n"
        "    print(stream.ending.value, tracemalloc.get_traced_memory()[1])\n"
    )
    done = subprocess.run(  # noqa: S603 - the code stands above
        [sys.executable, "-c", child, str(path)], capture_output=True, text=True, check=True
    )
    ending, peak = done.stdout.split()
    assert ending == "stop"
    assert int(peak) < 10_000_000 + 0.1 * path.stat().st_size


def test_values_looked_at_after_the_map_is_closed_have_forgotten_or_kept_their_contents(tmp_path: Path) -> None:
    path = tmp_path / "records.pkl"
    path.write_bytes(records(25_000, 4))
    recorder = Summary()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        value = scan(data, recorder=recorder).value
    assert render(value, 10_000)
    assert [render(event.samples[0][0]) for event in recorder.events if event.samples] == ["(0, 7, '0')"]


@pytest.mark.parametrize("mode", Mode)
def test_an_operand_that_straddles_a_frame_is_read_as_the_reader_reads_it(mode: Mode) -> None:
    head = b"\x80\x04" + PADDING + b"\x8c\x01a\x94"
    data = head + b"\x95" + struct.pack("<Q", 4) + b"Nj\0\0" + b"\0\0\0\0" + b"0cs\ne\n."
    one, other = Sequence(), Sequence()
    assert outcome(scan(data, recorder=one, mode=mode)) == outcome(exactly(data, other, mode))
    assert one.steps == other.steps


class Skipping:
    """A loader that reads four raw bytes after the state of a wrapper."""

    def __init__(self) -> None:
        self.count = 0

    def acts_on(self, instance: Value) -> bool:
        return isinstance(instance, Result) and isinstance(instance.callable, Global) and instance.callable.name == "W"

    def after_build(self, instance: Value, state: Value, position: int) -> Skip:  # noqa: ARG002
        if not self.acts_on(instance):
            return None
        self.count += 1
        return position + 4


@pytest.mark.parametrize("wrapper", [b"cm\nW\n)\x81}b", b"cm\nW\n\x940h\x01)\x81}(K\x01K\x01ub"])
def test_a_selective_hook_is_asked_in_large_streams(wrapper: bytes) -> None:
    data = b"\x80\x04" + PADDING + b"]\x94(" + b"cm\nV\n)\x81}b" + wrapper + b".R.R" + CALL + b"e."
    hook, recorder = Skipping(), Sequence()
    stream = scan(data, recorder=recorder, hook=hook)
    assert (stream.ending, stream.end, hook.count) == (Ending.STOP, len(data), 1)
    assert [step.name for step in recorder.steps][-1] == "REDUCE os.system"


def test_large_streams_without_what_a_hook_reads_stay_swift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "_execute", lambda *_: pytest.fail("the exact machine was started"))
    hook, recorder = Skipping(), Summary()
    stream = scan(records(25_000, 4), recorder=recorder, hook=hook)
    assert (stream.ending, hook.count) == (Ending.STOP, 0)
    assert [event.count for event in recorder.events] == [1, 25_000]

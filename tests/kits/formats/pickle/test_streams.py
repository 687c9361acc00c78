from __future__ import annotations

import collections
import datetime as dt
import decimal
import pickle
import struct
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.pickle import (
    Ending,
    EventKind,
    Fault,
    Limits,
    Loader,
    Mode,
    Recorder,
    Sequence,
    Summary,
    render,
    scan,
    scan_all,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CALL = b"cos\nsystem\n(S'id'\ntR."
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner) | st.sets(st.integers())
    ),
    max_leaves=15,
)
OBJECTS = {
    "dates": [dt.datetime(2020, 1, 2, tzinfo=dt.UTC), dt.timedelta(3), dt.date(2020, 1, 1)],
    "ordered": collections.OrderedDict(a=1, b=[2]),
    "counter": collections.Counter("abcab"),
    "deque": collections.deque([1, 2], 3),
    "decimal": decimal.Decimal("1.5"),
    "complex": 1 + 2j,
    "bytearray": bytearray(b"ab"),
    "range": range(3),
    "exception": ValueError("x"),
    "frozen": frozenset({1, "a"}),
    "big": 10**400,
    "surrogate": "\ud800\xff\n\\",
}


def steps(data: bytes, **options: object) -> list[tuple[str, object]]:
    recorder = Sequence()
    scan(data, recorder=recorder, **options)  # type: ignore[arg-type]
    return [(step.action, step.name) for step in recorder.steps]


@given(JSON, st.integers(0, 5))
def test_plain_objects_reach_their_end_and_call_nothing_from_protocol_3(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    recorder = Sequence()
    for mode in Mode:
        stream = scan(data, recorder=recorder, mode=mode)
        assert (stream.ending, stream.end, stream.overrun) == (Ending.STOP, len(data), None)
        assert stream.protocol == (protocol if protocol > 1 else 0)
        assert stream.is_data_only is (not recorder.steps)
    if protocol > 3:
        assert recorder.steps == []


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", OBJECTS)
def test_real_objects_are_followed_as_the_unpickler_does(
    name: str, protocol: int, agree: Callable[[bytes], None]
) -> None:
    agree(pickle.dumps(OBJECTS[name], protocol))
    agree(pickle.dumps([OBJECTS, OBJECTS], protocol))


def test_events_up_to_a_truncation_are_a_prefix_of_all() -> None:
    data = pickle.dumps(OBJECTS, 4)
    whole = steps(data)
    for cut in range(len(data)):
        recorder = Sequence()
        stream = scan(data[:cut], recorder=recorder)
        found = [(step.action, step.name) for step in recorder.steps]
        assert stream.ending is Ending.TRUNCATED
        assert found == whole[: len(found)]


@given(st.integers(0, 5), st.integers(0), st.integers(0, 7))
def test_flipped_bits_are_followed_as_the_unpickler_does(protocol: int, place: int, bit: int) -> None:
    data = bytearray(pickle.dumps([OBJECTS["dates"], OBJECTS["ordered"], OBJECTS["range"]], protocol))
    data[place % len(data)] ^= 1 << bit
    stream = scan(bytes(data), recorder=Recorder())
    assert stream.end <= len(data)


@given(st.binary(max_size=60), st.sampled_from(Mode))
def test_any_bytes_end_in_a_recorded_outcome(data: bytes, mode: Mode) -> None:
    recorder = Summary()
    stream = scan(data, recorder=recorder, mode=mode)
    assert stream.ending is Ending.STOP or stream.fault is not Fault.NONE
    render(stream.value)


def test_a_payload_before_a_broken_tail_is_kept() -> None:
    recorder = Summary()
    stream = scan(CALL[:-1] + b"\xff\xff", recorder=recorder)
    assert (stream.ending, stream.fault, stream.end) == (Ending.ERROR, Fault.OPCODE, len(CALL) - 1)
    assert [event.kind for event in recorder.events] == [EventKind.IMPORT, EventKind.CALL]
    assert recorder.events[1].count == 1


def test_pickles_that_follow_each_other_are_scanned_up_to_other_bytes() -> None:
    data = b"\x80\x04N." + CALL + b"\xffother"
    recorder = Sequence()
    streams = scan_all(data, recorder=recorder)
    assert [(stream.ending, stream.end) for stream in streams] == [
        (Ending.STOP, 4),
        (Ending.STOP, 4 + len(CALL)),
        (Ending.ERROR, 4 + len(CALL)),
    ]
    assert len(recorder.steps) == 2


def test_trailing_bytes_are_left_alone() -> None:
    stream = scan(b"xxN.yy", 2, recorder=Recorder())
    assert (stream.start, stream.end) == (2, 4)


def test_a_file_reader_drops_the_rest_of_a_frame_that_an_opcode_overruns(agree: Callable[[bytes], None]) -> None:
    hidden = b"\x95" + struct.pack("<Q", 3) + b"N\x8c\x05" + b"abcde" + CALL
    agree(hidden)
    assert steps(hidden, mode=Mode.BUFFER) == steps(hidden, mode=Mode.FILE)
    split = b"\x95" + struct.pack("<Q", 5) + b"N0\x8c\x16" + CALL + b"N0N."
    agree(split)
    assert scan(split, recorder=Recorder()).overrun is not None


@pytest.mark.parametrize("size", [0, 1, 2, 5, 6, 7, 2**63 - 1, 2**63, 2**64 - 1])
def test_frames_of_any_size_are_followed_as_the_unpickler_does(size: int, agree: Callable[[bytes], None]) -> None:
    frame = b"\x95" + struct.pack("<Q", size)
    for body in (b"N0N0N.", b"K\x01K\x02.", b"I1\nI2\n.", b"C\x03abcN.", b"\x95" + struct.pack("<Q", 2) + b"N.N."):
        agree(frame + body + CALL)
        agree(b"\x80\x04" + frame + body + frame + CALL)


def test_memo_slots_filled_by_two_kinds_of_opcodes_count_together(agree: Callable[[bytes], None]) -> None:
    for stream in (
        b"S'a'\nq\x05S'b'\n\x94S'c'\n\x94h\x01h\x02\x86.",
        b"S'os'\n\x94S'system'\nq\x00S'x'\n\x94h\x00h\x00\x93.",
        b"S'os'\np1\nS'system'\n\x94S'popen'\n\x94h\x01h\x01\x93.",
        b"S'a'\nr\xff\x00\x00\x00\x94\x94g255\nj\x01\x00\x00\x00\x93.",
    ):
        agree(stream + CALL)


@pytest.mark.parametrize(
    ("stream", "resource"),
    [(b"Nr\xff\xff\xff\x7f", "memo table"), (b"Np4611686018427387904\n", "memo table")],
)
def test_memo_bombs_are_reported_and_not_executed(stream: bytes, resource: str) -> None:
    recorder = Summary()
    scan(stream + b"0" + CALL, recorder=recorder)
    assert (recorder.events[0].kind, recorder.events[0].detail) == (EventKind.BOMB, resource)
    assert recorder.events[-1].kind is EventKind.CALL


@pytest.mark.parametrize("opcode", [b"\x8d", b"\x8e", b"\x96"])
def test_strings_of_four_exbibytes_are_truncated(opcode: bytes) -> None:
    stream = scan(opcode + struct.pack("<Q", 2**62) + b"abc", recorder=Recorder())
    assert (stream.ending, stream.end) == (Ending.TRUNCATED, 0)


BOMBS = {
    "exponential by DUP": b")" + b"2\x86" * 20_000 + b"0",
    "exponential by GET": b"]\x94" + b"".join(b"(h%ch%cl\x94" % (level, level) for level in range(40)) + b"0",
    "deep tuples": b")" + b"\x85" * 50_000 + b"0",
    "deep memoised tuples": b")" + b"\x85\x94" * 50_000 + b"0",
    "deep lists": b"](" * 50_000 + b"e" * 49_999 + b"e0",
    "deep marks": b"(" * 50_000 + b"K\x01" + b"t" * 50_000 + b"0",
    "chained calls": b"cm\nf\n" + b")R" * 20_000 + b"0",
    "nested arguments": b"\x8c\x01m\x8c\x01f\x93\x94" + b"h\x00(" * 20_000 + b"tR" * 20_000 + b"00",
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("padding", [0, 600_000])
def test_bombs_do_not_hide_what_follows(name: str, padding: int) -> None:
    recorder = Summary()
    pad = b"B" + struct.pack("<I", padding) + b"\0" * padding + b"0"
    begun = time.process_time()
    stream = scan(b"\x80\x04" + pad + BOMBS[name] + CALL, recorder=recorder)
    assert time.process_time() - begun < 30  # a bound on growth, not a measurement: these take under a second
    assert stream.ending is Ending.STOP
    assert any(event.offset == stream.end - 2 for event in recorder.events)
    assert all(len(render(event.subject, 100)) <= 100 for event in recorder.events)


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        (Limits(is_late=lambda: True), Fault.TIME),
        (Limits(opcodes=10_000), Fault.OPCODES),
        (Limits(memo_entries=1000), Fault.MEMORY),
        (Limits(stack_entries=1000), Fault.MEMORY),
    ],
)
def test_exceeding_a_limit_is_an_ending_of_its_own(limits: Limits, fault: Fault) -> None:
    stream = scan(b"\x80\x04" + b"N\x94" * 20_000 + CALL, recorder=Recorder(), limits=limits)
    assert (stream.ending, stream.fault) == (Ending.LIMIT, fault)


def test_a_line_too_long_to_read_is_a_limit() -> None:
    stream = scan(b"I" + b"0" * 2000 + b"\n.", recorder=Recorder(), limits=Limits(line_bytes=1000))
    assert stream.ending is Ending.LIMIT


@pytest.mark.parametrize(
    ("encoding", "ending"), [("ASCII", Ending.ERROR), ("latin1", Ending.STOP), ("bytes", Ending.STOP)]
)
def test_strings_of_python_2_are_decoded_as_the_loader_says(encoding: str, ending: Ending) -> None:
    for stream in (b"U\x01\xff.", b"T\x01\0\0\0\xff.", b"S'\\xff'\n."):
        assert scan(stream, recorder=Recorder(), loader=Loader(encoding=encoding)).ending is ending


def test_a_python_unpickler_takes_any_iterable_for_arguments() -> None:
    stream = b"cos\nsystem\n](S'id'\neR."
    assert ("call", "REDUCE os.system") in steps(stream, loader=Loader(is_python=True))
    assert ("call", "REDUCE os.system") not in steps(stream)


def test_long_integers_are_clipped_by_their_value() -> None:
    assert scan(b"\x8b\x88\x13\0\0" + b"\0" * 5000 + b".", recorder=Recorder()).value == 0
    assert scan(b"\x8b\x88\x13\0\0" + b"\xff" * 5000 + b".", recorder=Recorder()).value == -1
    assert (
        render(scan(b"\x8b\x88\x13\0\0" + b"\x01" * 5000 + b".", recorder=Recorder()).value) == "<int of 5000: b''...>"
    )

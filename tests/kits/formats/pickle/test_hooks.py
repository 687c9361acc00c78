from __future__ import annotations

import struct

from telamon.kits.formats.pickle import (
    Collection,
    Ending,
    Fault,
    Global,
    Limits,
    Nested,
    Recorder,
    Result,
    Sequence,
    Skip,
    Summary,
    Value,
    render,
    scan,
    settle,
)

WRAPPER = (
    b"\x80\x04\x8c\x03lib\x8c\x07Wrapper\x93)\x81}("
    b"\x8c\x05shape(K\x02K\x03t\x8c\x05dtypecnumpy\ndtype\nS'f8'\n\x85RNb\x8c\x06nbytesK\x06ub"
)


class Arrays:
    """A loader that reads an array, or a nested pickle, after the state of every wrapper."""

    def __init__(self, *, is_nested: bool = False) -> None:
        self.is_nested = is_nested
        self.seen: list[tuple[object, ...]] = []

    def after_build(self, instance: Value, state: Value, position: int) -> Skip:
        if not (isinstance(instance, Result) and isinstance(instance.callable, Global)):
            return None
        if instance.callable.name != "Wrapper" or not isinstance(state, Collection):
            return None
        shape, dtype, size = state.get("shape"), state.get("dtype"), state.get("nbytes")
        assert isinstance(shape, Collection)
        assert isinstance(dtype, Result)
        assert isinstance(size, int)
        self.seen.append((shape.items, render(dtype), dtype.has_state, size))
        return Nested(position) if self.is_nested else position + size


def test_bytes_that_a_loader_reads_between_opcodes_are_skipped() -> None:
    hook = Arrays()
    data = WRAPPER + b"R.Q\xff.." + b"0cos\nsystem\n)R."
    recorder = Sequence()
    stream = scan(data, recorder=recorder, hook=hook)
    assert (stream.ending, stream.end) == (Ending.STOP, len(data))
    assert hook.seen == [([2, 3], "numpy.dtype('f8')", True, 6)]
    assert recorder.steps[-1].name == "REDUCE os.system"


def test_a_nested_pickle_is_followed_and_the_outer_one_goes_on_behind_it() -> None:
    data = WRAPPER + b"\x80\x04cos\npopen\n)R." + b"0N."
    recorder = Sequence()
    stream = scan(data, recorder=recorder, hook=Arrays(is_nested=True))
    assert (stream.ending, stream.end) == (Ending.STOP, len(data))
    assert [inner.ending for inner in stream.nested] == [Ending.STOP]
    assert recorder.steps[-1].name == "REDUCE os.popen"


def test_skipping_beyond_the_end_is_a_truncation() -> None:
    assert scan(WRAPPER + b"abc", recorder=Recorder(), hook=Arrays()).ending is Ending.TRUNCATED


def test_nesting_is_bounded() -> None:
    stream = scan(WRAPPER * 30, recorder=Recorder(), hook=Arrays(is_nested=True), limits=Limits(nesting=5))
    assert (stream.ending, stream.fault) == (Ending.LIMIT, Fault.NESTING)


def test_a_frame_around_skipped_bytes_is_reported() -> None:
    framed = b"\x95" + struct.pack("<Q", len(WRAPPER) + 1) + WRAPPER + b"0" + b"R.Q\xff.." + b"N."
    assert scan(framed, recorder=Recorder(), hook=Arrays()).overrun is not None
    assert scan(WRAPPER + b"R.Q\xff..0N.", recorder=Recorder(), hook=Arrays()).overrun is None


def test_equal_calls_are_merged_and_counted() -> None:
    recorder = Summary(samples_kept=2)
    scan(b"cm\nf\nq\x00" + b"".join(b"h\x00K%c\x85R0" % index for index in range(9)) + b".", recorder=recorder)
    call = recorder.events[1]
    assert (call.count, [render(sample[0]) for sample in call.samples]) == (9, ["(0,)", "(1,)"])


def test_calls_of_computed_callables_are_told_apart_by_their_arguments() -> None:
    recorder = Summary()
    scan(
        b"".join(b"cbuiltins\ngetattr\n(cos\nos\nS'%s'\ntR)R0" % name for name in (b"popen", b"getcwd")) + b"N.",
        recorder=recorder,
    )
    names = [render(event.subject) for event in recorder.events if event.kind.value == "call"]
    assert names == ["builtins.getattr", "builtins.getattr(os.os, 'popen')", "builtins.getattr(os.os, 'getcwd')"]


def test_a_judge_keeps_calls_apart_by_what_matters_to_it() -> None:
    def second(_: Value, arguments: Value) -> object:
        return arguments.items[-1] if isinstance(arguments, Collection) and arguments.items else None

    recorder = Summary(second)  # type: ignore[arg-type]
    scan(b"".join(b"cm\nf\nS'%s'\n\x85R0" % name for name in (b"a", b"b", b"a")) + b"N.", recorder=recorder)
    assert [(event.count, render(event.samples[0][0])) for event in recorder.events[1:]] == [
        (2, "('a',)"),
        (1, "('b',)"),
    ]


def test_distinct_events_beyond_the_bound_are_dropped_and_said_to_be() -> None:
    recorder = Summary(events_kept=5)
    scan(b"".join(b"cm\nf%d\n0" % index for index in range(9)) + b"N.", recorder=recorder)
    assert (len(recorder.events), recorder.has_overflowed) == (5, True)


def test_text_of_values_is_short_printable_and_bounded() -> None:
    stream = (
        b"\x80\x04(\x8c\x04os\n\x1b\x8c\x01s\x93}(K\x01N\x8c\x01k\x88u](K\x01e)\x8f(\x91C\x02\xff\0G"
        + b"\0" * 8
        + b"t."
    )
    value = scan(stream, recorder=Recorder()).value
    assert render(value) == "(os\\n\\x1b.s, {1: None, 'k': True}, [1], (), set(), frozenset({}), b'\\xff\\x00', 0.0)"
    assert render(value, 20) == "(os\\n\\x1b.s, {1: ..."
    assert all(len(render(value, limit)) <= limit for limit in range(80))


def test_settled_values_need_the_buffer_no_longer() -> None:
    settle(scan(WRAPPER + b".", recorder=Recorder()).value)

"""The differential test can fail: machines that are wrong in one place each are found out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from pickle_fuzzing.campaign import judge, shrink
from pickle_fuzzing.comparison import Verdict
from pickle_fuzzing.reference import Job, Outcome, Reference
from telamon.kits.formats.pickle import (
    Collection,
    Global,
    Kind,
    Loader,
    Mode,
    Opcode,
    Recorder,
    Result,
    Stream,
    scan,
)
from telamon.kits.formats.pickle.dispatch import HANDLERS
from telamon.kits.formats.pickle.limits import Results
from telamon.kits.formats.pickle.machine import Machine

Answered = list[tuple[Job, list[Outcome]]]
Handler = Callable[[Machine], None]


def ignore(_: Machine) -> None:
    """An opcode without effect."""


def read_int_as_pickletools(machine: Machine) -> None:
    line = machine.read_line()
    machine.stack.append(int(line) if line.strip() not in {b"00", b"01"} else line == b"01\n")


def read_long_in_base_ten(machine: Machine) -> None:
    machine.stack.append(int(machine.read_line().rstrip(b"\nL").partition(b"\0")[0]))


def read_string_without_escapes(machine: Machine) -> None:
    machine.stack.append(machine.read_line()[1:-2].decode("ascii"))


def read_unicode_as_utf8(machine: Machine) -> None:
    machine.stack.append(machine.read_line()[:-1].decode("utf-8"))


def memoize_behind_the_highest(machine: Machine) -> None:
    machine.memo[max(machine.memo, default=-1) + 1] = machine.top()


def pop_ignoring_marks(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()


def read_only_the_first_proto(machine: Machine) -> None:
    protocol = machine.data[machine.read(1)]
    machine.protocol = machine.protocol or protocol


def count_extensions_unsigned(machine: Machine) -> None:
    start = machine.read(4)
    machine.recorder.extension(machine.at, int.from_bytes(machine.data[start : start + 4], "little") or 1)
    machine.stack.append(None)


def forget_buffers(machine: Machine) -> None:
    machine.stack.append(None)


def append_without_event(machine: Machine) -> None:
    machine.stack.pop()
    machine.top()


def take_the_nearest_strings(machine: Machine) -> None:
    """STACK_GLOBAL as scanners do that look back for two strings."""
    names = [value for value in machine.stack if isinstance(value, str)][-2:]
    machine.stack[-2:] = []
    module, name = names if len(names) == 2 else ("unknown", "unknown")
    found = Global(
        module=module,
        name=name,
        raw_module=module,
        raw_name=name,
        is_path=True,
        opcode=Opcode.STACK_GLOBAL,
        offset=machine.at,
    )
    machine.recorder.imported(machine.at, found)
    machine.stack.append(found)


def call_without_looking(machine: Machine) -> None:
    """REDUCE that takes any arguments."""
    arguments, called = machine.pop(), machine.pop()
    whole = arguments if isinstance(arguments, Collection) else Collection(Kind.TUPLE)
    machine.recorder.called(machine.at, Opcode.REDUCE, called, whole)
    machine.stack.append(Result(callable=called, arguments=whole, opcode=Opcode.REDUCE, offset=machine.at))


WRONG: dict[str, tuple[Opcode, Handler]] = {
    "DUP does nothing": (Opcode.DUP, ignore),
    "INT as pickletools reads it": (Opcode.INT, read_int_as_pickletools),
    "LONG in base 10": (Opcode.LONG, read_long_in_base_ten),
    "STRING keeps escapes": (Opcode.STRING, read_string_without_escapes),
    "UNICODE is UTF-8": (Opcode.UNICODE, read_unicode_as_utf8),
    "MEMOIZE counts from the highest index": (Opcode.MEMOIZE, memoize_behind_the_highest),
    "POP takes no mark off": (Opcode.POP, pop_ignoring_marks),
    "PROTO counts once": (Opcode.PROTO, read_only_the_first_proto),
    "EXT4 is unsigned": (Opcode.EXT4, count_extensions_unsigned),
    "NEXT_BUFFER is no event": (Opcode.NEXT_BUFFER, forget_buffers),
    "READONLY_BUFFER does nothing": (Opcode.READONLY_BUFFER, ignore),
    "APPEND is no event": (Opcode.APPEND, append_without_event),
    "STACK_GLOBAL looks back": (Opcode.STACK_GLOBAL, take_the_nearest_strings),
    "REDUCE takes any arguments": (Opcode.REDUCE, call_without_looking),
    "NEWOBJ_EX is NEWOBJ": (Opcode.NEWOBJ_EX, HANDLERS[Opcode.NEWOBJ]),
    "OBJ is TUPLE": (Opcode.OBJ, HANDLERS[Opcode.TUPLE]),
    "POP_MARK is POP": (Opcode.POP_MARK, HANDLERS[Opcode.POP]),
    "FROZENSET takes unhashable items": (Opcode.FROZENSET, HANDLERS[Opcode.TUPLE]),
    "ADDITEMS extends": (Opcode.ADDITEMS, HANDLERS[Opcode.APPENDS]),
    "FRAME is skipped": (Opcode.FRAME, lambda machine: machine.read(8) and None),
}


def replace(opcode: Opcode, handler: Handler) -> Callable[..., Stream]:
    handlers = list(HANDLERS)
    handlers[opcode] = handler

    def wrong(buffer: bytes, start: int, end: int, *, recorder: Recorder, mode: Mode, loader: Loader) -> Stream:
        machine = Machine(buffer, start, end, recorder, mode=mode, loader=loader)
        try:
            return machine.run(handlers)
        except (ValueError, IndexError):  # the wrong handlers raise what they like
            return scan(b"", recorder=Recorder())

    return wrong


def swap_modes(buffer: bytes, start: int, end: int, *, recorder: Recorder, mode: Mode, loader: Loader) -> Stream:
    other = Mode.BUFFER if mode is Mode.FILE else Mode.FILE
    return scan(buffer, start, end, recorder=recorder, mode=other, loader=loader)


def keep_python2_names(
    buffer: bytes, start: int, end: int, *, recorder: Recorder, mode: Mode, loader: Loader
) -> Stream:
    other = dataclasses.replace(loader, fix_imports=False)
    return scan(buffer, start, end, recorder=recorder, mode=mode, loader=other)


def trust_results(buffer: bytes, start: int, end: int, *, recorder: Recorder, mode: Mode, loader: Loader) -> Stream:
    other = dataclasses.replace(loader, results=Results.CLASSES)
    return scan(buffer, start, end, recorder=recorder, mode=mode, loader=other)


def read_behind_the_end(
    buffer: bytes, start: int, end: int, *, recorder: Recorder, mode: Mode, loader: Loader
) -> Stream:
    return scan(buffer, start, end + 20, recorder=recorder, mode=mode, loader=loader)


def finds(answered: Answered, machine: Callable[..., Stream]) -> bool:
    return any(Verdict.DISAGREEMENT in judge(job, outcomes, machine) for job, outcomes in answered)


@pytest.mark.parametrize("bug", WRONG)
def test_finds_a_wrong_opcode(answered: Answered, bug: str) -> None:
    assert finds(answered, replace(*WRONG[bug]))


@pytest.mark.parametrize(
    "machine", [swap_modes, keep_python2_names, trust_results, read_behind_the_end], ids=lambda each: each.__name__
)
def test_finds_a_wrong_reading_of_the_stream(answered: Answered, machine: Callable[..., Stream]) -> None:
    assert finds(answered, machine)


def test_right_machine_passes_where_the_wrong_ones_fail(answered: Answered) -> None:
    assert not finds(answered, scan)


def test_shrinks_a_disagreement_to_its_core(reference: Reference) -> None:
    wrong = replace(Opcode.DUP, ignore)

    def is_found(data: bytes) -> bool:
        job = Job(data=data)
        return Verdict.DISAGREEMENT in judge(job, reference.outcomes([job])[0], wrong)

    assert shrink(b"]q\x00(K\x01K\x02eI12\n20cos\nsystem\n2\x86.", is_found) == b"K0cs\nm\n2\x86."

"""Pickles written opcode by opcode mean what they say, by `pickletools`."""

from __future__ import annotations

import pickle
import pickletools

from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.attacks.pickles import Program

TEXT = st.text(alphabet=st.characters(exclude_categories=("Cs",)))


def opcodes(data: bytes) -> list[tuple[str, object]]:
    return [(opcode.name, argument) for opcode, argument, _ in pickletools.genops(data)]


@given(value=TEXT)
def test_text_is_what_is_loaded(value: str) -> None:
    assert pickle.loads(Program(protocol=2).text(value).finished()) == value


@given(value=st.text())
def test_text_with_lone_surrogates_is_written_as_pickle_writes_it(value: str) -> None:
    assert pickle.loads(Program(protocol=2).text(value).finished()) == value


def test_call_of_protocol_2_uses_global() -> None:
    assert opcodes(Program(protocol=2).call("time", "sleep", "a").finished()) == [
        ("PROTO", 2),
        ("GLOBAL", "time sleep"),
        ("MARK", None),
        ("BINUNICODE", "a"),
        ("TUPLE", None),
        ("REDUCE", None),
        ("STOP", None),
    ]


def test_call_of_protocol_4_uses_stack_global() -> None:
    assert opcodes(Program(protocol=4).call("time", "sleep").finished()) == [
        ("PROTO", 4),
        ("BINUNICODE", "time"),
        ("BINUNICODE", "sleep"),
        ("STACK_GLOBAL", None),
        ("MARK", None),
        ("TUPLE", None),
        ("REDUCE", None),
        ("STOP", None),
    ]


def test_program_as_an_argument_is_computed_first() -> None:
    inner = Program(protocol=2).call("builtins", "str", "x")
    assert pickle.loads(Program(protocol=2).call("builtins", "len", inner).finished()) == 1


def test_protocol_0_has_no_head() -> None:
    assert Program(protocol=0).raw(b"N").finished() == b"N."


def test_program_is_a_value() -> None:
    program = Program(protocol=2)
    program.text("x")
    assert program.body == b""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from telamon.kits.formats.pickle import Ending, Recorder, Sequence, scan
from telamon.kits.formats.pickle.opcodes import Opcode

if TYPE_CHECKING:
    from collections.abc import Callable

CALL = b"cos\nsystem\n(S'id'\ntR"
SIZE = struct.Struct("<Q").pack

CONSTANTS = {
    "none": b"N",
    "true": b"\x88",
    "int": b"K\x01",
    "negative int": b"J\xff\xff\xff\xff",
    "text int": b"I7\n",
    "long": b"\x8a\x01\x07",
    "float": b"G" + b"@" * 8,
    "str": b"\x8c\x02ab",
    "bytes": b"C\x02ab",
    "bytearray": b"\x96" + SIZE(2) + b"ab",
    "list": b"]",
    "dict": b"}",
    "set": b"\x8f",
    "tuple": b")",
    "tuple of a list": b"]\x85",
    "frozenset": b"(\x91",
    "class": b"cm\nn\n",
    "result": b"cm\nn\n)R",
}
OPERATIONS = {
    "POP": b"0",
    "DUP": b"2",
    "MEMOIZE": b"\x94",
    "BINPUT": b"q\x07",
    "APPEND": b"N" + b"a",
    "APPEND a byte": b"K\x07a",
    "APPENDS": b"(NNe",
    "APPENDS of nothing": b"(e",
    "SETITEM": b"K\x00Ns",
    "SETITEM far": b"K\x09Ns",
    "SETITEMS": b"(K\x00Nu",
    "SETITEMS odd": b"(K\x00u",
    "SETITEMS of nothing": b"(u",
    "SETITEM under a list": b"]Ns",
    "ADDITEMS": b"(K\x01\x90",
    "ADDITEMS of a list": b"(]\x90",
    "TUPLE1": b"\x85",
    "REDUCE": b")R",
    "REDUCE without a tuple": b"]R",
    "NEWOBJ": b")\x81",
    "NEWOBJ without a tuple": b"N\x81",
    "NEWOBJ_EX": b")}\x92",
    "NEWOBJ_EX without a dict": b"))\x92",
    "BUILD": b"}b",
    "BUILD none": b"Nb",
    "BUILD slots": b"N}\x86b",
    "BUILD full slots": b"N}S'a'\nNs\x86b",
    "BUILD no slots": b"NN\x86b",
    "as a key": b"}\x940h\x00N}",
    "STACK_GLOBAL": b"S'x'\n\x93",
    "BINPERSID": b"Q",
    "READONLY_BUFFER": b"\x98",
    "EXT1 of code 0": b"\x82\x00",
    "EXT4 below 0": b"\x84\xff\xff\xff\xff",
    "PROTO 6": b"\x80\x06",
    "PROTO 2": b"\x80\x02",
    "GET missing": b"h\x63",
    "PUT negative": b"p-1\n",
    "PUT text": b"p 1_0 \n",
    "PUT junk": b"px\n",
    "LONG4 negative": b"\x8b\xff\xff\xff\xff",
    "unknown": b"\xff",
    "invalid UTF-8": b"\x8c\x01\xff",
    "lone surrogate": b"\x8c\x03\xed\xa0\x80",
    "non-ASCII string": b"U\x01\xff",
    "raw unicode": b"V\\u0041\\ud800\n",
    "raw unicode broken": b"V\\u00\n",
    "unhashable frozenset": b"(]\x91",
    "DICT": b"(K\x01Nd",
    "DICT odd": b"(K\x01d",
    "DICT unhashable": b"(]Nd",
    "DICT tuple of a list": b"(]\x85Nd",
    "a mark in the way": b"(R",
    "INST": b"(ia\nb\n",
    "INST without a mark": b"ia\nb\n",
    "INST empty name": b"(ia\n\n",
    "OBJ": b"(cm\nn\nNo",
    "OBJ without a class": b"(o",
    "OBJ of a constant": b"(NNo",
    "GLOBAL non-ASCII": b"c\xc3\xa9\nb\n",
    "GLOBAL invalid": b"c\xff\nb\n",
    "INST non-ASCII": b"(i\xc3\xa9\nb\n",
    "POP_MARK": b"(N1",
    "POP of a mark": b"(0",
    "STOP on a mark": b"(.",
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_breaks_where_the_unpickler_breaks(operation: str, agree: Callable[[bytes], None]) -> None:
    for constant in CONSTANTS.values():
        agree(b"N" + constant + OPERATIONS[operation] + CALL + b".")


@pytest.mark.parametrize("opcode", Opcode, ids=lambda opcode: opcode.name)
def test_underflows_where_the_unpickler_does(opcode: Opcode, agree: Callable[[bytes], None]) -> None:
    text = b"1\n2\n" + b"\0" * 8
    argument = b"\0" * 4 if opcode in {Opcode.EXT1, Opcode.EXT2, Opcode.EXT4, Opcode.LONG_BINPUT} else text
    for before in (b"", b"N", b"NN", b"(", b"N(", b"NN(", b"N(N", b"((", b")("):
        agree(before + bytes([opcode]) + argument + b"0." + CALL + b".")


def test_looks_up_names_however_they_got_on_the_stack() -> None:
    streams = {
        "memo": b"\x8c\x02os\x94\x8c\x06system\x940\x8c\x01xh\x00h\x01\x93",
        "duplicated": b"\x8c\x02os20\x8c\x06system20\x93",
        "behind a decoy": b"\x8c\x02os\x8c\x06system\x8c\x04math0\x93",
        "over a mark": b"\x8c\x02os(\x8c\x04math1\x8c\x06system\x93",
        "text": b"S'os'\nVsystem\n\x93",
    }
    for stream in streams.values():
        recorder = Sequence()
        scan(b"\x80\x04" + stream + b".", recorder=recorder)
        assert [step.name for step in recorder.steps] == [("os", "system")]


def test_maps_names_of_python_2_below_protocol_3() -> None:
    class Names(Recorder):
        def __init__(self) -> None:
            self.names: list[tuple[str | None, ...]] = []

        def imported(self, offset: int, found: object) -> None:  # noqa: ARG002
            self.names.append((found.raw_module, found.module, found.name))  # type: ignore[attr-defined]

    recorder = Names()
    stream = (
        b"c__builtin__\neval\n\x80\x02c__builtin__\nxrange\n\x80\x03c__builtin__\neval\nccopy_reg\n_reconstructor\n."
    )
    scan(stream, recorder=recorder)
    assert recorder.names == [
        ("__builtin__", "builtins", "eval"),
        ("__builtin__", "builtins", "range"),
        ("__builtin__", "__builtin__", "eval"),
        ("copy_reg", "copy_reg", "_reconstructor"),
    ]


def test_goes_on_after_a_name_that_a_call_computes() -> None:
    recorder = Sequence()
    stream = scan(b"\x80\x04cm\nf\n)R\x8c\x06system\x93)R.", recorder=recorder)
    assert [step.name for step in recorder.steps][2] == (None, "system")
    assert stream.ending is Ending.STOP


def test_keeps_long_names_whole() -> None:
    name = b"path.os." * 600 + b"system"
    recorder = Sequence()
    scan(b"\x80\x04\x8c\x02osX" + struct.pack("<I", len(name)) + name + b"\x93.", recorder=recorder)
    assert recorder.steps[0].name == ("os", name.decode())

"""Objects of Torch7, MessagePack, marshalled code, ExecuTorch, MXNet and PaddlePaddle, read to their end or refused."""

from __future__ import annotations

import marshal
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.hostile.graph_models import executorch, parameters, tensor
from corpora.hostile.object_files import FUNCTION, NIL, NUMBER, STRING, TABLE, TORCH, compiled
from corpora.model_bytes import flatbuffer, msgpack_array, msgpack_map, torch7
from telamon.kits.formats import mxnet, paddle
from telamon.kits.formats.executorch import read_executorch
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.marshal import begins_bytecode, read_module
from telamon.kits.formats.msgpack import begins_msgpack, read_msgpack
from telamon.kits.formats.source import Source
from telamon.kits.formats.torch7 import begins_torch7, begins_torch7_text, read_torch7

if TYPE_CHECKING:
    from collections.abc import Callable

PACKED = msgpack_map({"params": msgpack_map({"w": msgpack_array((2, 2), "float32", bytes(16))})})
LAYER = (
    TORCH,
    1,
    b"V 1",
    b"nn.Linear",
    TABLE,
    2,
    2,
    STRING,
    b"w",
    NUMBER,
    1.5,
    STRING,
    b"f",
    FUNCTION,
    3,
    b"\x1bLJ",
    NIL,
)


def source(data: bytes) -> Source:
    return Source.from_bytes(data)


@pytest.mark.parametrize("is_text", [False, True])
def test_functions_of_lua_are_found(is_text: bool) -> None:  # noqa: FBT001  # a parameter of the test
    found = read_torch7(source(torch7(*LAYER, is_text=is_text)), is_text=is_text)
    assert (found.classes, [length for _, length in found.functions]) == ({"nn.Linear"}, [3])


def test_tensors_of_lua_are_passed_over() -> None:
    storage = torch7(TORCH, 2, b"V 1", b"torch.FloatStorage") + struct.pack("<q2f", 2, 1.0, 2.0)
    data = torch7(TORCH, 1, b"V 1", b"torch.FloatTensor", 1) + struct.pack("<qqq", 2, 1, 1) + storage
    assert read_torch7(source(data)).classes == {"torch.FloatTensor", "torch.FloatStorage"}


def test_beginnings_are_told() -> None:
    heads = (torch7(*LAYER), torch7(*LAYER, is_text=True), PACKED, compiled("x = 1"), compiled("x = 1")[16:], b"c" * 99)
    told = [
        [begins(head) for head in heads]
        for begins in (begins_torch7, begins_torch7_text, begins_msgpack, begins_bytecode)
    ]
    assert told == [
        [True, False, False, False, False, False],
        [False, True, False, False, False, False],
        [False, False, True, False, False, False],
        [False, False, False, True, True, False],
    ]


def test_arrays_of_flax_are_counted() -> None:
    found = read_msgpack(source(PACKED))
    assert (found.arrays, found.objects, found.flaws, found.extensions) == (1, [], [], {})


def test_other_extensions_are_counted() -> None:
    assert read_msgpack(source(msgpack_map({"a": b"\xd4\7x", "b": b"\xd4\7y"}))).extensions == {7: 2}


def test_a_module_is_what_python_compiled() -> None:
    text = "import os\nclass A:\n    def run(self):\n        return os.sep, ('a', ('b',))\n"
    code = read_module(source(compiled(text))).code
    whole = compile(text, "model.py", "exec")
    assert (code.name, code.names, code.code, code.is_body) == ("<module>", whole.co_names, whole.co_code, True)
    [body] = [held for held in code.constants if not isinstance(held, str)]
    [function] = [held for held in body.constants if not isinstance(held, str)]
    assert (body.name, function.name, function.is_body, function.names) == ("A", "run", False, ("os", "sep"))
    assert {"a", "b"} <= set(function.constants)


def test_a_module_without_a_header_is_read() -> None:
    assert read_module(source(marshal.dumps(compile("x = 1", "f", "exec")))).magic == 0


def test_constants_that_share_their_parts_cost_what_they_are_long() -> None:
    plain = marshal.dumps(compile("x = 1.5", "f", "exec"))
    instructions = 1 + 5 * 4  # behind the type and five numbers
    at = instructions + 5 + int.from_bytes(plain[instructions + 1 : instructions + 5], "little")
    referable = (plain[0] >> 7) + (plain[instructions] >> 7)
    nested = b"\xda\1a"  # a text; each tuple around it holds what is in it twice
    for level in reversed(range(40)):
        nested = b"\xa9\2" + nested + b"r" + struct.pack("<I", referable + level + 1)
    begin = time.process_time()
    code = read_module(source(plain[:at] + nested + plain[at + len("(2gdddddddd_") :])).code
    assert (code.constants, time.process_time() - begin < 2) == (("a", "a"), True)


def test_a_program_names_what_it_runs() -> None:
    program = read_executorch(source(executorch()))
    assert (list(program.operators), list(program.delegates), program.flaws) == (
        ["aten::add.out"],
        ["XnnpackBackend"],
        [],
    )


def test_plans_that_share_their_operators_cost_bounded_time() -> None:
    plans = 40_000
    plan = flatbuffer({6: [{0: "aten::add"}] * 2000}, b"ET12")
    data = bytearray(flatbuffer({1: []}, b"ET12"))
    field = struct.unpack_from("<I", data)[0] + 4 + 8  # the second field of the root
    struct.pack_into("<I", data, field, len(data) - field)
    start = len(data)
    data += struct.pack("<I", plans) + bytes(4 * plans)
    target = len(data) + struct.unpack_from("<I", plan)[0]
    for number in range(plans):
        slot = start + 4 + 4 * number
        struct.pack_into("<I", data, slot, target - slot)
    begin = time.process_time()
    with pytest.raises(MalformedError, match="tables"):
        read_executorch(source(bytes(data + plan)))
    assert time.process_time() - begin < 6  # 1 s on an idle core


def test_raw_parameters_are_counted() -> None:
    assert (mxnet.read_parameters(source(parameters())), paddle.read_parameters(source(tensor() * 3))) == (
        ("arg:w",),
        3,
    )


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (read_torch7, torch7(*LAYER)),
        (lambda given: read_torch7(given, is_text=True), torch7(*LAYER, is_text=True)),
        (read_msgpack, PACKED),
        (read_module, compiled("import os\nclass A:\n    x = 1, 2.5, 3j, b'', 'a' * 300, 1 << 99\n")),
        (read_executorch, executorch()),
        (mxnet.read_parameters, parameters()),
        (paddle.read_parameters, tensor()),
    ],
    ids=["torch7", "torch7-text", "msgpack", "marshal", "executorch", "mxnet", "paddle"],
)
@given(st.data())
def test_a_damaged_file_is_read_or_malformed(
    read: Callable[[Source], object], data: bytes, draw: st.DataObject
) -> None:
    damaged = bytearray(data[: draw.draw(st.integers(0, len(data)) | st.just(len(data)))])
    for _ in range(draw.draw(st.integers(0, 4)) if damaged else 0):
        damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    with suppress(MalformedError):
        read(source(bytes(damaged)))

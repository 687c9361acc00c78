"""The trial refuses what CPython's C unpickler refuses, and nothing that it takes but for looks."""

from __future__ import annotations

import io
import pickle

import pytest

from telamon.kits.formats.pickle_trial import Verdict, try_pickle
from telamon.kits.formats.source import Source

PAYLOAD = b"0cos\nsystem\n)R."


def tried(data: bytes) -> Verdict:
    return try_pickle(Source.from_bytes(data))


class Reached(Exception):  # noqa: N818  # not an error
    """CPython's unpickler came to the name, which is not looked up."""


class Inert(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        raise Reached(f"{module}.{name}")


# Each leaves one value on the stack (Modules/_pickle.c: load_int, load_long, load_build, do_append, do_setitems).
@pytest.mark.parametrize(
    "value",
    [
        b"I\0anything\n",
        b"I 1_0 \n",
        b"I1\0anything\n",
        b"L1 L\n",
        b"L1\0L\n",
        b"NNb",
        b"KAN}\x86b",
        b"N(e",
        b"N(u",
        b"N(\x90",
        b"\x96\1" + bytes(7) + b"xKAa",
        b"\x96\1" + bytes(7) + b"x(KAe",
        b"Np 0_7\n0g7\n",
        b"Np" + b"0" * 4100 + b"12\n0g12\n",
    ],
)
def test_goes_on_where_the_c_unpickler_does(value: bytes) -> None:
    assert tried(value + PAYLOAD) is Verdict.PICKLE
    with pytest.raises(Reached):
        Inert(io.BytesIO(value + PAYLOAD)).load()


@pytest.mark.parametrize(
    "value",
    [b"I\n", b"Ione\n", b"L\n", b"L L\n", b"NNa", b"N(Ne", b"N(NNu", b"N(N\x90", b"Np0x7\n", b"Np_7\n", b"F one\n"],
)
def test_stops_where_the_c_unpickler_does(value: bytes) -> None:
    assert tried(value + PAYLOAD) is Verdict.OTHER
    with pytest.raises((ValueError, TypeError, AttributeError, pickle.UnpicklingError)):
        Inert(io.BytesIO(value + PAYLOAD)).load()


def test_a_name_from_the_stack_is_a_look_up() -> None:
    assert tried(b"\x8c\x02os\x8c\x06system\x93\xff") is Verdict.IMPORT_ONLY


@pytest.mark.parametrize("value", [b"P\x01\n", b"cmy module\na name\n"])
def test_leaves_what_looks_odd_to_the_machine(value: bytes) -> None:
    assert tried(value + PAYLOAD) is Verdict.OTHER

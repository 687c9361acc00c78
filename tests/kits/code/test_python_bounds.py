"""Hostile sources cost little, and are followed or refused."""

from __future__ import annotations

import time

import pytest

from telamon.kits.code.python import MAX_SOURCE_BYTES, parse, trace
from telamon.kits.formats.malformed import MalformedError

MOST_S = 20.0  # CPU seconds: ten times what it takes; what grows with the square takes minutes


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(b"(" * 100_000, id="brackets"),
        pytest.param(b"x=" + b"-" * 50_000 + b"1", id="signs"),
        pytest.param(b"x=a" + b".b" * 50_000, id="attributes"),
        pytest.param(b"x=1" + b"+1" * 90_000, id="sum"),
        pytest.param(b"x=f" + b"()" * 50_000, id="calls"),
        pytest.param(b"if a: pass\n" + b"elif b: pass\n" * 30_000, id="branches"),
        pytest.param(b"x=[" + b"1," * 500_000 + b"]", id="items"),
        pytest.param(b"x=" + b"9" * 5000, id="number"),
        pytest.param(b"x='\0'", id="null"),
        pytest.param(b" " * (MAX_SOURCE_BYTES + 1), id="length"),
        pytest.param(b"\xff\xfe\x00", id="encoding"),
        pytest.param(b"# coding: nonsense\n", id="codec"),
    ],
)
def test_what_is_too_much_is_refused(source: bytes) -> None:
    before = time.process_time()
    with pytest.raises(MalformedError):
        parse(source)
    assert time.process_time() - before < MOST_S


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            b"".join(b"def f%d(x): return f%d(x)+open(x)\n" % (i, i + 1) for i in range(8000)), id="functions"
        ),
        pytest.param(b"".join(b"x%d = open(x%d)\n" % (i, i - 1) for i in range(28_000)), id="variables"),
        pytest.param(b"a='aaaaaaaa'\n" + b"a=a+a\n" * 5000, id="doubling"),
        pytest.param(b"a=['%s']*20000\nexec(''.join(a))" % (b"A" * 10_000), id="long items"),
        pytest.param(b"open\n" + b"if a:\n x=1\n" * 15_000, id="conditions"),
        pytest.param(b"exec([chr(x) for x in '" + b"a" * 900_000 + b"'])", id="comprehension"),
        pytest.param(b"x=" + b"lambda:" * 900 + b"open(1)", id="functions in functions"),
    ],
)
def test_what_is_much_is_followed_within_bounds(source: bytes) -> None:
    before = time.process_time()
    trace(source)
    assert time.process_time() - before < MOST_S


def test_what_is_not_followed_to_its_end_is_said() -> None:
    assert not trace(b"open(1)\nx = y" + b"()" * 800 + b"\n").is_whole

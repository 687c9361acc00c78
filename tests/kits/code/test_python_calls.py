"""Calls are stated by the exact name of what is called, however the source leads to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.code.python import UNKNOWN, Call, Place, calls, trace
from telamon.kits.formats.malformed import MalformedError


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.system(1)",
        "import os as o\no.system(1)",
        "from os import system as s\ns(1)",
        "from os import *\nsystem(1)",
        "import os.path\nos.system(1)",
        "__import__('os').system(1)",
        "import importlib\nimportlib.import_module('os').system(1)",
        "import os\ngetattr(os, 'system')(1)",
        "import os\ngetattr(os, 'sys' + 'tem')(1)",
        "import os\nvars(os)['system'](1)",
        "import os\nos.__dict__['system'](1)",
        "import sys\nsys.modules['os'].system(1)",
        "import sys\nsys.modules.get('os').system(1)",
        "import logging\nlogging.os.system(1)",
        "import posix\nposix.system(1)",
        "import os\n[os.system][0](1)",
        "import os\n{'a': os.system}['a'](1)",
        "import os\nf = os.system if x else os.system\nf(1)",
        "import os\n(lambda f: f(1))(os.system)",
        "import os\ndef run(f):\n    f(1)\nrun(os.system)",
        "import os\nclass A:\n    f = os.system\nA.f(1)",
        "import os\nclass A:\n  def __init__(self):\n    self.f = os.system\n  def go(self):\n    self.f(1)",
        "import os, functools\nfunctools.partial(os.system)(1)",
        "import os, operator\noperator.attrgetter('system')(os)(1)",
        "import os\nos.system.__call__(1)",
        "import os\nif (f := os.system):\n    f(1)",
        "import os\nmatch os:\n    case _:\n        os.system(1)",
        "import os\ntry:\n    pass\nexcept E:\n    os.system(1)",
        "def f():\n    import os\n    return os\nf().system(1)",
        "import builtins, os\nbuiltins.getattr(os, ''.join(['sys', 'tem']))(1)",
    ],
)
def test_every_way_to_a_function_has_its_name(source: str) -> None:
    assert ("os.system", (1,)) in {(call.name, call.positional) for call in calls(source.encode())}


def test_a_call_states_its_constants_and_its_place() -> None:
    [call] = calls(b"import torch\n\nx = torch.load(path, 'cpu', weights_only=False, **more)\n")
    assert call == Call(
        name="torch.load",
        positional=(UNKNOWN, "cpu"),
        keywords=(("weights_only", False), ("**", UNKNOWN)),
        line=3,
        column=5,
        is_on_import=True,
    )


def test_an_argument_is_found_by_position_or_by_name() -> None:
    call = Call(name="f", positional=(1,), keywords=(("b", 2),), line=1, column=1)
    assert (call.argument(0, "a"), call.argument(1, "b"), call.argument(2, "c", absent=3)) == (1, 2, 3)


def test_an_argument_that_others_may_give_is_unknown() -> None:
    call = Call(name="f", keywords=(("**", UNKNOWN),), line=1, column=1)
    assert call.argument(0, "a") is UNKNOWN


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("load(1)\ndef load(x): pass", ""),
        ("def load(x): pass\nload(1)", "<file>.load"),
        ("open(1)", "builtins.open"),
        ("def open(x): pass\nopen(1)", "<file>.open"),
        ("x.load(1)", ".load"),
        ("import socket\nsocket.socket().connect(1)", "socket.socket().connect"),
        ("from urllib import request as r\nr.urlopen(1)", "urllib.request.urlopen"),
    ],
)
def test_names_end_where_they_are_known(source: str, name: str) -> None:
    assert name in {call.name for call in calls(source.encode()) if call.positional == (1,)}


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("print(1)", Place.IMPORT),
        ("class A:\n    print(1)", Place.IMPORT),
        ("def f(x=print(1)): pass", Place.IMPORT),
        ("def f():\n    print(1)\nf()", Place.IMPORT),
        ("def f():\n    print(1)\ndef g():\n    f()\ng()", Place.IMPORT),
        ("class A:\n    def __init__(self):\n        print(1)\nA()", Place.IMPORT),
        ("if __name__ == '__main__':\n    print(1)", Place.MAIN),
        ("def f():\n    print(1)\nif __name__ == '__main__':\n    f()", Place.MAIN),
        ("class A:\n    def forward(self):\n        print(1)", Place.HOOK),
        ("def f():\n    print(1)", Place.FUNCTION),
    ],
)
def test_says_when_a_call_runs(source: str, place: Place) -> None:
    assert {step.place for step in trace(source.encode()).steps if step.name == "builtins.print"} == {place}


def test_a_function_that_is_defined_twice_is_followed_twice() -> None:
    source = b"class A:\n    def f(self):\n        open(1)\nclass A:\n    def f(self):\n        open(2)\n"
    assert [call.positional for call in calls(source)] == [(1,), (2,)]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_malformed(source: bytes) -> None:
    try:
        trace(source)
    except MalformedError:
        return


PIECES = [
    "x",
    "f",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ".",
    "=",
    "\n",
    "\n    ",
    "def ",
    "class ",
    "lambda ",
    "if ",
]
PIECES += [
    "import os",
    "from os import *",
    "'a'",
    "b'a'",
    "1",
    "+",
    "%",
    "*",
    "-1",
    "for x in ",
    "with ",
    "as x",
    "await ",
    "exec",
    "getattr",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_program_is_followed_or_malformed(pieces: list[str]) -> None:
    try:
        trace("".join(pieces).encode())
    except MalformedError:
        return

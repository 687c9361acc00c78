"""Serialised objects of R, Lua and Python that carry code: promises, closures, bytecode, arrays of objects."""

from __future__ import annotations

import importlib.util
import marshal
from typing import TYPE_CHECKING, Final

from corpora import r_bytes as r
from corpora.case import Case, Expectation, Technique
from corpora.model_bytes import msgpack_array, msgpack_map, msgpack_text, torch7

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND: Final = "touch telamon-canary"
RUNS: Final = r.call("system", r.texts(COMMAND))
NAMES: Final = ("model.rds", "model.RData")
# Name: a hostile object, and the same construction without the payload.
OBJECTS: Final[dict[str, tuple[r.Words, r.Words]]] = {
    "promise (CVE-2024-27322)": (r.promise(RUNS), r.promise(r.symbol("weights"))),
    "promise in a list": (
        r.listed(r.texts("a"), r.promise(r.call("eval", r.texts("x")))),
        r.listed(r.texts("a"), r.numbers(1, 2)),
    ),
    "promise in an environment": (
        r.environment(r.bound("x", r.promise(RUNS))),
        r.environment(r.bound("x", r.numbers(1))),
    ),
    "function that runs a command": (r.closure(RUNS), r.closure(r.call("mean", r.numbers(1, 2)))),
    "call of what fetches": (
        r.listed(r.call("download.file", r.texts("http://example.invalid/x"))),
        r.listed(r.call("lm", r.symbol("formula"))),
    ),
    "formula that loads code": (r.call("~", r.call("dyn.load", r.texts("x.so"))), r.call("~", r.symbol("y"))),
    "built-in function": ((8, 6, b"system"), (8, 4, b"mean")),
}
WORKSPACES: Final[dict[str, tuple[r.Words, r.Words]]] = {
    "hook at the start": (
        r.bound(".First", r.closure(r.call("message", r.texts("x")))),
        r.bound("predict_one", r.closure(r.call("message", r.texts("x")))),
    ),
    "hook at the end": (
        r.bound(".Last", r.closure(r.call("message", r.texts("x")))),
        r.bound("last", r.numbers(1)),
    ),
    "print in the place of R's own": (r.bound("print", r.closure(r.NOTHING)), r.bound("print", r.numbers(1))),
    "promise as a variable": (r.bound("model", r.promise(RUNS)), r.bound("model", r.texts("x"))),
    "binding that runs": (
        r.bound("e", r.environment(r.bound("x", r.closure(r.NOTHING), is_active=True))),
        r.bound("e", r.environment(r.bound("x", r.closure(r.NOTHING)))),
    ),
}
NIL, NUMBER, STRING, TABLE, TORCH, FUNCTION, LEGACY, RECURSIVE = 0, 1, 2, 3, 4, 6, 7, 8
HEADS: Final = {FUNCTION: "function", LEGACY: "function of old", RECURSIVE: "function that calls itself"}
# Name: a module that runs something when it is imported, and one that does not.
MODULES: Final = {
    "command": (f"import os\nos.system({COMMAND!r})", "import os\nhome = os.path.join('a', 'b')"),
    "imported function": (f"from os import system as s\ns({COMMAND!r})", "from os import sep as s\nx = s"),
    "process": ("import subprocess\nsubprocess.run(['true'])", "import subprocess\nx = subprocess.PIPE"),
    "exec": ("exec('x = 1')", "x = int('1')"),
    "function that is called": (
        "import os\ndef f():\n    os.popen('true')\nf()",
        "import os\ndef f():\n    os.popen('true')",
    ),
    "class body": ("import os\nclass A:\n    os.system('true')", "import os\nclass A:\n    x = os.sep"),
    "object that is made": (
        "import os\nclass A:\n    def __init__(self):\n        os.system('true')\nA()",
        "import os\nclass A:\n    def __init__(self):\n        self.x = os.sep\nA()",
    ),
    "by its name": ("import os\ngetattr(os, 'system')('true')", "import os\ngetattr(os, 'sep')"),
    "lambda": ("import os\n(lambda: os.system('true'))()", "import os\n(lambda: os.getcwd())()"),
    "unpickled": ("import pickle\npickle.loads(b'N.')", "import pickle\nx = pickle.HIGHEST_PROTOCOL"),
}


def cases() -> Iterator[Case]:
    """Yield objects of R in each form, of Torch7 in both, compiled modules, and arrays of objects in MessagePack."""
    for name, (hostile, twin) in OBJECTS.items():
        for form in "XBA":
            yield _case(f"r {form}: {name}", r.written(hostile, form), r.written(twin, form), NAMES[0])
    for name, (hostile, twin) in WORKSPACES.items():
        for form in "XBA":
            workspaces = (r.written(words, form, is_workspace=True) for words in (hostile, twin))
            yield _case(f"r workspace {form}: {name}", next(workspaces), next(workspaces), NAMES[1])
    for data, name in (
        (r.written(r.texts("x"))[:-3], "cut"),
        (r.written(r.texts("x")) + b"more behind it, and more than blanks", "with more behind it"),
        (r.written((19, 1) * 300 + r.NOTHING), "nested too deeply"),
        (r.written((0x40209, 1, b"a", *RUNS)), "attributes of a text"),
    ):
        yield _broken(f"r: {name}", data, NAMES[0])
    yield from _lua()
    yield from _compiled()
    yield from _packed()


def _lua() -> Iterator[Case]:
    for is_text in (False, True):
        form = "text" if is_text else "binary"
        for kind, name in HEADS.items():
            function = (kind, 1, b"\x1bLJ\x02\n\0", NIL)
            alone = torch7(*function, is_text=is_text)
            table = torch7(TABLE, 1, 1, STRING, b"a", kind, 2, b"\x1bLJ\x02\n\0", NIL, is_text=is_text)
            twin = torch7(TABLE, 1, 1, STRING, b"a", NUMBER, 2.5, is_text=is_text)
            yield _case(f"torch7 {form}: {name}", alone, twin, "model.t7")
            yield _case(f"torch7 {form}: {name} in a table", table, twin, "model.t7")
    layer = (TABLE, 2, 1, STRING, b"forward")
    hostile = torch7(TORCH, 1, b"V 1", b"nn.Lambda", *layer, FUNCTION, 3, b"\x1bLJ\x02", NIL)
    twin = torch7(TORCH, 1, b"V 1", b"nn.Linear", *layer, NUMBER, 1.5)
    yield _case("torch7 binary: function in a layer", hostile, twin, "model.t7")
    yield _broken("torch7: cut", twin[:-4], "model.t7")


def _compiled() -> Iterator[Case]:
    for name, (hostile, twin) in MODULES.items():
        yield _case(f"bytecode: {name}", compiled(hostile), compiled(twin), "model.pyc")
    yield _case("bytecode: without a header", compiled("exec('1')")[16:], compiled("x = 1")[16:], "model.bin")
    yield _broken("bytecode: cut", compiled("exec('1')")[:-8], "model.pyc")


def compiled(source: str) -> bytes:
    """Return a module as this Python's import system keeps it."""
    return importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(compile(source, "model.py", "exec"))


def _packed() -> Iterator[Case]:
    plain = msgpack_map({"params": msgpack_map({"w": msgpack_array((2,), "float32", bytes(8))})})
    for name, array in (
        ("array of objects", msgpack_array((1,), "object", bytes(8))),
        ("array of objects by its short name", msgpack_array((1,), "|O", bytes(8))),
        ("array that is too short", msgpack_array((2,), "float32", bytes(4))),
        ("array of an unknown type", msgpack_array((2,), "float7", bytes(8))),
    ):
        yield _case(f"msgpack: {name}", msgpack_map({"params": msgpack_map({"w": array})}), plain, "flax_model.msgpack")
    entry = {"nd": b"\xc3", "kind": msgpack_text("O"), "type": msgpack_text("|O"), "data": b"\xc4\1N"}
    numbers = {"nd": b"\xc3", "kind": msgpack_text(""), "type": msgpack_text("<f4"), "data": b"\xc4\1N"}
    hostile, twin = (msgpack_map({"w": msgpack_map(held)}) for held in (entry, numbers))
    yield _case("msgpack: object of msgpack-numpy", hostile, twin, "model.msgpack")
    yield _broken("msgpack: cut", plain[:-3], "flax_model.msgpack")
    yield _broken("msgpack: with more behind it", plain + b"\xc1", "flax_model.msgpack")


def _case(name: str, data: bytes, twin: bytes, file_name: str) -> Case:
    return Case(
        name=name,
        technique=Technique.OBJECTS,
        data=data,
        expectation=Expectation.FLAGGED,
        twin=twin,
        file_name=file_name,
    )


def _broken(name: str, data: bytes, file_name: str) -> Case:
    expectation = Expectation.REFUSED
    return Case(name=name, technique=Technique.OBJECTS, data=data, expectation=expectation, file_name=file_name)

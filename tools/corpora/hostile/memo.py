"""Names and callables that travel through the memo, behind decoys."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from corpora.assembly import COMMAND, pushed
from corpora.case import Case, Technique
from telamon.kits.attacks.pickles import MEMOIZE, POP, PROTO, REDUCE, STACK_GLOBAL, STOP

if TYPE_CHECKING:
    from collections.abc import Iterator

CALL: Final = pushed(COMMAND) + b"\x85" + REDUCE
DECOYS: Final = pushed("collections") + POP + pushed("OrderedDict") + POP
OS: Final = pushed("os")
SYSTEM: Final = pushed("system")
TORCH: Final = pushed("torch")
STORAGE: Final = pushed("FloatStorage")


def cases() -> Iterator[Case]:
    """Yield each construction."""
    for name, body in _constructions():
        yield Case(name=name, technique=Technique.MEMO, data=PROTO + b"\x04" + body + STOP)


def _constructions() -> Iterator[tuple[str, bytes]]:
    memoized = OS + MEMOIZE + POP + SYSTEM + MEMOIZE + POP
    got = b"h\x00h\x01"
    yield "memoize-then-binget", memoized + DECOYS + got + STACK_GLOBAL + CALL
    yield "decoys-on-the-stack-below", memoized + TORCH + STORAGE + got + STACK_GLOBAL + CALL
    yield "decoys-between", memoized + b"h\x00" + TORCH + POP + b"h\x01" + STORAGE + POP + STACK_GLOBAL + CALL
    yield (
        "overwritten-by-put",
        TORCH + b"p0\n0" + STORAGE + b"p1\n0" + OS + b"p0\n0" + SYSTEM + b"p1\n0g0\ng1\n" + STACK_GLOBAL + CALL,
    )
    yield (
        "overwritten-by-binput",
        TORCH
        + MEMOIZE
        + POP
        + STORAGE
        + MEMOIZE
        + POP
        + OS
        + b"q\x000"
        + SYSTEM
        + b"q\x010"
        + got
        + STACK_GLOBAL
        + CALL,
    )
    yield (
        "put-before-memoize-shifts-numbers",
        (TORCH + b"q\x050" + OS + MEMOIZE + POP + SYSTEM + MEMOIZE + POP + b"h\x01h\x02" + STACK_GLOBAL + CALL),
    )
    yield (
        "memoize-after-put-of-a-used-number",
        OS + b"q\x000" + b"N\x940" + SYSTEM + MEMOIZE + POP + b"h\x00h\x02" + STACK_GLOBAL + CALL,
    )
    yield (
        "long-put-and-short-get",
        OS + b"r" + struct.pack("<I", 7) + POP + SYSTEM + b"q\x080h\x07h\x08" + STACK_GLOBAL + CALL,
    )
    yield (
        "text-put-and-long-get",
        OS + b"p300\n0" + SYSTEM + b"p301\n0" + b"j\x2c\x01\0\0j\x2d\x01\0\0" + STACK_GLOBAL + CALL,
    )
    yield "number-with-underscore", OS + b"p1_0\n0" + SYSTEM + b"p1_1\n0" + b"h\x0ah\x0b" + STACK_GLOBAL + CALL
    yield "number-with-blanks", OS + b"p 3 \n0" + SYSTEM + b"p\t+4\n0" + b"h\x03h\x04" + STACK_GLOBAL + CALL
    yield "callable-from-memo", b"cos\nsystem\n" + MEMOIZE + POP + DECOYS + b"h\x00" + CALL
    yield "callable-overwrites-a-harmless-one", (b"ccollections\nOrderedDict\nq\x000cos\nsystem\nq\x000h\x00" + CALL)
    yield "arguments-from-memo", pushed((COMMAND,)) + MEMOIZE + POP + b"cos\nsystem\nh\x00" + REDUCE
    yield "dup", OS + b"2" + POP + SYSTEM + b"2" + POP + STACK_GLOBAL + CALL
    yield "dup-of-the-callable", b"cos\nsystem\n2" + CALL + b"0" + CALL
    yield "mark-and-pop-mark", OS + b"(" + TORCH + STORAGE + b"1" + SYSTEM + STACK_GLOBAL + CALL
    yield "pop-takes-a-mark", OS + b"(0" + SYSTEM + STACK_GLOBAL + CALL
    yield "names-from-a-list-argument-order", OS + SYSTEM + TORCH + STORAGE + b"00" + STACK_GLOBAL + CALL
    yield (
        "memo-of-a-list-filled-later",
        b"]\x940cos\nsystem\n(h\x00" + pushed(COMMAND) + b"a" + b"0" + pushed(COMMAND) + b"t" + REDUCE,
    )
    yield (
        "far-memo-number",
        OS + b"r" + struct.pack("<I", 100_000) + POP + b"j" + struct.pack("<I", 100_000) + SYSTEM + STACK_GLOBAL + CALL,
    )
    yield "get-of-a-missing-number-after-the-call", b"cos\nsystem\n" + CALL + b"0h\x63"
    yield "hundred-decoys", memoized + (b"ccollections\nOrderedDict\n0" * 100) + got + STACK_GLOBAL + CALL

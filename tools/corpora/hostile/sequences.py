"""Payloads before a broken end, and pickles after the first one."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from corpora.assembly import COMMAND, harmless, model, pushed, shell
from corpora.case import Case, Expectation, Technique
from telamon.kits.attacks.pickles import PROTO, STOP, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD: Final = PROTO + b"\x04"
GOOD: Final = model()
BAD: Final = model(shell())
TAILS: Final = (
    ("unknown-opcode", b"\xff"),
    ("missing-stop", b""),
    ("cut-within-a-string", b"X\x40\0\0\0abc"),
    ("cut-within-a-length", b"X\x40\0"),
    ("cut-within-a-line", b"I12"),
    ("cut-within-a-global", b"cos\nsys"),
    ("stack-underflow", b"000000."),
    ("no-mark", b"t."),
    ("missing-memo", b"h\xfe."),
    ("missing-module", b"cnowhere\nnothing\n."),
    ("bad-utf8", b"X\x01\0\0\0\xff."),
    ("bad-string", b"Sunquoted\n."),
    ("call-of-a-number", b"0K\x01)R."),
    ("newobj-of-a-number", b"0K\x01)\x81."),
    ("unhashable-key", b"0}]Ns."),
    ("protocol-99", PROTO + b"\x63."),
    ("negative-length", b"T\xff\xff\xff\xff."),
    ("stack-global-of-numbers", b"K\x01K\x02\x93."),
    ("build-without-state", b"0N}b."),
    ("random-bytes", bytes(range(0xF0, 0x100)) * 8),
    ("nul-bytes", bytes(512)),
)


def cases() -> Iterator[Case]:
    """Yield broken streams, then sequences of pickles."""
    for name, tail in TAILS:
        yield Case(name=f"call-then-{name}", technique=Technique.BROKEN, data=HEAD + shell().body + tail)
    # No payload, but a loader would meet the end in the middle: never clean.
    for name, tail in TAILS[:6]:
        yield Case(
            name=f"only-{name}",
            technique=Technique.BROKEN,
            data=HEAD + harmless().body + pushed(COMMAND) + tail,
            expectation=Expectation.REFUSED,
        )
    for name, data, twin in _sequences():
        yield Case(name=name, technique=Technique.SEQUENCES, data=data, twin=twin)


def _sequences() -> Iterator[tuple[str, bytes, bytes | None]]:
    yield "second-pickle", GOOD + BAD, GOOD + GOOD
    yield "third-pickle", GOOD + GOOD + BAD, GOOD * 3
    yield "hundredth-pickle", GOOD * 99 + BAD, GOOD * 100
    yield "between-pickles", GOOD + BAD + GOOD, GOOD * 3
    yield "second-pickle-of-protocol-0", GOOD + _bare(shell(0)), GOOD + _bare(harmless(0))
    yield "second-pickle-after-a-text-one", b"I1\n." + BAD, b"I1\n." + GOOD
    yield "second-pickle-broken-after-the-call", GOOD + HEAD + shell().body + b"\xff", None
    yield "both-of-two", BAD + BAD, GOOD + GOOD
    yield "first-then-junk", BAD + b"\0" * 1000, None
    yield "first-then-text", BAD + b"Licensed under the Apache License.\n", None
    yield "empty-pickle-first", b"N." + BAD, b"N." + GOOD
    yield "memo-does-not-carry-over", pushed("os") + b"\x940N." + BAD, None
    yield "after-a-long-inert-run", HEAD + b"](" + b"K\x01" * 50_000 + shell().body + b"e.", None
    yield (
        "within-deep-nesting",
        HEAD + b"]" * 500 + shell().body + b"a" * 500 + STOP,
        HEAD + b"]" * 500 + b"N" + b"a" * 500 + STOP,
    )
    yield "at-the-very-end-of-a-big-list", _long(shell()), _long(harmless())
    yield "between-megabytes-of-bytes", _padded(shell()), _padded(harmless())


def _bare(program: Program) -> bytes:
    return program.finished()


def _long(payload: Program) -> bytes:
    row = b"](" + b"G" + struct.pack(">d", 0.5) + b"K\x02e"
    return HEAD + b"](" + row * 5_000 + payload.body + b"e."


def _padded(payload: Program) -> bytes:
    block = b"B" + struct.pack("<I", 1 << 20) + bytes(1 << 20)
    return HEAD + b"](" + block + payload.body + block + b"e."

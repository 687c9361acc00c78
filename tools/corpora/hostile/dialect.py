"""Streams that CPython's C unpickler reads otherwise than `pickletools` or the Python one (Modules/_pickle.c)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from corpora.assembly import harmless, pushed, shell
from corpora.case import Case, Expectation, Technique
from telamon.kits.attacks.pickles import POP, PROTO, STOP

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD: Final = PROTO + b"\x04"
FRAME: Final = b"\x95"

# What is pushed and dropped before the payload; a reader that gives up there sees no payload.
STUMBLES: Final = (
    ("int-hexadecimal", b"I0x10\n"),
    ("int-octal-as-c", b"I010\n"),
    ("int-leading-blanks", b"I \t 7\n"),
    ("int-plus-sign", b"I+7\n"),
    ("int-negative-hexadecimal", b"I-0xff\n"),
    ("int-ends-at-a-nul", b"I7\x00rest\n"),
    ("int-beyond-64-bits", b"I99999999999999999999999\n"),
    ("int-with-underscore", b"I99999999999999999999_9\n"),
    ("int-empty", b"I\n"),
    ("bool-as-int", b"I00\n"),
    ("long-without-l", b"L7\n"),
    ("long-hexadecimal", b"L0x10L\n"),
    ("long-underscore", b"L1_000L\n"),
    ("long-blanks", b"L 7 \n"),
    ("long1-empty", b"\x8a\x00"),
    ("long4-empty", b"\x8b\0\0\0\0"),
    ("float-infinity", b"Finf\n"),
    ("float-not-a-number", b"F-nan\n"),
    ("float-ends-at-a-nul", b"F1.5\x00rest\n"),
    ("string-with-escaped-line-end", b"S'a\\nb'\n"),
    ("string-with-quotes-inside", b"S'a'b'\n"),
    ("unicode-with-bad-utf8", b"V\xe9\n"),
    ("unicode-surrogate", b"V\\ud800\n"),
    ("binunicode-surrogate", b"X\x03\0\0\0\xed\xa0\x80"),
    ("empty-bytearray", b"\x96" + bytes(8)),
    ("proto-again", PROTO + b"\x02"),
    ("proto-again-and-higher", PROTO + b"\x05"),
    ("frozen-set", b"(\x91"),
    ("memo-get-text", b"Np0\n0g0\n"),
)
# Latin-1 text in a STRING of Python 2: an error by default, text for loaders that pass `encoding`.
LATIN: Final = (
    ("string-not-ascii", b"S'caf\xe9'\n"),
    ("string-escaped-not-ascii", b"S'caf\\xe9'\n"),
    ("short-binstring-not-ascii", b"U\x04caf\xe9"),
    ("binstring-not-ascii", b"T\x04\0\0\0caf\xe9"),
)


def cases() -> Iterator[Case]:
    """Yield stumbling blocks before the payload, then frames that do not fit."""
    for name, push in (*STUMBLES, *LATIN):
        drop = b"" if name.startswith("proto") else POP
        expectation = Expectation.REFUSED if name == "int-empty" else Expectation.PAYLOAD
        yield Case(
            name=name,
            technique=Technique.DIALECT,
            data=HEAD + push + drop + shell().body + STOP,
            twin=HEAD + push + drop + harmless().body + STOP if expectation is Expectation.PAYLOAD else None,
            expectation=expectation,
        )
    for name, data in _frames():
        yield Case(name=name, technique=Technique.DIALECT, data=data)


def _frames() -> Iterator[tuple[str, bytes]]:
    call = shell().body
    yield "frame-too-short", HEAD + FRAME + struct.pack("<Q", 1) + call + STOP
    yield "frame-of-nothing", HEAD + FRAME + struct.pack("<Q", 0) + call + STOP
    yield "frame-ends-within-a-string", HEAD + FRAME + struct.pack("<Q", 5) + call + STOP
    yield (
        "frame-within-a-frame",
        HEAD + FRAME + struct.pack("<Q", len(call) + 10) + FRAME + struct.pack("<Q", 3) + call + STOP,
    )
    yield "frame-reaches-behind-the-stop", HEAD + FRAME + struct.pack("<Q", len(call) + 5) + call + STOP + b"....."
    yield "frame-overrun-in-a-buffer", _overrun(call) + b"0N" + STOP
    # CPython issue 154848: from a file, a read beyond the frame drops what is left of the frame.
    yield "frame-overrun-in-a-file", _overrun(b"U" + bytes([len(call)])) + call + STOP
    yield "frame-beyond-the-end-after-the-call", HEAD + call + FRAME + struct.pack("<Q", 1 << 40) + STOP
    yield (
        "frame-in-protocol-2",
        PROTO + b"\x02" + FRAME + struct.pack("<Q", len(shell(2).body) + 1) + shell(2).body + STOP,
    )
    yield (
        "frames-many",
        HEAD
        + b"".join(FRAME + struct.pack("<Q", 1) + b"N" + FRAME + struct.pack("<Q", 1) + b"0" for _ in range(50))
        + call
        + STOP,
    )
    inner = pushed("x")
    yield "frame-hides-a-call-behind-a-line", HEAD + FRAME + struct.pack("<Q", 4) + b"I1\n0" + inner + POP + call + STOP
    yield "next-buffer-after-the-call", PROTO + b"\x05" + call + b"\x97" + STOP
    yield "read-only-buffer-of-a-bytearray", PROTO + b"\x05\x96" + struct.pack("<Q", 1) + b"x\x98" + POP + call + STOP
    yield "persistent-id-text-before", HEAD + call + POP + b"Pstorage\n" + STOP
    yield "stack-left-over-at-stop", HEAD + b"NNN((" + call + STOP
    yield "setitems-with-a-lone-key-after-the-call", HEAD + b"}(" + call + b"u" + STOP
    yield "dictionary-with-an-unhashable-key-after-the-call", HEAD + call + POP + b"}]Ns" + STOP


def _overrun(seen_in_a_buffer: bytes) -> bytes:
    """A string that reaches beyond its frame; in a buffer it ends before the argument, from a file behind it."""
    dropped, size = b"x" * len(seen_in_a_buffer), 40 + len(seen_in_a_buffer)
    frame = b"X" + struct.pack("<I", size) + dropped
    return HEAD + FRAME + struct.pack("<Q", len(frame)) + frame + b"y" * 40 + seen_in_a_buffer

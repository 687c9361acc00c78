"""Files that exhaust whoever loads or unpacks them."""

from __future__ import annotations

import gzip
import lzma
import struct
from typing import TYPE_CHECKING, Final

from corpora.assembly import call, pushed
from corpora.case import Case, Expectation, Technique
from corpora.hostile.envelopes import Member, npy, zip_of, zipped
from telamon.kits.attacks.pickles import NEWOBJ, PROTO, STOP, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD: Final = PROTO + b"\x04"
HUGE: Final = 1 << 40
LEVELS: Final = 40
MIB: Final = 1 << 20
COUNT: Final = call("itertools", "count")
ENDLESS: Final = {
    "list-of-a-chain-without-end": call("builtins", "list", call("itertools", "chain", (1, 2), COUNT)),
    "list-of-a-long-slice": call("builtins", "list", call("itertools", "islice", COUNT, HUGE)),
    "list-of-a-long-repetition": call("builtins", "list", call("itertools", "repeat", 1, HUGE)),
    "tuple-of-a-product-of-ranges": call(
        "builtins", "tuple", call("itertools", "product", *[call("builtins", "range", 100_000)] * 3)
    ),
    "sum-of-a-repetition": call("math", "fsum", call("itertools", "repeat", 1)),
    "product-without-end": call("math", "prod", COUNT),
    "search-without-end": call("operator", "contains", COUNT, -1),
    "factorial": call("math", "factorial", (1 << 31) - 1),
    "shifted": call("operator", "lshift", 1, HUGE),
    "power-of-two-to-the-31": call("operator", "pow", 9, 1 << 31),
    "format-of-a-wide-field": call("builtins", "format", 1, "999999999999d"),
    "numpy-linspace-of-a-tebibyte": call("numpy", "linspace", 1, 1, HUGE),
    "torch-zeros-of-a-tebibyte": call("torch", "zeros", HUGE),
}


def cases() -> Iterator[Case]:
    """Yield pickles that allocate or expand, lengths beyond the file, then archives."""
    for name, data in _flagged():
        yield Case(name=name, technique=Technique.BOMBS, data=data, expectation=Expectation.FLAGGED)
    for name, data in _refused():
        yield Case(name=name, technique=Technique.BOMBS, data=data, expectation=Expectation.REFUSED)


def _flagged() -> Iterator[tuple[str, bytes]]:
    yield "memo-index-of-2-to-the-31", HEAD + b"Nr" + struct.pack("<I", (1 << 31) - 1) + STOP
    yield "memo-index-in-text", HEAD + b"Np2147483647\n" + STOP
    yield "bytes-of-a-tebibyte", call("builtins", "bytes", HUGE).finished()
    yield "bytearray-of-a-tebibyte", call("builtins", "bytearray", HUGE).finished()
    yield "bytes-of-a-tebibyte-by-newobj", HEAD + b"cbuiltins\nbytes\n" + pushed((HUGE,)) + NEWOBJ + STOP
    yield "list-of-a-range", call("builtins", "list", call("builtins", "range", HUGE)).finished()
    yield "deque-without-end", call("collections", "deque", call("itertools", "repeat", 0)).finished()
    yield "fraction-of-a-huge-exponent", call("fractions", "Fraction", "1e9999999999").finished()
    yield "string-multiplied", call("operator", "mul", "x" * 1000, HUGE).finished()
    for name, program in ENDLESS.items():
        yield name, program.finished()
    yield "power", call("builtins", "pow", 10, 10_000_000_000).finished()
    yield (
        "numpy-array-of-a-tebibyte",
        call(
            "numpy.core.multiarray", "_reconstruct", Program(protocol=4).global_("numpy", "ndarray"), (HUGE,), b"b"
        ).finished(),
    )
    yield "zip-members-overlap", _overlapping()
    yield "zeros-in-zips-in-zips", _matryoshka()
    yield "gzip-of-zeros", gzip.compress(bytes(MIB), mtime=0) * 320
    yield "xz-of-zeros", lzma.compress(bytes(4 * MIB)) * 80


def _refused() -> Iterator[tuple[str, bytes]]:
    doubled = b"".join(b"q\x000h\x00h\x00\x86" for _ in range(LEVELS))
    yield "tuple-doubled-40-times-as-a-key", HEAD + b"}" + b")" + doubled + b"Ns" + STOP
    yield "tuple-doubled-40-times-by-dup", HEAD + b"(" + b")" + b"2\x86" * LEVELS + b"\x91" + STOP
    yield "binunicode8-of-4-eib", HEAD + b"\x8d" + struct.pack("<Q", 1 << 62) + b"abc" + STOP
    yield "binbytes8-of-8-eib", HEAD + b"\x8e" + struct.pack("<Q", (1 << 63) - 1) + b"abc" + STOP
    yield "bytearray8-of-4-eib", PROTO + b"\x05\x96" + struct.pack("<Q", 1 << 62) + b"abc" + STOP
    yield "binunicode-of-4-gib", HEAD + b"X\xff\xff\xff\xff" + b"abc" + STOP
    yield "long4-of-2-gib", HEAD + b"\x8b\xff\xff\xff\x7f" + b"abc" + STOP
    yield "frame-of-16-eib", HEAD + b"\x95" + b"\xff" * 8 + b"N" + STOP
    yield "integer-of-a-million-digits", HEAD + b"L" + b"9" * 1_000_000 + b"L\n" + b"\xff"
    yield "npy-of-a-tebibyte", npy(b"abc", "'<f8'", f"({HUGE},)")
    yield "npy-header-of-4-gib", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr': '|O'"
    yield "tar-member-of-8-eib", _huge_tar()
    yield "zip-nested-40-times", _deep()
    yield "zip64-size-of-8-eib", zipped(Member(name=b"data.pkl", data=b"N.", wrong_size=0x7FFFFF00))


def _overlapping() -> bytes:
    """Many directory entries on one member, as in Fifield's `A better zip bomb` (2019)."""
    one = zipped(Member(name=b"data.pkl", data=bytes(10_000), method=8))
    (size, offset) = struct.unpack("<II", one[-10:-2])
    directory = one[offset : offset + size] * 500
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 500, 500, len(directory), offset, 0)
    return one[:offset] + directory + end


def _matryoshka() -> bytes:
    """Zips within zips that unpack to 16 to the power of 3 members of zeros, as in `42.zip`."""
    data = zip_of({"zeros": bytes(MIB)}, method=8)
    for _ in range(3):
        data = zip_of({f"{number}.zip": data for number in range(16)}, method=8)
    return data


def _deep() -> bytes:
    data = b"N."
    for _ in range(LEVELS):
        data = zip_of({"inner.zip": data})
    return data


def _huge_tar() -> bytes:
    name = b"model.bin".ljust(100, b"\0")
    size = b"\x80" + (1 << 62).to_bytes(11, "big")  # GNU's base-256 form
    fields = name + b"0000644\0" + b"0000000\0" * 2 + size + b"00000000000\0"
    rest = b"0".ljust(101, b"\0") + b"ustar\x0000"
    header = (fields + b" " * 8 + rest).ljust(512, b"\0")
    checksum = b"%06o\0 " % sum(header)
    return header[:148] + checksum + header[156:] + b"N.".ljust(512, b"\0")

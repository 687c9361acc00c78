"""ELF files of every word size and byte order are read, and damaged ones are malformed and nothing worse."""

from __future__ import annotations

import importlib.util
import struct
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.elf import Linked, read_elf
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.source import Source, open_source

STRINGS = b"\0libc.so.6\0$ORIGIN/../lib:/opt/lib\0rel:/tmp\0"
BASE = 0x400000


def elf(order: str, *, is_wide: bool, runpath: bool = True) -> bytes:
    """A program with an interpreter, one library, an RPATH and perhaps a RUNPATH (System V ABI, chapters 4 and 5)."""
    header, entry = (64, 56) if is_wide else (52, 32)
    interpreter = b"/lib/ld.so\0"
    start = header + 3 * entry
    texts = start + len(interpreter)
    dynamic = texts + len(STRINGS)
    needed, first, second = (STRINGS.index(text) for text in (b"libc", b"$ORIGIN", b"rel"))
    tags = [(5, BASE + texts), (1, needed), (15, first), *([(29, second)] if runpath else []), (0, 0), (1, 999)]
    table = b"".join(struct.pack(order + ("qQ" if is_wide else "iI"), *each) for each in tags)
    size = dynamic + len(table)

    def segment(kind: int, offset: int, length: int) -> bytes:
        if is_wide:
            return struct.pack(order + "IIQQQQQQ", kind, 4, offset, BASE + offset, 0, length, length, 1)
        return struct.pack(order + "IIIIIIII", kind, offset, BASE + offset, 0, length, length, 4, 1)

    ident = b"\x7fELF" + bytes([1 + is_wide, 1 + (order == ">"), 1]) + bytes(9)
    word = "Q" if is_wide else "I"
    rest = struct.pack(order + f"HHI{word}{word}{word}IHHHHHH", 2, 62, 1, 0, header, 0, 0, header, entry, 3, 0, 0, 0)
    segments = segment(1, 0, size) + segment(3, start, len(interpreter)) + segment(2, dynamic, len(table))
    return ident + rest + segments + interpreter + STRINGS + table


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_wide", [False, True])
def test_reads_what_the_loader_is_told(order: str, *, is_wide: bool) -> None:
    assert read_elf(Source.from_bytes(elf(order, is_wide=is_wide))) == Linked(
        interpreter="/lib/ld.so",
        needed=("libc.so.6",),
        rpath=("$ORIGIN/../lib", "/opt/lib"),
        runpath=("rel", "/tmp"),  # noqa: S108  # a text
    )


def test_a_program_without_a_runpath_has_none() -> None:
    assert read_elf(Source.from_bytes(elf("<", is_wide=True, runpath=False))).runpath == ()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_wide", [False, True])
def test_what_is_cut_anywhere_is_read_or_malformed(order: str, *, is_wide: bool) -> None:
    whole = elf(order, is_wide=is_wide)
    malformed = 0
    for length in range(len(whole)):
        try:
            read_elf(Source.from_bytes(whole[:length]))
        except MalformedError:
            malformed += 1
    assert malformed > len(whole) // 2


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_are_read_or_malformed(noise: bytes, at: int) -> None:
    whole = elf("<", is_wide=True)
    for data in (b"\x7fELF\x02\x01" + noise, whole[:at] + noise + whole[at + len(noise) :]):
        with suppress(MalformedError):
            assert isinstance(read_elf(Source.from_bytes(data)), Linked)


def test_no_elf_is_malformed() -> None:
    for data in (b"", b"\x7fELF", b"MZ" + bytes(100), b"\x7fELF\x03\x01" + bytes(100)):
        with pytest.raises(MalformedError, match="no header of ELF"):
            read_elf(Source.from_bytes(data))


@pytest.mark.skipif(sys.platform != "linux", reason="programs are ELF files on Linux")
def test_reads_the_interpreter_and_the_libraries_of_real_files() -> None:
    with open_source(Path(sys.executable).resolve()) as source:
        assert "ld-" in read_elf(source).interpreter
    found = importlib.util.find_spec("_cffi_backend") or importlib.util.find_spec("msgspec._core")
    if found is None or found.origin is None or not found.origin.endswith(".so"):
        pytest.skip("no extension module to read")
    with open_source(Path(found.origin)) as source:
        linked = read_elf(source)
    assert linked.interpreter == ""
    assert any(name.startswith("libc.so") for name in linked.needed)

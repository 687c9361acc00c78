"""7z archives: written by the tests' own writer after 7zFormat.txt, read whole, broken and hostile."""

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.seven_zip import METHODS, archive, files, number, streams, written
from telamon.kits.formats.budget import Budget, Limits
from telamon.kits.formats.containers import open_parts
from telamon.kits.formats.identify import identify
from telamon.kits.formats.kinds import Kind
from telamon.kits.formats.parts import Part
from telamon.kits.formats.source import Source

FILES = {"a.txt": b"hello " * 100, "d/b.bin": bytes(range(256)) * 3}
MEBIBYTE = 1024 * 1024


def read(data: bytes, limits: Limits | None = None) -> tuple[dict[str, bytes], list[str]]:
    """The contents by name, and what was noted."""
    contents, noted = {}, []
    for met in open_parts(Source.from_bytes(data), Kind.SEVEN_ZIP, Budget(len(data), limits)):
        if isinstance(met, Part):
            contents[met.path[-1]] = met.source.read(0, met.source.size)
        else:
            noted.append(met.code.value)
    return contents, noted


@pytest.mark.parametrize("method", METHODS)
def test_contents_are_read_by_every_method(method: str) -> None:
    data = written(FILES, method)
    assert identify(Source.from_bytes(data)) is Kind.SEVEN_ZIP
    assert read(data) == (FILES, [])


def test_a_packed_header_is_unpacked() -> None:
    folder, pack = METHODS["lzma2"]
    whole = b"".join(FILES.values())
    packed = pack(whole)
    sizes = [len(content) for content in FILES.values()]
    header = b"\x01\x04" + streams(folder, packed, whole, sizes) + files(list(FILES)) + b"\x00"
    again = b"\x17" + streams(folder, pack(header), header).replace(number(0), number(len(packed)), 1)
    assert read(archive(packed + pack(header), again)) == (FILES, [])


def test_files_without_content_are_empty_and_folders_are_none() -> None:
    marks = b"\x0e" + number(1) + b"\xc0" + b"\x0f" + number(1) + b"\x80"  # both are empty, the first is a file
    assert read(archive(b"", b"\x01" + files(["empty", "folder"], marks) + b"\x00")) == ({"empty": b""}, [])


def test_an_archive_of_nothing_has_nothing() -> None:
    assert read(archive(b"", b"")) == ({}, [])


def test_a_link_that_leads_outside_is_noted() -> None:
    whole = b"/etc/passwd"
    attributes = b"\x15" + number(6) + b"\x01\x00" + struct.pack("<I", 0o120777 << 16 | 0x8000)
    header = b"\x01\x04" + streams(METHODS["copy"][0], whole, whole) + files(["x"], attributes) + b"\x00"
    assert read(archive(whole, header))[1] == ["tar-link", "tar-link-outside"]


@pytest.mark.parametrize(
    ("folder", "code"),
    [
        (b"\x01\x24\x06\xf1\x07\x01\x02\x00\x00", "7z-encrypted"),
        (b"\x01\x03\x03\x04\x01", "7z-method-unsupported"),  # PPMd
        (b"\x01\x14\x03\x03\x01\x1b\x01\x01", "7z-method-unsupported"),  # BCJ2
        (b"\x01\x02\x77\x77", "7z-method-unsupported"),
        (b"\x01\x21\x21\x01\x28", "stream-window"),  # a dictionary of 4 GiB
        (b"\x01\x21\x21\x01\x29", "stream-corrupt"),  # a dictionary that there is not
        (b"\x01\x03\x04\x02\x02", "stream-corrupt"),
    ],
)
def test_what_cannot_be_unpacked_is_noted(folder: bytes, code: str) -> None:
    header = b"\x01\x04" + streams(folder, b"packed", b"unpacked") + files(["x"]) + b"\x00"
    assert read(archive(b"packed", header)) == ({"x": b""}, [code])


def test_what_is_damaged_is_noted() -> None:
    data = written(FILES, "copy")
    assert read(data.replace(b"hello", b"jello", 1))[1] == []  # the checksum is that of the folder, not of a content
    one = written({"x": b"content"}, "copy")
    assert read(one.replace(b"content", b"CONTENT", 1)) == ({"x": b"CONTENT"}, ["7z-crc-wrong"])
    assert read(data[:-1])[1] == ["7z-header"]
    assert read(data[:20])[1] == ["7z-header"]
    assert read(archive(b"", b"\x01\x00", crc=1))[1] == ["7z-header"]


def test_bytes_of_nobody_are_noted_with_their_place() -> None:
    data = written(FILES)
    noted = [
        met
        for met in open_parts(Source.from_bytes(data + b"more"), Kind.SEVEN_ZIP, Budget(1))
        if not isinstance(met, Part)
    ]
    assert [(met.code.value, met.offset) for met in noted] == [("7z-trailing-data", len(data))]


def test_what_unpacks_to_far_more_is_stopped() -> None:
    data = written({"zeros": bytes(64 * MEBIBYTE)})
    assert len(data) < MEBIBYTE
    assert read(data, Limits(unpacked_bytes=MEBIBYTE)) == ({}, ["budget-unpacked-bytes"])


def test_counts_beyond_the_header_are_refused() -> None:
    header = b"\x01\x05" + number(1 << 40) + b"\x00\x00"
    assert read(archive(b"", header)) == ({}, ["7z-header"])


@given(
    st.dictionaries(st.text("abc", min_size=1), st.binary(min_size=1), min_size=1, max_size=5),
    st.sampled_from(sorted(METHODS)),
)
def test_whatever_is_written_is_read(contents: dict[str, bytes], method: str) -> None:
    assert read(written(contents, method)) == (contents, [])


@given(st.data())
def test_no_header_breaks_the_reader(data: st.DataObject) -> None:
    whole = bytearray(written(FILES, data.draw(st.sampled_from(sorted(METHODS)))))
    header = whole[32 + struct.unpack("<Q", whole[12:20])[0] :]
    for _ in range(data.draw(st.integers(1, 4))):
        header[data.draw(st.integers(0, len(header) - 1))] = data.draw(st.integers(0, 255))
    packed = bytes(whole[32 : len(whole) - len(header)])
    contents, noted = read(archive(packed, bytes(header)))
    assert isinstance(contents, dict)
    assert all(isinstance(code, str) for code in noted)


def test_fillings_may_stand_anywhere_and_often() -> None:
    filling = b"\x19" + number(3) + bytes(3)
    marks = filling + b"\x0e" + number(1) + b"\x80" + filling + b"\x0f" + number(1) + b"\x80" + filling
    assert read(archive(b"", b"\x01" + files(["empty"], marks) + b"\x00")) == ({"empty": b""}, [])


def test_no_part_stands_twice_so_that_a_header_costs_what_it_is_long() -> None:
    marks = (b"\x0f" + number(0)) * 100_000
    names = [f"{index}" for index in range(1000)]
    begin = time.process_time()
    contents, noted = read(archive(b"", b"\x01" + files(names, marks) + b"\x00"))
    assert (contents, noted, time.process_time() - begin < 2) == ({}, ["7z-header"], True)

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import SimpleNamespace

LENGTHS = range(1, 61)
GOOD, EVIL = b"good", b"evil!"
GOOD_SIZES, EVIL_SIZES = (4, 4), (5, 5)


def _end64(count: int, size: int, offset: int) -> bytes:
    return struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)


def _locator(offset: int) -> bytes:
    return struct.pack("<4sLQL", b"PK\6\7", 0, offset, 1)


def _both_ends(zips: SimpleNamespace, body: bytes, *entries: bytes) -> bytes:
    """Both kinds of end record with the same numbers, as torch's writer makes them, however small the archive."""
    directory = b"".join(entries)
    numbers = (len(entries), len(directory), len(body))
    end: bytes = zips.end(*numbers)
    return body + directory + _end64(*numbers) + _locator(len(body) + len(directory)) + end


def _torch_zip(zips: SimpleNamespace, contents: dict[bytes, bytes]) -> bytes:
    """Stored members whose contents begin at multiples of 64, by padding in the extra field (inline_container.cc)."""
    body, entries = b"", []
    for name, content in contents.items():
        offset, crc = len(body), zlib.crc32(content)
        padding = -(offset + 30 + len(name) + 4) % 64
        extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        body += zips.local(name, content, crc=crc, extra=extra)
        entries.append(zips.entry(name, (len(content), len(content)), crc=crc, offset=offset))
    return _both_ends(zips, body, *entries)


@pytest.mark.parametrize("length", LENGTHS)
def test_nothing_is_said_of_an_archive_with_both_end_records_whatever_its_name(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace, length: int
) -> None:
    """A first entry of 76 bytes ends where the length before the plain record leads, past the zip64 one."""
    stem = b"n" * length
    contents = {stem + b"/data.pkl": b"\x80\x02N.", stem + b"/data/0": b"", stem + b"/version": b"3\n"}
    result = opened(_torch_zip(zips, contents))
    assert result.contents == [((name.decode(),), content) for name, content in contents.items()]
    assert result.codes == []


@pytest.mark.parametrize("length", LENGTHS)
def test_nothing_is_said_of_what_torch_saves_whatever_its_name(
    opened: Callable[..., SimpleNamespace], tmp_path: Path, length: int
) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / ("n" * length)
    torch.save({"weight": torch.ones(2), "empty": torch.ones(0)}, path)
    assert set(opened(path.read_bytes()).codes) <= {"zip-data-descriptor"}


@pytest.mark.parametrize("length", LENGTHS)
def test_nothing_is_said_of_what_python_writes_with_zip64_records_whatever_the_name(
    opened: Callable[..., SimpleNamespace], monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("n" * length, "second"):
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(b"content")
    assert b"PK\6\6" in file.getvalue()
    result = opened(file.getvalue())
    assert (result.contents, result.codes) == ([(("n" * length,), b"content"), (("second",), b"content")], [])


@pytest.mark.parametrize("length", LENGTHS)
def test_nothing_is_said_of_what_info_zip_writes_with_zip64_records_whatever_the_name(
    opened: Callable[..., SimpleNamespace], tmp_path: Path, length: int
) -> None:
    writer = shutil.which("zip")
    if writer is None:
        pytest.skip("Info-ZIP is not installed")
    names = ["n" * length, "second"]
    for name in names:
        (tmp_path / name).write_bytes(b"content")
    command = [writer, "-q", "-0", "-X", "-fz", "archive.zip", *names]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=30)  # noqa: S603 - a fixed command on our own files
    data = (tmp_path / "archive.zip").read_bytes()
    assert b"PK\6\6" in data
    result = opened(data)
    assert (result.contents, result.codes) == ([((name,), b"content") for name in names], [])


def test_a_prefix_before_both_end_records_is_all_that_is_said(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    contents = {b"n" * 30: GOOD, b"second": GOOD}
    assert opened(b"#!prefix" + _torch_zip(zips, contents)).codes == ["zip-prepended-data"]


def test_the_rest_of_a_directory_counts_where_its_shifted_offsets_lead_to_members(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    """Rust's `zip` crate goes by the length before the plain record and shifts the offsets likewise."""
    hidden = zips.local(b"s", EVIL)
    first = zips.local(b"n" * 30, GOOD)
    second = zips.local(b"s", b"\0" * (76 - 31) + hidden)
    size = len(second) - 31
    entries = (
        zips.entry(b"n" * 30, GOOD_SIZES),
        zips.entry(b"s", (size, size), offset=len(first)),
    )
    result = opened(_both_ends(zips, first + second, *entries))
    assert "zip-several-directories" in result.codes
    assert (("s",), EVIL) in [(path, content[: len(EVIL)]) for path, content in result.contents]


@pytest.mark.parametrize("length", [29, 31])
def test_a_directory_within_another_counts_where_it_begins_between_its_entries(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace, length: int
) -> None:
    first, evil = zips.local(b"n" * length, GOOD), zips.local(b"e", EVIL)
    inner = zips.entry(b"e", EVIL_SIZES, offset=len(first))
    # The comment of the only entry holds another one, 76 bytes behind the first.
    outer = bytearray(zips.entry(b"n" * length, GOOD_SIZES) + b"\0" * (30 - length) + inner)
    struct.pack_into("<H", outer, 32, len(outer) - 46 - length)
    if length > 30:
        outer = bytearray(zips.entry(b"n" * length, GOOD_SIZES)[:76] + inner + b"\0")
        struct.pack_into("<2H", outer, 28, length + len(inner), 0)
    result = opened(_both_ends(zips, first + evil, bytes(outer)))
    assert "zip-several-directories" in result.codes
    assert (("e",), EVIL) in result.contents


def test_the_rest_of_a_directory_counts_where_the_end_records_differ(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    body = zips.local(b"n" * 30, GOOD) + zips.local(b"s", GOOD)
    entries = (zips.entry(b"n" * 30, GOOD_SIZES), zips.entry(b"s", GOOD_SIZES, offset=64))
    size = len(entries[0]) + len(entries[1])
    ends = _end64(2, size, len(body)) + _locator(len(body) + size) + zips.end(1, size, len(body) + 76)
    assert "zip-several-directories" in opened(body + b"".join(entries) + ends).codes


def test_gives_the_members_of_a_directory_that_ends_before_the_records_whose_zip64_one_stands_elsewhere(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    """Where miniz looks in files that it opens: 76 bytes before the plain record, less the length in the other."""
    evil = zips.local(b"e", EVIL)
    entry = zips.entry(b"e", EVIL_SIZES, offset=56)
    named = _end64(1, len(entry), 1)
    data = named + evil + entry + b"\0" * 56 + _locator(0) + zips.end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    result = opened(data)
    assert [part.reading.value for part in result.parts] == ["listed"]
    assert result.contents == [(("e",), EVIL)]


def test_gives_what_only_a_local_header_shows_between_a_zip64_record_and_its_locator(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    listed, hidden = zips.local(b"g", GOOD), zips.local(b"e", EVIL)
    entry = zips.entry(b"g", GOOD_SIZES, offset=56)
    directory_at = 56 + len(listed) + len(hidden)
    named = _end64(1, len(entry), directory_at)
    end = zips.end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    result = opened(named + listed + hidden + entry + _locator(0) + end)
    assert (("e",), EVIL) in result.contents
    assert "zip-unlisted-member" in result.codes

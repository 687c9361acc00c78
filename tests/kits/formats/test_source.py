from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats import source as source_module
from telamon.kits.formats.source import (
    COPY_LIMIT_BYTES,
    Extent,
    NoSpaceError,
    NotRegularFileError,
    Source,
    SourceChangedError,
    SourceError,
    open_source,
    spool,
)

if TYPE_CHECKING:
    from pathlib import Path


@given(st.binary(max_size=64), st.integers(-5, 70), st.integers(-5, 70))
def test_reads_what_slicing_a_stretch_gives(data: bytes, offset: int, length: int) -> None:
    source = Source.from_bytes(b"before" + data + b"after").sub(6, len(data))
    expected = data[offset : offset + length] if offset >= 0 and length > 0 else b""
    assert source.read(offset, length) == expected


@given(st.binary(max_size=64), st.integers(0, 70), st.integers(0, 70), st.integers(0, 70))
def test_a_stretch_of_a_stretch_is_a_slice_of_a_slice(data: bytes, first: int, second: int, length: int) -> None:
    part = Source.from_bytes(data).sub(first, 50).sub(second, length)
    assert bytes(part.buffer[part.start : part.end]) == data[first:][:50][second:][:length]


@given(st.binary(max_size=64), st.binary(min_size=1, max_size=3), st.integers(0, 64), st.integers(0, 64))
def test_finds_what_bytes_find_finds(data: bytes, needle: bytes, start: int, end: int) -> None:
    assert Source.from_bytes(data).find(needle, start, end) == data.find(needle, start, end)


def test_finds_a_needle_across_the_chunks_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "READ_CHUNK_BYTES", 8)
    path = tmp_path / "f"
    path.write_bytes(b"." * 30 + b"needle" + b"." * 30)
    with open_source(path) as source:
        assert [source.find(b"needle", n) for n in range(32)] == [30] * 31 + [-1]


def test_a_small_file_is_a_private_copy(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"content")
    with open_source(path) as source:
        buffer = source.buffer
        path.write_bytes(b"changed")
        assert buffer[source.start : source.end] == b"content"


def test_a_large_file_is_mapped_and_its_parts_share_the_mapping(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with path.open("wb") as file:
        file.truncate(3 * COPY_LIMIT_BYTES)
        file.seek(2 * COPY_LIMIT_BYTES)
        file.write(b"here")
    with open_source(path) as source:
        part = source.sub(COPY_LIMIT_BYTES, 2 * COPY_LIMIT_BYTES)
        assert part.buffer is source.buffer
        assert part.buffer[part.start + COPY_LIMIT_BYTES : part.start + COPY_LIMIT_BYTES + 4] == b"here"
        part.discard(part.size)
        assert part.read(COPY_LIMIT_BYTES, 4) == b"here"
        assert part.buffer[2 * COPY_LIMIT_BYTES : 2 * COPY_LIMIT_BYTES + 4] == b"here"


def test_an_empty_file_is_an_empty_source(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with open_source(tmp_path / "f") as source:
        assert (source.size, source.read(0, 10), source.buffer[source.start : source.end]) == (0, b"", b"")


def test_a_file_that_states_no_size_is_read() -> None:
    with open_source("/proc/self/cmdline") as source:
        assert source.size > 0


def test_skips_the_holes_of_a_sparse_file_of_100_gb(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    size = 100 * 10**9
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(50 * 10**9)
        file.write(b"needle")
    with open_source(path) as source:
        extents = list(source.extents())
        if extents == [Extent(start=0, end=size)]:
            pytest.skip("the file system does not report holes")
        assert sum(e.end - e.start for e in extents) < 1024**2
        assert source.find(b"needle") == 50 * 10**9
        assert source.sub(10**9, size).find(b"needle") == 49 * 10**9


def test_a_file_that_shrinks_is_an_error_and_no_signal(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 100)
    with open_source(path) as source:
        os.truncate(path, 10)
        with pytest.raises(SourceChangedError, match="ended at byte 10 of 100"):
            source.read(0, 100)
        with pytest.raises(SourceChangedError):
            source.check_unchanged()


def test_a_private_copy_survives_truncation(tmp_path: Path) -> None:
    path = tmp_path / "f"
    content = os.urandom(COPY_LIMIT_BYTES + 1)
    path.write_bytes(content)
    with open_source(path, private=True) as source:
        os.truncate(path, 0)
        assert source.buffer[source.start : source.end] == content
        source.check_unchanged()


def test_refuses_a_fifo_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    with pytest.raises(NotRegularFileError, match="is a fifo") as caught:
        open_source(tmp_path / "p")
    assert caught.value.file_kind == "fifo"


def test_refuses_a_directory(tmp_path: Path) -> None:
    with pytest.raises(NotRegularFileError, match="is a directory"):
        open_source(tmp_path)


def test_refuses_a_device() -> None:
    with pytest.raises(NotRegularFileError, match="is a character device"):
        open_source("/dev/zero")


def test_refuses_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's address has room for 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        with pytest.raises(NotRegularFileError, match="is a socket"):
            open_source("s")


def test_follows_a_link_only_when_told_to(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"content")
    (tmp_path / "l").symlink_to("f")
    with pytest.raises(NotRegularFileError, match="is a symbolic link"):
        open_source(tmp_path / "l")
    with open_source(tmp_path / "l", follow_links=True) as source:
        assert source.read(0, 7) == b"content"


def test_a_loop_of_links_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "l").symlink_to("l")
    with pytest.raises(SourceError, match="cannot open"):
        open_source(tmp_path / "l", follow_links=True)


@pytest.mark.parametrize("name", ["missing", "a\0b", "x" * 5000])
def test_a_path_that_cannot_be_opened_is_a_typed_error_on_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(f"{tmp_path}/{name}")
    assert str(caught.value).isprintable()


def test_a_name_with_control_characters_is_escaped_in_the_message() -> None:
    with pytest.raises(SourceError, match=r"a\\x1b\[2J"):
        open_source("/missing/a\x1b[2J")


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_spools_any_chunks_to_their_concatenation(chunks: list[bytes]) -> None:
    with spool(chunks) as source:
        assert source.read(0, source.size) == b"".join(chunks)


def test_spools_large_streams_to_a_private_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "COPY_LIMIT_BYTES", 10)
    with spool([b"12345678", b"90abcdef", b"ghi"]) as source:
        descriptor = source._backing.descriptor
        status = os.fstat(descriptor)
        assert source.read(0, 100) == b"1234567890abcdefghi"
        assert (status.st_nlink, stat.S_IMODE(status.st_mode)) == (0, 0o600)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_no_room_for_a_spooled_stream_is_a_typed_error() -> None:
    # RLIMIT_FSIZE in a child stands for a full disk; the signal that comes with it is ignored as Python does.
    program = (
        "import resource, signal\n"
        "from telamon.kits.formats.source import NoSpaceError, spool\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))\n"
        "try:\n"
        "    spool(bytes(1_000_000) for _ in range(20))\n"
        "except NoSpaceError as error:\n"
        "    print(error.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - own program
    assert done.stdout == f"{NoSpaceError.code}\n"


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    source = open_source(tmp_path / "f")
    source.close()
    source.close()

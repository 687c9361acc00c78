"""The second place: appends, survives torn writes, and never mistakes something else for checkpoints."""

from __future__ import annotations

import os
import resource
import signal
import stat
from typing import TYPE_CHECKING

import pytest

from telamon.kits.crypto.note_keys import SignerKey
from telamon.ledger import second_place
from telamon.ledger.checkpoint import Checkpoint, sign_checkpoint
from telamon.ledger.errors import SecondPlaceError
from telamon.ledger.second_place import FilePlace, FolderPlace, open_second_place

if TYPE_CHECKING:
    from pathlib import Path

SIGNER = SignerKey(name="example.com/ledger", seed=bytes(range(32)))


def checkpoint(size: int, root: bytes = bytes(32)) -> Checkpoint:
    return sign_checkpoint(size=size, root=root, signer=SIGNER)


@pytest.fixture
def file(tmp_path: Path) -> FilePlace:
    return FilePlace(tmp_path / "checkpoints")


@pytest.fixture
def folder(tmp_path: Path) -> FolderPlace:
    return FolderPlace(tmp_path)


def test_picks_a_folder_where_there_is_one(tmp_path: Path) -> None:
    assert isinstance(open_second_place(tmp_path), FolderPlace)
    assert isinstance(open_second_place(tmp_path / "file"), FilePlace)


def test_a_file_keeps_checkpoints_in_order(file: FilePlace) -> None:
    assert file.read() == []
    for size in (1, 7, 300):
        file.write(checkpoint(size), is_first=True)
    assert file.read() == [checkpoint(1), checkpoint(7), checkpoint(300)]
    assert file.path.read_text() == "".join(f"{checkpoint(size).note}\n" for size in (1, 7, 300))
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_torn_write_is_left_out_and_cut_off_by_the_next(file: FilePlace) -> None:
    record = f"{checkpoint(2).note}\n".encode()
    for length in range(1, len(record)):
        file.path.write_bytes(f"{checkpoint(1).note}\n".encode() + record[:length])
        assert file.read() == [checkpoint(1)]
        file.write(checkpoint(3), is_first=True)
        assert file.read() == [checkpoint(1), checkpoint(3)]


def test_a_torn_first_write_is_cut_off(file: FilePlace) -> None:
    record = f"{checkpoint(2).note}\n".encode()
    for length in range(len(record)):
        file.path.write_bytes(record[:length])
        assert file.read() == []
        file.write(checkpoint(3), is_first=True)
        assert file.read() == [checkpoint(3)]


def test_a_file_that_holds_something_else_is_refused(file: FilePlace) -> None:
    damaged = f"{checkpoint(1).note}\n{checkpoint(2).note}\n".replace("\n2\n", "\nx\n")
    file.path.write_text(damaged)
    with pytest.raises(SecondPlaceError, match="found something else"):
        file.read()
    file.path.write_bytes(b"somebody's thesis " * 10_000)
    with pytest.raises(SecondPlaceError, match="found something else"):
        file.write(checkpoint(1), is_first=True)
    assert file.path.stat().st_size == 180_000


def test_a_short_file_that_holds_something_else_is_left_alone(file: FilePlace) -> None:
    for content in (b"shopping list\n", f"{checkpoint(1).note}\nshopping list".encode(), b"example.com/other\n3\n"):
        file.path.write_bytes(content)
        with pytest.raises(SecondPlaceError, match="found something else"):
            file.write(checkpoint(2), is_first=True)
        assert file.path.read_bytes() == content


def test_a_torn_write_that_the_file_system_padded_is_cut_off(file: FilePlace) -> None:
    file.path.write_bytes(f"{checkpoint(1).note}\nexample".encode() + bytes(100))
    file.write(checkpoint(2), is_first=True)
    assert file.read() == [checkpoint(1), checkpoint(2)]


def test_only_the_end_of_a_long_file_is_read_to_append(file: FilePlace) -> None:
    file.path.write_text(f"{checkpoint(1).note}\n" * 1000)
    file.write(checkpoint(2), is_first=True)
    assert len(file.read()) == 1001


def test_a_file_that_is_too_large_is_not_read(file: FilePlace) -> None:
    with file.path.open("wb") as sparse:
        sparse.truncate(second_place.MAX_FILE_BYTES + 1)
    with pytest.raises(SecondPlaceError, match="another kind of file"):
        file.read()


def test_a_fifo_is_refused_and_not_waited_for(file: FilePlace) -> None:
    os.mkfifo(file.path)
    with pytest.raises(SecondPlaceError, match="another kind"):
        file.read()
    with pytest.raises(SecondPlaceError, match="another kind"):
        file.write(checkpoint(1), is_first=True)


def test_says_what_the_system_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below_a_file = FilePlace(tmp_path / "file" / "x")
    with pytest.raises(SecondPlaceError, match=r"expected to read .* Not a directory"):
        below_a_file.read()
    with pytest.raises(SecondPlaceError, match=r"expected to write .* Not a directory"):
        below_a_file.write(checkpoint(1), is_first=True)
    missing = FolderPlace(tmp_path / "missing")
    with pytest.raises(SecondPlaceError, match=r"expected to read .* No such file"):
        missing.read()
    with pytest.raises(SecondPlaceError, match=r"expected to write .* No such file"):
        missing.write(checkpoint(1), is_first=True)
    with pytest.raises(SecondPlaceError, match=r"expected to write .* Not a directory"):
        FolderPlace(tmp_path / "file").write(checkpoint(1), is_first=True)
    (tmp_path / "0000000000000000001.checkpoint").mkdir()
    with pytest.raises(SecondPlaceError, match=r"expected to write .* Is a directory"):
        FolderPlace(tmp_path).write(checkpoint(1), is_first=True)


def test_a_full_disk_leaves_no_half_record(file: FilePlace) -> None:
    file.write(checkpoint(1), is_first=True)
    before = file.path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
    try:
        with pytest.raises(SecondPlaceError, match="the disk is full"):
            file.write(checkpoint(2), is_first=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert file.path.read_bytes() == before


def test_a_folder_keeps_one_file_per_size(folder: FolderPlace) -> None:
    (folder.path / "README").touch()
    for size in (300, 7):
        folder.write(checkpoint(size), is_first=True)
    folder.write(checkpoint(7), is_first=True)
    assert folder.read() == [checkpoint(7), checkpoint(300)]
    names = sorted(file.name for file in folder.path.iterdir())
    assert names == ["0000000000000000007.checkpoint", "0000000000000000300.checkpoint", "README"]


def test_a_folder_does_not_take_a_second_history(folder: FolderPlace) -> None:
    folder.write(checkpoint(7), is_first=True)
    with pytest.raises(SecondPlaceError, match=r"checkpoint of this ledger in .*, found another"):
        folder.write(checkpoint(7, b"\x01" * 32), is_first=True)
    assert folder.read() == [checkpoint(7)]


def test_a_damaged_file_in_a_folder_is_refused(folder: FolderPlace) -> None:
    (folder.path / "0000000000000000007.checkpoint").write_bytes(b"\xff")
    with pytest.raises(SecondPlaceError, match="found something else"):
        folder.read()

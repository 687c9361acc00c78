"""Files appear whole or not at all."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from telamon.kits.storage.files import FileExistsAlreadyError, FileWriteError, create_file, staged

if TYPE_CHECKING:
    from pathlib import Path


def test_creates_a_file_with_the_mode_asked_for(tmp_path: Path) -> None:
    create_file(tmp_path / "a", b"content", mode=0o640)
    assert (tmp_path / "a").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_leaves_an_existing_file_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(FileExistsAlreadyError):
        create_file(tmp_path / "a", b"new")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a", b"old")]


def test_leaves_a_broken_link_alone(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("nowhere")
    with pytest.raises(FileExistsAlreadyError):
        create_file(tmp_path / "a", b"new")
    assert not (tmp_path / "nowhere").exists()


def test_leaves_nothing_behind_when_writing_fails(tmp_path: Path) -> None:
    def write_half() -> None:
        with staged(tmp_path / "a") as temporary:
            temporary.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_says_why_a_folder_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(FileWriteError, match="No such file or directory"):
        create_file(tmp_path / "missing" / "a", b"")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileWriteError, match="Not a directory"):
        create_file(tmp_path / "file" / "a", b"")

"""Files appear whole or not at all."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from telamon.kits.storage.files import FileExistsAlreadyError, FileWriteError, create_file, replace_file, staged

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


def test_replaces_a_file_and_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old and longer")
    (tmp_path / "a").chmod(0o640)
    replace_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_file_that_is_new_has_what_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "a", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_link_is_replaced_and_what_it_leads_to_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"old")
    (tmp_path / "a").symlink_to("other")
    replace_file(tmp_path / "a", b"new")
    assert (tmp_path / "other").read_bytes() == b"old"
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_link_that_was_planted_under_the_temporary_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "victim").write_bytes(b"old")
    monkeypatch.setattr("telamon.kits.storage.files.os.urandom", bytes)
    (tmp_path / f".telamon-{bytes(16).hex()}").symlink_to("victim")
    with pytest.raises(FileWriteError, match="File exists") as caught:
        replace_file(tmp_path / "a", b"new")
    assert caught.value.reason == "File exists"
    assert (tmp_path / "victim").read_bytes() == b"old"
    assert not (tmp_path / "a").exists()


def test_replaces_a_file_with_the_longest_name(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 255)
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"


def test_leaves_what_was_there_where_it_cannot_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(FileWriteError, match="Is a directory"):
        replace_file(tmp_path / "a", b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["a"]

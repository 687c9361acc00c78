"""Key files: private from the first byte on, never replaced, refused when others can read them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from telamon.kits.crypto.key_files import KeyFileError, read_signer_key, read_verifier_key, write_signer_key
from telamon.kits.crypto.note_keys import NoteKeyError, SignerKey
from telamon.kits.storage.files import FileExistsAlreadyError, FileWriteError

if TYPE_CHECKING:
    from pathlib import Path

SIGNER = SignerKey(name="example.com/ledger", seed=bytes(range(32)))


def test_writes_a_private_file_that_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    before = os.umask(0)
    try:
        write_signer_key(path, SIGNER)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_signer_key(path) == SIGNER
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.key"]


def test_makes_the_folder_that_is_missing_for_its_owner_only(tmp_path: Path) -> None:
    write_signer_key(tmp_path / "a" / "b" / "ledger.key", SIGNER)
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    assert read_signer_key(tmp_path / "a" / "b" / "ledger.key") == SIGNER


def test_says_why_it_cannot_make_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileWriteError, match=r"expected to write .*Not a directory"):
        write_signer_key(tmp_path / "file" / "below" / "ledger.key", SIGNER)


@pytest.mark.parametrize("text", [str(SIGNER.verifier), SIGNER.to_text()])
def test_reads_a_verifier_key_out_of_either_half(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(f"{text}\n")
    path.chmod(0o644)  # the public half is no secret
    assert read_verifier_key(path) == SIGNER.verifier


def test_never_replaces_a_key(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    path.write_text("precious")
    with pytest.raises(FileExistsAlreadyError, match="expected no file at"):
        write_signer_key(path, SIGNER)
    assert path.read_text() == "precious"


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o601, 0o660, 0o644])
def test_refuses_a_file_that_others_can_reach(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "ledger.key"
    write_signer_key(path, SIGNER)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=f"expected mode 0600 .*, found {mode:04o}") as caught:
        read_signer_key(path)
    assert "chmod 600" in caught.value.hint


def test_reads_through_a_link_to_a_private_file(tmp_path: Path) -> None:
    write_signer_key(tmp_path / "data", SIGNER)
    (tmp_path / "ledger.key").symlink_to("data")
    assert read_signer_key(tmp_path / "ledger.key") == SIGNER


def test_refuses_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file") as caught:
        read_signer_key(tmp_path / "nothing here")
    assert caught.value.hint == f"`telamon ledger keygen '{tmp_path}/nothing here'` makes one"
    with pytest.raises(KeyFileError, match=r"Is a directory|regular file"):
        read_signer_key(tmp_path)


def test_does_not_hang_on_a_fifo(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyFileError, match="regular file"):
        read_signer_key(path)


@pytest.mark.parametrize("content", [b"x" * 5000, "clé".encode()])
def test_refuses_files_that_hold_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="expected one key"):
        read_signer_key(path)


def test_refuses_a_text_that_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    path.write_text("PRIVATE+KEY+a+00000000+AAAA\n")
    path.chmod(0o600)
    with pytest.raises(NoteKeyError):
        read_signer_key(path)

"""Files that are no ordinary files, names that are no ordinary names: recorded, and the others still reported."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telamon.core.records import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R."
CLEAN = b"\x80\x04}\x8c\x01aK\x01s."


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder in which a hostile file and a clean one stand beside what a test adds."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "a-clean.pkl").write_bytes(CLEAN)
    (folder / "z-hostile.pkl").write_bytes(HOSTILE)
    return folder


@pytest.fixture
def verdicts(scan: Callable, models: Path) -> Callable[[], dict[str, str]]:
    """Scans the folder, sees that the two others were reported, and returns what was said of the rest by name."""

    def call() -> dict[str, str]:
        cost = scan(models)
        assert cost.code == 1
        assert cost.err == ""
        found = {entry["path"].removeprefix(f"{models}/"): entry["verdict"] for entry in cost.document["files"]}
        found |= {one["subject"].removeprefix(f"{models}/"): one["reason"] for one in cost.document["failures"]}
        assert found.pop("a-clean.pkl") == "clean"
        assert found.pop("z-hostile.pkl") == "malicious"
        assert cost.cpu_s < 2
        assert cost.peak_bytes < 200 * 2**20
        return found

    return call


def test_fifo_is_not_opened(verdicts: Callable, models: Path) -> None:
    os.mkfifo(models / "pipe.pkl")
    assert verdicts() == {"pipe.pkl": "not-understood"}


def test_socket_is_not_opened(verdicts: Callable, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(models)  # a socket's path has 108 bytes at most
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind("socket.pkl")
        assert verdicts() == {"socket.pkl": "not-understood"}


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero", "/dev/random", "/dev/full"])
def test_device_is_not_read(verdicts: Callable, models: Path, device: str) -> None:
    if not Path(device).is_char_device():
        pytest.skip(f"the system has no {device}")
    (models / "device.pkl").symlink_to(device)
    assert verdicts() == {"device.pkl": "not-understood"}


def test_dangling_link_is_a_recorded_failure(verdicts: Callable, models: Path) -> None:
    (models / "gone.pkl").symlink_to("nowhere")
    assert verdicts() == {"gone.pkl": os.strerror(errno.ENOENT)}


def test_link_to_itself_is_a_recorded_failure(verdicts: Callable, models: Path) -> None:
    (models / "self.pkl").symlink_to("self.pkl")
    assert verdicts() == {"self.pkl": os.strerror(errno.ELOOP)}


def test_links_that_lead_round_in_circles_end(verdicts: Callable, models: Path) -> None:
    (models / "b").mkdir()
    (models / "b" / "up").symlink_to("..")
    (models / "b" / "here").symlink_to(".")
    (models / "b" / "model.pkl").write_bytes(CLEAN)
    assert verdicts() == {"b/model.pkl": "clean"}


def test_link_to_a_file_is_checked_under_its_own_name(verdicts: Callable, models: Path, tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(HOSTILE)
    (models / "link.pkl").symlink_to(tmp_path / "blob")
    assert verdicts() == {"link.pkl": "malicious"}


def test_sparse_file_of_100_gb_costs_nothing(verdicts: Callable, models: Path) -> None:
    with (models / "sparse.pkl").open("wb") as file:
        file.truncate(100 * 10**9)
    assert set(verdicts()) == {"sparse.pkl"}


def test_sparse_file_of_100_gb_behind_a_pickle(verdicts: Callable, models: Path) -> None:
    with (models / "sparse.pkl").open("wb") as file:
        file.write(HOSTILE)
        file.truncate(100 * 10**9)
    assert verdicts() == {"sparse.pkl": "malicious"}


def test_pickle_that_claims_the_whole_of_a_sparse_file(verdicts: Callable, models: Path) -> None:
    size = 100 * 10**9
    with (models / "sparse.pkl").open("wb") as file:
        file.write(b"\x80\x04\x8e" + (size - 12).to_bytes(8, "little"))
        file.truncate(size - 1)
        file.seek(size - 1)
        file.write(b".")
    assert verdicts() == {"sparse.pkl": "clean"}


@pytest.mark.parametrize(
    "name",
    [
        b"new\nline.pkl",
        b'tab\tquote".pkl',
        b"\x1b[2Jescape.pkl",
        b"\xff\xfe-not-utf8.pkl",
        "\u202egpj.lkp".encode(),
        b"x" * 251 + b".pkl",
        b" ",
        b"-",
        b"--help",
        b"*",
        b"$(id)",
    ],
)
def test_names_of_any_kind_are_scanned(verdicts: Callable, models: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(models) + b"/" + name)).write_bytes(HOSTILE)
    (verdict,) = verdicts().values()
    assert verdict == "malicious"


def test_name_that_begins_like_an_option_can_be_checked(scan: Callable, tmp_path: Path) -> None:
    (tmp_path / "--help").write_bytes(HOSTILE)
    assert scan("--", "--help").code == 1


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EPERM, errno.ESTALE, errno.ENOENT])
def test_file_that_cannot_be_opened_is_not_understood(
    check_file: Callable, models: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_arguments: object, **_settings: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        patch.setattr("io.open", refuse)
        patch.setattr("builtins.open", refuse)
        checked = check_file(models / "a-clean.pkl")
    assert checked.outcome.verdict is Verdict.NOT_UNDERSTOOD
    assert os.strerror(number) in checked.outcome.reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read_is_not_understood(check_file: Callable, models: Path) -> None:
    (models / "a-clean.pkl").chmod(0)
    assert check_file(models / "a-clean.pkl").outcome.verdict is Verdict.NOT_UNDERSTOOD


def test_file_that_goes_away_is_not_understood(check_file: Callable, models: Path) -> None:
    assert check_file(models / "none.pkl").outcome.verdict is Verdict.NOT_UNDERSTOOD


def test_folder_deeper_than_the_limit_is_recorded(
    scan: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    for _ in range(250):
        Path("d").mkdir()
        os.chdir("d")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep" / "z.pkl").write_bytes(HOSTILE)
    cost = scan(tmp_path / "deep")
    assert cost.code == 1
    assert [failure["reason"] for failure in cost.document["failures"]] == ["more than 200 folders deep"]

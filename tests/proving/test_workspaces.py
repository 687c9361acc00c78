"""Folders of proofs: removed at the end, and swept after a run that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from telamon.proving.workspaces import OWNER, sweep, workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOLDER = """
import sys
from telamon.proving.workspaces import workspace
with workspace() as folder:
    (folder / "payload.pkl").touch()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this process and its children."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder(places: Path) -> Callable[[], tuple[subprocess.Popen[str], Path]]:
    """Starts a process that holds a workspace, and returns both."""

    def start() -> tuple[subprocess.Popen[str], Path]:
        process = subprocess.Popen(  # noqa: S603  # this interpreter and our own words
            [sys.executable, "-c", HOLDER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        process.stdout.readline()
        (root,) = places.glob("telamon-proof-*")
        return process, root

    return start


def end(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    process.communicate(timeout=60)


def test_workspace_is_empty_private_and_removed(places: Path) -> None:
    with workspace() as folder:
        assert list(folder.iterdir()) == []
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.parent.stat().st_mode & 0o777 == 0o700
        assert (folder.parent / OWNER).read_text() == f"{os.getpid()}\n"
    assert list(places.iterdir()) == []


def test_folder_of_a_killed_run_goes_with_the_next_run(holder: Callable) -> None:
    process, root = holder()
    end(process, signal.SIGKILL)
    assert (root / "trials" / "payload.pkl").exists()
    with workspace():
        assert not root.exists()


def test_folder_of_a_run_that_lives_stays(holder: Callable) -> None:
    process, root = holder()
    with workspace():
        assert (root / "trials" / "payload.pkl").exists()
    process.communicate("", timeout=60)
    assert not root.exists()


@pytest.mark.parametrize("owner", [None, "", "what", "-1", "99999999999999999999", "1", "4194305 not ours"])
def test_folder_without_a_dead_process_in_it_stays(places: Path, owner: str | None) -> None:
    root = places / "telamon-proof-mine"
    root.mkdir()
    if owner is not None:
        (root / OWNER).write_text(owner)
    sweep(places, before_s=time.time() + 60)
    assert root.exists()


def test_folder_made_after_the_run_began_stays(holder: Callable, places: Path) -> None:
    process, root = holder()
    end(process, signal.SIGKILL)
    sweep(places, before_s=root.stat().st_mtime)
    assert root.exists()
    sweep(places, before_s=root.stat().st_mtime + 1)
    assert not root.exists()


def test_link_to_a_dead_runs_folder_is_not_followed(holder: Callable, places: Path) -> None:
    process, root = holder()
    end(process, signal.SIGKILL)
    elsewhere = places / "elsewhere"
    root.rename(elsewhere)
    root.symlink_to(elsewhere)
    sweep(places, before_s=time.time() + 60)
    assert (elsewhere / "trials" / "payload.pkl").exists()


def test_owner_that_is_a_pipe_hangs_nobody(places: Path) -> None:
    root = places / "telamon-proof-mine"
    root.mkdir()
    os.mkfifo(root / OWNER)
    sweep(places, before_s=time.time() + 60)
    assert root.exists()

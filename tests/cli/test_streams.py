"""Standard streams that were closed or are full: the exit code tells, and no file takes their place."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def shell(folder: Path, samples: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs `telamon` with redirections."""
    assert samples.parent == folder

    def call(words: str, redirections: str) -> subprocess.CompletedProcess[bytes]:
        command = f'exec "$0" -m telamon {words} {redirections}'
        return subprocess.run(["/bin/sh", "-c", command, sys.executable], cwd=folder, capture_output=True, check=False)  # noqa: S603  # the program is ours

    return call


@pytest.mark.parametrize("redirections", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("list", 0),
        ("--help", 0),
        ("check models/clean.pkl", 0),
        ("check models/hostile.pkl", 1),
        ("check none", 2),
        ("check --nope", 2),
        ("check models/broken.pkl", 3),
    ],
)
def test_closed_streams_change_no_exit_code(shell: Callable, words: str, code: int, redirections: str) -> None:
    done = shell(words, redirections)
    assert done.returncode == code
    assert b"internal" not in done.stderr


def test_report_goes_into_its_file_where_standard_output_is_closed(shell: Callable, folder: Path) -> None:
    done = shell("check models/hostile.pkl -o report.txt", "<&- >&- 2>&-")
    assert (done.returncode, (folder / "report.txt").read_text().count("hostile.pkl@")) == (1, 1)


def test_ledger_is_not_written_over_by_what_is_printed(shell: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nledger: {path: ledger.db}\n")
    assert shell("check models/clean.pkl", "<&- >&- 2>&-").returncode == 0
    assert shell("ledger verify", "").stdout.startswith(b"1 entries are what was recorded")


def test_closed_standard_input_is_no_empty_file(shell: Callable) -> None:
    done = shell("check -", "<&-")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"error[usage]: expected a file on standard input, found it closed\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("list", 2, b"error[no-room]: expected room for the output, found: No space left on device\n"),
        ("check models", 2, b"error[no-room]: expected room for the output, found: No space left on device\n"),
        ("check none", 2, b"error[usage]: no such file or folder: `none`\n"),
    ],
)
def test_full_standard_output_is_said_in_one_line(shell: Callable, words: str, code: int, message: bytes) -> None:
    done = shell(words, ">/dev/full")
    assert (done.returncode, done.stderr) == (code, message)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize(("words", "code"), [("check models/clean.pkl", 0), ("check none", 2), ("--nope", 2)])
def test_full_standard_error_changes_no_exit_code(shell: Callable, words: str, code: int) -> None:
    assert shell(words, "2>/dev/full").returncode == code


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_reader_that_takes_one_line_ends_it_silently(folder: Path, samples: Path, unbuffered: str) -> None:
    for number in range(2000):
        (samples / f"{number}.pkl").write_bytes((samples / "hostile.pkl").read_bytes())
    command = '{ "$0" -m telamon check models; echo $? >code; } | head -n 1'
    done = subprocess.run(  # noqa: S603  # the program is ours
        ["/bin/sh", "-c", command, sys.executable],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        capture_output=True,
        check=False,
    )
    assert done.stdout.startswith(b"critical[M0016/dangerous-call]: ")
    assert (done.stderr, (folder / "code").read_text()) == (b"", "141\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_disk_that_takes_half_of_a_report_is_said(folder: Path, samples: Path, unbuffered: str) -> None:
    with (folder / "report.txt").open("wb") as file:
        done = subprocess.run(  # noqa: S603  # the program is ours
            [sys.executable, "-m", "telamon", "check", str(samples / "hostile.pkl")],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=file,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        2,
        b"error[no-room]: expected room for the output, found: File too large\n",
    )

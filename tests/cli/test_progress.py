"""The progress bar: on a terminal, for what takes longer than a second, and nowhere else."""

from __future__ import annotations

import io
import itertools
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from telamon.cli import progress as progress_module
from telamon.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def put_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Not a fixture: pytest sets `sys.stderr` anew between setting up and calling a test."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    return screen


def tick(monkeypatch: pytest.MonkeyPatch, step_s: float) -> None:
    """A clock that goes on by so much at each look."""
    clock = itertools.count(step=step_s)
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: next(clock))


def test_nothing_without_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    tick(monkeypatch, 5)
    with progress("checking") as bar:
        bar.begin(3)
        for _ in range(3):
            bar.advance()
    assert capsys.readouterr() == ("", "")


def test_nothing_for_what_ends_within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = put_terminal(monkeypatch)
    tick(monkeypatch, 0.01)
    with progress("checking") as bar:
        bar.begin(3)
        for _ in range(3):
            bar.advance()
    assert terminal.getvalue() == ""


def test_bar_for_what_takes_longer_and_it_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = put_terminal(monkeypatch)
    tick(monkeypatch, 0.6)
    with progress("checking") as bar:
        bar.begin(4)
        for _ in range(4):
            bar.advance()
    assert "checking" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")  # erased: what stays on the terminal is the report


def test_bar_goes_away_when_the_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = put_terminal(monkeypatch)
    tick(monkeypatch, 0.6)

    def run() -> None:
        with progress("checking") as bar:
            bar.begin(4)
            for _ in range(4):
                bar.advance()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run()
    assert terminal.getvalue().endswith("\x1b[2K")


SLOW = """
import sys
from telamon.cli import progress
progress.PATIENCE_S = 0.0
from telamon.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


def test_bar_is_on_stderr_and_the_report_alone_on_stdout(folder: Path) -> None:
    for number in range(5):
        (folder / f"{number}.pkl").write_bytes(b"N.")
    ours, theirs = pty.openpty()
    child = subprocess.Popen(  # noqa: S603  # the program is ours
        [sys.executable, "-c", SLOW, "check", "--jobs", "1", "."],
        cwd=folder,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    os.close(ours)
    out = child.stdout.read()
    child.stdout.close()
    assert child.wait(60) == 0
    assert b"checking" in shown
    assert b"\x1b" not in out
    assert out.startswith(b"policy: ")


def test_process_without_a_terminal_writes_nothing_on_stderr(process: Callable, samples: Path) -> None:
    assert process("check", str(samples)).stderr == b""

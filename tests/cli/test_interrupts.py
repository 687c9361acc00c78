"""Ctrl-C at any moment, once or twice: exit code 130, nothing on the screen, no process and no half-written file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from telamon.cli.interrupts import GRACE_S, hear_interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Runs `telamon check` over two processes, after what a test puts before it. `interrupt()` is Ctrl-C on a terminal: it
# reaches every process there is.
PROGRAM = """
import os, signal, sys, time
from multiprocessing import process
from telamon.checking import examination, workers
from telamon.cli.main import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs with Ctrl-C ignored
examination.PATIENCE_S = 0
parent = os.getpid()
perform = workers.perform

def interrupt():
    os.killpg(0, signal.SIGINT)

{before}
main(["check", "--jobs", "2", *sys.argv[1:]])
"""
AT_WORK = """
def at_work(task):
    interrupt()
    while True:
        time.sleep(1)  # it is at something long
workers.perform = at_work
"""
AT_BIRTH = """
bootstrap = process.BaseProcess._bootstrap
process.BaseProcess._bootstrap = lambda *words, **named: (interrupt(), bootstrap(*words, **named))[1]
"""
WHILE_STARTING = """
start = process.BaseProcess.start
process.BaseProcess.start = lambda self: (interrupt(), start(self), interrupt())
"""
TWICE = (
    """
kill = process.BaseProcess.kill
process.BaseProcess.kill = lambda self: (interrupt(), kill(self), interrupt())
"""
    + AT_WORK
)
WHILE_TAKING = """
take = workers._Crew.take
workers._Crew.take = lambda self, worker: (interrupt(), take(self, worker))[1]
"""
IN_A_FINALIZER = """
class Lost:
    def __del__(self):
        interrupt()
take = workers._Crew.take
workers._Crew.take = lambda self, worker: (Lost(), take(self, worker))[1]
"""
WHILE_WRITING = """
import os
def half(_descriptor):
    interrupt()
    time.sleep(60)
os.fsync = half
"""
WHILE_RECORDING = """
from telamon.ledger.sqlite_store import SqliteStore
add = SqliteStore.add
def half(self, batch):
    add(self, batch)
    interrupt()
SqliteStore.add = half
"""


@pytest.fixture
def models(folder: Path) -> Path:
    (folder / "models").mkdir()
    for number in range(40):
        (folder / "models" / f"{number}.pkl").write_bytes(b"N.")
    return folder / "models"


def run(folder: Path, before: str, *words: str) -> tuple[int, bytes, bytes]:
    """Run in a process group of its own and wait until every process in it has ended."""
    with subprocess.Popen(  # noqa: S603  # the program is ours
        [sys.executable, "-c", PROGRAM.format(before=before), *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        # What is read ends only when the last process that has the pipe, which all of them inherit, is gone.
        out, err = child.communicate(timeout=60)
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)
    return child.returncode, out, err.strip()


@pytest.mark.parametrize(
    "moment",
    [AT_WORK, AT_BIRTH, WHILE_STARTING, TWICE, WHILE_TAKING, IN_A_FINALIZER],
    ids=["work", "birth", "start", "twice", "take", "finalizer"],
)
def test_ends_at_once_and_silently(models: Path, folder: Path, moment: str) -> None:
    assert run(folder, moment, str(models)) == (130, b"", b"")


def test_leaves_the_old_report_and_no_half_of_a_new_one(models: Path, folder: Path) -> None:
    (folder / "report.json").write_text("the old one")
    assert run(folder, WHILE_WRITING, str(models), "--format", "json", "-o", "report.json")[0] == 130
    assert sorted(path.name for path in folder.iterdir()) == ["models", "report.json", "telamon.yaml"]
    assert (folder / "report.json").read_text() == "the old one"


def test_leaves_the_old_baseline_and_no_half_of_a_new_one(models: Path, folder: Path) -> None:
    assert run(folder, WHILE_WRITING, str(models), "--write-baseline", "known.json")[0] == 130
    assert sorted(path.name for path in folder.iterdir()) == ["models", "telamon.yaml"]


def test_records_all_or_nothing(models: Path, folder: Path, cli: Callable) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nledger: {path: ledger.db}\n")
    assert cli("check", str(models)).code == 0
    assert run(folder, WHILE_RECORDING, str(models)) == (130, b"", b"")
    assert cli("ledger", "verify").out.startswith("40 entries are what was recorded")
    assert len(json.loads(cli("ledger", "show", "--last", "99", "--format", "json").out)) == 40


@pytest.fixture
def _restored() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM), sys.unraisablehook
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGALRM, before[1])
    sys.unraisablehook = before[2]


@pytest.mark.usefixtures("_restored")
def test_a_second_one_within_a_second_is_not_heard() -> None:
    now = 100.0
    signal.signal(signal.SIGINT, signal.default_int_handler)
    hear_interrupts(clock=lambda: now)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    now += GRACE_S / 2
    signal.raise_signal(signal.SIGINT)
    now += GRACE_S
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("_restored")
def test_a_job_in_the_background_goes_on_ignoring_it() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hear_interrupts()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN

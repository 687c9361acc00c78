"""Scans that go on beside trouble: a worker that is killed, and two scans that write to one ledger."""

from __future__ import annotations

import datetime as dt
import faulthandler
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from telamon import catalog as catalogue
from telamon.checking.run import check
from telamon.cli.main import run
from telamon.controls.artifact.vulnerability_scanning.checker import VulnerabilityScanningChecker
from telamon.core.records import ExitCode, Verdict
from telamon.kits.formats.source import COPY_LIMIT_BYTES, _File, open_source
from telamon.policy import default

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator
    from pathlib import Path

    from telamon.core.records import Finding, Outcome
    from telamon.core.subjects import Subject
    from telamon.reporting.report import Report

HOSTILE = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R."


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers begin at once."""
    monkeypatch.setattr("telamon.checking.examination.PATIENCE_S", 0)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Forty files, of which ten are hostile."""
    folder = tmp_path / "models"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.pkl").write_bytes(HOSTILE if number % 4 == 0 else b"N.")
    return folder


def scanned(models: Path, today: dt.date) -> Report:
    catalog = catalogue.load()
    return check({models: "models"}, policy=default(catalog), catalog=catalog, today=today, jobs=2)


@pytest.fixture
def today() -> dt.date:
    return dt.date(2026, 1, 1)


def test_worker_that_is_killed_costs_one_file_and_not_the_scan(
    models: Path, today: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = VulnerabilityScanningChecker.check
    parent = os.getpid()

    def check_or_die(self: VulnerabilityScanningChecker, subject: Subject) -> Iterator[Finding | Outcome]:
        if subject.name.endswith("/07.pkl") and os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(self, subject)

    monkeypatch.setattr(VulnerabilityScanningChecker, "check", check_or_die)
    report = scanned(models, today)
    assert len(report.outcomes) == 39
    assert len(report.findings) == 10
    (failure,) = report.failures
    assert failure.subject.endswith("/07.pkl")
    assert failure.reason == "the process that read it ended with signal 9"
    assert not failure.is_internal
    assert report.exit_code is ExitCode.FINDINGS


def test_every_worker_that_is_killed_at_every_file_is_recorded(
    models: Path, today: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = os.getpid()

    def die(_self: object, _subject: object) -> None:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(VulnerabilityScanningChecker, "check", die)
    report = scanned(models, today)
    assert len(report.failures) == 40
    assert report.exit_code is ExitCode.NOT_RUN


def test_file_that_is_cut_off_while_it_is_read_costs_a_worker_and_not_the_scan(
    models: Path, today: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mapped file that another process truncates ends its reader by SIGBUS, which nothing can catch.

    What the dead worker had in hand is examined again, one by one: the file as it is by then, which is empty.
    """
    large = models / "07.pkl"
    large.write_bytes(b"\x80\x04" + b"N0" * COPY_LIMIT_BYTES + b"N.")
    original = _File.map

    def map_and_truncate(self: _File) -> mmap.mmap:
        mapping = original(self)
        faulthandler.disable()  # pytest's, which would tell of the signal
        os.truncate(large, 0)
        return mapping

    monkeypatch.setattr(_File, "map", map_and_truncate)  # the workers are forked, and have it too
    report = scanned(models, today)
    assert (len(report.outcomes), len(report.findings), report.failures) == (40, 10, ())
    [cut_off] = [outcome for outcome in report.outcomes if outcome.location.path.endswith("/07.pkl")]
    assert (cut_off.verdict, cut_off.form) == (Verdict.NOT_APPLICABLE, "empty")
    assert report.exit_code is ExitCode.FINDINGS


def test_private_copy_of_a_file_outlives_its_truncation(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"N" * (COPY_LIMIT_BYTES + 1))
    with open_source(path, private=True) as source:
        os.truncate(path, 0)
        assert source.buffer[source.start : source.end].count(b"N") == COPY_LIMIT_BYTES + 1


ORPHANS = """
import os, sys, time
from telamon.checking import examination
from telamon.cli.main import run
from telamon.controls.artifact.vulnerability_scanning.checker import VulnerabilityScanningChecker

parent = os.getpid()

def check(self, subject):
    os.write(1, b"at work.")
    while os.getppid() == parent:
        time.sleep(0.01)
    yield from ()

examination.PATIENCE_S = 0
VulnerabilityScanningChecker.check = check
run(["check", "--jobs", "2", sys.argv[1]])
"""


def test_killed_scan_leaves_no_worker_behind(models: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ORPHANS, str(models)]
    with subprocess.Popen(  # noqa: S603  # the program is ours
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    ) as child:
        assert child.stdout.read(8) == b"at work."
        child.kill()
        while child.stdout.read(4096):  # ends when the last worker, which has the pipe too, is gone
            pass


def test_two_scans_at_once_write_to_one_ledger(models: Path, tmp_path: Path) -> None:
    (tmp_path / "telamon.yaml").write_text("version: 1\nledger: {path: ledger.db, key: ledger.key}\n")
    assert run(["ledger", "keygen", str(tmp_path / "ledger.key")]) == 0
    scans = [
        subprocess.Popen(  # noqa: S603  # the program is ours
            [sys.executable, "-m", "telamon", "check", "--policy", "telamon.yaml", "--format", "json", str(models)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    ended = [(scan.communicate(timeout=120), scan.returncode) for scan in scans]
    assert [(errors, code) for (_, errors), code in ended] == [(b"", 1)] * 4
    assert all(len(json.loads(out)["files"]) == 40 for (out, _), _ in ended)
    shown = subprocess.run(  # the program is ours
        [sys.executable, "-m", "telamon", "ledger", "verify", "--policy", "telamon.yaml"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (shown.returncode, shown.stdout) == (
        0,
        b"160 entries are what was recorded; 160 of them are under a checkpoint\n",
    )

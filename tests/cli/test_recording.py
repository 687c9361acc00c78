"""A report is never lost because it could not be recorded, and never passes for one that was."""

from __future__ import annotations

import hashlib
import json
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from telamon.controls.artifact.vulnerability_scanning.scanner import Scanner
from telamon.kits.storage.sqlite import BUSY_TIMEOUT_S
from telamon.ledger.log import open_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = "version: 1\nledger: {path: .telamon/ledger.db, key: .telamon/ledger.key}\n"
FORMATS = ("text", "json", "sarif", "junit", "markdown", "github")


@pytest.fixture
def ledger(cli: Callable, folder: Path, samples: Path) -> Path:
    """A ledger with one entry."""
    (folder / ".telamon").mkdir()
    assert cli("ledger", "keygen", ".telamon/ledger.key").code == 0
    (folder / "telamon.yaml").write_text(POLICY)
    assert cli("check", samples / "clean.pkl").code == 0
    return folder / ".telamon" / "ledger.db"


def _no_database(ledger: Path) -> None:
    for beside in ledger.parent.glob("ledger.db-*"):
        beside.unlink()
    ledger.write_bytes(b"no database at all" * 100)


def _folder(ledger: Path) -> None:
    ledger.unlink()
    ledger.mkdir()


def _no_folder(ledger: Path) -> None:
    ledger.unlink()
    policy = ledger.parent.parent / "telamon.yaml"
    policy.write_text(POLICY.replace(".telamon/ledger.db", "none/ledger.db"))


def _wrong_second_place(ledger: Path) -> None:
    (ledger.parent.parent / "telamon.yaml").write_text(POLICY.replace("}", ", second_place: telamon.yaml}"))


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize(("name", "code"), [("clean.pkl", 3), ("hostile.pkl", 1), ("broken.pkl", 3)])
def test_report_is_whole_and_says_that_it_was_not_recorded(
    cli: Callable, ledger: Path, format_name: str, name: str, code: int
) -> None:
    _no_database(ledger)
    ended = cli("check", f"models/{name}", "--format", format_name)
    assert ended.code == code
    assert ended.err == ""
    assert "not-recorded" in ended.out
    assert name in ended.out or name == "clean.pkl"  # which the formats for people do not list
    if format_name == "json":
        document = json.loads(ended.out)
        assert document["exit_code"] == code
        assert [failure["kind"] for failure in document["failures"]] == ["not-recorded"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_no_database, "file is not a database"),
        (_folder, "unable to open database file"),
        (_no_folder, "expected to write"),
        (_wrong_second_place, "expected the ledger's newest checkpoint in the second place"),
    ],
)
def test_reason_is_named(cli: Callable, ledger: Path, damage: Callable[[Path], None], reason: str) -> None:
    damage(ledger)
    ended = cli("check", "models/clean.pkl")
    assert ended.code == 3
    (line,) = [line for line in ended.out.splitlines() if line.startswith("not-recorded[ledger]: ")]
    assert reason in line
    assert "1 file checked: 1 clean; no findings; 1 failure; exit 3" in ended.out


def test_locked_ledger_is_waited_for_and_then_named(
    cli: Callable, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.ledger.log.open_log", partial(open_log, timeout_s=0.1))
    with closing(sqlite3.connect(ledger, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ended = cli("check", "models/hostile.pkl", "--format", "json")
        other.execute("ROLLBACK")
    document = json.loads(ended.out)
    assert (ended.code, document["exit_code"]) == (1, 1)
    assert document["failures"][0]["reason"].endswith("database is locked")
    assert cli("check", "models/clean.pkl").code == 0
    assert cli("ledger", "verify").out.startswith("2 entries are what was recorded")


def test_full_disk_in_the_middle_loses_neither_the_report_nor_an_entry(
    cli: Callable, folder: Path, ledger: Path
) -> None:
    for number in range(200):
        (folder / "models" / f"more{number}.pkl").write_bytes(b"N.")
    limit = ledger.stat().st_size + 4096
    done = subprocess.run(  # the program is ours
        [sys.executable, "-m", "telamon", "check", "models", "--jobs", "1", "--format", "json"],
        cwd=folder,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),  # no threads here
        check=False,
    )
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, b"")
    assert len(document["files"]) == 204
    assert [failure["kind"] for failure in document["failures"]] == ["not-recorded"]
    assert cli("ledger", "verify").out.startswith("1 entries are what was recorded; 1 of them")


def test_full_disk_leaves_the_text_on_the_terminal_and_the_old_report(
    cli: Callable, folder: Path, ledger: Path
) -> None:
    assert ledger.exists()
    (folder / "telamon.yaml").write_text("version: 1\n")
    (folder / "report.json").write_text("the old one")
    done = subprocess.run(  # the program is ours
        [sys.executable, "-m", "telamon", "check", "models", "--format", "json", "-o", "report.json"],
        cwd=folder,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512)),  # likewise
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == b"error[usage]: cannot write the report to `report.json`: File too large\n"
    assert b"4 files checked" in done.stdout
    assert (folder / "report.json").read_text() == "the old one"
    assert sorted(path.name for path in folder.iterdir()) == [".telamon", "models", "report.json", "telamon.yaml"]
    assert cli("check", "models/clean.pkl").code == 0


def test_missing_key_ends_the_run_before_anything_is_checked(
    cli: Callable, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.checking.run.check", None)
    (ledger.parent / "ledger.key").unlink()
    ended = cli("check", "models")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error[key-file]: expected a key file at ")


def test_entry_has_the_digest_of_the_file_and_not_of_its_name(
    process: Callable, cli: Callable, folder: Path, ledger: Path
) -> None:
    assert ledger.exists()
    clean = (folder / "models" / "clean.pkl").read_bytes()
    assert process("check", "-", given=clean).returncode == 0
    rows = json.loads(cli("ledger", "show", "--format", "json").out)
    assert [row["subject"] for row in rows] == [f"sha256:{hashlib.sha256(clean).hexdigest()}"] * 2
    report = json.loads(cli("check", "models/clean.pkl", "--format", "json").out)
    assert report["files"][0]["digest"] == rows[0]["subject"]


def test_file_that_is_swapped_while_it_is_read_gets_no_digest(
    cli: Callable, folder: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Scanner.scan
    victim = folder / "models" / "clean.pkl"

    def scan(self: Scanner, source: object) -> object:
        (folder / "models" / "hostile.pkl").replace(victim)
        return original(self, source)

    monkeypatch.setattr(Scanner, "scan", scan)
    ended = cli("check", victim, "--jobs", "1")
    assert ended.code == 3
    assert "the file was changed while it was examined" in ended.out
    rows = json.loads(cli("ledger", "show", "--format", "json").out)
    assert (ledger.exists(), rows[1]["outcome"], rows[1]["subject"]) == (True, "not-understood", "")


def test_waiting_for_a_locked_ledger_ends_with_ctrl_c(folder: Path, ledger: Path) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        program = (
            "import os, signal\n"
            "from telamon.cli.main import main\n"
            "from telamon.kits.storage import sqlite\n"
            "begin = sqlite._classify\n"
            "sqlite._classify = lambda error: (os.kill(os.getpid(), signal.SIGINT), begin(error))[1]\n"
            "main(['check', 'models/clean.pkl'])\n"
        )
        done = subprocess.run(  # noqa: S603  # the program is ours
            [sys.executable, "-c", program],
            cwd=folder,
            capture_output=True,
            timeout=BUSY_TIMEOUT_S * 0.9,  # were it not let out of C, the signal would be sent after that
            check=False,
        )
        other.execute("ROLLBACK")
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, b"", b"")

"""`telamon advisories`: importing, looking up, and the age that fails the gate."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECORD = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "modified": "2026-01-02T00:00:00Z",
    "aliases": ["CVE-2026-1"],
    "summary": "It runs code",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "victim"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
        }
    ],
    "database_specific": {"severity": "HIGH"},
}


@pytest.fixture(autouse=True)
def home(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001  # sets another one
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("GHSA-aaaa-bbbb-cccc.json", json.dumps(RECORD))
    return path


def test_an_import_is_used_by_the_next_check(cli: Callable, folder: Path, home: Path, archive: Path) -> None:
    (folder / "requirements.txt").write_text("victim==1.0\n")
    assert cli("check", "requirements.txt").code == 0
    done = cli("advisories", "import", str(archive))
    assert done.code == 0
    assert "advisories known: 1" in done.out
    assert "date: 2026-01-02T00:00:00Z" in done.out
    assert (home / "telamon" / "advisories" / "snapshot.advisories").is_file()
    done = cli("check", "requirements.txt")
    assert done.code == 1
    assert "`victim` 1.0 (line 1) is affected by GHSA-aaaa-bbbb-cccc (CVE-2026-1): It runs code" in done.out
    assert "remedy: Install victim 2.0 or a later version." in done.out


def test_records_that_are_not_taken_are_named_and_end_with_1(cli: Callable, folder: Path) -> None:
    (folder / "in.jsonl").write_text(json.dumps(RECORD) + '\n{"id": 5}\n')
    done = cli("advisories", "import", "in.jsonl", "--format", "json")
    assert done.code == 1
    values = json.loads(done.out)["values"]
    assert values["not understood"] == 1
    assert values["not taken"] == [{"place": "in.jsonl:2", "reason": "expected a text at `$.id`, found a number"}]


def test_a_file_without_advisories_is_refused(cli: Callable, folder: Path, home: Path) -> None:
    (folder / "in.json").write_text("{}")
    done = cli("advisories", "import", "in.json")
    assert done.code == 2
    assert "expected advisories of PyPI or npm, found none" in done.err
    assert not (home / "telamon").exists() or not list((home / "telamon" / "advisories").iterdir())


def test_older_advisories_need_a_word(cli: Callable, folder: Path, archive: Path) -> None:
    assert cli("advisories", "import", str(archive)).code == 0
    (folder / "old.json").write_text(json.dumps(RECORD | {"modified": "2025-01-02T00:00:00Z"}))
    refused = cli("advisories", "import", "old.json")
    assert refused.code == 2
    assert "--allow-older takes them all the same" in refused.err
    assert cli("advisories", "import", "--allow-older", "old.json").code == 0


def test_an_advisory_is_shown_by_any_of_its_names(cli: Callable, archive: Path) -> None:
    cli("advisories", "import", str(archive))
    done = cli("advisories", "show", "cve-2026-1", "--format", "json")
    shown = json.loads(done.out)["values"]
    assert shown["GHSA-aaaa-bbbb-cccc"] == {
        "summary": "It runs code",
        "severity": "high",
        "aliases": "CVE-2026-1",
        "modified": "2026-01-02T00:00:00Z",
        "packages": [{"package": "PyPI/victim", "affected": ">=0 <2.0", "fixed": "2.0"}],
    }


def test_the_advisories_of_a_package_are_shown(cli: Callable) -> None:
    done = cli("advisories", "show", "Torch")
    assert done.code == 0
    assert "GHSA-53q9-r3pm-6pq6" in done.out
    assert "nothing is known" in cli("advisories", "show", "no-such-package").out
    assert "advisories known" in cli("advisories", "show").out


def test_the_age_fails_the_gate_where_the_policy_says_so(cli: Callable, folder: Path, archive: Path) -> None:
    cli("advisories", "import", str(archive))
    done = cli("advisories", "status")
    assert done.code == 0
    assert "age in days: " in done.out
    (folder / "telamon.yaml").write_text(
        "version: 1\ncontrols: {vulnerability-scanning: {advisories: {max_age_days: 30}}}\n"
    )
    done = cli("advisories", "status")
    assert done.code == 1
    assert "M0016/advisories-outdated" in done.out
    (folder / "requirements.txt").write_text("harmless==1.0\n")
    assert cli("check", "requirements.txt").code == 3


def test_a_changed_snapshot_has_no_status(cli: Callable, home: Path, archive: Path) -> None:
    cli("advisories", "import", str(archive))
    path = home / "telamon" / "advisories" / "snapshot.advisories"
    path.write_bytes(path.read_bytes().replace(b"f2.0", b"f1.0"))
    done = cli("advisories", "status")
    assert done.code == 2
    assert "expected a whole snapshot of advisories, found one that was changed" in done.err


def test_an_import_is_recorded_in_the_ledger(cli: Callable, folder: Path, archive: Path) -> None:
    (folder / ".telamon").mkdir()
    assert cli("ledger", "keygen", ".telamon/ledger.key").code == 0
    (folder / "telamon.yaml").write_text("version: 1\nledger: {path: .telamon/ledger.db, key: .telamon/ledger.key}\n")
    assert cli("advisories", "import", str(archive)).code == 0
    rows = json.loads(cli("ledger", "show", "--format", "json").out)
    assert [(row["kind"], row["outcome"]) for row in rows] == [("advisories", "imported")]

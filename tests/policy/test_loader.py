"""Finding a policy file, and compiling it against the controls that there are."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telamon import catalog as catalogue
from telamon.core.records import Mode, Severity
from telamon.policy import PolicyError, default, load, locate

if TYPE_CHECKING:
    from conftest import Complaint, Installer, Reader
    from telamon.catalog import Catalog

SENTINEL = '''"""Guards the gate."""
from telamon.core.control import Control
from telamon.core.settings import Settings

class SentinelSettings(Settings, frozen=True, kw_only=True):
    height: int = 3

class Sentinel(Control):
    name = "sentinel"
    mitigation = "AML.M0014"

    def settings(self):
        return SentinelSettings
'''


def test_takes_the_file_that_is_named_before_all_others(tmp_path: Path) -> None:
    (tmp_path / "telamon.yaml").touch()
    named = Path("elsewhere.yaml")
    assert locate(tmp_path, explicit=named, environ={"TELAMON_POLICY": "environment.yaml"}) == named


def test_takes_the_file_of_the_environment_before_one_that_it_finds(tmp_path: Path) -> None:
    (tmp_path / "telamon.yaml").touch()
    assert locate(tmp_path, explicit=None, environ={"TELAMON_POLICY": "environment.yaml"}) == Path("environment.yaml")


def test_finds_the_nearest_file_above(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    (tmp_path / "telamon.yaml").touch()
    (tmp_path / "a" / "telamon.yaml").touch()
    (inner / "telamon.yaml").mkdir()  # a folder of that name is no policy
    assert locate(inner, explicit=None, environ={"TELAMON_POLICY": ""}) == tmp_path / "a" / "telamon.yaml"


def test_finds_nothing_where_nothing_is() -> None:
    assert locate(Path("/"), explicit=None, environ={}) is None


def test_does_not_take_a_dangling_link_for_no_policy(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "telamon.yaml").symlink_to("gone")
    found = locate(tmp_path, explicit=None, environ={})
    assert found == tmp_path / "telamon.yaml"
    with pytest.raises(PolicyError) as caught:
        load(found, catalog)
    assert caught.value.message == f"{found}:1:1: cannot be read: No such file or directory"


def test_works_with_the_defaults_without_a_file(catalog: Catalog) -> None:
    policy = load(None, catalog)
    assert policy.file is None
    assert policy.effective == default(catalog).effective
    assert policy.mode("vulnerability-scanning") is Mode.ENFORCE
    assert policy.settings("vulnerability-scanning").fail_at is Severity.HIGH


def test_refuses_a_folder_as_the_file(tmp_path: Path, catalog: Catalog) -> None:
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, catalog)
    assert caught.value.message == f"{tmp_path}:1:1: cannot be read: Is a directory"


def test_does_not_wait_for_a_pipe(tmp_path: Path, catalog: Catalog) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "telamon.yaml").symlink_to("pipe")
    found = locate(tmp_path, explicit=None, environ={})
    with pytest.raises(PolicyError) as caught:
        load(found, catalog)
    assert caught.value.message == f"{found}:1:1: cannot be read: not a regular file"


@pytest.mark.parametrize(
    ("name", "reason"), [("/dev/zero", "not a regular file"), ("a\0b", "a file's name holds no NUL")]
)
def test_refuses_what_is_no_file(name: str, reason: str, catalog: Catalog) -> None:
    with pytest.raises(PolicyError) as caught:
        load(Path(name), catalog)
    assert [problem.message for problem in caught.value.problems] == [f"cannot be read: {reason}"]


def test_reads_a_whole_policy(read: Reader, tmp_path: Path) -> None:
    policy = read(
        """
version: 1
system: fraud-scoring
models:
  fraud: {path: models/fraud, serve: onnx}
  chat:  {upstream: https://llm.internal/v1, api: openai, key: env:CHAT_KEY}
datasets:
  train: {path: data/train.parquet}
  copy: {path: models/fraud}
principals:
  - {name: mobile-app, role: partner, keys: [sha256:%s]}
ledger: {path: ledger.db, second_place: /elsewhere, key: key.pem}
waivers:
  - {rule: M0016/unknown-call, path: models/*, owner: ml, reason: reviewed, expires: 2027-01-31}
baseline: baseline.json
exclude: ["*.bak", .git]
controls:
  vulnerability-scanning: {mode: shadow, fail_at: low}
"""
        % ("ab" * 32),
        name=str(tmp_path / "telamon.yaml"),
    )
    assert policy.effective == {
        "version": 1,
        "system": "fraud-scoring",
        "models": {
            "fraud": {"path": "models/fraud", "serve": "onnx", "upstream": None, "api": None, "key": None},
            "chat": {
                "path": None,
                "serve": None,
                "upstream": "https://llm.internal/v1",
                "api": "openai",
                "key": "env:CHAT_KEY",
            },
        },
        "datasets": {"train": {"path": "data/train.parquet"}, "copy": {"path": "models/fraud"}},
        "principals": [{"name": "mobile-app", "role": "partner", "keys": ["sha256:" + "ab" * 32]}],
        "ledger": {"path": "ledger.db", "url": None, "password": None, "second_place": "/elsewhere", "key": "key.pem"},
        "waivers": [
            {
                "rule": "M0016/unknown-call",
                "path": "models/*",
                "owner": "ml",
                "reason": "reviewed",
                "expires": "2027-01-31",
            }
        ],
        "baseline": "baseline.json",
        "exclude": ["*.bak", ".git"],
        "controls": {
            "library-loading": {
                "mode": "enforce",
                "fail_at": "high",
                "require": "nothing",
                "allow": [],
                "unknown": "deny",
                "children": "guarded",
                "processes": "trusted",
                "profiles": [],
            },
            "vulnerability-scanning": {
                "mode": "shadow",
                "fail_at": "low",
                "allow": [],
                "max_unpacked_mib": 8192,
                "max_depth": 6,
                "max_opcodes": 2_600_000,
                "time_limit_s": 120.0,
                "advisories": {"snapshot": "", "max_age_days": None, "when_outdated": "not-understood"},
                "profiles": [],
            },
        },
    }
    assert policy.mode("vulnerability-scanning") is Mode.SHADOW
    assert policy.waivers[0].expires == dt.date(2027, 1, 31)
    assert policy.paths == (tmp_path / "models/fraud", tmp_path / "data/train.parquet")
    assert policy.baseline == tmp_path / "baseline.json"
    assert policy.ledger is not None
    assert policy.ledger.path == "ledger.db"
    assert policy.folder == tmp_path


@pytest.mark.parametrize("section", ["vulnerability-scanning:", "vulnerability-scanning: {}", ""])
def test_takes_an_empty_section_for_the_defaults(section: str, read: Reader, catalog: Catalog) -> None:
    assert read(f"version: 1\ncontrols:\n  {section}\n").controls == default(catalog).controls


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (
            "vulnerability-scaning",
            "expected a known key, found `vulnerability-scaning` (did you mean `vulnerability-scanning`?)",
        ),
        ("zzz", "expected a known key, found `zzz` (known here: library-loading, sentinel, vulnerability-scanning)"),
        ("M0016", "expected the control's name `vulnerability-scanning`, found `M0016`"),
        ("AML.M0014", "expected the control's name `sentinel`, found `AML.M0014`"),
    ],
)
def test_says_which_control_is_meant(name: str, problem: str, complaint: Complaint, install: Installer) -> None:
    install("watch = sentinel_module:Sentinel", sentinel_module=SENTINEL)
    found = complaint(f"version: 1\ncontrols:\n  {name}: {{}}\n", catalog=catalogue.load())
    assert found == [f"telamon.yaml:3:3: {problem}"]


def test_reads_the_section_of_another_packages_control(read: Reader, install: Installer) -> None:
    install("watch = sentinel_module:Sentinel", sentinel_module=SENTINEL)
    policy = read("version: 1\ncontrols: {sentinel: {height: 5, mode: shadow}}\n", catalog=catalogue.load())
    assert policy.effective["controls"]["sentinel"] == {"mode": "shadow", "fail_at": "high", "height": 5}


def test_does_not_read_entry_points_unless_it_must(read: Reader, install: Installer) -> None:
    install("watch = sentinel_module:Sentinel", sentinel_module="raise SystemError('imported')")
    policy = read("version: 1\ncontrols: {vulnerability-scanning: {}}\n", catalog=catalogue.load())
    assert policy.mode("sentinel") is Mode.OFF


def test_names_the_broken_package_beside_a_name_it_may_have_brought(complaint: Complaint, install: Installer) -> None:
    install("watch = sentinel_module:Sentinel", sentinel_module="raise SystemError('imported')")
    (problem,) = complaint("version: 1\ncontrols: {sentinel: {}}\n", catalog=catalogue.load())
    assert problem == (
        "telamon.yaml:2:12: expected a control of telamon or of a sound package, found `sentinel` "
        "(entry point `watch` does not load: imported)"
    )


def test_refuses_a_waiver_that_holds_for_more_than_two_years(tmp_path: Path, catalog: Catalog) -> None:
    file = tmp_path / "telamon.yaml"
    row = "version: 1\nwaivers:\n  - {rule: not-understood, path: a, owner: o, reason: r, expires: 2028-06-30}\n"
    file.write_text(row)
    assert load(file, catalog, today=dt.date(2026, 6, 30)).waivers[0].rule == "not-understood"
    with pytest.raises(PolicyError) as caught:
        load(file, catalog, today=dt.date(2026, 6, 29))
    (problem,) = caught.value.problems
    assert (problem.line, problem.message, problem.hint) == (
        3,
        "expected a day at most 731 days ahead, found `2028-06-30`",
        "the last is 2028-06-29",
    )

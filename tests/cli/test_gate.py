"""What makes a finding not fail the run: shadow mode, waivers, baselines."""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOON = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=300)).isoformat()
WAIVER = """version: 1
waivers:
  - {{rule: M0016/dangerous-call, path: "*/hostile.pkl", owner: ada, reason: "a test sample", expires: {expires}}}
"""


def standings(text: str) -> list[str]:
    return [finding["standing"] for finding in json.loads(text)["findings"]]


def test_waiver_in_force_passes_and_names_its_owner(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text(WAIVER.format(expires=SOON))
    ended = cli("check", samples / "hostile.pkl")
    assert ended.code == 0
    assert f"waived by ada until {SOON}: a test sample" in ended.out
    assert standings(cli("check", samples / "hostile.pkl", "--format", "json").out) == ["waived"]


def test_expired_waiver_fails_and_is_named(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text(WAIVER.format(expires="2020-01-31"))
    ended = cli("check", samples / "hostile.pkl")
    assert ended.code == 1
    assert "expired-waiver: M0016/dangerous-call at */hostile.pkl, owned by ada, expired after 2020-01-31" in ended.out


def test_waiver_of_another_file_does_not_count(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text(WAIVER.format(expires=SOON))
    (samples / "other.pkl").write_bytes((samples / "hostile.pkl").read_bytes())
    assert cli("check", samples / "other.pkl").code == 1


def test_waiver_does_not_cover_what_is_not_understood(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text(WAIVER.format(expires=SOON).replace("hostile", "broken"))
    assert cli("check", samples / "broken.pkl").code == 3


def test_shadow_reports_and_passes(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\ncontrols:\n  vulnerability-scanning: {mode: shadow}\n")
    ended = cli("check", samples / "hostile.pkl", "--format", "json")
    assert (ended.code, standings(ended.out)) == (0, ["shadow"])


def test_off_looks_at_nothing(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\ncontrols:\n  vulnerability-scanning: {mode: off}\n")
    ended = cli("check", samples, "--format", "json")
    document = json.loads(ended.out)
    assert (ended.code, document["files"], document["findings"]) == (3, [], [])
    assert document["controls_off"] == ["vulnerability-scanning"]
    assert "nothing was judged by any control; files met: 4; off: vulnerability-scanning" in cli("check", samples).out


def test_a_trojan_among_version_control_is_found(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "d" / ".git").mkdir(parents=True)
    (samples / "hostile.pkl").rename(folder / "d" / ".git" / "hostile.pkl")
    assert cli("check", "d").code == 1


def test_what_is_excluded_and_the_policy_in_force_are_said(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nexclude: ['hostile.*', 'broken.*', 'unknown.*']\n")
    ended = cli("check", samples)
    assert ended.code == 0
    assert f"policy: {folder / 'telamon.yaml'}; against the defaults: 3 exclusions\n" in ended.out
    assert "3 excluded by the policy; exit 0" in ended.out


def test_a_policy_inside_of_what_is_checked_must_be_named(
    cli: Callable, folder: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (samples / "telamon.yaml").write_text("version: 1\nexclude: ['*']\n")
    monkeypatch.chdir(samples)
    ended = cli("check", "..")
    assert (ended.code, ended.out) == (2, "")
    assert "lies inside of `..`, which is to be checked" in ended.err
    assert f"--policy {samples / 'telamon.yaml'}" in ended.err
    assert cli("check", "..", "--policy", samples / "telamon.yaml").code == 3
    (samples / "telamon.yaml").write_text("version: 1\n")
    assert cli("check", ".").code == 1
    assert cli("check", "hostile.pkl").code == 1
    assert cli("check", folder / "models").code == 1


def test_a_policy_of_another_user_must_be_named(cli: Callable, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (samples / "telamon.yaml").write_text("version: 1\n")
    monkeypatch.chdir(samples)
    own = os.getuid()
    monkeypatch.setattr("telamon.cli.options.os.geteuid", lambda: own + 1)
    monkeypatch.setattr("telamon.cli.options.ROOT", own + 2)
    ended = cli("check", "clean.pkl")
    assert ended.code == 2
    assert "belongs to another user" in ended.err
    assert cli("check", "clean.pkl", "--policy", "telamon.yaml").code == 0
    monkeypatch.setenv("TELAMON_POLICY", "telamon.yaml")
    assert cli("check", "clean.pkl").code == 0


def test_waiver_for_ever_is_refused(cli: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").write_text(WAIVER.format(expires="2999-12-31"))
    ended = cli("check", ".")
    assert (ended.code, ended.out) == (2, "")
    assert "expected a day at most 731 days ahead, found `2999-12-31`" in ended.err


def test_waiver_accepts_a_file_that_is_not_understood(cli: Callable, folder: Path, samples: Path) -> None:
    waiver = WAIVER.replace("M0016/dangerous-call", "not-understood").replace("hostile", "broken")
    (folder / "telamon.yaml").write_text(waiver.format(expires=SOON))
    for name, marked in (("text", "note: waived by ada"), ("github", "note: waived by ada"), ("junit", "<skipped")):
        ended = cli("check", samples / "broken.pkl", "--format", name)
        assert ended.code == 0
        assert marked in ended.out
    sarif = json.loads(cli("check", samples / "broken.pkl", "--format", "sarif").out)
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is True
    assert "waived by ada" in cli("check", samples / "broken.pkl", "--format", "markdown").out


def test_baseline_holds_what_is_not_understood_until_it_changes(cli: Callable, samples: Path) -> None:
    cli("check", "models/broken.pkl", "--write-baseline", "known.json")
    assert cli("check", "models/broken.pkl", "--baseline", "known.json").code == 0
    (samples / "broken.pkl").write_bytes((samples / "broken.pkl").read_bytes() + b"K")
    assert cli("check", "models/broken.pkl", "--baseline", "known.json").code == 3


def test_baseline_covers_what_was_there_and_nothing_new(cli: Callable, folder: Path, samples: Path) -> None:
    baseline = folder / "baseline.json"
    written = cli("check", "models", "--write-baseline", baseline)
    assert (written.code, written.out) == (0, "")
    assert written.err == f"2 findings and 1 not understood written to {baseline}\n"
    (samples / "broken.pkl").unlink()
    known = cli("check", "models", "--baseline", baseline, "--format", "json")
    assert (known.code, standings(known.out)) == (0, ["baseline", "below-gate"])
    (samples / "new.pkl").write_bytes((samples / "hostile.pkl").read_bytes())
    assert cli("check", "models", "--baseline", baseline).code == 1


def test_baseline_survives_what_does_not_concern_it(cli: Callable, folder: Path, samples: Path) -> None:
    cli("check", "models/hostile.pkl", "--write-baseline", "baseline.json")
    moved = b"\x80\x02" + b"K\x010" * 50 + (samples / "hostile.pkl").read_bytes()[2:]
    (samples / "hostile.pkl").write_bytes(moved)
    assert cli("check", "models/hostile.pkl", "--baseline", "baseline.json").code == 0
    assert (folder / "baseline.json").is_file()


def test_baseline_of_the_policy_counts(cli: Callable, folder: Path, samples: Path) -> None:
    cli("check", "models/hostile.pkl", "--write-baseline", "known.json")
    (folder / "telamon.yaml").write_text("version: 1\nbaseline: known.json\n")
    assert cli("check", "models/hostile.pkl").code == 0
    assert samples.is_dir()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"version": 2, "findings": []}', b"[" * 100_000])
def test_damaged_baseline_is_a_usage_error(cli: Callable, folder: Path, samples: Path, content: bytes) -> None:
    (folder / "baseline.json").write_bytes(content)
    ended = cli("check", "models", "--baseline", "baseline.json")
    assert (ended.code, ended.out) == (2, "")
    assert "expected a baseline of version 1 in `baseline.json`, found something else" in ended.err
    assert samples.is_dir()

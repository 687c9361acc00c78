"""What makes a finding not fail the run: shadow mode, waivers, baselines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WAIVER = """version: 1
waivers:
  - {{rule: M0016/dangerous-call, path: "*/hostile.pkl", owner: ada, reason: "a test sample", expires: {expires}}}
"""


def standings(text: str) -> list[str]:
    return [finding["standing"] for finding in json.loads(text)["findings"]]


def test_waiver_in_force_passes_and_names_its_owner(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text(WAIVER.format(expires="2999-12-31"))
    ended = cli("check", samples / "hostile.pkl")
    assert ended.code == 0
    assert "waived by ada until 2999-12-31: a test sample" in ended.out
    assert standings(cli("check", samples / "hostile.pkl", "--format", "json").out) == ["waived"]


def test_expired_waiver_fails_and_is_named(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text(WAIVER.format(expires="2020-01-31"))
    ended = cli("check", samples / "hostile.pkl")
    assert ended.code == 1
    assert "expired-waiver: M0016/dangerous-call at */hostile.pkl, owned by ada, expired after 2020-01-31" in ended.out


def test_waiver_of_another_file_does_not_count(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text(WAIVER.format(expires="2999-12-31"))
    (samples / "other.pkl").write_bytes((samples / "hostile.pkl").read_bytes())
    assert cli("check", samples / "other.pkl").code == 1


def test_waiver_does_not_cover_what_is_not_understood(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text(WAIVER.format(expires="2999-12-31").replace("hostile", "broken"))
    assert cli("check", samples / "broken.pkl").code == 3


def test_shadow_reports_and_passes(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\ncontrols:\n  vulnerability-scanning: {mode: shadow}\n")
    ended = cli("check", samples / "hostile.pkl", "--format", "json")
    assert (ended.code, standings(ended.out)) == (0, ["shadow"])


def test_off_looks_at_nothing(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\ncontrols:\n  vulnerability-scanning: {mode: off}\n")
    ended = cli("check", samples, "--format", "json")
    document = json.loads(ended.out)
    assert (ended.code, document["files"], document["findings"]) == (0, [], [])


def test_baseline_covers_what_was_there_and_nothing_new(cli: Callable, folder: Path, samples: Path) -> None:
    baseline = folder / "baseline.json"
    written = cli("check", "models", "--write-baseline", baseline)
    assert (written.code, written.out) == (0, "")
    assert written.err == f"2 findings written to {baseline}\n"
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

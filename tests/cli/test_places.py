"""Waivers, baselines and exclusions hit the same files whatever was typed and wherever telamon was started."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WAIVER = """version: 1
waivers:
  - {rule: M0016/dangerous-call, path: models/hostile.pkl, owner: ada, reason: "a test sample", expires: SOON}
exclude: [models/broken.pkl]
""".replace("SOON", str(dt.datetime.now(dt.UTC).date() + dt.timedelta(days=300)))
# Where telamon is started, and what is typed there.
WAYS = [
    (".", ("models/",)),
    (".", ("./models",)),
    (".", ("models/hostile.pkl", "models/unknown.pkl")),
    (".", ("{here}/models",)),
    ("models", (".",)),
    ("models", (".", "--policy", "../telamon.yaml")),
    ("models", ("hostile.pkl", "../models/unknown.pkl")),
    ("..", ("system/models", "--policy", "system/telamon.yaml")),
    ("/", ("{here}/models", "--policy", "{here}/telamon.yaml")),
    ("..", ("alias/models", "--policy", "{here}/telamon.yaml")),
    ("..", ("{here}/models", "--policy", "alias/telamon.yaml")),
]


@pytest.fixture(autouse=True)
def _alias(folder: Path, samples: Path) -> None:
    assert samples.parent == folder
    (folder.parent / "alias").symlink_to(folder)


@pytest.fixture
def found(cli: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict]:
    """What is found in each file, by a field of the finding."""

    def call(field: str, start: str, *words: str) -> dict[str, str]:
        monkeypatch.chdir(folder / start)
        ended = cli("check", *(word.format(here=folder) for word in words), "--format", "json")
        findings = json.loads(ended.out)["findings"]
        return {finding["path"].rpartition("/")[2]: finding[field] for finding in findings}

    return call


@pytest.mark.parametrize(("start", "words"), WAYS)
def test_waiver_and_exclusion_hold(found: Callable, folder: Path, start: str, words: tuple[str, ...]) -> None:
    (folder / "telamon.yaml").write_text(WAIVER)
    assert found("standing", start, *words) == {"hostile.pkl": "waived", "unknown.pkl": "below-gate"}


@pytest.mark.parametrize(("start", "words"), WAYS)
def test_baseline_holds(cli: Callable, found: Callable, folder: Path, start: str, words: tuple[str, ...]) -> None:
    policy = "version: 1\nbaseline: known.json\ncontrols: {vulnerability-scanning: {fail_at: low}}\n"
    (folder / "telamon.yaml").write_text(policy)
    assert cli("check", "models", "--write-baseline", "known.json").code == 0
    assert found("standing", start, *words) == {"hostile.pkl": "baseline", "unknown.pkl": "baseline"}


@pytest.mark.parametrize(("start", "words"), WAYS)
def test_fingerprints_are_the_same(found: Callable, folder: Path, start: str, words: tuple[str, ...]) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nexclude: [broken.pkl]\n")
    expected = found("fingerprint", ".", "models")
    assert expected.keys() == {"hostile.pkl", "unknown.pkl"}
    assert found("fingerprint", start, *words) == expected


def test_reports_show_what_was_typed(
    cli: Callable, folder: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(samples)
    assert "--> ../models/hostile.pkl@" in cli("check", "../models/hostile.pkl").out
    assert f"--> {folder}/models/hostile.pkl@" in cli("check", f"{folder}/models/hostile.pkl").out


def test_waiver_of_one_name_covers_no_other_name_of_the_file(
    cli: Callable, folder: Path, samples: Path, found: Callable
) -> None:
    (folder / "telamon.yaml").write_text(WAIVER)
    (samples / "linked.pkl").symlink_to("hostile.pkl")
    (samples / "hard.pkl").hardlink_to(samples / "hostile.pkl")
    assert found("standing", ".", "models") == {
        "hard.pkl": "failing",
        "hostile.pkl": "waived",
        "linked.pkl": "failing",
        "unknown.pkl": "below-gate",
    }
    assert cli("check", "models").code == 1


def test_standard_input_is_called_a_hyphen(process: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text(WAIVER.replace("models/hostile.pkl", '"-"'))
    hostile = (samples / "hostile.pkl").read_bytes()
    assert process("check", "-", given=hostile).returncode == 0
    (folder / "telamon.yaml").write_text("version: 1\n")
    assert process("check", "-", given=hostile).returncode == 1

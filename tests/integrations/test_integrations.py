"""What CI systems run: the scripts of the action and of the template, as they stand, on hostile and good files."""

from __future__ import annotations

import json
import os
import pickle
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from pre_commit.clientlib import load_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
TELAMON = Path(sys.executable).parent / "telamon"

pytestmark = pytest.mark.skipif(not TELAMON.exists(), reason="telamon is not installed beside this interpreter")


class Touch:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.system, ("touch never",)


@pytest.fixture
def action(tmp_path: Path) -> Callable[..., tuple[int, dict[str, str]]]:
    """Runs the action's own script as a runner does: inputs in the environment, outputs in a file."""
    installed = tmp_path / "runner" / "telamon" / "bin"
    installed.mkdir(parents=True)
    (installed / "telamon").symlink_to(TELAMON)
    document: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
    step = next(step for step in document["runs"]["steps"] if step.get("id") == "check")

    def run(**inputs: str) -> tuple[int, dict[str, str]]:
        defaults = {name: about["default"] for name, about in document["inputs"].items()}
        given = defaults | inputs
        environment = {
            name: given[value.removeprefix("${{ inputs.").removesuffix(" }}")] for name, value in step["env"].items()
        }
        outputs = tmp_path / "outputs"
        outputs.write_text("")
        done = subprocess.run(  # noqa: S603  # the project's own script
            ["bash", "-c", step["run"]],  # noqa: S607  # wherever it is
            cwd=tmp_path,
            env={**os.environ, **environment, "RUNNER_TEMP": str(tmp_path / "runner"), "GITHUB_OUTPUT": str(outputs)},
            capture_output=True,
            check=False,
        )
        return done.returncode, dict(line.split("=", 1) for line in outputs.read_text().splitlines())

    return run


def test_the_action_fails_on_a_hostile_file_and_writes_its_report(
    action: Callable[..., tuple[int, dict[str, str]]], tmp_path: Path
) -> None:
    (tmp_path / "bad one.pkl").write_bytes(pickle.dumps(Touch()))
    assert action(paths="bad one.pkl\n") == (1, {"sarif": "telamon.sarif", "exit-code": "1"})
    report = json.loads((tmp_path / "telamon.sarif").read_text())
    assert [result["ruleId"] for result in report["runs"][0]["results"]] == ["M0016/dangerous-call"]


def test_the_action_passes_what_is_clean(action: Callable[..., tuple[int, dict[str, str]]], tmp_path: Path) -> None:
    (tmp_path / "good.pkl").write_bytes(pickle.dumps([1]))
    assert action(paths="good.pkl", sarif="here.sarif") == (0, {"sarif": "here.sarif", "exit-code": "0"})


@pytest.mark.parametrize("name", ["$(touch pwned).pkl", "--help", "`touch pwned`", "a; touch pwned"])
def test_inputs_are_no_code_and_no_options(
    name: str, action: Callable[..., tuple[int, dict[str, str]]], tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Touch()))
    assert action(paths=name)[0] == 1
    assert not (tmp_path / "pwned").exists()


def test_every_input_of_the_action_is_used_by_value() -> None:
    text = (ROOT / "action.yml").read_text()
    document = yaml.safe_load(text)
    scripts = [step["run"] for step in document["runs"]["steps"]]
    assert not any("${{" in script for script in scripts)
    given = {value for step in document["runs"]["steps"] for value in step["env"].values()}
    assert {f"${{{{ inputs.{name} }}}}" for name in document["inputs"]} <= given


def test_the_template_of_gitlab_writes_its_report(tmp_path: Path) -> None:
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps(Touch()))
    job = yaml.safe_load((ROOT / "integrations" / "gitlab.yml").read_text())["telamon"]
    script = job["script"][-1].replace("/tmp/telamon/bin/telamon", shlex.quote(str(TELAMON)))  # noqa: S108  # as the template has it
    variables = {name: str(value) for name, value in job["variables"].items()}
    done = subprocess.run(  # noqa: S603  # the project's own script
        ["bash", "-c", script],  # noqa: S607  # wherever it is
        cwd=tmp_path,
        env={**os.environ, **variables},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    report = ET.parse(tmp_path / job["artifacts"]["reports"]["junit"])  # noqa: S314  # our own
    assert int(report.getroot().get("failures", "0")) == 1


def test_the_hooks_are_such_as_pre_commit_takes() -> None:
    hooks = load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))
    assert {hook["id"]: hook["entry"] for hook in hooks} == {
        "telamon": "telamon check",
        "telamon-all": "telamon check .",
    }


@pytest.mark.skipif(shutil.which("git") is None, reason="Git is not installed")
def test_the_action_judges_what_changed(action: Callable[..., tuple[int, dict[str, str]]], tmp_path: Path) -> None:
    def git(*words: str) -> None:
        settings = ("-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *settings, *words], cwd=tmp_path, check=True, capture_output=True)  # noqa: S603, S607  # words of this test

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "-m", "first")
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps(Touch()))
    git("add", "bad.pkl")
    git("commit", "--quiet", "-m", "second")
    assert action(git="HEAD~1..HEAD")[0] == 1  # with `paths` as they are by default
    assert action(git="HEAD..HEAD")[0] == 0
    assert action()[0] == 1
    (tmp_path / "bad.pkl").unlink()
    assert action()[0] == 0  # the whole checkout, with what Git keeps in it

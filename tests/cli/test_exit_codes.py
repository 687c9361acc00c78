"""The five exit codes, the same in every format."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from telamon.controls.artifact.vulnerability_scanning.checker import VulnerabilityScanningChecker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMATS = ("text", "json", "sarif", "junit", "markdown", "github")


def check_document(format_name: str, text: str, code: int) -> None:
    """The report is whole in its format, and says the exit code where the format has a place for it."""
    if format_name == "json":
        assert json.loads(text)["exit_code"] == code
    elif format_name == "sarif":
        assert json.loads(text)["runs"][0]["invocations"][0]["exitCode"] == code
    elif format_name == "junit":
        assert ET.fromstring(text).tag == "testsuites"  # noqa: S314  # written by us a moment ago
    else:
        assert f"exit {code}" in text


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize(
    ("name", "code"), [("clean.pkl", 0), ("unknown.pkl", 0), ("hostile.pkl", 1), ("broken.pkl", 3)]
)
def test_exit_code_tells_what_was_found(cli: Callable, samples: Path, format_name: str, name: str, code: int) -> None:
    ended = cli("check", samples / name, "--format", format_name)
    assert ended.code == code
    check_document(format_name, ended.out, code)
    assert ended.err == ""


@pytest.mark.parametrize("format_name", FORMATS)
def test_defect_of_a_checker_is_4_and_the_other_files_are_reported(
    cli: Callable, samples: Path, format_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = VulnerabilityScanningChecker.check

    def check(self: VulnerabilityScanningChecker, subject: object) -> object:
        if subject.name.endswith("clean.pkl"):
            raise ZeroDivisionError("on purpose")
        return original(self, subject)

    monkeypatch.setattr(VulnerabilityScanningChecker, "check", check)
    ended = cli("check", samples, "--format", format_name, "--jobs", "1")
    assert ended.code == 4
    check_document(format_name, ended.out, 4)
    assert "ZeroDivisionError: on purpose" in ended.out
    assert "hostile.pkl" in ended.out
    assert "Traceback" not in ended.out + ended.err


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("missing.pkl",), "error[usage]: no such file or folder: `missing.pkl`"),
        (("models", "--policy", "missing.yaml"), "error[usage]: no policy file at `missing.yaml`"),
        (("models", "--baseline", "missing.json"), "cannot read the baseline `missing.json`"),
        (("models", "--jobs", "0"), "Invalid value for '-j' / '--jobs'"),
    ],
)
def test_usage_error_is_2_and_nothing_is_reported(
    cli: Callable, samples: Path, format_name: str, words: tuple[str, ...], message: str
) -> None:
    ended = cli("check", *words, "--format", format_name)
    assert samples.is_dir()
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err


@pytest.mark.parametrize("format_name", FORMATS)
def test_policy_error_is_2_and_has_file_line_and_column(
    cli: Callable, folder: Path, samples: Path, format_name: str
) -> None:
    (folder / "telamon.yaml").write_text("version: 1\ncontrols:\n  vulnerability-scaning: {}\n")
    ended = cli("check", samples, "--format", format_name)
    assert (ended.code, ended.out) == (2, "")
    assert "telamon.yaml:3:3:" in ended.err
    assert "vulnerability-scanning" in ended.err


def test_findings_go_before_what_was_not_understood(cli: Callable, samples: Path) -> None:
    assert cli("check", samples).code == 1


def test_the_gate_of_the_policy_decides(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\ncontrols:\n  vulnerability-scanning: {fail_at: medium}\n")
    assert cli("check", samples / "unknown.pkl").code == 1


@pytest.mark.parametrize("words", [("chekc",), ("check", "--frobnicate"), ("prove",), ("explain",), ("ledger", "nope")])
def test_unknown_words_are_usage_errors(cli: Callable, words: tuple[str, ...]) -> None:
    ended = cli(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err


def test_process_ends_with_the_code(process: Callable, samples: Path) -> None:
    assert [process("check", f"models/{name}.pkl").returncode for name in ("clean", "hostile", "broken", "none")] == [
        0,
        1,
        3,
        2,
    ]
    assert samples.is_dir()


def test_defect_outside_a_checker_is_4_without_a_traceback(
    cli: Callable, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_arguments: object, **_settings: object) -> None:
        raise RuntimeError("on\x1b[2J purpose")

    monkeypatch.setattr("telamon.checking.run.check", crash)
    ended = cli("check", samples)
    assert (ended.code, ended.out) == (4, "")
    assert "error[internal]: RuntimeError: on" in ended.err
    assert "\x1b" not in ended.err
    assert "Traceback" not in ended.err


def test_traceback_is_shown_where_it_is_asked_for(
    cli: Callable, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_arguments: object, **_settings: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("telamon.checking.run.check", crash)
    monkeypatch.setenv("TELAMON_DEBUG", "1")
    ended = cli("check", samples)
    assert ended.code == 4
    assert "Traceback" in ended.err

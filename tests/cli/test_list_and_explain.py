"""The catalogue and its pages on the terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def test_list_has_a_line_for_each_control(cli: Callable) -> None:
    ended = cli("list")
    assert ended.code == 0
    assert "AML.M0016  vulnerability-scanning  " in ended.out
    assert ended.out.splitlines() == sorted(ended.out.splitlines())


def test_list_as_json(cli: Callable) -> None:
    rows = json.loads(cli("list", "--format", "json").out)
    assert [set(row) for row in rows] == [{"control", "mitigation", "wing", "extra", "summary"}] * len(rows)
    scanning = next(row for row in rows if row["mitigation"] == "AML.M0016")
    assert (scanning["control"], scanning["wing"], scanning["extra"]) == ("vulnerability-scanning", "artifact", None)


def test_list_shows_other_packages_only_when_asked(cli: Callable, install: Callable) -> None:
    source = '"""Strange things."""\nfrom telamon.core.control import Control\n\nclass Strange(Control):\n'
    source += '    name = "strange-things"\n    mitigation = "AML.M0003"\n'
    install("strange = strange:Strange", strange=source)
    assert "strange-things" not in cli("list").out
    assert "AML.M0003  strange-things          Strange things." in cli("list", "--third-party").out
    assert cli("explain", "strange-things").out.startswith("strange-things (AML.M0003, third-party wing)\n\nStrange")


def test_explain_shows_a_rule_of_another_package_and_the_nearest(cli: Callable, install: Callable) -> None:
    source = '"""Strange things."""\nfrom telamon.core.control import Control\n'
    source += "from telamon.core.records import Rule, Severity\n\nclass Strange(Control):\n"
    source += '    name = "strange-things"\n    mitigation = "AML.M0003"\n\n    def rules(self):\n'
    source += '        rule = Rule(id="M0003/odd", summary="Odd", severity=Severity.LOW, description="d", remedy="r")\n'
    source += "        return (rule,)\n"
    install("strange = strange:Strange", strange=source)
    shown = cli("explain", "M0003/odd").out
    assert shown == "M0003/odd (low)\n\nOdd.\n\nd\n\nRemedy: r\n\nControl: strange-things (AML.M0003)\n"
    assert "hint: did you mean `M0003/odd`?" in cli("explain", "M0003/od").err


def test_broken_package_is_named_and_no_crash(cli: Callable, install: Callable) -> None:
    install("strange = strange:Strange", strange="raise ValueError('not today')\n")
    ended = cli("list", "--third-party")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error[broken-control]: entry point `strange` does not load: not today")
    assert cli("list").code == 0


@pytest.mark.parametrize("topic", ["vulnerability-scanning", "AML.M0016", "M0016"])
def test_explain_shows_the_page_of_a_control(cli: Callable, topic: str) -> None:
    ended = cli("explain", topic)
    assert ended.code == 0
    assert ended.out.startswith("vulnerability-scanning (AML.M0016, artifact wing)\n\n")
    for heading in ("## What it does", "## How it decides", "## Limits", "## References", "## Rules"):
        assert heading in ended.out
    assert "critical  M0016/dangerous-call: " in ended.out


def test_explain_shows_a_rule_with_remedy_and_techniques(cli: Callable) -> None:
    ended = cli("explain", "M0016/dangerous-call")
    assert ended.code == 0
    assert ended.out.startswith("M0016/dangerous-call (critical)\n\n")
    assert "\nRemedy: " in ended.out
    assert "\nControl: vulnerability-scanning (AML.M0016)\n" in ended.out
    assert "AML.T0011.000 Unsafe AI Artifacts" in ended.out


@pytest.mark.parametrize("topic", ["AML.T0011.000", "T0011.000"])
def test_explain_shows_a_technique_and_what_mitigates_it(cli: Callable, topic: str) -> None:
    ended = cli("explain", topic)
    assert ended.out.startswith("AML.T0011.000 Unsafe AI Artifacts (ATLAS 5.6")
    assert "  AML.M0016 Vulnerability Scanning: vulnerability-scanning\n" in ended.out
    assert ": not built yet\n" in ended.out


def test_explain_shows_a_mitigation_that_is_not_built(cli: Callable) -> None:
    ended = cli("explain", "AML.M0018")
    assert "Control: not built yet" in ended.out
    assert ended.out.startswith("AML.M0018 User Training (ATLAS 5.6")


def test_explain_shows_a_tactic(cli: Callable) -> None:
    assert cli("explain", "AML.TA0002").out.startswith("AML.TA0002 Reconnaissance (ATLAS 5.6")


@pytest.mark.parametrize(
    ("topic", "hint"),
    [
        ("M0016/dangerous-cal", "did you mean `M0016/dangerous-call`?"),
        ("vulnerability-scaning", "did you mean `vulnerability-scanning`?"),
        ("AML.T9999", "`telamon list` shows the controls"),
        ("", "`telamon list` shows the controls"),
        ("/", "`telamon list` shows the controls"),
    ],
)
def test_explain_of_nothing_is_a_usage_error_with_the_nearest_name(cli: Callable, topic: str, hint: str) -> None:
    ended = cli("explain", topic)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error[usage]: nothing is called `{topic}`\n  hint: {hint}\n"


def test_control_characters_of_a_topic_do_not_reach_the_terminal(cli: Callable) -> None:
    assert "\x1b" not in cli("explain", "\x1b[2J").err


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("check", "--help"), ("ledger", "--help")])
def test_help_is_shown(cli: Callable, words: tuple[str, ...]) -> None:
    ended = cli(*words)
    assert ended.code == 0
    assert ended.out.startswith("Usage: telamon")


def test_help_lists_the_commands(cli: Callable) -> None:
    lines = cli("--help").out.partition("Commands:")[2].split("\n")
    names = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert {"atlas", "check", "coverage", "explain", "init", "ledger", "list", "policy", "prove", "up"} <= set(names)
    assert names == sorted(names)


def test_version_is_that_of_the_package(cli: Callable) -> None:
    from telamon import __version__  # noqa: PLC0415  # beside its use

    assert cli("--version").out == f"telamon, version {__version__}\n"

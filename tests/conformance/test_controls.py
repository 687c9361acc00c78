"""Every control that the catalogue finds passes every check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telamon import catalog
from telamon.cli.application import own_names
from telamon.conformance import CHECKS, Case, failing_call, specimens
from telamon.core.records import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from telamon.atlas import Release

NAMES = [listed.control.name for listed in catalog.load()]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_conforms(name: str, check: Callable[[Case], Iterator[str]], release: Release) -> None:
    found = catalog.load()
    listed = found.find(name)
    commands = dict.fromkeys(own_names(), "telamon itself")
    for other in found:
        if other.control.name != name:
            commands |= {reference.name: f"`{other.control.name}`" for reference in other.control.commands()}
    assert list(check(Case(listed=listed, release=release, commands=commands))) == []


def test_there_is_something_to_check() -> None:
    assert "vulnerability-scanning" in NAMES
    assert [check.__name__ for check in CHECKS] == [
        "check_names",
        "check_purity",
        "check_page",
        "check_settings",
        "check_rules",
        "check_coverage",
        "check_experiments",
        "check_commands",
        "check_findings",
        "check_faults",
    ]


def test_every_control_has_its_own_name_and_mitigation() -> None:
    listed = list(catalog.load())
    assert len({one.control.name for one in listed}) == len(listed)
    assert len({one.control.mitigation for one in listed}) == len(listed)


def test_the_injected_faults_reach_a_real_checker() -> None:
    control = catalog.load().find("vulnerability-scanning").control
    checker = control.checker()(control.settings()())
    calls = []
    with specimens() as subjects:
        (subject,) = [subject for subject in subjects if subject.name == "data.pkl"]
        for number in range(20):
            with failing_call(subject.path, number) as fault:
                (outcome,) = checker.check(subject)
            assert isinstance(outcome, Outcome)
            if not fault.call:
                assert outcome.verdict is Verdict.CLEAN
                break
            assert outcome.verdict is Verdict.NOT_UNDERSTOOD
            calls.append(fault.call)
    assert calls
    assert set(calls) == {"open", "pread"}


def test_a_fault_leaves_other_files_and_later_calls_alone(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("content")
    with failing_call(tmp_path / "one", 0) as fault:
        assert other.read_text() == "content"
        with pytest.raises(OSError, match="Input/output error"):
            (tmp_path / "one").read_text()
    assert fault.call == "open"
    (tmp_path / "one").write_text("later")
    assert (tmp_path / "one").read_text() == "later"

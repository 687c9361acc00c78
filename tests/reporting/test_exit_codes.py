"""The exit code of a report, and that every format shows it."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from telamon.core.records import ExitCode, Location, Outcome, Verdict
from telamon.reporting.formats import Format, render
from telamon.reporting.report import Failure, FailureKind, Report, Reported, Standing

if TYPE_CHECKING:
    from telamon.core.records import Finding

SHOWN = {
    Format.TEXT: re.compile(r"; exit (\d)\n\Z"),
    Format.JSON: re.compile(r'^  "exit_code": (\d),$', re.MULTILINE),
    Format.SARIF: re.compile(r'^ +"exitCode": (\d),$', re.MULTILINE),
    Format.JUNIT: re.compile(r'<property name="exit_code" value="(\d)"/>'),
    Format.MARKDOWN: re.compile(r"^## telamon check: exit (\d)$", re.MULTILINE),
    Format.GITHUB: re.compile(r"^::notice title=telamon check::.*; exit (\d)$", re.MULTILINE),
}


def _report(
    finding: Finding | None = None,
    *,
    verdict: Verdict = Verdict.CLEAN,
    is_failed: bool = False,
    is_internal: bool = False,
) -> Report:
    failure = Failure(
        control="a",
        subject="x",
        reason="broken",
        kind=FailureKind.INTERNAL_ERROR if is_internal else FailureKind.NOT_CHECKED,
    )
    return Report(
        command="check",
        version="1.2.3",
        policy=SimpleNamespace(file=None, digest=""),
        findings=(Reported(finding=finding, control="a", standing=Standing.FAILING),) if finding else (),
        outcomes=(Outcome(control="a", location=Location(path="x"), verdict=verdict),),
        failures=(failure,) if is_failed or is_internal else (),
    )


@pytest.fixture(scope="session")
def reports(specimen: Report) -> dict[ExitCode, Report]:
    finding = specimen.findings[0].finding
    return {
        ExitCode.CLEAN: _report(),
        ExitCode.FINDINGS: _report(finding, verdict=Verdict.NOT_UNDERSTOOD, is_failed=True),
        ExitCode.NOT_RUN: _report(verdict=Verdict.NOT_UNDERSTOOD),
        ExitCode.INTERNAL: _report(finding, is_internal=True),
    }


@pytest.mark.parametrize("output_format", Format)
@pytest.mark.parametrize("code", [ExitCode.CLEAN, ExitCode.FINDINGS, ExitCode.NOT_RUN, ExitCode.INTERNAL])
def test_every_format_shows_the_exit_code(
    reports: dict[ExitCode, Report], output_format: Format, code: ExitCode
) -> None:
    report = reports[code]
    assert report.exit_code is code
    shown = SHOWN[output_format].findall(render(report, output_format))
    assert shown == [str(int(code))]


def test_a_failure_alone_is_not_clean() -> None:
    assert _report(is_failed=True).exit_code is ExitCode.NOT_RUN


def test_proofs_decide_the_exit_code(specimen: Report) -> None:
    passed, failed, inconclusive = specimen.proofs
    report = Report(command="prove", version="1.2.3", policy=SimpleNamespace(file=None, digest=""), proofs=(passed,))
    codes = [
        Report(command="prove", version="1.2.3", policy=SimpleNamespace(file=None, digest=""), proofs=proofs).exit_code
        for proofs in [(passed,), (passed, inconclusive), (passed, inconclusive, failed)]
    ]
    assert report.exit_code is ExitCode.CLEAN
    assert codes == [ExitCode.CLEAN, ExitCode.NOT_RUN, ExitCode.FINDINGS]

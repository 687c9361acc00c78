"""Workflow commands of GitHub Actions: the specimen whole, and one line for each thing whatever it holds."""

from __future__ import annotations

import re
from types import SimpleNamespace

import hypothesis.strategies as st
from hypothesis import given

from telamon.core.records import ExitCode, Verdict
from telamon.reporting.formats import Format, render
from telamon.reporting.report import Failure, Report

COMMAND = re.compile(
    r"::(error|warning|notice) (file=(?P<file>[^:,]*),)?(line=\d+,)?title=(?P<title>[^:,]*)::(?P<message>.*)"
)
SUMMARY = (
    "5 files checked: 1 malicious, 1 suspicious, 1 not understood, 1 clean, 1 with nothing to judge; "
    "3 findings (1 critical, 1 low, 1 info; 1 below the gate, 1 in shadow mode), 1 waived, 1 in the baseline; "
    "3 proofs: 1 passed, 1 failed, 1 inconclusive; 2 failures; 1 expired waiver; exit 1"
)
EXPECTED = f"""\
::error file=a/evil model.pt,title=critical[M0016/dangerous-call]::\
calls os.system('id') when loaded (member archive/data.pkl, byte 12)%0A\
evidence: REDUCE of posix.system%0A\
remedy: convert to safetensors%0A\
ATLAS: AML.T0011.000
::error file=locked,title=not-checked::permission denied
::error file=f.pkl,title=not-checked[vulnerability-scanning]::\
worker died
::error file=odd\\x1b[2J\\xff.bin,title=not-understood[vulnerability-scanning]::\
the tail is cut off at byte 9
::error title=failed[AML.M0016/AML.T0011.000]::\
drop of at least 0.1%0A\
attack: a pickle runs a command%0A\
off 1 (0.5..1), on 0.8 (0.4..0.8), adaptive -, drop 0.1..0.2, floor 0.5, benign cost 0.01 (at most 0.05)
::error title=inconclusive[AML.M0016/AML.T0011.001]::\
no attack with the control off%0A\
attack: a pickle runs a command%0A\
off 1 (0.5..1), on 0 (0..0), adaptive -, drop 0.9..1, floor 0.5, benign cost 0.01 (at most 0.05)
::warning file=d.pkl,title=low[M0016/dangerous-call]::\
calls os.system('id') when loaded (byte 2)%0A\
remedy: convert to safetensors%0A\
ATLAS: AML.T0011.000%0A\
note: below the gate
::warning title=expired-waiver::ops, 2020-01-01: old data
::notice file=b/script.py,line=3,title=high[M0016/dangerous-call]::\
calls os.system('id') when loaded (line 3)%0A\
remedy: convert to safetensors%0A\
ATLAS: AML.T0011.000%0A\
note: waived by ops until 2030-01-01: test data
::notice file=c.pkl,title=medium[M0016/dangerous-call]::\
calls os.system('id') when loaded (byte 2)%0A\
remedy: convert to safetensors%0A\
ATLAS: AML.T0011.000%0A\
note: in the baseline
::notice file=e.pkl,title=info[M0016/dangerous-call]::\
calls os.system('id') when loaded (byte 2)%0A\
remedy: convert to safetensors%0A\
ATLAS: AML.T0011.000%0A\
note: the control is in shadow mode
::notice title=passed[AML.M0016/AML.T0011]::\
drop of at least 0.9%0A\
attack: a pickle runs a command%0A\
off 1 (0.5..1), on 0 (0..0), adaptive 0.1 (0.05..0.1), drop 0.9..1, floor 0.5, benign cost 0.01 (at most 0.05)
::notice title=telamon check::{SUMMARY}
"""


def test_writes_the_specimen_whole(specimen: Report) -> None:
    assert render(specimen, Format.GITHUB) == EXPECTED


def test_escapes_as_the_runner_unescapes() -> None:
    report = Report(
        command="check",
        version="1.2.3",
        policy=SimpleNamespace(file=None, digest=""),
        failures=(Failure(control="a", subject="50%,b:c", reason="100% of a::b,c %0A"),),
    )
    first, *_ = render(report, Format.GITHUB).splitlines()
    assert first == "::error file=50%25%2Cb%3Ac,title=not-checked[a]::100%25 of a::b,c %250A"


@given(data=st.data())
def test_writes_one_command_a_line_whatever_the_report_holds(
    hostile_reports: st.SearchStrategy[Report], data: st.DataObject
) -> None:
    report = data.draw(hostile_reports)
    not_understood = sum(outcome.verdict is Verdict.NOT_UNDERSTOOD for outcome in report.outcomes)
    parts = (report.findings, report.failures, report.proofs, report.expired)
    lines = render(report, Format.GITHUB).split("\n")
    assert len(lines) == sum(map(len, parts)) + not_understood + 2  # the summary, and what follows the last newline
    assert lines.pop() == ""
    for line in lines:
        assert line.isprintable()
        assert COMMAND.fullmatch(line)


@given(data=st.data())
def test_has_an_error_exactly_when_the_run_does_not_end_well(
    hostile_reports: st.SearchStrategy[Report], data: st.DataObject
) -> None:
    report = data.draw(hostile_reports)
    assert ("::error " in render(report, Format.GITHUB)) == (report.exit_code is not ExitCode.CLEAN)

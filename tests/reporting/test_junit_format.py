"""JUnit XML: the specimen whole, the structure that consumers need, and characters that XML forbids."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import hypothesis.strategies as st
from hypothesis import given

from telamon.core.records import ExitCode, Severity
from telamon.reporting.formats import Format, render
from telamon.reporting.report import Failure, FailureKind, Report, Standing

# What Jenkins' and Surefire's schemas have in common.
CONTENTS = ([], ["system-out"], ["failure"], ["error"], ["skipped"], ["skipped", "system-out"])
ZEROS = "0" * 64
SUMMARY = (
    "5 files checked: 1 malicious, 1 suspicious, 1 not understood, 1 clean, 1 with nothing to judge; "
    "3 findings (1 critical, 1 low, 1 info; 1 below the gate, 1 in shadow mode), 1 waived, 1 in the baseline; "
    "3 proofs: 1 passed, 1 failed, 1 inconclusive; 2 failures; 1 expired waiver; exit 1"
)
EXPECTED = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="telamon check" tests="13" failures="2" errors="4" skipped="3" time="0.125">
<testsuite name="telamon" tests="1" failures="0" errors="1" skipped="0">
<properties>
<property name="version" value="1.2.3"/>
<property name="policy_digest" value="sha256:{ZEROS}"/>
<property name="exit_code" value="1"/>
<property name="summary" value="{SUMMARY}"/>
<property name="expired_waiver" value="ops, 2020-01-01: old data"/>
</properties>
<testcase classname="telamon" name="locked" time="0">
<error type="not-checked" message="permission denied">
not checked: permission denied
</error>
</testcase>
</testsuite>
<testsuite name="vulnerability-scanning" tests="12" failures="2" errors="3" skipped="3">
<properties>
<property name="version" value="1.2.3"/>
<property name="policy_digest" value="sha256:{ZEROS}"/>
<property name="exit_code" value="1"/>
<property name="summary" value="{SUMMARY}"/>
<property name="expired_waiver" value="ops, 2020-01-01: old data"/>
</properties>
<testcase classname="vulnerability-scanning" name="AML.M0016/AML.T0011 gated-loader" time="0">
<system-out>
passed: drop of at least 0.9
  attack: a pickle runs a command
  off 1 (0.5..1), on 0 (0..0), adaptive 0.1 (0.05..0.1), drop 0.9..1, floor 0.5, benign cost 0.01 (at most 0.05)
  experiment: gated-loader of vulnerability-scanning, seed 7
  measured: attack success rate over 100 trials, intervals at 95 %
  honest users: 0.01 (0.005..0.01) of 100 operations fail; 1.25 ms CPU are added to each
  strength: empirically robust
</system-out>
</testcase>
<testcase classname="vulnerability-scanning" name="AML.M0016/AML.T0011.000 gated-loader" time="0">
<failure type="failed" message="drop of at least 0.1">
failed: drop of at least 0.1
  attack: a pickle runs a command
  off 1 (0.5..1), on 0.8 (0.4..0.8), adaptive -, drop 0.1..0.2, floor 0.5, benign cost 0.01 (at most 0.05)
  experiment: gated-loader of vulnerability-scanning, seed 7
  measured: attack success rate over 100 trials, intervals at 95 %
  honest users: 0.01 (0.005..0.01) of 100 operations fail; 1.25 ms CPU are added to each
  strength: empirically robust
</failure>
</testcase>
<testcase classname="vulnerability-scanning" name="AML.M0016/AML.T0011.001 gated-loader" time="0">
<error type="inconclusive" message="no attack with the control off">
inconclusive: no attack with the control off
  attack: a pickle runs a command
  off 1 (0.5..1), on 0 (0..0), adaptive -, drop 0.9..1, floor 0.5, benign cost 0.01 (at most 0.05)
  experiment: gated-loader of vulnerability-scanning, seed 7
  measured: attack success rate over 100 trials, intervals at 95 %
  honest users: 0.01 (0.005..0.01) of 100 operations fail; 1.25 ms CPU are added to each
  strength: empirically robust
</error>
</testcase>
<testcase classname="vulnerability-scanning" name="a/evil model.pt" time="0">
<failure type="critical[M0016/dangerous-call]" message="calls os.system('id') when loaded">
critical[M0016/dangerous-call] failing: calls os.system('id') when loaded
  at a/evil model.pt!archive/data.pkl@12
  evidence: REDUCE of posix.system
  remedy: convert to safetensors
  ATLAS: AML.T0011.000
</failure>
</testcase>
<testcase classname="vulnerability-scanning" name="b/script.py" time="0">
<skipped message="waived by ops until 2030-01-01: test data"/>
<system-out>
high[M0016/dangerous-call] waived: calls os.system('id') when loaded
  at b/script.py:3:5
  remedy: convert to safetensors
  ATLAS: AML.T0011.000
  note: waived by ops until 2030-01-01: test data
</system-out>
</testcase>
<testcase classname="vulnerability-scanning" name="c.pkl" time="0">
<skipped message="in the baseline"/>
<system-out>
medium[M0016/dangerous-call] in the baseline: calls os.system('id') when loaded
  at c.pkl@2
  remedy: convert to safetensors
  ATLAS: AML.T0011.000
  note: in the baseline
</system-out>
</testcase>
<testcase classname="vulnerability-scanning" name="clean.pkl" time="0"/>
<testcase classname="vulnerability-scanning" name="d.pkl" time="0">
<system-out>
low[M0016/dangerous-call] below the gate: calls os.system('id') when loaded
  at d.pkl@2
  remedy: convert to safetensors
  ATLAS: AML.T0011.000
  note: below the gate
</system-out>
</testcase>
<testcase classname="vulnerability-scanning" name="e.pkl" time="0">
<system-out>
info[M0016/dangerous-call] in shadow mode: calls os.system('id') when loaded
  at e.pkl@2
  remedy: convert to safetensors
  ATLAS: AML.T0011.000
  note: the control is in shadow mode
</system-out>
</testcase>
<testcase classname="vulnerability-scanning" name="f.pkl" time="0">
<error type="not-checked" message="worker died">
not checked: worker died
</error>
</testcase>
<testcase classname="vulnerability-scanning" name="notes.txt" time="0">
<skipped message="nothing to judge"/>
</testcase>
<testcase classname="vulnerability-scanning" name="odd\\x1b[2J\\xff.bin" time="0">
<error type="not-understood" message="the tail is cut off at byte 9">
not-understood: the tail is cut off at byte 9
</error>
</testcase>
</testsuite>
</testsuites>
"""


def _parsed(report: Report) -> ET.Element:
    return ET.fromstring(render(report, Format.JUNIT).encode())  # noqa: S314  # expands no entity: ours has no DTD


def test_writes_the_specimen_whole(specimen: Report) -> None:
    assert render(specimen, Format.JUNIT) == EXPECTED


def test_writes_an_empty_suite_when_nothing_was_checked() -> None:
    report = Report(command="check", version="1.2.3", policy=SimpleNamespace(file=None, digest=""))
    root = _parsed(report)
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [("telamon", "0")]


def test_names_the_gravest_of_several_findings(specimen: Report) -> None:
    grave = specimen.findings[0]
    finding = replace(grave.finding, severity=Severity.LOW, message="less")
    report = replace(specimen, findings=(replace(grave, finding=finding), grave))
    failure = _parsed(report).find(".//failure[@type='critical[M0016/dangerous-call]']")
    assert failure is not None
    assert failure.get("message") == "calls os.system('id') when loaded (and 1 more)"


def test_a_file_with_open_and_waived_findings_is_not_skipped(specimen: Report) -> None:
    waived = specimen.findings[1]
    below = replace(waived, standing=Standing.BELOW_GATE, note="")
    report = replace(specimen, findings=(waived, below), outcomes=(), failures=(), proofs=())
    root = _parsed(report)
    assert root.get("skipped") == "0"


def test_calls_a_defect_of_telamon_an_internal_error() -> None:
    report = Report(
        command="check",
        version="1.2.3",
        policy=SimpleNamespace(file=None, digest=""),
        failures=(Failure(control="a", subject="b", reason="KeyError", kind=FailureKind.INTERNAL_ERROR),),
    )
    error = _parsed(report).find(".//error")
    assert error is not None
    assert error.attrib == {"type": "internal-error", "message": "KeyError"}


@given(data=st.data())
def test_is_well_formed_and_counts_its_cases_whatever_the_report_holds(
    hostile_reports: st.SearchStrategy[Report], data: st.DataObject
) -> None:
    report = data.draw(hostile_reports)
    root = _parsed(report)
    for element in (root, *root.findall("testsuite")):
        assert element.get("tests") == str(len(list(element.iter("testcase"))))
        assert element.get("failures") == str(len(list(element.iter("failure"))))
        assert element.get("errors") == str(len(list(element.iter("error"))))
        assert element.get("skipped") == str(len(list(element.iter("skipped"))))
    for case in root.iter("testcase"):
        assert case.get("name")
        assert [child.tag for child in case] in CONTENTS


@given(data=st.data())
def test_fails_exactly_when_the_run_does_not_end_well(
    hostile_reports: st.SearchStrategy[Report], data: st.DataObject
) -> None:
    report = data.draw(hostile_reports)
    root = _parsed(report)
    is_bad = root.get("failures") != "0" or root.get("errors") != "0"
    assert is_bad == (report.exit_code is not ExitCode.CLEAN)

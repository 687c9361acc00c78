"""The text format: the specimen whole, colours, and that nothing untrusted acts on the terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import hypothesis.strategies as st
from hypothesis import given

from telamon.core.records import Confidence, Finding, Location, Outcome, Severity, Verdict
from telamon.reporting.formats import Format, Style, render
from telamon.reporting.report import Report, Reported, Standing

STYLE_CODE = re.compile(r"\x1b\[[0-9;]*m")
SUMMARY = (
    "5 files checked: 1 malicious, 1 suspicious, 1 not understood, 1 clean, 1 with nothing to judge; "
    "3 findings (1 critical, 1 low, 1 info; 1 below the gate, 1 in shadow mode), 1 waived, 1 in the baseline; "
    "3 proofs: 1 passed, 1 failed, 1 inconclusive; 2 failures; 1 expired waiver; exit 1"
)
EXPECTED = f"""\
critical[M0016/dangerous-call]: calls os.system('id') when loaded
  --> a/evil model.pt!archive/data.pkl@12
  = why: A model file calls something dangerous.
  = evidence: REDUCE of posix.system
  = confidence: high
  = remedy: convert to safetensors
  = ATLAS: AML.T0011.000

high[M0016/dangerous-call]: calls os.system('id') when loaded
  --> b/script.py:3:5
  = note: waived by ops until 2030-01-01: test data

medium[M0016/dangerous-call]: calls os.system('id') when loaded
  --> c.pkl@2
  = note: in the baseline

low[M0016/dangerous-call]: calls os.system('id') when loaded
  --> d.pkl@2
  = why: A model file calls something dangerous.
  = confidence: high
  = remedy: convert to safetensors
  = ATLAS: AML.T0011.000
  = note: below the gate

info[M0016/dangerous-call]: calls os.system('id') when loaded
  --> e.pkl@2
  = why: A model file calls something dangerous.
  = confidence: high
  = remedy: convert to safetensors
  = ATLAS: AML.T0011.000
  = note: the control is in shadow mode

not-checked: permission denied
  --> locked

not-checked[vulnerability-scanning]: worker died
  --> f.pkl

not-understood[vulnerability-scanning]: the tail is cut off at byte 9
  --> odd\\x1b[2J\\xff.bin

pair                     off         on              adaptive         drop      floor  benign cost          verdict
AML.M0016/AML.T0011      1 (0.5..1)  0 (0..0)        0.1 (0.05..0.1)  0.9..1    0.5    0.01 (at most 0.05)  passed
AML.M0016/AML.T0011.000  1 (0.5..1)  0.8 (0.4..0.8)  -                0.1..0.2  0.5    0.01 (at most 0.05)  failed
AML.M0016/AML.T0011.001  1 (0.5..1)  0 (0..0)        -                0.9..1    0.5    0.01 (at most 0.05)  inconclusive

passed[AML.M0016/AML.T0011]: drop of at least 0.9
  = attack: a pickle runs a command

failed[AML.M0016/AML.T0011.000]: drop of at least 0.1
  = attack: a pickle runs a command
  = experiment: gated-loader of vulnerability-scanning, seed 7
  = measured: attack success rate over 100 trials, intervals at 95 %
  = honest users: 0.01 (0.005..0.01) of 100 operations fail; 1.25 ms CPU are added to each
  = strength: empirically robust

inconclusive[AML.M0016/AML.T0011.001]: no attack with the control off
  = attack: a pickle runs a command
  = experiment: gated-loader of vulnerability-scanning, seed 7
  = measured: attack success rate over 100 trials, intervals at 95 %
  = honest users: 0.01 (0.005..0.01) of 100 operations fail; 1.25 ms CPU are added to each
  = strength: empirically robust

expired-waiver: ops, 2020-01-01: old data

{SUMMARY}
"""


def test_writes_the_specimen_whole(specimen: Report) -> None:
    assert render(specimen, Format.TEXT) == EXPECTED


def test_lists_everything_in_full_when_verbose() -> None:
    finding = Finding(
        rule="M0016/dangerous-call",
        message="calls os.system",
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        location=Location(path="a.pkl"),
        remedy="do not load it",
    )
    report = Report(
        command="check",
        version="1.2.3",
        policy=SimpleNamespace(file=None, digest=""),
        findings=(Reported(finding=finding, control="scanner", standing=Standing.WAIVED),),
        outcomes=(
            Outcome(control="scanner", location=Location(path="b.pkl"), verdict=Verdict.CLEAN, form="pickle"),
            Outcome(control="scanner", location=Location(path="c.pkl"), verdict=Verdict.CLEAN, form="pickle"),
        ),
    )
    assert (
        render(report, Format.TEXT, style=Style(verbose=True))
        == """\
high[M0016/dangerous-call]: calls os.system
  --> a.pkl
  = confidence: medium
  = remedy: do not load it
  = note: waived

clean[scanner]
  --> b.pkl (pickle)

clean[scanner]
  --> c.pkl (pickle)

2 files checked: 2 clean; no findings, 1 waived; exit 0
"""
    )


def test_gives_the_details_of_passed_proofs_when_verbose(specimen: Report) -> None:
    report = replace(specimen, findings=(), outcomes=(), failures=(), expired=(), proofs=specimen.proofs[:1])
    assert (
        render(report, Format.TEXT, style=Style(verbose=True))
        == """\
pair                 off         on        adaptive         drop    floor  benign cost          verdict
AML.M0016/AML.T0011  1 (0.5..1)  0 (0..0)  0.1 (0.05..0.1)  0.9..1  0.5    0.01 (at most 0.05)  passed

passed[AML.M0016/AML.T0011]: drop of at least 0.9
  = attack: a pickle runs a command
  = experiment: gated-loader of vulnerability-scanning, seed 7
  = measured: attack success rate over 100 trials, intervals at 95 %
  = honest users: 0.01 (0.005..0.01) of 100 operations fail; 1.25 ms CPU are added to each
  = strength: empirically robust

1 proof: 1 passed; exit 0
"""
    )


def test_aligns_the_table_by_columns_of_the_terminal(specimen: Report) -> None:
    proofs = (replace(specimen.proofs[0], technique="\u6280\u8853"), replace(specimen.proofs[0], technique="AML.T0011"))
    report = replace(specimen, findings=(), outcomes=(), failures=(), expired=(), proofs=proofs)
    first, second = render(report, Format.TEXT).splitlines()[1:3]
    assert first.startswith("AML.M0016/\u6280\u8853       1 (0.5..1)  0")  # 4 columns for 2 characters
    assert second.startswith("AML.M0016/AML.T0011  1 (0.5..1)  0")


def test_colours_what_stands_first_and_no_more(specimen: Report) -> None:
    coloured = render(specimen, Format.TEXT, style=Style(color=True))
    assert coloured.startswith("\x1b[1;31mcritical\x1b[0m\x1b[1m[M0016/dangerous-call]\x1b[0m: calls os.system('id')")
    assert STYLE_CODE.sub("", coloured) == EXPECTED


def test_says_when_nothing_was_checked() -> None:
    report = Report(command="check", version="1.2.3", policy=SimpleNamespace(file=None, digest=""))
    assert render(report, Format.TEXT) == "no files checked; no findings; exit 0\n"


@given(data=st.data())
def test_prints_nothing_that_acts_on_the_terminal(
    hostile_reports: st.SearchStrategy[Report], data: st.DataObject
) -> None:
    report = data.draw(hostile_reports)
    coloured = render(report, Format.TEXT, style=Style(color=True, verbose=True))
    plain = render(report, Format.TEXT, style=Style(verbose=True))
    assert STYLE_CODE.sub("", coloured) == plain
    assert all(line.isprintable() for line in plain.split("\n"))
    assert plain.encode().decode() == plain


@given(data=st.data())
def test_starts_no_line_with_what_a_file_chose(hostile_reports: st.SearchStrategy[Report], data: st.DataObject) -> None:
    report = data.draw(hostile_reports)
    text = render(report, Format.TEXT, style=Style(verbose=True))
    starts = {line.lstrip()[:1] for line in text.split("\n")}
    assert starts.isdisjoint({":", "#"})

"""Writes a report as JUnit XML, which build servers show as tests.

A suite is a control and a case is a file; for `prove` a case is a pair. A case fails where a finding fails the run, is
an error where the file could not be judged, and is skipped where there is nothing to judge or all that was found is
waived or in the baseline. There is a failure or an error exactly where the exit code is not 0.

The form is what Jenkins' and Surefire's schemas have in common: at most one `failure`, `error` or `skipped` in a case,
properties in the suites only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from telamon.core.records import ProofVerdict, Verdict
from telamon.kits.text.display import printable
from telamon.reporting.proof_wording import VARIANT_HEADINGS, proof_cells, proof_facts, variant_rows
from telamon.reporting.report import Standing
from telamon.reporting.summary import sentence, standing_words, summarize
from telamon.reporting.wording import change_words, note, place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telamon.core.proofs import Proof
    from telamon.core.records import Outcome
    from telamon.reporting.report import Failure, Report, Reported

_COVERED: Final = frozenset({Standing.WAIVED, Standing.BASELINE})
_TAGS: Final = ("failure", "error", "skipped")
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


class _Key(NamedTuple):
    control: str
    name: str


class _Result(NamedTuple):
    """The element that says how a case ended; the tag is empty for a case that passed."""

    tag: str
    kind: str
    message: str


_PASSED: Final = _Result("", "", "")


@dataclass(slots=True)
class _Case:
    """All that the report holds about one file under one control."""

    findings: list[Reported] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write(report: Report) -> str:
    """Return the document; characters that XML 1.0 forbids (section 2.2) are escaped as Python does it."""
    cases = _cases(report)
    by_control: dict[str, dict[_Key, _Case]] = {}
    for key in sorted(cases):
        by_control.setdefault(key.control or "telamon", {})[key] = cases[key]
    suites = [_suite(control, members, report) for control, members in by_control.items()]
    total = _counts(_result(case) for case in cases.values())
    attributes = {"name": f"telamon {report.command}", **total, "time": f"{report.elapsed_s:.3f}"}
    body = suites or [_suite("telamon", {}, report)]
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _element("testsuites", attributes, body)


def _cases(report: Report) -> dict[_Key, _Case]:
    cases: dict[_Key, _Case] = {}
    for outcome in report.outcomes:
        case = cases.setdefault(_Key(outcome.control, outcome.location.path), _Case())
        if note := report.note(outcome):
            case.notes.append(f"{outcome.verdict}: {outcome.reason}: {note}")
        else:
            case.outcomes.append(outcome)
    for reported in report.findings:
        cases.setdefault(_Key(reported.control, reported.finding.location.path), _Case()).findings.append(reported)
    for failure in report.failures:
        case = cases.setdefault(_Key(failure.control, failure.subject), _Case())
        if note := report.note(failure):
            case.notes.append(f"{failure.kind.value.replace('-', ' ')}: {failure.reason}: {note}")
        else:
            case.failures.append(failure)
    for proof in report.proofs:
        key = _Key(proof.control, f"{proof.pair} {proof.experiment}")
        cases.setdefault(key, _Case()).proofs.append(proof)
    return cases


def _suite(control: str, cases: dict[_Key, _Case], report: Report) -> str:
    facts = {
        "version": report.version,
        "policy_digest": report.policy_digest,
        "exit_code": str(int(report.exit_code)),
        "summary": sentence(summarize(report)),
    }
    if report.policy_file:
        facts["policy_file"] = report.policy_file
        facts["policy_lies_within"] = str(report.is_policy_within).lower()
    if report.loosened:
        facts["policy_loosens"] = "; ".join(map(change_words, report.loosened))
    properties = [_element("property", {"name": name, "value": value}) for name, value in facts.items()]
    expired = [_element("property", {"name": "expired_waiver", "value": waiver}) for waiver in report.expired]
    expired += [_element("property", {"name": "warning", "value": warning}) for warning in report.warnings]
    attributes = {"name": control, **_counts(_result(case) for case in cases.values())}
    members = [_testcase(control, key.name or control, case) for key, case in cases.items()]
    return _element("testsuite", attributes, [_element("properties", {}, properties + expired), *members])


def _testcase(control: str, name: str, case: _Case) -> str:
    result = _result(case)
    lines = _text("".join(f"{line}\n" for line in _lines(case)))
    parts = []
    if result.tag == "skipped":  # an attribute only: Jenkins' schema has no text in it
        parts.append(_element("skipped", {"message": result.message}))
    elif result.tag:
        parts.append(_element(result.tag, {"type": result.kind, "message": result.message}, [lines]))
    if lines and result.tag in {"", "skipped"}:
        parts.append(_element("system-out", {}, [lines]))
    return _element("testcase", {"classname": control, "name": name, "time": "0"}, parts)


def _result(case: _Case) -> _Result:
    """The gravest of what is known about the case."""
    failing = [reported for reported in case.findings if reported.standing is Standing.FAILING]
    if failing:
        gravest = max(failing, key=lambda reported: reported.finding.severity.rank).finding
        more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        return _Result("failure", f"{gravest.severity}[{gravest.rule}]", gravest.message + more)
    for failure in case.failures:
        return _Result("error", failure.kind.value, failure.reason)
    for outcome in case.outcomes:
        if outcome.verdict is Verdict.NOT_UNDERSTOOD:
            return _Result("error", outcome.verdict.value, outcome.reason)
    for proof in case.proofs:
        if proof.verdict is not ProofVerdict.PASSED:
            tag = "failure" if proof.verdict is ProofVerdict.FAILED else "error"
            return _Result(tag, proof.verdict.value, proof.reason)
    return _skipped(case)


def _skipped(case: _Case) -> _Result:
    covered = [reported for reported in case.findings if reported.standing in _COVERED]
    if covered and len(covered) == len(case.findings):
        return _Result("skipped", "", "; ".join(note(reported) for reported in covered))
    if case.notes:
        return _Result("skipped", "", "; ".join(case.notes))
    if case.outcomes and all(outcome.verdict is Verdict.NOT_APPLICABLE for outcome in case.outcomes):
        return _Result("skipped", "", case.outcomes[0].reason or "nothing to judge")
    return _PASSED


def _lines(case: _Case) -> list[str]:
    lines = []
    for reported in case.findings:
        finding = reported.finding
        lines.append(f"{finding.severity}[{finding.rule}] {standing_words(reported.standing)}: {finding.message}")
        lines.append(f"  at {place(finding.location)}")
        details = {
            "evidence": finding.evidence,
            "remedy": finding.remedy,
            "ATLAS": ", ".join(finding.techniques),
            "note": note(reported),
        }
        lines += [f"  {word}: {value}" for word, value in details.items() if value]
    lines += [f"{failure.kind.value.replace('-', ' ')}: {failure.reason}" for failure in case.failures]
    lines += [
        f"{outcome.verdict}: {outcome.reason}" for outcome in case.outcomes if outcome.verdict is Verdict.NOT_UNDERSTOOD
    ]
    for proof in case.proofs:
        _, off, on, adaptive, drop, floor, cost, verdict, attack = proof_cells(proof)
        lines.append(f"{verdict}: {proof.reason}")
        lines.append(f"  attack: {attack}")
        lines.append(f"  off {off}, on {on}, adaptive {adaptive}, drop {drop}, floor {floor}, benign cost {cost}")
        lines += [f"  {word}: {value}" for word, value in proof_facts(proof).items()]
        for row in variant_rows(proof):
            named = zip(VARIANT_HEADINGS, row, strict=True)
            lines.append("  " + ", ".join(f"{word} {value}" for word, value in named))
        lines += [f"  not run: {skipped.name}: {skipped.reason}" for skipped in proof.skipped]
    return [printable(line) for line in lines]


def _counts(results: Iterable[_Result]) -> dict[str, str]:
    tags = [result.tag for result in results]
    failures, errors, skipped = map(tags.count, _TAGS)
    return {"tests": str(len(tags)), "failures": str(failures), "errors": str(errors), "skipped": str(skipped)}


def _element(name: str, attributes: dict[str, str], children: Iterable[str] = ()) -> str:
    content = "".join(children)
    start = f"<{name}{_attributes(attributes)}"
    return f"{start}>\n{content}</{name}>\n" if content else f"{start}/>\n"


def _attributes(attributes: dict[str, str]) -> str:
    return "".join(f' {name}="{_text(printable(value))}"' for name, value in attributes.items())


def _text(value: str) -> str:
    return value.translate(_ENTITIES)

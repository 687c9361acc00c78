"""Writes a report as workflow commands of GitHub Actions, which show as annotations.

Escaped as the runner unescapes it (actions/runner, `ActionCommand.cs`). A step shows ten annotations of a kind, so the
gravest come first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from telamon.core.records import ProofVerdict
from telamon.kits.text.display import printable
from telamon.reporting.proof_wording import proof_cells
from telamon.reporting.report import Standing
from telamon.reporting.summary import sentence, summarize
from telamon.reporting.wording import failure_label, note, place_in_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.core.proofs import Proof
    from telamon.core.records import Outcome
    from telamon.reporting.report import Failure, Report, Reported


class _Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


_FINDING_LEVELS = {
    Standing.FAILING: _Level.ERROR,
    Standing.BELOW_GATE: _Level.WARNING,
    Standing.SHADOW: _Level.NOTICE,
    Standing.WAIVED: _Level.NOTICE,
    Standing.BASELINE: _Level.NOTICE,
}
_PROOF_LEVELS = {
    ProofVerdict.FAILED: _Level.ERROR,
    ProofVerdict.INCONCLUSIVE: _Level.ERROR,
    ProofVerdict.PASSED: _Level.NOTICE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Annotation:
    level: _Level
    title: str
    message: str
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        properties = {"file": self.file, "line": "" if self.line is None else str(self.line), "title": self.title}
        listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
        return f"::{self.level} {listed}::{_data(self.message)}"


def write(report: Report) -> str:
    """Return one line for each finding, failure, misunderstood file, proof and expired waiver, and a summary."""
    annotations = [
        *map(_finding, sorted(report.findings, key=lambda reported: -reported.finding.severity.rank)),
        *(_failure(failure, report.note(failure)) for failure in report.failures),
        *(_outcome(outcome, report.note(outcome)) for outcome in report.not_judged),
        *map(_proof, report.proofs),
        *(_notice("expired-waiver", waiver) for waiver in report.expired),
        *(_notice("policy-warning", warning) for warning in report.warnings),
    ]
    annotations.sort(key=lambda annotation: list(_Level).index(annotation.level))
    words = [f"policy: {printable(report.policy_words)}"] if report.policy_words else []
    counts = "\n".join([*words, sentence(summarize(report))])
    summary = _Annotation(level=_Level.NOTICE, title=f"telamon {report.command}", message=counts)
    return "".join(f"{annotation}\n" for annotation in [*annotations, summary])


def _finding(reported: Reported) -> _Annotation:
    finding = reported.finding
    return _Annotation(
        level=_FINDING_LEVELS[reported.standing],
        title=f"{finding.severity}[{finding.rule}]",
        message="\n".join(_finding_lines(reported)),
        file=finding.location.path,
        line=finding.location.line,
    )


def _finding_lines(reported: Reported) -> Iterator[str]:
    finding = reported.finding
    inside = place_in_file(finding.location)
    yield printable(finding.message) + (f" ({inside})" if inside else "")
    details = {
        "evidence": finding.evidence,
        "remedy": finding.remedy,
        "ATLAS": ", ".join(finding.techniques),
        "note": note(reported),
    }
    yield from (f"{word}: {printable(value)}" for word, value in details.items() if value)


def _failure(failure: Failure, note: str) -> _Annotation:
    return _Annotation(
        level=_Level.NOTICE if note else _Level.ERROR,
        title=failure_label(failure),
        message=_noted(failure.reason, note),
        file=failure.subject,
    )


def _noted(reason: str, note: str) -> str:
    return printable(reason) + (f"\nnote: {printable(note)}" if note else "")


def _outcome(outcome: Outcome, note: str) -> _Annotation:
    return _Annotation(
        level=_Level.NOTICE if note else _Level.ERROR,
        title=f"{outcome.verdict}[{outcome.control}]",
        message=_noted(outcome.reason, note),
        file=outcome.location.path,
    )


def _proof(proof: Proof) -> _Annotation:
    _, off, on, adaptive, drop, floor, cost, verdict, attack = proof_cells(proof)
    numbers = f"off {off}, on {on}, adaptive {adaptive}, drop {drop}, floor {floor}, benign cost {cost}"
    return _Annotation(
        level=_PROOF_LEVELS[proof.verdict],
        title=f"{verdict}[{proof.pair}]",
        message=f"{printable(proof.reason)}\nattack: {attack}\n{numbers}",
    )


def _notice(title: str, text: str) -> _Annotation:
    return _Annotation(level=_Level.WARNING, title=title, message=printable(text))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(printable(value)).replace(":", "%3A").replace(",", "%2C")

"""The counts of a report, and the one sentence that says them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.core.records import ExitCode, ProofVerdict, Severity, Verdict
from telamon.reporting.report import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telamon.reporting.report import Report

_GRAVEST_FIRST = (
    Verdict.MALICIOUS,
    Verdict.SUSPICIOUS,
    Verdict.NOT_UNDERSTOOD,
    Verdict.CLEAN,
    Verdict.NOT_APPLICABLE,
)
_VERDICT_WORDS = {
    Verdict.NOT_UNDERSTOOD: "not understood",
    Verdict.NOT_APPLICABLE: "with nothing to judge",
}
_STANDING_WORDS = {
    Standing.FAILING: "failing",
    Standing.BELOW_GATE: "below the gate",
    Standing.SHADOW: "in shadow mode",
    Standing.WAIVED: "waived",
    Standing.BASELINE: "in the baseline",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The counts of a report.

    Attributes:
        files: Distinct files by their gravest verdict over all controls, every verdict present.
        severities: Findings that neither a waiver nor the baseline covers, by severity.
        standings: All findings, by standing.
        proofs: Proofs by verdict.
        failures: Controls that could not run and subjects that could not be judged at all.
        exempt: What could not be judged and does not change the exit code.
        excluded: Entries of folders that the policy excluded.
        off: Controls that are off, by name.
        expired: Waivers that have expired.
        warnings: What is odd in the policy.
    """

    files: Mapping[Verdict, int]
    severities: Mapping[Severity, int]
    standings: Mapping[Standing, int]
    proofs: Mapping[ProofVerdict, int]
    failures: int
    exempt: int
    excluded: int
    off: tuple[str, ...]
    expired: int
    warnings: int
    exit_code: ExitCode


def summarize(report: Report) -> Summary:
    """Count what `report` holds; each mapping has every key, the gravest first."""
    gravest: dict[str, Verdict] = {}
    for outcome in report.outcomes:
        known = gravest.get(outcome.location.path, Verdict.NOT_APPLICABLE)
        gravest[outcome.location.path] = min(known, outcome.verdict, key=_GRAVEST_FIRST.index)
    files = Counter(gravest.values())
    standings = Counter(reported.standing for reported in report.findings)
    proofs = Counter(proof.verdict for proof in report.proofs)
    return Summary(
        files={verdict: files[verdict] for verdict in _GRAVEST_FIRST},
        severities={severity: report.count(severity) for severity in reversed(Severity)},
        standings={standing: standings[standing] for standing in _STANDING_WORDS},
        proofs={verdict: proofs[verdict] for verdict in ProofVerdict},
        failures=len(report.failures),
        exempt=len(report.exempt),
        excluded=report.excluded,
        off=report.off,
        expired=len(report.expired),
        warnings=len(report.warnings),
        exit_code=report.exit_code,
    )


def sentence(summary: Summary) -> str:
    """Say the counts in one line that ends with the exit code."""
    parts = []
    proofs = sum(summary.proofs.values())
    files = sum(summary.files.values())
    if files or not proofs:
        parts.append(_files(summary, files))
        parts.append(_findings(summary))
    if proofs:
        counts = _listed((count, verdict.value) for verdict, count in summary.proofs.items())
        parts.append(f"{_counted(proofs, 'proof')}: {counts}")
    if summary.failures:
        parts.append(_counted(summary.failures, "failure"))
    if summary.exempt:
        parts.append(f"{summary.exempt} not judged but exempt")
    if summary.excluded:
        parts.append(f"{summary.excluded} excluded by the policy")
    if summary.off:
        parts.append(f"off: {', '.join(summary.off)}")
    if summary.expired:
        parts.append(_counted(summary.expired, "expired waiver"))
    if summary.warnings:
        parts.append(_counted(summary.warnings, "warning"))
    parts.append(f"exit {summary.exit_code:d}")
    return "; ".join(parts)


def standing_words(standing: Standing) -> str:
    """How a standing is called in a sentence."""
    return _STANDING_WORDS[standing]


def _files(summary: Summary, files: int) -> str:
    counts = _listed((count, _VERDICT_WORDS.get(verdict, verdict.value)) for verdict, count in summary.files.items())
    checked = f"{_counted(files, 'file')} checked"
    return f"{checked}: {counts}" if counts else checked


def _findings(summary: Summary) -> str:
    inside = [_listed((count, severity.value) for severity, count in summary.severities.items())]
    inside.append(_listed(_standings(summary, Standing.BELOW_GATE, Standing.SHADOW)))
    details = "; ".join(part for part in inside if part)
    outside = _listed(_standings(summary, Standing.WAIVED, Standing.BASELINE))
    findings = _counted(sum(summary.severities.values()), "finding")
    return findings + (f" ({details})" if details else "") + (f", {outside}" if outside else "")


def _standings(summary: Summary, *standings: Standing) -> list[tuple[int, str]]:
    return [(summary.standings[standing], standing_words(standing)) for standing in standings]


def _listed(counts: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"

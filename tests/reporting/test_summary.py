"""The counts of a report and the sentence that says them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from telamon.core.records import ExitCode, Location, Outcome, ProofVerdict, Severity, Verdict
from telamon.reporting.report import Report, Standing
from telamon.reporting.summary import Summary, sentence, summarize


def test_counts_the_specimen(specimen: Report) -> None:
    assert summarize(specimen) == Summary(
        files={
            Verdict.MALICIOUS: 1,
            Verdict.SUSPICIOUS: 1,
            Verdict.NOT_UNDERSTOOD: 1,
            Verdict.CLEAN: 1,
            Verdict.NOT_APPLICABLE: 1,
        },
        severities={Severity.CRITICAL: 1, Severity.HIGH: 0, Severity.MEDIUM: 0, Severity.LOW: 1, Severity.INFO: 1},
        standings=dict.fromkeys(Standing, 1),
        proofs=dict.fromkeys(ProofVerdict, 1),
        failures=2,
        exempt=0,
        excluded=0,
        off=(),
        warnings=0,
        expired=1,
        exit_code=ExitCode.FINDINGS,
    )


def test_counts_a_file_once_by_what_the_strictest_control_says() -> None:
    outcomes = tuple(
        Outcome(control=str(index), location=Location(path="a"), verdict=verdict)
        for index, verdict in enumerate([Verdict.NOT_APPLICABLE, Verdict.NOT_UNDERSTOOD, Verdict.CLEAN])
    )
    report = Report(command="check", version="1.2.3", policy=SimpleNamespace(file=None, digest=""), outcomes=outcomes)
    assert sentence(summarize(report)) == "1 file checked: 1 not understood; no findings; exit 3"


def test_a_file_that_was_not_understood_is_not_clean_because_another_control_says_so() -> None:
    outcomes = tuple(
        Outcome(control=str(index), location=Location(path="a"), verdict=verdict)
        for index, verdict in enumerate([Verdict.CLEAN, Verdict.NOT_UNDERSTOOD])
    )
    report = Report(command="check", version="1.2.3", policy=SimpleNamespace(file=None, digest=""), outcomes=outcomes)
    assert summarize(report).files[Verdict.CLEAN] == 0


def test_speaks_of_proofs_only_where_nothing_was_checked(specimen: Report) -> None:
    report = replace(specimen, outcomes=(), findings=(), failures=(), expired=(), proofs=specimen.proofs[:1])
    assert sentence(summarize(report)) == "1 proof: 1 passed; exit 0"

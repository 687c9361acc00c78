r"""Writes a report as one JSON document, for programs.

The keys, in this order; `telamon.reporting.json_schema.SCHEMA` is the same as a JSON Schema:

* `schema_version`: 1; another number when a key changes its meaning or goes.
* `tool`, `version`, `command`, `policy_digest`, `policy_file`.
* `policy_lies_within`: whether the policy file lies in or below a folder that was checked.
* `policy_loosens`: what it puts in the place of a default that is tighter: `path`, `before`, `after`, `direction`
  (`loosens`, or `unknown` where it only may).
* `exit_code`, `elapsed_s`.
* `summary`: counts. `files` by gravest verdict, `severities` of the findings that neither a waiver nor the baseline
  covers, `standings` of all findings, `proofs` by verdict, `failures`, `exempt` (what could not be judged and does not
  change the exit code), `excluded` (entries of folders), `expired_waivers`, `warnings`.
* `controls_off`: their names.
* `files`: one entry per control and file: `path`, `member`, `control`, `verdict`, `form`, `reason`, `digest`,
  `note` (why what was not understood does not change the exit code).
* `findings`: `rule`, `severity`, `confidence`, `message`, `path`, `member`, `offset`, `line`, `column`, `evidence`,
  `remedy`, `techniques`, `subject`, `control`, `standing`, `note`, `fingerprint`.
* `proofs`: every field of `telamon.core.records.Proof`, with `pair`; a number that is not finite is null.
* `failures`: `control`, `subject`, `reason`, `kind` (`not-checked`, `not-recorded`, `internal-error`), `note`.
* `rules`: the rules that the findings name, by id: `summary`, `severity`, `description`, `remedy`, `techniques`.
* `expired_waivers`, `warnings`: one line each.

Every key is always there; the answer of a control's command has `values` too, and `product` where it made one. What is
not known is an empty string, an empty list or null. Names and messages stand as they are, control characters included,
save that a byte of a file name that is no UTF-8 is written as `\xNN`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from telamon.reporting.json_document import dumps, finite
from telamon.reporting.summary import summarize

if TYPE_CHECKING:
    from telamon.core.proofs import Interval, Measurement, Proof
    from telamon.core.records import Outcome, Rule
    from telamon.policy.difference import Change
    from telamon.reporting.report import Failure, Report, Reported

SCHEMA_VERSION: Final = 1


def write(report: Report) -> str:
    """Return the document that the module's docstring describes."""
    return dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "tool": "telamon",
            "version": report.version,
            "command": report.command,
            "policy_digest": report.policy_digest,
            "policy_file": report.policy_file,
            "policy_lies_within": report.is_policy_within,
            "policy_loosens": [_change(change) for change in report.loosened],
            "exit_code": int(report.exit_code),
            "elapsed_s": finite(report.elapsed_s),
            "summary": _summary(report),
            "controls_off": list(report.off),
            "files": [_file(outcome, report.note(outcome)) for outcome in report.outcomes],
            "findings": [_finding(reported) for reported in report.findings],
            "proofs": [_proof(proof) for proof in report.proofs],
            "failures": [_failure(failure, report.note(failure)) for failure in report.failures],
            "rules": {name: _rule(report.rules[name]) for name in sorted(report.rules)},
            "expired_waivers": list(report.expired),
            "warnings": list(report.warnings),
        }
    )


def _change(change: Change) -> dict[str, object]:
    return {"path": change.path, "before": change.before, "after": change.after, "direction": change.direction}


def _summary(report: Report) -> dict[str, object]:
    summary = summarize(report)
    return {
        "files": dict(summary.files),
        "severities": dict(summary.severities),
        "standings": dict(summary.standings),
        "proofs": dict(summary.proofs),
        "failures": summary.failures,
        "exempt": summary.exempt,
        "excluded": summary.excluded,
        "expired_waivers": summary.expired,
        "warnings": summary.warnings,
    }


def _file(outcome: Outcome, note: str) -> dict[str, object]:
    return {
        "path": outcome.location.path,
        "member": outcome.location.member,
        "control": outcome.control,
        "verdict": outcome.verdict,
        "form": outcome.form,
        "reason": outcome.reason,
        "digest": outcome.digest,
        "note": note,
    }


def _finding(reported: Reported) -> dict[str, object]:
    finding = reported.finding
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "message": finding.message,
        "path": finding.location.path,
        "member": finding.location.member,
        "offset": finding.location.offset,
        "line": finding.location.line,
        "column": finding.location.column,
        "evidence": finding.evidence,
        "remedy": finding.remedy,
        "techniques": list(finding.techniques),
        "subject": finding.subject,
        "control": reported.control,
        "standing": reported.standing,
        "note": reported.note,
        "fingerprint": reported.portable.fingerprint,
    }


def _proof(proof: Proof) -> dict[str, object]:
    return {
        "pair": proof.pair,
        "mitigation": proof.mitigation,
        "technique": proof.technique,
        "control": proof.control,
        "experiment": proof.experiment,
        "attack": proof.attack,
        "metric": proof.metric,
        "off": _measurement(proof.off),
        "on": _measurement(proof.on),
        "adaptive": None if proof.adaptive is None else _measurement(proof.adaptive),
        "drop": _interval(proof.drop),
        "floor": finite(proof.floor),
        "benign_cost": _measurement(proof.benign_cost),
        "benign_ceiling": finite(proof.benign_ceiling),
        "latency_ms": finite(proof.latency_ms),
        "seed": proof.seed,
        "strength": proof.strength,
        "verdict": proof.verdict,
        "reason": proof.reason,
        "variants": [asdict(each) | {"off": finite(each.off), "on": finite(each.on)} for each in proof.variants],
        "skipped": [asdict(each) for each in proof.skipped],
        "basis": None if proof.basis is None else asdict(proof.basis),
    }


def _measurement(measurement: Measurement) -> dict[str, object]:
    return {
        "value": finite(measurement.value),
        "interval": _interval(measurement.interval),
        "trials": measurement.trials,
    }


def _interval(interval: Interval) -> dict[str, object]:
    return {"low": finite(interval.low), "high": finite(interval.high), "level": finite(interval.level)}


def _failure(failure: Failure, note: str) -> dict[str, object]:
    return {
        "control": failure.control,
        "subject": failure.subject,
        "reason": failure.reason,
        "kind": failure.kind,
        "note": note,
    }


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "summary": rule.summary,
        "severity": rule.severity,
        "description": rule.description,
        "remedy": rule.remedy,
        "techniques": list(rule.techniques),
    }

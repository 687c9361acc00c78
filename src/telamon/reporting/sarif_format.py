"""Writes a report as SARIF 2.1.0 (OASIS Standard, with Errata 01), one run.

Findings are results of kind `fail`; proofs are results of kind `pass`, `fail` or `open`. What could not be judged is a
notification of the invocation. The exit code stands in the invocation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.kits.text.display import printable
from telamon.reporting.json_document import dumps, finite
from telamon.reporting.report import FailureKind, Standing
from telamon.reporting.sarif_results import finding_result, proof_result
from telamon.reporting.sarif_rules import Descriptors, Notice
from telamon.reporting.sarif_values import artifact_location, artifact_uri, message
from telamon.reporting.summary import sentence, summarize
from telamon.reporting.wording import change_words

if TYPE_CHECKING:
    from telamon.reporting.report import Failure, Report

_NOTICES: Final = {
    FailureKind.NOT_CHECKED: Notice.NOT_CHECKED,
    FailureKind.NOT_RECORDED: Notice.NOT_RECORDED,
    FailureKind.INTERNAL_ERROR: Notice.INTERNAL_ERROR,
}
SCHEMA_URI: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write(report: Report) -> str:
    """Return the log as JSON."""
    return dumps({"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [_run(report)]})


def _run(report: Report) -> dict[str, object]:
    descriptors = Descriptors(report)
    artifacts = _artifacts(report)
    indices = {uri: index for index, uri in enumerate(artifacts)}
    has_baseline = any(reported.standing is Standing.BASELINE for reported in report.findings)
    findings = [
        finding_result(reported, descriptors, indices, has_baseline=has_baseline) for reported in report.findings
    ]
    proofs = [proof_result(proof, descriptors, has_baseline=has_baseline) for proof in report.proofs]
    return {
        "tool": {"driver": descriptors.driver()},
        "automationDetails": {"id": f"telamon/{report.command}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": message("the folder that the command ran in")}},
        "invocations": [_invocation(report)],
        "artifacts": list(artifacts.values()),
        "results": findings + proofs,
        "taxonomies": [descriptors.taxonomy()],
        "properties": {
            "policyDigest": report.policy_digest,
            "policyFile": printable(report.policy_file),
            "policyLiesWithin": report.is_policy_within,
            "policyLoosens": [change_words(change) for change in report.loosened],
            "elapsedSeconds": finite(report.elapsed_s),
        },
    }


def _artifacts(report: Report) -> dict[str, dict[str, object]]:
    """The files that were looked at, by URI: clean ones stand here only."""
    artifacts: dict[str, dict[str, object]] = {}
    verdicts: dict[str, dict[str, object]] = {}
    for outcome in report.outcomes:
        uri = artifact_uri(outcome.location.path)
        artifact = artifacts.setdefault(
            uri, {"location": artifact_location(outcome.location.path), "roles": ["analysisTarget"]}
        )
        if outcome.digest:
            artifact["hashes"] = {"sha-256": outcome.digest.removeprefix("sha256:")}
        verdicts.setdefault(uri, {})[outcome.control] = {"verdict": outcome.verdict, "form": outcome.form}
        artifact["properties"] = {"verdicts": verdicts[uri]}
    return artifacts


def _invocation(report: Report) -> dict[str, object]:
    notifications = [
        *(_failure(failure, report.note(failure)) for failure in report.failures),
        *(
            _exempted(
                _notification(Notice.NOT_UNDERSTOOD, outcome.reason, outcome.location.path, outcome.control),
                report.note(outcome),
            )
            for outcome in report.not_judged
        ),
        *(_notification(Notice.EXPIRED_WAIVER, waiver) for waiver in report.expired),
        *(_notification(Notice.POLICY_WARNING, warning) for warning in report.warnings),
    ]
    return {
        "executionSuccessful": all(thing in report.exempt for thing in (*report.failures, *report.not_judged)),
        "exitCode": int(report.exit_code),
        "exitCodeDescription": sentence(summarize(report)),
        "toolExecutionNotifications": notifications,
    }


def _failure(failure: Failure, note: str) -> dict[str, object]:
    notification = _notification(_NOTICES[failure.kind], failure.reason, failure.subject, failure.control)
    return _exempted(notification, note)


def _exempted(notification: dict[str, object], note: str) -> dict[str, object]:
    """Return a notification of something that does not change the exit code as one, where there is a note."""
    if not note:
        return notification
    properties = notification.get("properties")
    known = properties if isinstance(properties, dict) else {}
    return {**notification, "level": "note", "properties": {**known, "note": printable(note)}}


def _notification(notice: Notice, text: str, path: str = "", control: str = "") -> dict[str, object]:
    notification: dict[str, object] = {
        "descriptor": {"id": notice.value, "index": list(Notice).index(notice)},
        "level": notice.level,
        "message": message(text or notice.text),
    }
    if path:
        notification["locations"] = [{"physicalLocation": {"artifactLocation": artifact_location(path)}}]
    if control:
        notification["properties"] = {"control": control}
    return notification

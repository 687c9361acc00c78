"""Evidence: what a report says, as ledger entries, in the ledger that the policy names."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from telamon.core.records import Mode
from telamon.reporting.report import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from telamon.core.secrets import SecretReference
    from telamon.kits.crypto.note_keys import VerifierKey
    from telamon.ledger.entry import Event
    from telamon.ledger.log import Log
    from telamon.policy import Policy
    from telamon.policy.document import Ledger
    from telamon.reporting.report import Report


def open_evidence(policy: Policy, *, read_only: bool = False, verifiers: Sequence[VerifierKey] = ()) -> Log | None:
    """Return the ledger that the policy names, with its signing key, or `None` where it names none.

    Called before a run, so that a policy that cannot be followed ends it before anything is done. Whether the ledger
    itself can be written to shows in `recorded`.

    Raises:
        KeyFileError: The key file is missing, damaged, or readable by others.
        SecretError: What the policy refers to is not there.
    """
    ledger = policy.ledger
    if ledger is None:
        return None
    from telamon.ledger.log import open_log  # noqa: PLC0415  # 20 ms, only where a ledger is named

    signer = None
    if ledger.key is not None and not verifiers:  # who brings a verifying key need not have the signing key
        from telamon.kits.crypto.key_files import read_signer_key  # noqa: PLC0415  # 20 ms, only where a key is named

        signer = read_signer_key(policy.folder / ledger.key)
    second = None if ledger.second_place is None else policy.folder / ledger.second_place
    location, password = _location(ledger, policy.folder)
    return open_log(
        location, password=password, signer=signer, verifiers=verifiers, second_place=second, read_only=read_only
    )


def _location(ledger: Ledger, folder: Path) -> tuple[str | Path, str]:
    """Where the ledger is, and the password for that."""
    if ledger.url is None:
        return folder / (ledger.path or ""), ""
    from telamon.core.errors import SecretError  # noqa: PLC0415  # likewise
    from telamon.core.secrets import SecretReference  # noqa: PLC0415  # likewise
    from telamon.kits.storage.postgres_url import is_database_url  # noqa: PLC0415  # only where a database is named

    url = ledger.url
    if SecretReference.is_reference(url):
        url = _resolved(SecretReference(url), folder)
        if not is_database_url(url):  # any other text would be taken for a path, and shown as one
            raise SecretError(f"expected the URL of a PostgreSQL database in `{ledger.url}`, found something else")
    return url, "" if ledger.password is None else _resolved(ledger.password, folder)


def _resolved(reference: SecretReference, folder: Path) -> str:
    import os  # noqa: PLC0415  # only where a database is named

    return reference.resolve(os.environ, folder=folder).decode(errors="surrogateescape")


def recorded(report: Report, policy: Policy, log: Log | None) -> Report:
    """Append what the report concluded, sign a checkpoint where there is a key, and return the report.

    What keeps it from being recorded becomes a failure in the report: a report that somebody waited for is not lost
    because the ledger is damaged, full, locked or read-only, and does not pass for one that was recorded (exit code 3,
    or what the report itself says that is graver).

    Args:
        report: What to record.
        policy: What it was made under.
        log: The ledger, as `open_evidence` returned it before the run; `None` records nothing.
    """
    if log is None:
        return report
    from telamon.ledger.actor import current_user  # noqa: PLC0415  # with the ledger
    from telamon.ledger.errors import LedgerError  # noqa: PLC0415  # likewise

    try:
        with log:
            log.append(events_of(report, policy, actor=current_user()))
            if log.has_signer:
                log.checkpoint()
    except LedgerError as error:
        reason = f"{error.message}: {error.hint}" if error.hint else error.message
        failure = Failure(control="ledger", subject=log.name, reason=reason, kind=FailureKind.NOT_RECORDED)
        return replace(report, failures=(*report.failures, failure))
    return report


def events_of(report: Report, policy: Policy, *, actor: str) -> Iterator[Event]:
    """Yield one event for each outcome, failure and proof of the report."""
    from telamon.ledger.entry import EntryKind, Event  # noqa: PLC0415  # likewise

    findings: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for reported in report.findings:
        key = (reported.control, reported.finding.location.path)
        row = {"rule": reported.finding.rule, "message": reported.finding.message, "standing": reported.standing.value}
        findings.setdefault(key, []).append(row | {"severity": reported.finding.severity.value})
    for outcome in report.outcomes:
        path = outcome.location.path
        body = {"path": path, "reason": outcome.reason, "findings": findings.get((outcome.control, path), [])}
        yield Event(
            kind=EntryKind.CHECK,
            control=outcome.control,
            mode=policy.mode(outcome.control),
            outcome=outcome.verdict.value,
            subject=outcome.digest,
            policy=policy.digest,
            actor=actor,
            body=_plain(body | ({"note": note} if (note := report.note(outcome)) else {})),
        )
    for failure in report.failures:
        yield Event(
            kind=EntryKind.CHECK,
            control=failure.control or "checking",
            outcome="not-run",
            policy=policy.digest,
            actor=actor,
            body=_plain({"subject": failure.subject, "reason": failure.reason}),
        )
    for proof in report.proofs:
        yield Event(
            kind=EntryKind.PROOF,
            control=proof.control,
            mode=Mode.ENFORCE,
            outcome=proof.verdict.value,
            policy=policy.digest,
            actor=actor,
            body=_plain(asdict(proof)),
        )


def _plain(value: Any) -> Any:  # JSON values of any shape
    """Names that are no valid Unicode are kept readable; canonical JSON knows valid Unicode only (RFC 8785)."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value

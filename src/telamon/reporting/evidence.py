"""Evidence: what a report says, as ledger entries, in the ledger that the policy names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from telamon.core.records import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.core.records import Outcome
    from telamon.ledger.entry import Event
    from telamon.ledger.log import Log
    from telamon.policy import Policy
    from telamon.policy.document import Ledger
    from telamon.policy.secrets import SecretReference
    from telamon.reporting.report import Report


def open_evidence(policy: Policy, *, read_only: bool = False) -> Log | None:
    """Return the ledger that the policy names, with its signing key, or `None` where it names none.

    Raises:
        KeyFileError: The key file is missing, damaged, or readable by others.
        SecretError: What the policy refers to is not there.
    """
    ledger = policy.ledger
    if ledger is None:
        return None
    from telamon.ledger.log import open_log  # noqa: PLC0415  # 20 ms, only where a ledger is named

    signer = None
    if ledger.key is not None:
        from telamon.kits.crypto.key_files import read_signer_key  # noqa: PLC0415  # 20 ms, only where a key is named

        signer = read_signer_key(policy.folder / ledger.key)
    second = None if ledger.second_place is None else policy.folder / ledger.second_place
    location, password = _location(ledger, policy.folder)
    return open_log(location, password=password, signer=signer, second_place=second, read_only=read_only)


def _location(ledger: Ledger, folder: Path) -> tuple[str | Path, str]:
    """Where the ledger is, and the password for that."""
    if ledger.url is None:
        return folder / (ledger.path or ""), ""
    from telamon.kits.storage.postgres_url import is_database_url  # noqa: PLC0415  # only where a database is named
    from telamon.policy.errors import SecretError  # noqa: PLC0415  # likewise
    from telamon.policy.secrets import SecretReference  # noqa: PLC0415  # likewise

    url = ledger.url
    if SecretReference.is_reference(url):
        url = _resolved(SecretReference(url), folder)
        if not is_database_url(url):  # any other text would be taken for a path, and shown as one
            raise SecretError(f"expected the URL of a PostgreSQL database in `{ledger.url}`, found something else")
    return url, "" if ledger.password is None else _resolved(ledger.password, folder)


def _resolved(reference: SecretReference, folder: Path) -> str:
    import os  # noqa: PLC0415  # only where a database is named

    return reference.resolve(os.environ, folder=folder).decode(errors="surrogateescape")


def record(report: Report, policy: Policy) -> range | None:
    """Append what the report concluded and sign a checkpoint; return the entries' indexes, or `None`.

    Without a ledger in the policy nothing is recorded; without a key no checkpoint is signed.
    """
    log = open_evidence(policy)
    if log is None:
        return None
    with log:
        indexes = log.append(events_of(report, policy, actor=_actor()))
        if log.has_signer:
            log.checkpoint()
    return indexes


def events_of(report: Report, policy: Policy, *, actor: str) -> Iterator[Event]:
    """Yield one event for each outcome, failure and proof of the report."""
    import dataclasses  # noqa: PLC0415  # with the ledger

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
            subject=_digest(outcome),
            policy=policy.digest,
            actor=actor,
            body=_plain(body),
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
            body=_plain(dataclasses.asdict(proof)),
        )


def _digest(outcome: Outcome) -> str:
    """The digest of the file, read once more; empty where it cannot be read (a FIFO must not be opened)."""
    if outcome.digest:
        return outcome.digest
    import hashlib  # noqa: PLC0415  # with the ledger

    path = Path(outcome.location.path)
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError:
        return ""


def _actor() -> str:
    import getpass  # noqa: PLC0415  # with the ledger

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user, as in some containers
        return "unknown"


def _plain(value: Any) -> Any:  # JSON values of any shape
    """Names that are no valid Unicode are kept readable; canonical JSON knows valid Unicode only (RFC 8785)."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value

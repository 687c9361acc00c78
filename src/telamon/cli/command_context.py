"""What the CLI gives to a command of a control: its settings, what the policy declares, the ledger and the time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telamon.core.commands import DeclaredDataset, DeclaredModel
from telamon.core.errors import UsageError
from telamon.reporting.report import Failure, FailureKind

if TYPE_CHECKING:
    from pathlib import Path

    from telamon.catalog import Listed
    from telamon.core.commands import Evidence
    from telamon.core.errors import TelamonError
    from telamon.core.settings import Settings
    from telamon.ledger.log import Log
    from telamon.policy.compiler import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenContext:
    """A `telamon.core.commands.CommandContext`.

    Attributes:
        control: Whose command it is.
        log: The ledger that the policy names, if it names one.
        unrecorded: What could not be recorded, for the report.
    """

    control: str
    policy: Policy
    log: Log | None
    unrecorded: list[Failure] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The control's own settings."""
        return self.policy.settings(self.control)

    @property
    def policy_folder(self) -> Path:
        """What paths in the settings are relative to."""
        return self.policy.folder

    @property
    def policy_digest(self) -> str:
        """`sha256:...` over what is in force."""
        return self.policy.digest

    @property
    def models(self) -> tuple[DeclaredModel, ...]:
        """The models that the policy declares."""
        return tuple(
            DeclaredModel(
                name=name,
                path=None if model.path is None else self.policy.folder / model.path,
                upstream=model.upstream or "",
            )
            for name, model in self.policy.document.models.items()
        )

    @property
    def datasets(self) -> tuple[DeclaredDataset, ...]:
        """The data sets that the policy declares."""
        return tuple(
            DeclaredDataset(name=name, path=self.policy.folder / dataset.path)
            for name, dataset in self.policy.document.datasets.items()
        )

    def clock(self) -> dt.datetime:
        """Return the time, in UTC."""
        return dt.datetime.now(dt.UTC)

    def record(self, evidence: Evidence) -> None:
        """Record `evidence`; a ledger that cannot be written to becomes a failure in the report."""
        if self.log is None:
            return
        from telamon.ledger.actor import current_user
        from telamon.ledger.entry import Event
        from telamon.ledger.errors import EntryError, LedgerError

        event = Event(
            kind=evidence.kind,
            control=self.control,
            mode=self.policy.mode(self.control),
            outcome=evidence.outcome,
            subject=evidence.subject,
            policy=self.policy.digest,
            actor=current_user(),
            body=evidence.body,
        )
        try:
            self.log.append([event])
            if self.log.has_signer:
                self.log.checkpoint()
        except EntryError:  # the command's own words are at fault, and not the ledger
            raise
        except LedgerError as error:
            kind = FailureKind.NOT_RECORDED
            self.unrecorded.append(Failure(control="ledger", subject=self.log.name, reason=reason_of(error), kind=kind))


def given_context(owner: Listed, policy_file: Path | None) -> GivenContext:
    """Read the policy, open the ledger that it names, and return the context of a command of `owner`.

    Raises:
        UsageError: Another package brings the control, and the policy does not name it.
        PolicyError: The policy is not valid.
        KeyFileError: The ledger's key file is missing, damaged, or readable by others.
    """
    from telamon import catalog as catalogue
    from telamon.cli.options import load_policy

    control = owner.control.name
    policy = load_policy(policy_file, catalogue.load())
    if control not in policy.controls:  # another package's; it acts only where the policy names it, as in `check`
        raise UsageError(
            f"expected the policy to name the control `{control}`, which another package brings, found nothing",
            hint=f"controls: {{{control}: {{}}}}",
        )
    log = None
    if policy.ledger is not None:
        from telamon.reporting.evidence import open_evidence

        log = open_evidence(policy)
    return GivenContext(control=control, policy=policy, log=log)


def reason_of(error: TelamonError) -> str:
    """Return what went wrong and the remedy, in one line."""
    return f"{error.message}: {error.hint}" if error.hint else error.message

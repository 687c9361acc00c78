"""The report: everything that one run concluded, ready to be written in any format."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from telamon.core.records import Confidence, ExitCode, Finding, ProofVerdict, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from telamon.core.proofs import Proof
    from telamon.core.records import Outcome, Rule
    from telamon.policy.difference import Change
    from telamon.policy.loosening import Loosening


class Standing(StrEnum):
    """How a finding stands to the gate."""

    FAILING = "failing"
    BELOW_GATE = "below-gate"
    WAIVED = "waived"
    BASELINE = "baseline"
    SHADOW = "shadow"


def moved(finding: Finding, path: str) -> Finding:
    """Return the finding as if its file were called `path`."""
    return finding if finding.location.path == path else replace(finding, location=replace(finding.location, path=path))


def unjudged(outcome: Outcome, path: str) -> Finding:
    """Return what a baseline holds of a file called `path` that was not understood: it, with its content's digest."""
    return Finding(
        rule=Verdict.NOT_UNDERSTOOD.value,
        message=outcome.reason,
        severity=Severity.INFO,
        confidence=Confidence.HIGH,
        location=replace(outcome.location, path=path),
        remedy="",
        subject=f"{outcome.control} {outcome.digest or outcome.reason}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A finding as it is reported.

    Attributes:
        control: Name of the control that found it.
        note: Why it does not fail the run, such as the waiver's owner, reason and expiry; else empty.
        place: The file's path from the policy's folder; empty where it is that of the finding's location.
    """

    finding: Finding
    control: str
    standing: Standing
    note: str = ""
    place: str = ""

    @property
    def portable(self) -> Finding:
        """The finding at its place: what a baseline holds, so that one made elsewhere in the tree fits."""
        return moved(self.finding, self.place) if self.place else self.finding


class FailureKind(StrEnum):
    """What failed: the subject or a control's requirements, the record in the ledger, or telamon itself."""

    NOT_CHECKED = "not-checked"
    NOT_RECORDED = "not-recorded"
    INTERNAL_ERROR = "internal-error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A control that could not run, a subject that it could not judge at all, or a record that was not made.

    Attributes:
        kind: A defect of telamon ends the run with exit code 4, anything else with 3.
    """

    control: str
    subject: str
    reason: str
    kind: FailureKind = FailureKind.NOT_CHECKED

    @property
    def is_internal(self) -> bool:
        """Whether it is a defect of telamon."""
        return self.kind is FailureKind.INTERNAL_ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Why something that could not be judged does not change the exit code.

    Attributes:
        standing: Waived, in the baseline, or in shadow mode.
        note: In words, with the waiver's owner, reason and expiry.
    """

    standing: Standing
    note: str


class InForce(Protocol):
    """Something with a digest and perhaps a file, such as a compiled policy."""

    @property
    def file(self) -> Path | None:
        """Where it was read from."""

    @property
    def digest(self) -> str:
        """`sha256:...` over what is in force."""

    @property
    def loosening(self) -> Loosening:
        """What it loosens against the defaults; asked for only where there is a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one run of a command concluded.

    Attributes:
        command: `check` or `prove`.
        version: The version of telamon.
        policy: What the run worked under; its digest is taken only where it is written.
        is_policy_within: Whether the policy file lies in or below a folder that was checked, so that whoever made what
            was checked may have made the policy too.
        findings: Sorted by path, member, offset and rule.
        outcomes: One per control and subject, sorted by path and control.
        proofs: Sorted by pair.
        rules: The rules that the findings name, by id.
        exempt: What could not be judged and does not change the exit code, with the reason.
        unjudged: What a baseline holds of the files that were not understood.
        excluded: How many entries of folders the policy excluded; what lies below them is not known.
        off: Names of the controls that are off.
        expired: Waivers that have expired, one line each.
        warnings: What is odd in the policy, such as waivers that matched nothing, one line each.
        elapsed_s: Wall-clock seconds; not in any digest.
    """

    command: str
    version: str
    policy: InForce
    is_policy_within: bool = False
    findings: tuple[Reported, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    proofs: tuple[Proof, ...] = ()
    failures: tuple[Failure, ...] = ()
    rules: dict[str, Rule] = field(default_factory=dict)
    exempt: Mapping[Outcome | Failure, Exemption] = field(default_factory=dict)
    unjudged: tuple[Finding, ...] = ()
    excluded: int = 0
    off: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    elapsed_s: float = 0.0

    @property
    def policy_digest(self) -> str:
        """`sha256:...` of the compiled policy."""
        return self.policy.digest

    @property
    def policy_file(self) -> str:
        """The policy file in force; empty for the defaults."""
        return "" if self.policy.file is None else str(self.policy.file)

    @property
    def loosened(self) -> tuple[Change, ...]:
        """What the policy file loosens against the defaults, or may loosen."""
        return () if self.policy.file is None else self.policy.loosening.changes

    @property
    def policy_words(self) -> str:
        """The policy file in force, whether it lies within what was checked, and what it loosens, not yet printable.

        Empty for the defaults.
        """
        if self.policy.file is None:
            return ""
        within = " (lies within what is checked)" if self.is_policy_within else ""
        loosens = f"; against the defaults: {self.policy.loosening}" if self.loosened else ""
        return f"{self.policy_file}{within}{loosens}"

    @property
    def not_judged(self) -> tuple[Outcome, ...]:
        """The outcomes of what was not understood, those that are exempt among them."""
        return tuple(outcome for outcome in self.outcomes if outcome.verdict is Verdict.NOT_UNDERSTOOD)

    def note(self, thing: Outcome | Failure) -> str:
        """Why something that could not be judged does not change the exit code; empty where it does."""
        exemption = self.exempt.get(thing)
        return "" if exemption is None else exemption.note

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the run: 4, then 1, then 3, then 0; the same in every format.

        A failing finding goes before something that could not be judged: both stop a pipeline, and the
        finding is the stronger statement.
        """
        failures = [failure for failure in self.failures if failure not in self.exempt]
        if any(failure.is_internal for failure in failures):
            return ExitCode.INTERNAL
        if any(reported.standing is Standing.FAILING for reported in self.findings):
            return ExitCode.FINDINGS
        if any(proof.verdict is ProofVerdict.FAILED for proof in self.proofs):
            return ExitCode.FINDINGS
        if failures or any(outcome not in self.exempt for outcome in self.not_judged):
            return ExitCode.NOT_RUN
        if any(proof.verdict is ProofVerdict.INCONCLUSIVE for proof in self.proofs):
            return ExitCode.NOT_RUN
        return ExitCode.CLEAN

    def count(self, severity: Severity) -> int:
        """How many findings of that severity neither a waiver nor the baseline covers."""
        covered = {Standing.WAIVED, Standing.BASELINE}
        return sum(
            reported.finding.severity is severity and reported.standing not in covered for reported in self.findings
        )

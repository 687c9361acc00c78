"""A run of `check`: walk, examine, set each finding against the gate, the waivers and the baseline."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telamon import __version__
from telamon.checking.examination import Task, examine
from telamon.checking.walk import Unreachable, walk
from telamon.core.errors import MissingExtraError
from telamon.core.records import Mode
from telamon.policy.places import named_place
from telamon.reporting.report import Failure, FailureKind, Report, Reported, Standing, moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from telamon.catalog import Catalog
    from telamon.checking.examination import Examined
    from telamon.core.control import Checker, Control
    from telamon.core.records import Finding, Outcome
    from telamon.core.settings import Settings
    from telamon.core.subjects import Subject
    from telamon.policy.baseline import Baseline
    from telamon.policy.compiler import Policy
    from telamon.policy.places import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run tells how far it is.

    Attributes:
        begin: Told how many tasks there are.
        advance: Called after each.
    """

    begin: Callable[[int], None] = lambda _total: None
    advance: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What decides whether a finding fails the run.

    Attributes:
        policy: Modes, gates and waivers.
        baseline: Findings that were there before.
        today: For the expiry of waivers.
    """

    policy: Policy
    baseline: Baseline | None
    today: date

    def stand(self, finding: Finding, control: str, place: Place) -> tuple[Standing, str]:
        """Return how a finding stands to the gate, and the note that explains it.

        The order is: shadow mode, severity below the gate, a waiver in force, the baseline.

        Args:
            finding: With the path that reports show.
            control: Whose finding it is.
            place: Where the file is, which waivers and baselines go by.
        """
        settings = self.policy.settings(control)
        if settings.mode is Mode.SHADOW:
            return Standing.SHADOW, "the control is in shadow mode"
        if finding.severity.rank < settings.fail_at.rank:
            return Standing.BELOW_GATE, ""
        for waiver in self.policy.waivers:
            if waiver.applies(finding, place, self.today):
                return Standing.WAIVED, f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
        if self.baseline is not None and moved(finding, place.relative).fingerprint in self.baseline:
            return Standing.BASELINE, "in the baseline"
        return Standing.FAILING, ""


@dataclass(slots=True, kw_only=True)
class _Tally:
    findings: list[Reported] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def check(
    paths: Mapping[Path, str],
    *,
    policy: Policy,
    catalog: Catalog,
    today: date,
    baseline: Baseline | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check everything below `paths` with every control that is on, and return the report.

    Args:
        paths: Files and folders, and what reports call them.
        policy: Modes, gates, waivers and exclusions. Where it names a ledger, outcomes have the digests of the files.
        catalog: The controls.
        today: For the expiry of waivers.
        baseline: Findings that were there before.
        jobs: Worker processes; by default one per processor.
        progress: Told how far the run is.

    Raises:
        UsageError: A path does not exist.
    """
    start = time.perf_counter()
    progress = progress or Progress()
    tally = _Tally()
    subjects: list[Subject] = []
    for met in walk(paths, exclusion=policy.exclusion):
        if isinstance(met, Unreachable):
            tally.failures.append(Failure(control="", subject=met.name, reason=met.reason))
        else:
            subjects.append(met)
    controls = _controls(policy, catalog)
    checkers = _checkers(policy, controls, tally)
    tasks = [
        Task(control=name, checker=checker, subject=subject, is_evidence=policy.ledger is not None)
        for subject in subjects
        for name, checker in checkers.items()
        if subject.kind in checker.kinds
    ]
    progress.begin(len(tasks))
    gate = Gate(policy=policy, baseline=baseline, today=today)
    for index, examined in examine(tasks, jobs=jobs or os.cpu_count() or 1):
        _count(tally, tasks[index], examined, gate)
        progress.advance()
    return _report(tally, gate, controls, elapsed_s=time.perf_counter() - start)


def _controls(policy: Policy, catalog: Catalog) -> list[Control]:
    """Return the controls that are on: telamon's own, and those of other packages that the policy names."""
    own = [listed.control for listed in catalog]
    foreign = sorted(policy.controls.keys() - {control.name for control in own})
    every = [*own, *(catalog.find(name).control for name in foreign)]
    return [control for control in every if policy.mode(control.name) is not Mode.OFF]


def _checkers(policy: Policy, controls: Iterable[Control], tally: _Tally) -> dict[str, Checker[Settings]]:
    """Return the checkers of the controls that have one, by the control's name."""
    checkers = {}
    for control in controls:
        try:
            kind = control.checker()
        except MissingExtraError as error:
            tally.failures.append(Failure(control=control.name, subject="", reason=f"{error.message}: {error.hint}"))
            continue
        if kind is not None:
            checkers[control.name] = kind(policy.settings(control.name))
    return checkers


def _count(tally: _Tally, task: Task, examined: Examined, gate: Gate) -> None:
    if examined.findings:
        tally.findings.extend(_gated(task, examined, gate))
    tally.outcomes.extend(examined.outcomes)
    if examined.defect or examined.death:
        tally.failures.append(
            Failure(
                control=task.control,
                subject=task.subject.name,
                reason=examined.defect or examined.death,
                kind=FailureKind.INTERNAL_ERROR if examined.defect else FailureKind.NOT_CHECKED,
            )
        )


def _gated(task: Task, examined: Examined, gate: Gate) -> Iterator[Reported]:
    subject = task.subject
    is_called_by_path = subject.name == subject.path.as_posix()
    place = gate.policy.place(subject.path) if is_called_by_path else named_place(subject.name)
    for finding in examined.findings:
        standing, note = gate.stand(finding, task.control, place)
        yield Reported(finding=finding, control=task.control, standing=standing, note=note, place=place.relative)


def _report(tally: _Tally, gate: Gate, controls: Iterable[Control], *, elapsed_s: float) -> Report:
    used = {reported.finding.rule for reported in tally.findings}
    rules = {rule.id: rule for control in controls for rule in control.rules() if rule.id in used} if used else {}
    return Report(
        command="check",
        version=__version__,
        policy=gate.policy,
        findings=tuple(sorted(tally.findings, key=_position)),
        outcomes=tuple(sorted(tally.outcomes, key=lambda outcome: (outcome.location.path, outcome.control))),
        failures=tuple(sorted(tally.failures, key=lambda failure: (failure.subject, failure.control))),
        rules=rules,
        expired=tuple(str(waiver) for waiver in gate.policy.waivers if waiver.is_expired(gate.today)),
        elapsed_s=elapsed_s,
    )


def _position(reported: Reported) -> tuple[str, str, int, str]:
    location = reported.finding.location
    return (location.path, location.member, location.offset or 0, reported.finding.rule)

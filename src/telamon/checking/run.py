"""A run of `check`: walk, examine, set each finding against the gate, the waivers and the baseline."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from telamon import __version__
from telamon.checking.examination import Task, examine
from telamon.checking.walk import Excluded, Unreachable, walk
from telamon.core.errors import MissingExtraError
from telamon.core.records import Mode, Verdict
from telamon.core.subjects import SubjectKind
from telamon.policy.places import named_place, plain
from telamon.policy.waivers import NOT_UNDERSTOOD
from telamon.reporting.report import (
    Exemption,
    Failure,
    FailureKind,
    Report,
    Reported,
    Standing,
    moved,
    unjudged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date

    from telamon.catalog import Catalog
    from telamon.checking.examination import Examined
    from telamon.checking.result_cache import ResultCache
    from telamon.core.control import Checker, Control
    from telamon.core.records import Finding, Outcome
    from telamon.core.settings import Settings
    from telamon.core.subjects import Subject
    from telamon.policy.baseline import Baseline
    from telamon.policy.compiler import Policy
    from telamon.policy.places import Place
    from telamon.policy.waivers import Waiver

SHADOWED = Exemption(standing=Standing.SHADOW, note="the control is in shadow mode")
GLOBS = re.compile(r"[*?\[]")


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
                return Standing.WAIVED, waiver.note
        if self.baseline is not None and moved(finding, place.relative).fingerprint in self.baseline:
            return Standing.BASELINE, "in the baseline"
        return Standing.FAILING, ""

    def exempt(self, outcome: Outcome, place: Place) -> Exemption | None:
        """Return why a file that was not understood does not fail the run, if so; in the order of `stand`."""
        if self.policy.mode(outcome.control) is Mode.SHADOW:
            return SHADOWED
        for waiver in self.policy.waivers:
            if waiver.covers(NOT_UNDERSTOOD, place, self.today):
                return Exemption(standing=Standing.WAIVED, note=waiver.note)
        if self.baseline is not None and unjudged(outcome, place.relative).fingerprint in self.baseline:
            return Exemption(standing=Standing.BASELINE, note="in the baseline")
        return None


@dataclass(slots=True, kw_only=True)
class _Tally:
    findings: list[Reported] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    exempt: dict[Outcome | Failure, Exemption] = field(default_factory=dict)
    unjudged: list[Finding] = field(default_factory=list)
    used: set[Waiver] = field(default_factory=set)
    excluded: int = 0
    files: int = 0


def check(  # noqa: PLR0913  # what a run goes by, each by its name
    paths: Mapping[Path, str],
    *,
    policy: Policy,
    catalog: Catalog,
    today: date,
    baseline: Baseline | None = None,
    is_for_baseline: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
    remote: Iterable[Subject | Unreachable] = (),
    cache: ResultCache | None = None,
) -> Report:
    """Check everything below `paths` with every control that is on, and return the report.

    Args:
        paths: Files and folders, and what reports call them.
        policy: Modes, gates, waivers and exclusions. Where it names a ledger, outcomes have the digests of the files.
        catalog: The controls.
        today: For the expiry of waivers.
        baseline: Findings that were there before.
        is_for_baseline: Whether a baseline will be written from the report: then it is bound to the files' digests.
        jobs: Worker processes; by default one per processor.
        progress: Told how far the run is.
        remote: What lies elsewhere, and what there could not be listed.
        cache: Where results of files are kept and looked for.

    Raises:
        UsageError: A path does not exist.
    """
    start = time.perf_counter()
    progress = progress or Progress()
    tally = _Tally()
    subjects = list(_met(chain(walk(paths, exclusion=policy.exclusion), remote), tally))
    controls = _controls(policy, catalog)
    checkers = _checkers(policy, controls, tally)
    tasks = [
        Task(
            control=name,
            checker=checker,
            subject=subject,
            is_evidence=policy.ledger is not None,
            is_bound=is_for_baseline or baseline is not None,
            cache=cache,
        )
        for subject in subjects
        for name, checker in checkers.items()
        if subject.kind in checker.kinds and checker.takes(subject)
    ]
    progress.begin(len(tasks))
    gate = Gate(policy=policy, baseline=baseline, today=today)
    for index, examined in examine(tasks, jobs=jobs or os.cpu_count() or 1):
        _count(tally, tasks[index], examined, gate)
        progress.advance()
    for failure in tally.failures:
        if failure.control and policy.mode(failure.control) is Mode.SHADOW:
            tally.exempt[failure] = SHADOWED
    off = tuple(listed.control.name for listed in catalog.every(policy) if policy.mode(listed.control.name) is Mode.OFF)
    is_idle = not (tally.outcomes or tally.failures)
    if (is_idle and tally.files) or (tally.excluded and not tally.files):
        tally.failures.append(Failure(control="", subject="", reason=_nothing(tally, off)))
    warnings = tuple(_warnings(tally, gate, catalog, paths)) if policy.waivers else ()
    report = _report(tally, gate, controls, elapsed_s=time.perf_counter() - start)
    return replace(report, off=off, warnings=warnings)


def _met(found: Iterable[Subject | Unreachable | Excluded], tally: _Tally) -> Iterator[Subject]:
    """Yield what can be checked, and count the rest."""
    for met in found:
        if isinstance(met, Unreachable):
            tally.failures.append(Failure(control="", subject=met.name, reason=met.reason))
        elif isinstance(met, Excluded):
            tally.excluded += 1
        else:
            tally.files += met.kind is not SubjectKind.FOLDER
            yield met


def _nothing(tally: _Tally, off: tuple[str, ...]) -> str:
    """Say why no control has looked at anything, which must not pass for clean."""
    causes = [f"the policy excludes {tally.excluded} of the entries"] if tally.excluded else []
    causes += [f"off: {', '.join(off)}"] if off else []
    return f"nothing was judged by any control; files met: {tally.files}" + "".join(f"; {cause}" for cause in causes)


def _warnings(tally: _Tally, gate: Gate, catalog: Catalog, paths: Iterable[Path]) -> Iterator[str]:
    """Yield what is odd about the waivers: rules that no control has, and waivers that covered nothing."""
    known = {rule.id for listed in catalog.every(gate.policy) for rule in listed.control.rules()} | {NOT_UNDERSTOOD}
    walked = [os.path.realpath(path) for path in paths]
    for waiver in gate.policy.waivers:
        where = f"the waiver of {waiver.rule} at {waiver.path}, owned by {waiver.owner},"
        if waiver.rule not in known:
            import difflib  # noqa: PLC0415  # only for what is wrong

            near = difflib.get_close_matches(waiver.rule, known, n=1)
            yield f"{where} names a rule that no control has" + (f"; did you mean {near[0]}?" if near else "")
        elif waiver not in tally.used and not waiver.is_expired(gate.today) and _is_walked(gate, waiver, walked):
            yield f"{where} covered nothing: remove it"


def _is_walked(gate: Gate, waiver: Waiver, walked: list[str]) -> bool:
    """Whether all that a waiver may name lies at or below what was checked, as far as the part without globs tells."""
    fixed = GLOBS.split(plain(waiver.path), maxsplit=1)
    start = os.path.realpath(gate.policy.folder / (fixed[0] if len(fixed) == 1 else fixed[0].rpartition("/")[0]))
    return any(start == root or start.startswith(f"{root.rstrip('/')}/") for root in walked)


def _controls(policy: Policy, catalog: Catalog) -> list[Control]:
    """Return the controls that are on."""
    every = [listed.control for listed in catalog.every(policy)]
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
        tally.findings.extend(_gated(task, examined, gate, tally.used))
    tally.outcomes.extend(examined.outcomes)
    for outcome in examined.outcomes:
        if outcome.verdict is Verdict.NOT_UNDERSTOOD:
            _count_unjudged(tally, task, outcome, gate)
    if examined.defect or examined.death:
        tally.failures.append(
            Failure(
                control=task.control,
                subject=task.subject.name,
                reason=examined.defect or examined.death,
                kind=FailureKind.INTERNAL_ERROR if examined.defect else FailureKind.NOT_CHECKED,
            )
        )


def _count_unjudged(tally: _Tally, task: Task, outcome: Outcome, gate: Gate) -> None:
    place = _place(task.subject, gate.policy)
    tally.unjudged.append(unjudged(outcome, place.relative))
    tally.used.update(one for one in gate.policy.waivers if one.covers(NOT_UNDERSTOOD, place, gate.today))
    if exemption := gate.exempt(outcome, place):
        tally.exempt[outcome] = exemption


def _place(subject: Subject, policy: Policy) -> Place:
    """Return where a subject is by what it is called: a copy of one that lies elsewhere is not a place of its own."""
    if subject.kind is SubjectKind.REMOTE or (subject.name == "-" and subject.path.as_posix() != "-"):
        return named_place(subject.name)
    return policy.place(Path(subject.name))


def _gated(task: Task, examined: Examined, gate: Gate, used: set[Waiver]) -> Iterator[Reported]:
    place = _place(task.subject, gate.policy)
    for finding in examined.findings:
        used.update(waiver for waiver in gate.policy.waivers if waiver.applies(finding, place, gate.today))
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
        exempt=tally.exempt,
        unjudged=tuple(tally.unjudged),
        excluded=tally.excluded,
        rules=rules,
        expired=tuple(str(waiver) for waiver in gate.policy.waivers if waiver.is_expired(gate.today)),
        elapsed_s=elapsed_s,
    )


def _position(reported: Reported) -> tuple[str, str, int, str]:
    location = reported.finding.location
    return (location.path, location.member, location.offset or 0, reported.finding.rule)

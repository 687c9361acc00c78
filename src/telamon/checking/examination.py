"""Examining subjects: each checker on each subject, in this process or over worker processes."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telamon.core.records import Finding, Outcome, Verdict
from telamon.core.subjects import SubjectKind
from telamon.kits.formats.source import COPY_LIMIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from telamon.checking.result_cache import ResultCache
    from telamon.checking.witness import Witness
    from telamon.core.control import Checker
    from telamon.core.settings import Settings
    from telamon.core.subjects import Subject

# Other processes take some 40 ms to start, in which hundreds of small files are scanned here.
PATIENCE_S = 0.05
# Who has so much to read will not be done by then: it is shared out from the beginning. The size of more files than
# these need not be asked for: they outlast the patience.
PARALLEL_BYTES = 8 * 1024 * 1024
SIZED_FILES = 64
# What is larger may be mapped into memory, and a mapped file that someone cuts short while it is read ends the process
# that reads it by SIGBUS (`telamon.kits.formats.source`). That must not be the process that reports.
MAPPED_BYTES = COPY_LIMIT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One checker and one subject.

    Attributes:
        control: Name of the control whose checker it is.
        is_evidence: Whether the outcome is recorded: then it has the digest of the file that was examined.
        is_bound: Whether a baseline goes by the outcome: then it has that digest where the file was not understood.
        cache: Where results are kept and looked for; they are not, without one.
    """

    control: str
    checker: Checker[Settings]
    subject: Subject
    is_evidence: bool = False
    is_bound: bool = False
    cache: ResultCache | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What came of one task.

    Attributes:
        defect: What went wrong in telamon itself, such as an exception that no checker may raise; else empty.
        death: How the worker process ended while it was at the task; else empty.
    """

    findings: tuple[Finding, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    defect: str = ""
    death: str = ""


def examine(
    tasks: Sequence[Task], *, jobs: int, clock: Callable[[], float] = time.monotonic
) -> Iterator[tuple[int, Examined]]:
    """Yield the index of each task with what came of it, in the order in which they end.

    Args:
        tasks: What to do.
        jobs: How many processes work at once. Small files are begun in this one, large ones never read in it.
        clock: Seconds; small tasks are begun in this process and shared out when they take longer than it takes to
            start others.
    """
    may_share = jobs > 1
    deadline = clock() + (0 if may_share and _is_much(tasks) else PATIENCE_S)
    for index, task in enumerate(tasks):
        is_late = may_share and index < len(tasks) - 1 and clock() >= deadline
        if is_late or _size(task.subject) > MAPPED_BYTES:
            yield from _share_out(tasks, index, jobs)
            return
        yield index, perform(task)


def _share_out(tasks: Sequence[Task], start: int, jobs: int) -> Iterator[tuple[int, Examined]]:
    from telamon.checking.workers import examine_in_parallel  # noqa: PLC0415  # costs 20 ms to import

    rest = tasks[start:]
    for index, examined in examine_in_parallel(rest, jobs=min(jobs, len(rest))):
        yield start + index, examined


def perform(task: Task) -> Examined:
    """Run one checker on one subject; whatever it raises becomes a defect, so that the others go on.

    What it found before it raised is kept. No outcome, or a second one, is a defect too: silence is not clean.
    """
    is_seen = task.is_evidence or task.is_bound or task.cache is not None
    if not is_seen or task.subject.kind is not SubjectKind.FILE:
        return _run(task)
    from telamon.checking.witness import witness  # noqa: PLC0415  # only where it is recorded

    with witness(task.subject.path) as seen:
        if seen is None:
            return _run(task)
        examined = _run(task) if task.cache is None else _recalled_or_run(task, seen, task.cache)
        if not (task.is_evidence or task.is_bound):
            return examined
        outcomes = (
            seen.attest(outcome) if task.is_evidence or outcome.verdict is Verdict.NOT_UNDERSTOOD else outcome
            for outcome in examined.outcomes
        )
        return replace(examined, outcomes=tuple(outcomes))


def _recalled_or_run(task: Task, seen: Witness, cache: ResultCache) -> Examined:
    """Return what came of the task before, if the file still has the bytes that it was digested with, else of a run."""
    key = cache.key(task, seen.digest())
    known = cache.recall(key) if key else None
    if known is not None and seen.is_same():
        return known
    examined = _run(task)
    if key and seen.is_same():
        cache.keep(key, examined)
    return examined


def _run(task: Task) -> Examined:
    results: list[Finding | Outcome] = []
    defect = ""
    try:
        results.extend(task.checker.check(task.subject))
    except Exception as error:  # noqa: BLE001  # the border of one hostile file in a scan (house rule 12)
        defect = f"{type(error).__name__}: {error}"
    outcomes = tuple(result for result in results if isinstance(result, Outcome))
    if not defect and len(outcomes) != 1:
        defect = f"expected one outcome, found {len(outcomes)}"
    return Examined(
        findings=tuple(result for result in results if isinstance(result, Finding)), outcomes=outcomes, defect=defect
    )


def _is_much(tasks: Sequence[Task]) -> bool:
    return sum(_size(task.subject) for task in tasks[:SIZED_FILES]) >= PARALLEL_BYTES


def _size(subject: Subject) -> int:
    if subject.kind is not SubjectKind.FILE:
        return 0
    try:
        return subject.path.stat().st_size
    except OSError:
        return 0

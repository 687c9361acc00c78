"""Examining subjects: each checker on each subject, in this process or over worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.core.records import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telamon.core.control import Checker
    from telamon.core.settings import Settings
    from telamon.core.subjects import Subject

PARALLEL_FILES = 8  # fewer are done before a second process has started
PARALLEL_BYTES = 8 * 1024 * 1024  # likewise, unless they are big


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One checker and one subject.

    Attributes:
        control: Name of the control whose checker it is.
    """

    control: str
    checker: Checker[Settings]
    subject: Subject


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


def examine(tasks: Sequence[Task], *, jobs: int) -> Iterator[tuple[int, Examined]]:
    """Yield the index of each task with what came of it, in the order in which they end.

    Args:
        tasks: What to do.
        jobs: How many processes work at once; 1 works in this one.
    """
    if jobs > 1 and _is_worth_it(tasks):
        from telamon.checking.workers import examine_in_parallel  # noqa: PLC0415  # costs 20 ms to import

        yield from examine_in_parallel(tasks, jobs=min(jobs, len(tasks)))
    else:
        for index, task in enumerate(tasks):
            yield index, perform(task)


def perform(task: Task) -> Examined:
    """Run one checker on one subject; whatever it raises becomes a defect, so that the others go on.

    What it found before it raised is kept. No outcome, or a second one, is a defect too: silence is not clean.
    """
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


def _is_worth_it(tasks: Sequence[Task]) -> bool:
    if len(tasks) >= PARALLEL_FILES:
        return True
    return len(tasks) > 1 and sum(_size(task.subject) for task in tasks) >= PARALLEL_BYTES


def _size(subject: Subject) -> int:
    try:
        return subject.path.stat().st_size
    except OSError:
        return 0

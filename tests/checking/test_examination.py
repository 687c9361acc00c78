"""Each checker on each subject, in this process or in others, whatever happens to one of them."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from telamon.checking import examination, workers
from telamon.checking.examination import MAPPED_BYTES, PARALLEL_BYTES, Examined, examine, perform
from telamon.checking.workers import examine_in_parallel
from telamon.core.records import Location, Outcome, Verdict
from telamon.kits.formats.source import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from telamon.checking.examination import Task


def clean(name: str) -> Outcome:
    return Outcome(control="words", location=Location(path=name), verdict=Verdict.CLEAN)


def test_keeps_findings_and_outcomes_apart(tasks: Callable[..., list[Task]]) -> None:
    (task,) = tasks("high low")
    examined = perform(task)
    assert [finding.message for finding in examined.findings] == ["high", "low"]
    assert (examined.outcomes, examined.defect, examined.death) == ((clean("file00"),), "", "")


def test_what_a_checker_raises_is_a_defect_and_keeps_what_it_found(tasks: Callable[..., list[Task]]) -> None:
    (task,) = tasks("high raise low")
    examined = perform(task)
    assert [finding.message for finding in examined.findings] == ["high"]
    assert (examined.outcomes, examined.defect) == ((), "ZeroDivisionError: as the file says")


@pytest.mark.parametrize(("word", "count"), [("silence", 0), ("twice", 2)])
def test_anything_but_one_outcome_is_a_defect(word: str, count: int, tasks: Callable[..., list[Task]]) -> None:
    (task,) = tasks(word)
    assert perform(task).defect == f"expected one outcome, found {count}"


def test_the_others_go_on_after_one_that_raises(tasks: Callable[..., list[Task]]) -> None:
    found = dict(examine(tasks("clean", "raise", "clean"), jobs=1))
    assert found == {
        0: Examined(outcomes=(clean("file00"),)),
        1: Examined(defect="ZeroDivisionError: as the file says"),
        2: Examined(outcomes=(clean("file02"),)),
    }


@pytest.mark.usefixtures("impatient")
def test_other_processes_find_the_same(tasks: Callable[..., list[Task]]) -> None:
    words = ["clean", "high", "raise", "low medium", "silence", "twice"]
    made = tasks(*(words[number % len(words)] for number in range(40)))
    assert dict(examine(made, jobs=3)) == dict(examine(made, jobs=1))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("word", "death"),
    [
        ("kill", "the process that read it ended with signal 9"),
        ("exit", "the process that read it ended with exit status 7"),
    ],
)
def test_the_death_of_a_process_costs_its_subject_only(word: str, death: str, tasks: Callable[..., list[Task]]) -> None:
    deadly = {3, 4, 11, 19}
    made = tasks(*(word if number in deadly else "clean" for number in range(20)))
    found = dict(examine(made, jobs=2))
    assert found == {
        number: Examined(death=death) if number in deadly else Examined(outcomes=(clean(f"file{number:02}"),))
        for number in range(20)
    }


@pytest.mark.usefixtures("impatient")
def test_every_process_may_die(tasks: Callable[..., list[Task]]) -> None:
    made = tasks(*["kill"] * 9)
    found = dict(examine(made, jobs=4))
    assert found == dict.fromkeys(range(9), Examined(death="the process that read it ended with signal 9"))


def test_leaves_no_process_behind_when_the_caller_stops(tasks: Callable[..., list[Task]]) -> None:
    results = examine_in_parallel(tasks(*["clean"] * 20), jobs=2)
    next(results)
    results.close()
    assert multiprocessing.active_children() == []


def test_processes_end_with_their_parent(tmp_path: Path) -> None:
    # The parent is killed, so that nothing but the end of its pipes can tell its workers.
    program = """
import os, signal, sys, time
from telamon.checking import workers
from telamon.checking.examination import Examined, Task
workers.perform = lambda task: (os.write(1, b"%d " % os.getpid()), Examined())[1]
results = workers.examine_in_parallel(range(100), jobs=3)
next(results)
os.kill(os.getpid(), signal.SIGKILL)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=tmp_path) as parent:  # noqa: S603  # this interpreter
        # Reading ends only when the last process that holds the pipe has ended.
        written, _ = parent.communicate(timeout=60)
    assert parent.returncode == -signal.SIGKILL
    assert written


@pytest.mark.usefixtures("impatient")
def test_ctrl_c_is_the_parents_to_hear(tasks: Callable[..., list[Task]], monkeypatch: pytest.MonkeyPatch) -> None:
    made = tasks(*["clean"] * 8)

    def interrupted(task: Task) -> Examined:
        os.kill(os.getpid(), signal.SIGINT)
        return perform(task)

    monkeypatch.setattr("telamon.checking.workers.perform", interrupted)
    assert {examined.death for _, examined in examine(made, jobs=2)} == {""}


@pytest.mark.parametrize(
    ("count", "size", "jobs", "taken_s", "here"),
    [
        (9, 0, 2, 0.0, 9),  # done before others had started
        (9, 0, 2, 0.02, 3),  # begun here, and shared out when it takes long
        (9, 0, 1, 0.02, 9),
        (9, 0, 2, 1.0, 1),
        (2, 0, 2, 1.0, 2),  # nothing to share: the last one is done here
        (9, PARALLEL_BYTES, 2, 0.0, 0),
        (9, MAPPED_BYTES, 2, 0.0, 9),
        (9, MAPPED_BYTES + 1, 2, 0.0, 8),  # the last one is never read here
        (9, MAPPED_BYTES + 1, 1, 0.0, 8),
        (1, MAPPED_BYTES + 1, 1, 0.0, 0),
    ],
)
def test_starts_processes_only_where_they_pay(
    *,
    count: int,
    size: int,
    jobs: int,
    taken_s: float,
    here: int,
    tasks: Callable[..., list[Task]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = tasks(*["clean"] * count)
    os.truncate(made[-1].subject.path, size)
    for task in made[:-1]:
        os.truncate(task.subject.path, 0)
    now = 0.0
    asked = jobs
    done: list[Task] = []
    given: list[Task] = []

    def perform(task: Task) -> Examined:
        nonlocal now
        now += taken_s
        done.append(task)
        return Examined()

    def elsewhere(rest: Sequence[Task], *, jobs: int) -> Iterator[tuple[int, Examined]]:
        assert jobs == min(asked, len(rest))
        given.extend(rest)
        return ((index, Examined()) for index in range(len(rest)))

    monkeypatch.setattr("telamon.checking.workers.examine_in_parallel", elsewhere)
    monkeypatch.setattr(examination, "perform", perform)
    assert [index for index, _ in examine(made, jobs=jobs, clock=lambda: now)] == list(range(count))
    assert (done, given) == (made[:here], made[here:])


@pytest.mark.parametrize("count", [1, 5, 33, 200, 1000])
def test_batches_hold_each_task_once_and_leave_nobody_waiting_for_the_last(
    count: int, tasks: Callable[..., list[Task]]
) -> None:
    (task,) = tasks("clean")
    crew = workers._Crew([task] * count, 2)
    batches = []
    while batch := crew._next_batch():
        batches.append(batch)
    assert [index for batch in batches for index in batch] == list(range(count))
    assert max(map(len, batches)) == min(workers.BATCH_TASKS, max(1, count // 8))
    assert all(len(batch) <= max(1, (count - batch[0]) // 8) for batch in batches)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_large_file_cut_short_while_it_is_read_costs_itself_only(
    jobs: int, tasks: Callable[..., list[Task]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tasks("clean", "clean", "clean")
    large = made[1].subject.path
    os.truncate(large, MAPPED_BYTES + 1)

    def cut_short(task: Task) -> Examined:
        if task.subject.path == large:
            faulthandler.disable()  # or pytest's would print where the process ended
            with open_source(large) as source:
                window = source.window
                os.truncate(large, 0)
                sum(window.buffer[window.start : window.end])
        return perform(task)

    monkeypatch.setattr("telamon.checking.workers.perform", cut_short)
    assert dict(examine(made, jobs=jobs)) == {
        0: Examined(outcomes=(clean("file00"),)),
        1: Examined(death=f"the process that read it ended with signal {signal.SIGBUS}"),
        2: Examined(outcomes=(clean("file02"),)),
    }


def test_a_subject_that_is_gone_has_no_size(tasks: Callable[..., list[Task]]) -> None:
    made = tasks("clean", "clean")
    made[0].subject.path.unlink()
    found = dict(examine(made, jobs=2))
    assert found[0].defect.startswith("FileNotFoundError: ")
    assert found[1] == Examined(outcomes=(clean("file01"),))

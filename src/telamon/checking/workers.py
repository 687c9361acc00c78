"""Worker processes for examining subjects: the death of one costs its subject, not the scan."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from telamon.checking.examination import Examined, perform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from telamon.checking.examination import Task

# Handing over one task and its answer takes the two processes some 90 us of CPU together, about as much as a small
# pickle takes to scan; for 32 at once it is a tenth of that. Towards the end batches get smaller, so that no process
# waits for the other's last batch.
BATCH_TASKS = 32
BATCHES_AHEAD = 4  # of each worker, at least, until batches are single tasks


@dataclass(slots=True, kw_only=True)
class _Worker:
    process: BaseProcess
    connection: Connection[list[int], list[Examined]]
    batch: list[int]


def examine_in_parallel(tasks: Sequence[Task], *, jobs: int) -> Iterator[tuple[int, Examined]]:
    """Yield the index of each task with what came of it, as `jobs` processes get them done.

    A worker that dies (killed for memory, say) is replaced. What it was at is done again task by task, so that the task
    that it died of is known and reported with how it died, and costs no other. All workers have ended when this ends,
    however it ends.
    """
    crew = _Crew(tasks, jobs)
    try:
        crew.begin()
        while busy := crew.busy():
            ready = wait([worker.connection for worker in busy])
            for worker in busy:
                if worker.connection in ready:
                    yield from crew.take(worker)
    finally:
        crew.end()


class _Crew:
    """The workers and what they have still to do."""

    def __init__(self, tasks: Sequence[Task], jobs: int) -> None:
        # A fork hands over the tasks for nothing; elsewhere than on Linux it is not safe beside system libraries.
        self._context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._tasks = tasks
        self._jobs = jobs
        self._waiting = list(range(len(tasks) - 1, -1, -1))
        self._alone: list[int] = []  # a worker died of one of these
        self._workers: list[_Worker] = []

    def begin(self) -> None:
        """Start the workers and give each something to do."""
        for _ in range(self._jobs):
            self._start()

    def busy(self) -> list[_Worker]:
        """Return the workers that have something to do."""
        return [worker for worker in self._workers if worker.batch]

    def take(self, worker: _Worker) -> Iterator[tuple[int, Examined]]:
        """Yield what a worker has done, or how it died, and give it or its successor something to do."""
        batch = worker.batch
        try:
            answers = worker.connection.recv()
        except (EOFError, OSError):  # before an answer, or in the middle of one
            how = _end_of(worker)
            self._workers.remove(worker)
            if len(batch) == 1:
                yield batch[0], Examined(death=f"the process that read it ended with {how}")
            else:
                self._alone.extend(reversed(batch))
            self._start()
        else:
            yield from zip(batch, answers, strict=True)
            self._hand_out(worker)

    def end(self) -> None:
        """End all workers; an interrupt waits until they have ended, so that none is left behind."""
        with _interrupts_held():
            for worker in self._workers:
                worker.process.kill()  # they hold nothing that they would have to put away
            for worker in self._workers:
                worker.connection.close()
                worker.process.join()
                worker.process.close()
            self._workers.clear()

    def _start(self) -> None:
        if not (self._waiting or self._alone):
            return
        # Held in the child too, until it ignores them: Ctrl-C goes to all processes of a terminal, at any moment.
        with _interrupts_held():
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=_work, args=(theirs, ours, self._tasks), daemon=True)  # type: ignore[attr-defined]  # every concrete context has Process; the base class lacks it in typeshed
            process.start()
            theirs.close()
            worker = _Worker(process=process, connection=ours, batch=[])
            self._workers.append(worker)
        self._hand_out(worker)

    def _hand_out(self, worker: _Worker) -> None:
        worker.batch = self._next_batch()
        if worker.batch:
            with suppress(BrokenPipeError):  # it died a moment ago, which taking its answer will tell
                worker.connection.send(worker.batch)

    def _next_batch(self) -> list[int]:
        if self._alone:
            return [self._alone.pop()]
        size = max(1, min(BATCH_TASKS, len(self._waiting) // (self._jobs * BATCHES_AHEAD)))
        return [self._waiting.pop() for _ in range(min(size, len(self._waiting)))]


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C during a block; it is heard when the block ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_of(worker: _Worker) -> str:
    worker.connection.close()
    worker.process.join()
    code = worker.process.exitcode
    return f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"


def _work(
    connection: Connection[list[Examined], list[int]],
    other_end: Connection[list[int], list[Examined]],
    tasks: Sequence[Task],
) -> None:
    other_end.close()  # else this process would hold it open, and never see that its parent is gone
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C too, and ends its workers
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with suppress(EOFError, OSError):  # the parent is gone, or has hung up: nobody waits for the answer
        while True:
            connection.send([perform(tasks[index]) for index in connection.recv()])

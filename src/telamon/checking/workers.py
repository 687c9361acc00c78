"""Worker processes for examining subjects: the death of one costs its subject, not the scan."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from telamon.checking.examination import Examined, perform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

    from telamon.checking.examination import Task


@dataclass(slots=True, kw_only=True)
class _Worker:
    process: BaseProcess
    connection: Connection[int | None, tuple[int, Examined]]
    at: int | None = None


def examine_in_parallel(tasks: Sequence[Task], *, jobs: int) -> Iterator[tuple[int, Examined]]:
    """Yield the index of each task with what came of it, as `jobs` processes get them done.

    A worker that dies (killed for memory, say) is replaced, and its task is reported with how it died.
    """
    # A fork hands over the tasks for nothing; elsewhere than on Linux it is not safe beside system libraries.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    waiting = list(range(len(tasks) - 1, -1, -1))
    workers = [_start(context, tasks) for _ in range(jobs)]
    try:
        for worker in workers:
            _hand_out(worker, waiting)
        while busy := [worker for worker in workers if worker.at is not None]:
            ready = wait([worker.connection for worker in busy])
            for worker in busy:
                if worker.connection in ready:
                    yield _take(worker)
                    if not worker.process.is_alive() and waiting:
                        workers[workers.index(worker)] = worker = _start(context, tasks)  # noqa: PLW2901
                    _hand_out(worker, waiting)
    finally:
        for worker in workers:
            worker.connection.close()
        for worker in workers:
            worker.process.terminate()
            worker.process.join()


def _start(context: BaseContext, tasks: Sequence[Task]) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, ours, tasks), daemon=True)  # type: ignore[attr-defined]  # every concrete context has Process; the base class lacks it in typeshed
    # Until the child has said that it ignores Ctrl-C, none reaches it: it would end with a traceback of its own.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    theirs.close()
    return _Worker(process=process, connection=ours)


def _hand_out(worker: _Worker, waiting: list[int]) -> None:
    worker.at = waiting.pop() if waiting and worker.process.is_alive() else None
    if worker.at is not None:
        with suppress(BrokenPipeError):  # it died a moment ago, which taking its answer will tell
            worker.connection.send(worker.at)


def _take(worker: _Worker) -> tuple[int, Examined]:
    try:
        return worker.connection.recv()
    except (EOFError, OSError):  # before an answer, or in the middle of one
        worker.process.join()
        code = worker.process.exitcode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        return worker.at or 0, Examined(death=f"the process that read it ended with {how}")


def _work(
    connection: Connection[tuple[int, Examined], int],
    other_end: Connection[int | None, tuple[int, Examined]],
    tasks: Sequence[Task],
) -> None:
    other_end.close()  # else this process would hold it open, and never see that its parent is gone
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C too, and ends its workers
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    while True:
        try:
            index = connection.recv()
        except EOFError:
            return
        connection.send((index, perform(tasks[index])))

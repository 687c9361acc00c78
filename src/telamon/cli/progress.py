"""A progress bar on stderr, for what takes longer than a second, on a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from telamon.checking.run import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

PATIENCE_S = 1.0  # what ends sooner shows no bar
REFRESH_S = 0.1


class _Delayed:
    """A bar that appears once a second has passed; rich is imported only then."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._total = 0
        self._done = 0
        self._next = time.monotonic() + PATIENCE_S
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def begin(self, total: int) -> None:
        self._total = total

    def advance(self) -> None:
        self._done += 1
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + REFRESH_S
        if self._bar is None:
            self._appear()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done)
            self._bar.refresh()

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bar

        # No refreshing thread: workers may still be forked, and a fork beside threads is not safe.
        self._bar = Bar(console=Console(stderr=True), transient=True, auto_refresh=False)
        self._task = self._bar.add_task(self._label, total=self._total)
        self._bar.start()

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def progress(label: str) -> Iterator[Progress]:
    """Yield what a long run reports its progress to; without a terminal nothing is shown."""
    if not sys.stderr.isatty():
        yield Progress()
        return
    delayed = _Delayed(label)
    try:
        yield Progress(begin=delayed.begin, advance=delayed.advance)
    finally:
        delayed.end()

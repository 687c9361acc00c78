"""Ctrl-C: it ends the run, once, however often it is pressed."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

# What must be put away when a run ends (workers, temporary files, a transaction) takes some milliseconds. A second
# Ctrl-C in the middle of that would leave it lying about; a later one is meant for something that hangs.
GRACE_S = 1.0


def hear_interrupts(clock: Callable[[], float] = time.monotonic) -> None:
    """Let SIGINT raise `KeyboardInterrupt`, but not again within a second.

    Where the process was started with SIGINT ignored, as shells do for jobs in the background, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    heard = float("-inf")

    def hear(_number: int, _frame: FrameType | None) -> None:
        nonlocal heard
        now = clock()
        if now - heard >= GRACE_S:
            heard = now
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, hear)

"""Ctrl-C: it ends the run, once, however often it is pressed."""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

# What must be put away when a run ends (workers, temporary files, a transaction) takes some milliseconds. A second
# Ctrl-C in the middle of that would leave it lying about; a later one is meant for something that hangs.
GRACE_S = 1.0
# How long after an interrupt was lost it is raised again. The finalizer that lost it has ended by then; if it has not,
# the interrupt is lost and raised once more.
AGAIN_S = 0.001


def hear_interrupts(clock: Callable[[], float] = time.monotonic) -> None:
    """Let SIGINT raise `KeyboardInterrupt`, but not again within a second.

    Where the process was started with SIGINT ignored, as shells do for jobs in the background, it stays so. What is
    raised in a finalizer or a callback of the collector, which Python prints and forgets, is raised again after it.
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

    report = sys.unraisablehook

    def lose(lost: sys.UnraisableHookArgs) -> None:
        nonlocal heard
        if lost.exc_type is KeyboardInterrupt:
            heard = float("-inf")
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
        else:
            report(lost)

    signal.signal(signal.SIGINT, hear)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _again)
        sys.unraisablehook = lose


def _again(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)  # which waits where interrupts are held

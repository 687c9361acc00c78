"""The entry of the command line: readies the process, runs a command, and ends with its exit code.

It imports next to nothing before the process is ready: Ctrl-C is heard from the first moment on, and the garbage
collector, which would run through everything that is imported a dozen times, is told to wait.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from telamon.cli.exits import BROKEN_PIPE, INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Sequence

GC_THRESHOLD = 100_000  # containers; imports alone make some 50,000, and few of them are garbage


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code.

    The process ends without the interpreter's own taking down, which costs 10 ms and frees only what the system
    frees anyway; everything that must be closed is closed by the command that opened it.
    """
    gc.set_threshold(GC_THRESHOLD)
    try:
        from telamon.cli.interrupts import hear_interrupts
        from telamon.cli.streams import prepare_streams

        hear_interrupts()
        prepare_streams()
        code = run(arguments)
        with suppress(OSError):  # nobody reads it, and the exit code tells too
            sys.stderr.flush()
    except KeyboardInterrupt:  # what was not written yet is not: whoever reads it may have stopped reading
        code = INTERRUPTED
    except BrokenPipeError:
        code = BROKEN_PIPE
    os._exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; messages of errors go to stderr.

    Args:
        arguments: The words after `telamon`; `sys.argv` where it is `None`.

    Raises:
        KeyboardInterrupt: The user wants it to end.
        BrokenPipeError: Nobody reads the output any more.
    """
    from telamon.cli.application import execute

    return execute(arguments)

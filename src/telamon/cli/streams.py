"""The standard streams: usable whatever the process was started with."""

from __future__ import annotations

import io
import os
import sys


def prepare_streams() -> None:
    """Open on /dev/null what was closed, and let names that the terminal's encoding lacks be escaped.

    Were a descriptor below 3 left free, the next file that is opened would get it, and whatever a library or a child
    prints would go into that file. What was closed is nobody's to read: the exit code and files still tell. Standard
    input stays `None` in `sys`, so that `-` does not take a closed one for an empty file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest that is free
            if number > 0:
                setattr(sys, name, open(descriptor, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  # a descriptor, kept to the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = _buffered(sys.stdout)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _buffered(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """Return the stream with a buffer, which PYTHONUNBUFFERED takes away.

    Without it, what a full disk or a reader that goes away takes of a long report is taken for all of it.
    """
    raw = stream.buffer
    if not isinstance(raw, io.RawIOBase):
        return stream
    encoding, is_terminal = stream.encoding, stream.isatty()
    stream.detach()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, line_buffering=is_terminal)

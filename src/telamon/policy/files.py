"""Reads small files of the user whole, and never waits for what is no file."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from pathlib import Path


class UnreadableError(TelamonError):
    """A file cannot be read; the message is only the reason, for whoever knows what the file is.

    Remedy: Name a regular file that you may read.
    """

    code = "unreadable"


def read_start(path: Path, *, limit: int) -> bytes:
    """Return the content of a file, or its first `limit` bytes and one more, which tells that it is larger.

    Raises:
        UnreadableError: There is no such file, it may not be read, or it is no regular file. A FIFO or device is
            refused without waiting for it.
    """
    try:
        # Without O_NONBLOCK, opening a FIFO waits for somebody to write to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            _require_regular(os.fstat(descriptor).st_mode)
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(limit + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnreadableError(os.strerror(error.errno or errno.EIO)) from error
    except ValueError as error:
        raise UnreadableError("a file's name holds no NUL") from error


def _require_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise UnreadableError(os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise UnreadableError("not a regular file")

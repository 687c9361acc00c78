"""What ends the command line, and is no error of a command itself."""

from __future__ import annotations

from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode


class NoRoomError(TelamonError):
    """There is no room for what the command writes: the disk is full, or a quota or a limit on file sizes is reached.

    Remedy: Make room where standard output, `--output` or the folder for temporary files lies, and run it again.
    """

    code = "no-room"


class InternalError(TelamonError):
    """Telamon failed in a way that nobody foresaw; nothing that it printed before says that anything is clean.

    Remedy: Run it again with `TELAMON_DEBUG=1` for the traceback, and report it as a defect.
    """

    code = "internal"
    exit_code = ExitCode.INTERNAL

"""Folders of proofs: private, removed when the proof ends, and swept by the next one where it was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX: Final = "telamon-proof-"
OWNER: Final = "owner"  # holds the process id, and is locked for as long as that process lives


@contextmanager
def workspace() -> Iterator[Path]:
    """Yield an empty folder of this process, and remove it; folders that killed runs left behind go first."""
    sweep(Path(tempfile.gettempdir()), before_s=time.time())
    root = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with (root / OWNER).open("w", encoding="ascii") as owner:
            # A lock and not the id alone: ids are used again, and those of another container mean nothing here.
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            owner.write(f"{os.getpid()}\n")
            owner.flush()
            folder = root / "trials"
            folder.mkdir(mode=0o700)
            yield folder
    finally:
        shutil.rmtree(root, ignore_errors=True)


def sweep(parent: Path, *, before_s: float) -> None:
    """Remove the folders of proofs whose process is dead.

    Only what is ours beyond doubt is touched: a folder of this user, older than `before_s`, that names its process and
    whose lock nobody holds.

    Args:
        parent: Where folders of proofs are made.
        before_s: Seconds since 1970.
    """
    for root in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another run may sweep it at the same time
            status = root.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and status.st_mtime < before_s:
                _remove_if_dead(root)


def _remove_if_dead(root: Path) -> None:
    descriptor = os.open(root / OWNER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises where its process lives
        if _is_dead(owner.readline().strip()):
            shutil.rmtree(root, ignore_errors=True)


def _is_dead(process: str) -> bool:
    """Whether a process id was recorded and no such process is there."""
    if not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # it lives and is somebody else's, or it is no process id
        return False
    return False

"""The witness of an examination: the digest of the file that was examined, or that it was changed meanwhile."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telamon.core.records import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from telamon.core.records import Outcome

CHUNK_BYTES = 256 * 1024
# A hole costs as much to digest as data, and a file of 8 EiB is quickly made of one; no model consists of holes.
HOLED_BYTES = 1 << 30
HOLED_RATIO = 16
BLOCK_BYTES = 512  # the unit of st_blocks, whatever the file system's own is (stat(2))
# Hashing reads all of a file, and scanning reads little of one that is large: caching has nothing to win there.
MOST_RECALLED_BYTES = 64 * 1024 * 1024
CHANGED = "the file was changed while it was examined"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """What changes when a file is written to, or when another comes to stand under its name."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> _Identity:
        return cls(
            device=status.st_dev,
            inode=status.st_ino,
            size=status.st_size,
            modified_ns=status.st_mtime_ns,
            changed_ns=status.st_ctime_ns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What a path leads to: the name itself (it may be a link) and the file behind it."""

    name: _Identity
    file: _Identity

    @classmethod
    def of(cls, path: Path) -> _State:
        return cls(name=_Identity.of(path.lstat()), file=_Identity.of(path.stat()))


class Witness:
    """Holds a file open while a checker, which opens it by its path, examines it.

    The file is digested after the examination and through the descriptor that was opened before it. What the path led
    to and the file's size and times must be the same before, after and in the descriptor: then the bytes that were
    digested are those that were examined, as far as the file system's times tell.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._status = os.fstat(descriptor)
        self._before = _State.of(path)

    def attest(self, outcome: Outcome) -> Outcome:
        """Return the outcome with the file's digest, or as one of a file that was changed.

        A verdict against the file stands: what was found was there. Any other is withdrawn.
        """
        if outcome.digest:
            return outcome
        try:
            digest = self._digest()
            is_same = self._is_still()
        except OSError as error:
            return _withdrawn(outcome, f"the file could not be digested: {error.strerror}")
        return replace(outcome, digest=digest) if is_same else _withdrawn(outcome, CHANGED)

    def digest(self) -> str:
        """Return the digest of the file's bytes; empty where it is large, cannot be read or consists of holes."""
        if self._status.st_size > MOST_RECALLED_BYTES:
            return ""
        try:
            return self._digest()
        except OSError:
            return ""

    def is_same(self) -> bool:
        """Whether the path still leads to the file that was opened, and that has not been written to."""
        try:
            return self._is_still()
        except OSError:
            return False

    def _is_still(self) -> bool:
        held = _Identity.of(os.fstat(self._descriptor))
        return held == _Identity.of(self._status) == self._before.file and _State.of(self._path) == self._before

    def _digest(self) -> str:
        size = self._status.st_size
        if size > HOLED_BYTES and self._status.st_blocks * BLOCK_BYTES * HOLED_RATIO < size:
            return ""
        state = hashlib.sha256()
        offset = 0
        while chunk := os.pread(self._descriptor, min(CHUNK_BYTES, size - offset), offset):
            state.update(chunk)
            offset += len(chunk)
        return f"sha256:{state.hexdigest()}"


@contextmanager
def witness(path: Path) -> Iterator[Witness | None]:
    """Yield a witness of what happens to a file; `None` of what is no regular file or cannot be opened.

    A FIFO is not waited for, and a device is not opened.
    """
    descriptor = -1
    found = None
    try:
        if stat.S_ISREG(path.stat().st_mode):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
            found = Witness(path, descriptor)
    except OSError:  # what keeps a checker from reading it is the checker's to report
        found = None
    try:
        yield found
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _withdrawn(outcome: Outcome, reason: str) -> Outcome:
    stands = outcome.verdict in {Verdict.MALICIOUS, Verdict.SUSPICIOUS, Verdict.NOT_UNDERSTOOD}
    return replace(
        outcome,
        verdict=outcome.verdict if stands else Verdict.NOT_UNDERSTOOD,
        reason=f"{outcome.reason}; {reason}" if outcome.reason else reason,
    )

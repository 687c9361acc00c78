"""The second place: where checkpoints are kept besides the ledger, so that a roll-back of the ledger shows."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Protocol

from telamon.kits.storage.files import PRIVATE_MODE, FileWriteError, create_file, sync
from telamon.ledger.checkpoint import Checkpoint, parse_checkpoint
from telamon.ledger.errors import CheckpointError, SecondPlaceError

if TYPE_CHECKING:
    from pathlib import Path

# A checkpoint is some 200 bytes; 1 GiB of them is another file.
MAX_FILE_BYTES = 1 << 30
_TAIL_BYTES = 1 << 16
_SEPARATOR = b"\n\n"
_SIGNATURE = "— ".encode()
_FILE_NAME = re.compile(r"[0-9]{19}\.checkpoint")


class SecondPlace(Protocol):
    """Keeps checkpoints outside the ledger; what was written there is never changed by telamon."""

    @property
    def name(self) -> str:
        """How messages call it."""

    def read(self) -> list[Checkpoint]:
        """Return the checkpoints kept there, in the order of their sizes.

        Raises:
            SecondPlaceError: It cannot be read, or holds something else.
        """

    def check_new(self) -> None:
        """Refuse to begin a new ledger's checkpoints where an older one's may have been taken away.

        Raises:
            SecondPlaceError: There is no folder for it, or what is there was emptied.
        """

    def write(self, checkpoint: Checkpoint, *, is_first: bool) -> None:
        """Keep `checkpoint`; it is on stable storage when this returns.

        Args:
            checkpoint: What to keep.
            is_first: Whether the place may be empty or missing; else that is refused, for it held some before.

        Raises:
            SecondPlaceError: It cannot be written, or what it held is gone.
        """


class FilePlace:
    """One file to which checkpoints are appended, each followed by an empty line.

    Args:
        path: The file; created with mode 0600 by the first write. It best lies on another disk or machine.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def read(self) -> list[Checkpoint]:
        """Return the checkpoints; the torn last record of a crash in the middle of a write is left out."""
        try:
            status = self.path.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
                raise SecondPlaceError(f"expected checkpoints in `{self.path}`, found another kind of file")
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _refused(self.path, "read", error) from error
        # A record is text, empty line, signatures, empty line.
        blocks = content[: _end_of_records(content)].split(_SEPARATOR)[:-1]
        notes = [_SEPARATOR.join(blocks[start : start + 2]) + b"\n" for start in range(0, len(blocks), 2)]
        return sorted((_parse(self.path, note) for note in notes), key=lambda checkpoint: checkpoint.size)

    def check_new(self) -> None:
        """Refuse a file without checkpoints: telamon makes none, so somebody emptied it, or means another file."""
        if not self.path.parent.is_dir():
            raise SecondPlaceError(
                f"expected a folder for the second place at `{self.path.parent}`, found none",
                hint="is its disk mounted? else make the folder",
            )
        if os.path.lexists(self.path) and not self.read():
            raise SecondPlaceError(
                f"expected checkpoints or no file at `{self.path}`, found a file without any",
                hint="if the ledger is new, remove the file; else somebody emptied it, and the ledger is gone",
            )

    def write(self, checkpoint: Checkpoint, *, is_first: bool) -> None:
        """Append `checkpoint`; the torn last record of a crash is cut off first, anything else is left alone."""
        record = f"{checkpoint.note}\n".encode()
        try:
            is_new = not self.path.exists()
            if not is_first and (is_new or not self.path.stat().st_size):
                raise lacking(self.path)
            flags = os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
            descriptor = os.open(self.path, flags, PRIVATE_MODE)
            with os.fdopen(descriptor, "r+b", buffering=0) as file:
                self._append(descriptor, record, checkpoint.origin)
                os.fsync(file.fileno())
            if is_new:
                sync(self.path.parent)  # the new file's name
        except OSError as error:
            raise _refused(self.path, "write", error) from error

    def _append(self, descriptor: int, record: bytes, origin: str) -> None:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SecondPlaceError(f"expected a file at `{self.path}`, found another kind")
        start = max(0, status.st_size - _TAIL_BYTES)
        tail = os.pread(descriptor, _TAIL_BYTES, start)
        end = _end_of_records(tail)
        if (end == 0 and start) or not _is_torn(tail[end:], origin):
            raise SecondPlaceError(
                f"expected checkpoints in `{self.path}`, found something else",
                hint="nothing was written; name another file, or move this one away",
            )
        end += start
        if end < status.st_size:
            os.ftruncate(descriptor, end)
        if os.write(descriptor, record) != len(record):
            os.ftruncate(descriptor, end)
            raise SecondPlaceError(f"expected to write `{self.path}`, found: the disk is full")


class FolderPlace:
    """A folder with one file per checkpoint, named by its size; fits write-once storage.

    Args:
        path: The folder; it exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def read(self) -> list[Checkpoint]:
        """Return the checkpoints; files of other names are not looked at."""
        try:
            files = sorted(file for file in self.path.iterdir() if _FILE_NAME.fullmatch(file.name))
            return [_parse(file, file.read_bytes()) for file in files]
        except OSError as error:
            raise _refused(self.path, "read", error) from error

    def check_new(self) -> None:
        """Accept any folder that is there: an empty one is how every new place looks."""
        self.read()

    def write(self, checkpoint: Checkpoint, *, is_first: bool) -> None:
        """Create the file of `checkpoint`; one of the same tree may be there already."""
        file = self.path / f"{checkpoint.size:019d}.checkpoint"
        try:
            if not is_first and not any(_FILE_NAME.fullmatch(other.name) for other in self.path.iterdir()):
                raise lacking(self.path)
            if not file.exists():
                create_file(file, checkpoint.note.encode())
            found = _parse(file, file.read_bytes())
        except OSError as error:
            raise _refused(file, "write", error) from error
        except FileWriteError as error:
            raise SecondPlaceError(error.message) from error
        if found.root != checkpoint.root:
            raise SecondPlaceError(f"expected the checkpoint of this ledger in `{file}`, found another")


def open_second_place(path: Path) -> SecondPlace:
    """Return the place at `path`: a folder where there is one, else a file."""
    return FolderPlace(path) if path.is_dir() else FilePlace(path)


def lacking(place: object) -> SecondPlaceError:
    """Return the error of a place that lacks what was written to it."""
    return SecondPlaceError(
        f"expected the ledger's newest checkpoint in the second place `{place}`, found none",
        hint="nothing was written; restore the second place, or, if you moved it or its loss is explained, start a new "
        "one with `telamon ledger second-place`",
    )


def _end_of_records(content: bytes) -> int:
    """Where the last whole record ends: behind the empty line after its signature lines."""
    end = content.rfind(_SEPARATOR)
    while end >= 0:
        start = content.rfind(_SEPARATOR, 0, end)
        if content.startswith(_SIGNATURE, 0 if start < 0 else start + 2):
            return end + 2
        end = start
    return 0


def _is_torn(rest: bytes, origin: str) -> bool:
    """Tell whether `rest` is the beginning of a record of this ledger, which a crash may have padded with zeros."""
    first_line = f"{origin}\n".encode()
    rest = rest.rstrip(b"\0")
    return first_line.startswith(rest) or rest.startswith(first_line)


def _parse(path: Path, note: bytes) -> Checkpoint:
    try:
        return parse_checkpoint(note)
    except CheckpointError as error:
        raise SecondPlaceError(
            f"expected checkpoints in `{path}`, found something else",
            hint="the second place holds nothing but checkpoints; restore it from its own backup",
        ) from error


def _refused(path: Path, what: str, error: OSError) -> SecondPlaceError:
    return SecondPlaceError(f"expected to {what} `{path}`, found: {error.strerror}")

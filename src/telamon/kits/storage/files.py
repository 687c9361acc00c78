"""Files that appear whole or not at all, and over another one only where that is asked for."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE_MODE = 0o600
NEW_MODE = 0o666  # less what the umask takes
ACCESS_BITS = 0o777


class FileExistsAlreadyError(TelamonError):
    """A file was to be created and something of that name exists.

    Remedy: Name another file, or remove this one if it is no longer needed.
    """

    code = "file-exists"


class FileWriteError(TelamonError):
    """The operating system refused to write a file.

    Remedy: Check the folder, its rights and the room on the disk.

    Attributes:
        reason: What it said, for whoever knows what the file is.
    """

    code = "file-write"

    def __init__(self, path: Path, error: OSError) -> None:
        self.reason = error.strerror or type(error).__name__
        super().__init__(f"expected to write `{path}`, found: {self.reason}")


def create_file(path: Path, content: bytes, *, mode: int = PRIVATE_MODE) -> None:
    """Create `path` with `content`, durable when this returns; a crash leaves no half of it under that name.

    Raises:
        FileExistsAlreadyError: Something is called `path`; it is left as it is.
        FileWriteError: The operating system refused.
    """
    with staged(path) as temporary:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)  # the umask may have taken bits away
            file.write(content)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in place of what is called `path`, durable when this returns; a crash leaves the old or the new.

    A file that was there keeps its mode; a new one has what the umask leaves. A link called `path` is replaced, not
    followed. What is written to before has a name that nobody can foresee, and is never something that was there.

    Raises:
        FileWriteError: The operating system refused; what was there is untouched.
    """
    # The name's length does not depend on the file's: that may be the longest that there is.
    temporary = path.with_name(f".telamon-{os.urandom(16).hex()}")
    flags = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, NEW_MODE), "wb") as file:
            if (mode := _mode_of(path)) is not None:
                os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync(path.parent)
    except OSError as error:
        raise FileWriteError(path, error) from error
    finally:  # also when it is interrupted
        with contextlib.suppress(OSError):
            temporary.unlink()


def _mode_of(path: Path) -> int | None:
    """Return the permissions of a file, without the bits that would make it run as its owner."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None
    return mode & ACCESS_BITS if stat.S_ISREG(mode) else None


@contextlib.contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Give a private name beside `path` to write to, and put what was written there in place on leaving.

    Raises:
        FileExistsAlreadyError: Something is called `path`; it is left as it is.
        FileWriteError: The operating system refused.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        yield temporary
        sync(temporary)
        # A hard link fails where the name is taken, which a rename would replace.
        os.link(temporary, path)
        sync(path.parent)
    except FileExistsError as error:
        raise FileExistsAlreadyError(f"expected no file at `{path}`, found one") from error
    except OSError as error:
        raise FileWriteError(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def sync(path: Path) -> None:
    """Bring the file or folder `path` to stable storage."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

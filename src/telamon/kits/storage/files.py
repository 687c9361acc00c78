"""Files that appear whole or not at all, and never over another one."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE_MODE = 0o600


class FileExistsAlreadyError(TelamonError):
    """A file was to be created and something of that name exists."""

    code = "file-exists"


class FileWriteError(TelamonError):
    """The operating system refused to write a file."""

    code = "file-write"


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
        raise FileWriteError(f"expected to write `{path}`, found: {error.strerror}") from error
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

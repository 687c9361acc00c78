"""Files that hold one signer key, readable by their owner only."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from telamon.core.errors import TelamonError
from telamon.kits.crypto.note_keys import SignerKey, parse_signer_key
from telamon.kits.storage.files import create_file

if TYPE_CHECKING:
    from pathlib import Path

# A key text is under 400 bytes; anything longer is another file.
MAX_KEY_FILE_BYTES = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(TelamonError):
    """A key file cannot be read, or others than its owner may read it."""

    code = "key-file"


def write_signer_key(path: Path, signer: SignerKey) -> None:
    """Create `path` with mode 0600; it appears whole or not at all, and replaces nothing.

    Raises:
        FileExistsAlreadyError: Something is called `path`.
        FileWriteError: The operating system refused.
    """
    create_file(path, f"{signer.to_text()}\n".encode())


def read_signer_key(path: Path) -> SignerKey:
    """Read a file that `write_signer_key` made.

    Raises:
        KeyFileError: It cannot be opened, is no regular file, is too long, is not ASCII, or its mode gives
            others any access.
        NoteKeyError: It holds no signer key.
    """
    try:
        # Not blocking: a FIFO in its place must not hang the reader.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            _check_access(path, os.fstat(descriptor))  # of what was opened, not of the name
            content = file.read(MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        raise KeyFileError(f"expected a key file at `{path}`, found: {error.strerror}") from error
    if len(content) > MAX_KEY_FILE_BYTES or not content.isascii():
        raise KeyFileError(f"expected one key in `{path}`, found something else")
    return parse_signer_key(content.decode("ascii").strip())


def _check_access(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(f"expected a regular file at `{path}`, found another kind")
    if status.st_mode & _OTHERS:
        found = f"{stat.S_IMODE(status.st_mode):04o}"
        raise KeyFileError(
            f"expected mode 0600 on key file `{path}`, found {found}",
            hint=f"chmod 600 '{path}', and replace the key if others may have read it",
        )

"""Files that hold one signer key, readable by their owner only."""

from __future__ import annotations

import os
import shlex
import stat
from typing import TYPE_CHECKING

from telamon.core.errors import TelamonError
from telamon.kits.crypto.note_keys import SIGNER_PREFIX, SignerKey, VerifierKey, parse_signer_key, parse_verifier_key
from telamon.kits.storage.files import FileWriteError, create_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A key text is under 400 bytes; anything longer is another file.
MAX_KEY_FILE_BYTES = 4096
_FOLDER_MODE = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(TelamonError):
    """A key file cannot be read, or others than its owner may read it.

    Remedy: `telamon ledger keygen FILE` makes a key; `chmod 600 FILE` takes it from others.
    """

    code = "key-file"


def write_signer_key(path: Path, signer: SignerKey) -> None:
    """Create `path` with mode 0600; it appears whole or not at all, and replaces nothing.

    A folder that is missing is made with mode 0700.

    Raises:
        FileExistsAlreadyError: Something is called `path`.
        FileWriteError: The operating system refused.
    """
    try:
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise FileWriteError(path.parent, error) from error
    create_file(path, f"{signer.to_text()}\n".encode())


def read_signer_key(path: Path) -> SignerKey:
    """Read a file that `write_signer_key` made.

    Raises:
        KeyFileError: It cannot be opened, is no regular file, is too long, is not ASCII, or its mode gives
            others any access.
        NoteKeyError: It holds no signer key.
    """
    return parse_signer_key(_read(path, _check_access))


def read_verifier_key(path: Path) -> VerifierKey:
    """Read a file that holds one verifier key, or the signer key that it belongs to.

    Raises:
        KeyFileError: It cannot be opened, is no regular file, is too long, or is not ASCII.
        NoteKeyError: It holds no key.
    """
    text = _read(path, _check_kind)
    return parse_signer_key(text).verifier if text.startswith(SIGNER_PREFIX) else parse_verifier_key(text)


def _read(path: Path, check: Callable[[Path, os.stat_result], None]) -> str:
    try:
        # Not blocking: a FIFO in its place must not hang the reader.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            check(path, os.fstat(descriptor))  # of what was opened, not of the name
            content = file.read(MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError)
        hint = f"`telamon ledger keygen {shlex.quote(str(path))}` makes one" if is_missing else ""
        raise KeyFileError(f"expected a key file at `{path}`, found: {error.strerror}", hint=hint) from error
    if len(content) > MAX_KEY_FILE_BYTES or not content.isascii():
        raise KeyFileError(f"expected one key in `{path}`, found something else")
    return content.decode("ascii").strip()


def _check_kind(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(f"expected a regular file at `{path}`, found another kind")


def _check_access(path: Path, status: os.stat_result) -> None:
    _check_kind(path, status)
    if status.st_mode & _OTHERS:
        found = f"{stat.S_IMODE(status.st_mode):04o}"
        raise KeyFileError(
            f"expected mode 0600 on key file `{path}`, found {found}",
            hint=f"chmod 600 '{path}', and replace the key if others may have read it",
        )

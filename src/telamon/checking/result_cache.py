"""A cache of what came of examining files, by what their bytes are, who examines them, and by which code."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from telamon.checking.examination import Examined
from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode, Verdict
from telamon.kits.storage.files import FileWriteError, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.checking.examination import Task

PACKAGE: Final = Path(__file__).resolve().parents[1]
KEPT_S: Final = 30 * 86_400  # since an entry was last of use
SWEPT_S: Final = 86_400  # between two looks for what is old
OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class CacheFolderError(TelamonError):
    """The folder for cached results is not private, so that others could write verdicts into it.

    Remedy: Name a folder that is yours alone (`chmod 700`), or one that does not exist yet.
    """

    code = "cache-folder"
    exit_code = ExitCode.USAGE


class ResultCache:
    """Keeps what came of tasks in a private folder, one file each.

    An entry is found by the SHA-256 of the file's bytes, what reports call the file (judgement goes by names too), the
    control, its settings, what else the checker says it goes by, and all code and data of this installation. Times of
    files play no part. What was not understood is not kept: more time or memory might change it.

    Args:
        folder: Made where it does not exist.

    Raises:
        CacheFolderError: Others may write to it, or it is not a folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._code = _digest_of_code()
        _require_private(folder)
        _sweep(folder)

    def key(self, task: Task, digest: str) -> str:
        """Return under which name the results of a task are kept; empty where they are not.

        Args:
            task: What is done.
            digest: Of the file's bytes; empty where it was not digested.
        """
        basis = task.checker.basis()
        if basis is None or not digest:
            return ""
        parts = (self._code, task.control, basis, task.subject.name, digest)
        material = b"".join(len(part).to_bytes(8) + part for part in (_bytes(each) for each in parts))
        settings = msgspec.json.encode(task.checker.settings, order="deterministic")
        return hashlib.sha256(material + settings).hexdigest()

    def recall(self, key: str) -> Examined | None:
        """Return what came of a task; `None` where it is not known, or what is kept is damaged."""
        path = self._folder / key
        try:
            body = path.read_bytes()
            found = msgspec.json.decode(body[32:], type=Examined)
        except (OSError, msgspec.MsgspecError, UnicodeError):
            return None
        if hashlib.sha256(body[32:]).digest() != body[:32]:
            return None
        with suppress(OSError):
            os.utime(path)  # it is of use still
        return found

    def keep(self, key: str, examined: Examined) -> None:
        """Keep what came of a task, unless it could come out otherwise another time."""
        is_final = all(outcome.verdict is not Verdict.NOT_UNDERSTOOD for outcome in examined.outcomes)
        if examined.defect or examined.death or not is_final:
            return
        try:
            body = msgspec.json.encode(examined)
            replace_file(self._folder / key, hashlib.sha256(body).digest() + body)
        except (FileWriteError, UnicodeError):  # a full disk, or a name that no text holds: the next run scans again
            return


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _digest_of_code() -> str:
    """The SHA-256 of all that decides: a version number would not tell one checkout from the next."""
    state = hashlib.sha256()
    for path in sorted(_files_of_package()):
        data = path.read_bytes()
        state.update(_bytes(str(path.relative_to(PACKAGE))) + len(data).to_bytes(8) + data)
    return state.hexdigest()


def _files_of_package() -> Iterator[Path]:
    for folder, folders, names in os.walk(PACKAGE):
        folders[:] = [name for name in folders if name not in {"__pycache__", "tests"}]
        yield from (Path(folder) / name for name in names)


def _require_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        raise CacheFolderError(f"cannot use `{folder}` for cached results: {error.strerror}") from error
    if status.st_uid != os.geteuid() or status.st_mode & OTHERS_MAY_WRITE:
        raise CacheFolderError(f"expected a folder that only you can write to, `{folder}` is not")


def _sweep(folder: Path) -> None:
    """Remove, once a day, what was of no use for long."""
    mark, now = folder / "swept", time.time()
    with suppress(OSError):
        if now - mark.stat().st_mtime < SWEPT_S:
            return
    with suppress(OSError):
        mark.touch()
        for entry in os.scandir(folder):
            if now - entry.stat(follow_symlinks=False).st_mtime > KEPT_S:
                os.unlink(entry.path)  # noqa: PTH108  # an entry of scandir has no unlink

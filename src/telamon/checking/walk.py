"""The walk: from the paths that a user names to the subjects that checkers take."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.core.errors import UsageError
from telamon.core.subjects import Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

MAX_DEPTH = 200  # folders within folders; deeper trees are made to exhaust the walker


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """Something that the walk met and could not enter.

    Attributes:
        name: How reports call it.
        reason: Why, in words.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """An entry of a folder that the policy excludes; what lies below it is not looked at.

    Attributes:
        name: How reports would call it.
    """

    name: str


def walk(
    paths: Mapping[Path, str],
    *,
    exclusion: Callable[[Path], Callable[[str], bool]] = lambda _folder: lambda _name: False,
) -> Iterator[Subject | Unreachable | Excluded]:
    """Yield each named folder as a subject, and each file named or found below one, in a stable order.

    Each entry of a folder is a subject once, by whichever of the named paths it is reached: a file that is named and
    lies below a named folder is met under the name that was given. Symbolic links are followed, as loaders do (Hub
    caches consist of them), and a folder that is reached twice is entered once, so that link loops end. Links to files,
    symbolic and hard, are entries of their own: what is accepted under one name is not accepted under another, so that
    a hostile file cannot hide behind a waiver by a link to it. Devices and FIFOs are yielded like files: opening them
    safely is the checker's task.

    Args:
        paths: What the user named, and what reports call it.
        exclusion: Told a folder below or at a named one, returns what tells of names in it; never asked about named
            paths.

    Raises:
        UsageError: A named path does not exist.
    """
    walker = _Walker(exclusion, named={entry for path in paths if (entry := _entry_of(path)) is not None})
    met: set[object] = set()
    for path, name in paths.items():
        try:
            status = path.stat()
        except OSError as error:
            if not os.path.lexists(path):
                raise UsageError(f"no such file or folder: `{name}`") from error
            if _is_new(_entry_of(path), met):
                yield Unreachable(name=name, reason=error.strerror or "cannot be read")
            continue
        if not stat.S_ISDIR(status.st_mode):
            if _is_new(_entry_of(path), met):
                yield Subject(kind=SubjectKind.FILE, name=name, path=path)
        elif _is_new((status.st_dev, status.st_ino), met):
            yield Subject(kind=SubjectKind.FOLDER, name=name, path=path)
            yield from walker.folder(path, depth=0)


def _is_new(identity: object, met: set[object]) -> bool:
    if identity in met:
        return False
    met.add(identity)
    return True


@dataclass(frozen=True, slots=True)
class _Entry:
    """A name in a folder: device and inode of the folder, and the name."""

    device: int
    inode: int
    name: str


def _entry_of(path: Path) -> _Entry | None:
    """Return what entry a path names; `None` for paths such as `.`, which only folders have."""
    if path.name in {"", ".."}:
        return None
    try:
        status = path.parent.stat()
    except OSError:
        return None
    return _Entry(status.st_dev, status.st_ino, path.name)


class _Walker:
    """Walks folders, each once.

    Args:
        exclusion: As of `walk`.
        named: Entries that the user named: they are not met again below a folder.
    """

    def __init__(self, exclusion: Callable[[Path], Callable[[str], bool]], named: set[_Entry]) -> None:
        self._exclusion = exclusion
        self._named = named
        self._entered: set[tuple[int, int]] = set()

    def folder(self, folder: Path, *, depth: int) -> Iterator[Subject | Unreachable | Excluded]:
        """Yield what lies below a folder."""
        if depth > MAX_DEPTH:
            yield Unreachable(name=folder.as_posix(), reason=f"more than {MAX_DEPTH} folders deep")
            return
        try:
            status = folder.stat()
            identity = (status.st_dev, status.st_ino)
            if identity in self._entered:
                return
            self._entered.add(identity)
            names = sorted(os.listdir(folder))  # noqa: PTH208  # names only; a Path each costs 3 us
        except OSError as error:
            yield Unreachable(name=folder.as_posix(), reason=error.strerror or "cannot be listed")
            return
        is_excluded = self._exclusion(folder)
        named = {entry.name for entry in self._named if (entry.device, entry.inode) == identity}
        for name in names:
            if is_excluded(name):
                if name not in named:
                    yield Excluded(name=(folder / name).as_posix())
            else:
                yield from self._entry(folder / name, depth, is_named=name in named)

    def _entry(self, path: Path, depth: int, *, is_named: bool) -> Iterator[Subject | Unreachable | Excluded]:
        try:
            status = path.stat()
        except OSError as error:  # a dangling link, a link loop, a folder that may not be searched
            if not is_named:
                yield Unreachable(name=path.as_posix(), reason=error.strerror or "cannot be read")
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self.folder(path, depth=depth + 1)
        elif not is_named:
            yield Subject(kind=SubjectKind.FILE, name=path.as_posix(), path=path)

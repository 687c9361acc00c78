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


def walk(
    paths: Mapping[Path, str], *, is_excluded: Callable[[str], bool] = lambda _name: False
) -> Iterator[Subject | Unreachable]:
    """Yield each named folder as a subject, and each file named or found below one, in a stable order.

    Symbolic links are followed, as loaders do (Hub caches consist of them). Each name of a file is a subject
    of its own; a folder that is reached twice is entered once, so that link loops end. Devices and FIFOs are
    yielded like files: opening them safely is the checker's task.

    Args:
        paths: What the user named, and what reports call it.
        is_excluded: Told the name of everything found below a named folder; never asked about named paths.

    Raises:
        UsageError: A named path does not exist.
    """
    seen: set[tuple[int, int]] = set()
    for path, name in paths.items():
        try:
            status = path.stat()
        except OSError as error:
            if not os.path.lexists(path):
                raise UsageError(f"no such file or folder: `{name}`") from error
            yield Unreachable(name=name, reason=error.strerror or "cannot be read")
            continue
        if stat.S_ISDIR(status.st_mode):
            yield Subject(kind=SubjectKind.FOLDER, name=name, path=path)
            yield from _folder(path, seen, is_excluded, depth=0)
        else:
            yield Subject(kind=SubjectKind.FILE, name=name, path=path)


def _folder(
    folder: Path, seen: set[tuple[int, int]], is_excluded: Callable[[str], bool], depth: int
) -> Iterator[Subject | Unreachable]:
    if depth > MAX_DEPTH:
        yield Unreachable(name=folder.as_posix(), reason=f"more than {MAX_DEPTH} folders deep")
        return
    try:
        status = folder.stat()
        identity = (status.st_dev, status.st_ino)
        if identity in seen:
            return
        seen.add(identity)
        names = sorted(os.listdir(folder))  # noqa: PTH208  # names only; a Path each costs 3 us
    except OSError as error:
        yield Unreachable(name=folder.as_posix(), reason=error.strerror or "cannot be listed")
        return
    for name in names:
        path = folder / name
        if is_excluded(path.as_posix()):
            continue
        yield from _entry(path, seen, is_excluded, depth)


def _entry(
    path: Path, seen: set[tuple[int, int]], is_excluded: Callable[[str], bool], depth: int
) -> Iterator[Subject | Unreachable]:
    try:
        status = path.stat()
    except OSError as error:  # a dangling link, a link loop, a folder that may not be searched
        yield Unreachable(name=path.as_posix(), reason=error.strerror or "cannot be read")
        return
    if stat.S_ISDIR(status.st_mode):
        yield from _folder(path, seen, is_excluded, depth + 1)
    else:
        yield Subject(kind=SubjectKind.FILE, name=path.as_posix(), path=path)

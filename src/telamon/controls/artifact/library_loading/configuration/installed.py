# ruff: noqa: E501  # patterns, one thought a line
"""Judges installed libraries: what everybody can change, and what `.pth` files do when Python starts."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING, Final

from telamon.controls.artifact.library_loading import loading_rules as rules
from telamon.controls.artifact.library_loading.configuration.files import NATIVE, is_library
from telamon.controls.artifact.library_loading.configuration.hit import Hit
from telamon.controls.artifact.library_loading.configuration.places import Kind, kind_of
from telamon.core.records import Severity
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Written by setuptools, its editable installs, virtualenv, matplotlib, coverage and protobuf's namespaces themselves.
ORDINARY: Final = re.compile(
    r"import (?:os; )?var = 'SETUPTOOLS_USE_DISTUTILS'|import __editable___\w+_finder|import _virtualenv$"
    r"|import sys, types, os;\s*(?:has_mfs|p = |importlib)|import coverage; coverage\.process_startup\(\)$|import _distutils_hack"
)


def judge_modes(path: Path) -> Iterator[Hit]:
    """Yield whether everybody can change a library, by the modes of its file and folder; nothing is opened.

    Raises:
        OSError: It is not there any more.
    """
    status = path.lstat()
    if not is_library(path.as_posix()) or not stat.S_ISREG(status.st_mode):
        return
    if status.st_mode & stat.S_IWOTH:
        message = f"everybody can write to the library (mode {stat.S_IMODE(status.st_mode):o})"
        yield Hit(
            rule=rules.WRITABLE_LIBRARY,
            severity=Severity.HIGH,
            message=message,
            subject="file",
            remedy="Use `chmod o-w` on it.",
        )
    folder = path.parent.lstat()
    is_sticky = folder.st_mode & stat.S_ISVTX
    is_first = path.name == "__init__.py" or NATIVE.fullmatch(path.name) is not None or path.suffix == ".pth"
    if is_first and stat.S_ISDIR(folder.st_mode) and folder.st_mode & stat.S_IWOTH and not is_sticky:
        message = f"everybody can exchange the library: its folder has the mode {stat.S_IMODE(folder.st_mode):o}"
        yield Hit(
            rule=rules.WRITABLE_LIBRARY, severity=Severity.HIGH, message=message, subject="folder",
            remedy="Use `chmod o-w` on the folder.",
        )  # fmt: skip


def judge_path_file(text: str) -> Iterator[Hit]:
    """Yield what the lines of a `.pth` file do (`site.addpackage`): import lines are run, others are search paths."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("import ", "import\t")):
            is_ordinary = ORDINARY.match(line) is not None
            yield Hit(
                rule=rules.START_HOOK, severity=Severity.INFO if is_ordinary else Severity.LOW, line=number, column=1,
                message=f"runs `{printable(line, 80)}` whenever Python starts", subject=line[:200],
                remedy="Remove the line unless the package that installed it is one that you trust.",
            )  # fmt: skip
        elif line.strip() and not line.startswith("#") and kind_of(line) is Kind.SHARED:
            yield Hit(
                rule=rules.LIBRARY_PATH, severity=Severity.HIGH, line=number, column=1, subject=line[:200],
                message=f"takes modules from `{printable(line, 80)}`, {Kind.SHARED}",
                remedy="Name an absolute folder that only the installer can write to.",
            )  # fmt: skip

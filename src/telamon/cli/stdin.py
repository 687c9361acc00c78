"""Standard input as a subject: copied to a private file, so that readers can move about in it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from telamon.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STDIN = Path("/dev/stdin")


def subject_path(word: str) -> Path:
    """Return the path that a word of the command line stands for; `-` is standard input, `./-` a file of that name.

    Raises:
        UsageError: The word is empty, as an unset variable is; it does not stand for the working directory.
    """
    if not word:
        raise UsageError("expected a path, found an empty word", hint="`.` is the working directory")
    return STDIN if word == "-" else Path(word)


@contextmanager
def named_subjects(paths: Sequence[Path]) -> Iterator[Mapping[Path, str]]:
    """Yield the paths to check and what reports call each; standard input is copied to a file and that is removed.

    Raises:
        UsageError: Standard input is closed.
        OSError: There is no room for the copy.
    """
    names = {path: path.as_posix() for path in paths if path != STDIN}
    if STDIN not in paths:
        yield names
        return
    if sys.stdin is None:
        raise UsageError("expected a file on standard input, found it closed")
    import shutil
    import tempfile

    with tempfile.NamedTemporaryFile(prefix="telamon-stdin-") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield names | {Path(file.name): "-"}

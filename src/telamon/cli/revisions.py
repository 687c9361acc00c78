"""What changed between two revisions as subjects: their blobs, as Git holds them, whatever lies in the working tree."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from telamon.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from telamon.policy.compiler import Policy

SUBMODULE: Final = b"160000"
CHUNK_BYTES: Final = 1024 * 1024
POINTER: Final = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n")
MAX_POINTER_BYTES: Final = 1024  # of Git LFS: longer files are no pointers (its specification)
# Nothing is fetched, and no program that the repository names is run: diff-tree and cat-file ask for none, and partial
# clones do not get what they lack.
SETTINGS: Final = ("-c", "protocol.allow=never", "-c", "core.fsmonitor=false")
ENVIRONMENT: Final = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # `git replace` shows other objects than those that the revisions name
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A file that is new or other in the later revision.

    Attributes:
        name: From the repository's root, with `/`.
        blob: The object's name.
    """

    name: str
    blob: str


class Repository:
    """The repository around a folder.

    Raises:
        UsageError: There is none, or no Git.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.root = Path(os.fsdecode(self._git("rev-parse", "--show-toplevel").removesuffix(b"\n")))
        common = os.fsdecode(self._git("rev-parse", "--git-common-dir").removesuffix(b"\n"))
        self._lfs = (folder / common / "lfs" / "objects").resolve()

    def changed(self, span: str, paths: Sequence[str]) -> Iterator[Changed]:
        """Yield what is new or other.

        Args:
            span: `A..B`, `A...B` (from where they parted), or `A` for everything in one revision; `HEAD` where a side
                of the dots is empty.
            paths: Files and folders to which it is limited; all where there are none.

        Raises:
            UsageError: There is no such revision.
        """
        before, dots, after = span.partition("...") if "..." in span else span.partition("..")
        later = self._commit(after if dots else before)
        if not dots:
            earlier = self._git("hash-object", "-t", "tree", os.devnull).decode().strip()
        elif dots == "...":
            earlier = self._parted(self._commit(before), later)
        else:
            earlier = self._commit(before)
        limits = self._limits(paths, earlier, later)
        words = ("diff-tree", "-r", "-z", "--no-renames", "--no-commit-id", "--diff-filter=d", earlier, later, *limits)
        fields = iter(self._git(*words).split(b"\0"))
        for about in fields:
            if not about:
                return
            _, mode, _, blob, _ = about.split(b" ")
            name = os.fsdecode(next(fields))
            if mode != SUBMODULE:  # another repository, which has revisions of its own
                yield Changed(name=name, blob=blob.decode())

    def write(self, files: Sequence[Changed], folder: Path) -> Iterator[tuple[Path, Changed]]:
        """Write the blobs to a folder, and yield where each lies; what Git LFS holds here is taken from there.

        Raises:
            UsageError: Git lacks a blob, as in a partial clone.
            OSError: There is no room.
        """
        with self._start("cat-file", "--batch") as process:
            given, told = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)  # pipes, as asked for
            for number, file in enumerate(files):
                given.write(f"{file.blob}\n".encode())
                given.flush()
                head = told.readline().split()
                if len(head) != 3:  # noqa: PLR2004  # name, kind, size; else the name and `missing`
                    raise UsageError(f"Git does not have `{file.name}` here", hint="git fetch --refetch gets it")
                path = folder / f"{number:06}"
                _copy(told, path, int(head[2]))
                yield self._from_lfs(path) or path, file
            given.close()

    def _from_lfs(self, path: Path) -> Path | None:
        """Return a copy of what a pointer stands for, if it is here and is that; else the pointer is all there is."""
        if path.stat().st_size > MAX_POINTER_BYTES or (match := POINTER.match(path.read_bytes())) is None:
            return None
        digest = match[1].decode()
        copy = path.with_name(f"{path.name}-lfs")
        found = _copy_regular(self._lfs / digest[:2] / digest[2:4] / digest, copy)
        if found == digest:
            return copy
        copy.unlink(missing_ok=True)
        return None

    def _limits(self, paths: Sequence[str], earlier: str, later: str) -> tuple[str, ...]:
        """Return the words that limit a comparison to paths, none where one of them is the root.

        Raises:
            UsageError: A path lies outside of the repository, or in neither of its two states.
        """
        names = [self._from_root(path) for path in paths]
        for path, name in zip(paths, names, strict=True):
            if name != "." and not (self._has(earlier, name) or self._has(later, name)):
                raise UsageError(f"no such file or folder in these revisions: `{path}`")
        if not names or "." in names:
            return ()
        return ("--", *(f":(literal,top){name}" for name in names))

    def _has(self, state: str, name: str) -> bool:
        try:
            self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{state}:{name}")
        except UsageError:
            return False
        return True

    def _from_root(self, path: str) -> str:
        """Return what a path is called from the root; a link is a name of its own, those to folders are followed."""
        whole = os.path.normpath(os.path.join(os.path.realpath(self._folder), path))  # noqa: PTH118  # text
        place = os.path.join(os.path.realpath(os.path.dirname(whole)), os.path.basename(whole))  # noqa: PTH118, PTH119, PTH120  # text
        name = Path(os.path.relpath(place, os.path.realpath(self.root))).as_posix()
        if name.split("/")[0] == "..":
            raise UsageError(f"`{path}` lies outside of the repository")
        return name

    def _parted(self, before: str, later: str) -> str:
        try:
            return self._git("merge-base", before, later).decode().strip()
        except UsageError as error:
            raise UsageError(
                "the revisions have no common ancestor here", hint="a shallow clone lacks it: git fetch --unshallow"
            ) from error

    def _commit(self, name: str) -> str:
        try:
            found = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name or 'HEAD'}^{{commit}}")
        except UsageError as error:
            raise UsageError(f"there is no revision `{name or 'HEAD'}`") from error
        return found.decode().strip()

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603  # Git with words of ours; names that users give stand behind options
                ["git", *SETTINGS, *words],  # noqa: S607  # wherever the user has it
                cwd=self._folder,
                env={**os.environ, **ENVIRONMENT},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError as error:
            raise UsageError("expected `git` to be installed") from error

    def _git(self, *words: str) -> bytes:
        with self._start(*words) as process:
            out, err = process.communicate()
        if process.returncode:
            lines = err.decode(errors="replace").splitlines() or [f"exit code {process.returncode}"]
            raise UsageError(f"`git {words[0]}` says: {lines[0].removeprefix('fatal: ')}")
        return out


def _copy(told: IO[bytes], path: Path, size: int) -> None:
    with path.open("wb") as file:
        while size:
            chunk = told.read(min(size, CHUNK_BYTES))
            if not chunk:
                raise UsageError("Git ended in the middle of a file")
            file.write(chunk)
            size -= len(chunk)
    told.read(1)  # the line ends


def _copy_regular(place: Path, copy: Path) -> str:
    """Copy a regular file and return the SHA-256 of what was copied; nothing where there is none."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    state = hashlib.sha256()
    with os.fdopen(descriptor, "rb") as source, copy.open("wb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        while chunk := source.read(CHUNK_BYTES):
            state.update(chunk)
            file.write(chunk)
    return state.hexdigest()


@contextmanager
def changed_subjects(span: str, paths: Sequence[str], policy: Policy) -> Iterator[Mapping[Path, str]]:
    """Yield the changed files to check and what reports call each: its path from the working directory.

    What the policy excludes is left out. The blobs lie in a private folder, which is removed at the end.

    Raises:
        UsageError: There is no repository or no such revision.
        OSError: There is no room for the blobs.
    """
    repository = Repository(Path())
    with tempfile.TemporaryDirectory(prefix="telamon-git-") as folder:
        files = [
            file for file in repository.changed(span, paths) if not _is_excluded(file.name, repository.root, policy)
        ]
        root, here = os.path.realpath(repository.root), os.path.realpath(os.curdir)
        yield {
            path: Path(os.path.relpath(f"{root}/{file.name}", here)).as_posix()
            for path, file in repository.write(files, Path(folder))
        }


def _is_excluded(name: str, root: Path, policy: Policy) -> bool:
    folder = root
    for part in name.split("/"):
        if policy.exclusion(folder)(part):
            return True
        folder /= part
    return False

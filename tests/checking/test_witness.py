"""Outcomes that are recorded have the digest of the very file that was examined, or say that it was changed."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from telamon.checking.examination import Examined, Task, perform
from telamon.checking.witness import CHANGED, HOLED_BYTES
from telamon.core.control import Checker
from telamon.core.records import Location, Outcome, Verdict
from telamon.core.settings import Settings
from telamon.core.subjects import Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.core.records import Finding


class Meddler(Checker[Settings]):
    """Concludes what it is told to, after something was done to the file that it reads."""

    kinds: ClassVar[frozenset[SubjectKind]] = frozenset(SubjectKind)
    meddle: Callable[[Path], object] = staticmethod(lambda _path: None)
    verdict: Verdict = Verdict.CLEAN
    reason: str = ""
    digest: str = ""

    def check(self, subject: Subject) -> Iterator[Finding | Outcome]:
        self.meddle(subject.path)
        here = Location(path=subject.name)
        yield Outcome(control="c", location=here, verdict=self.verdict, reason=self.reason, digest=self.digest)


def examined(path: Path, *, is_evidence: bool = True, kind: SubjectKind = SubjectKind.FILE, **told: object) -> Examined:
    checker = Meddler(Settings())
    for name, value in told.items():
        setattr(checker, name, value)
    subject = Subject(kind=kind, name="f", path=path)
    return perform(Task(control="c", checker=checker, subject=subject, is_evidence=is_evidence))


def outcome(path: Path, **told: object) -> Outcome:
    (only,) = examined(path, **told).outcomes
    return only


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"what was examined" * 100_000)
    # Old, so that a write within the same tick of the file system's clock is no other question.
    os.utime(path, ns=(10**18, 10**18))
    return path


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_has_the_digest_of_the_file(file: Path) -> None:
    assert outcome(file).digest == sha256(file.read_bytes())
    assert outcome(file).verdict is Verdict.CLEAN


def test_follows_links_and_takes_an_empty_file(tmp_path: Path, file: Path) -> None:
    (tmp_path / "link").symlink_to(file)
    (tmp_path / "empty").touch()
    assert outcome(tmp_path / "link").digest == sha256(file.read_bytes())
    assert outcome(tmp_path / "empty").digest == sha256(b"")


def test_costs_nothing_where_nothing_is_recorded(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telamon.checking.witness.witness", None)
    assert outcome(file, is_evidence=False).digest == ""


def test_leaves_a_digest_that_the_checker_made(file: Path) -> None:
    assert outcome(file, digest="sha256:" + "0" * 64).digest == "sha256:" + "0" * 64


def _replaced(path: Path) -> None:
    (path.parent / "other").write_bytes(path.read_bytes())
    (path.parent / "other").replace(path)


def _replaced_and_put_back(path: Path) -> None:
    path.rename(path.parent / "kept")
    path.write_bytes(b"hostile")
    (path.parent / "kept").replace(path)


def _rewritten_with_old_times(path: Path) -> None:
    status = path.stat()
    path.write_bytes(b"What was examined" * 100_000)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _grown(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


@pytest.mark.parametrize(
    "meddle",
    [
        _replaced,
        _replaced_and_put_back,
        _rewritten_with_old_times,
        _grown,
        lambda path: os.truncate(path, 3),
        lambda path: path.unlink(),
        lambda path: path.unlink() or path.write_bytes(b"x"),
        lambda path: path.rename(path.parent / "kept") and path.symlink_to("kept"),
    ],
)
def test_says_that_the_file_was_changed(meddle: Callable[[Path], object], file: Path) -> None:
    found = outcome(file, meddle=meddle)
    assert (found.verdict, found.reason, found.digest) == (Verdict.NOT_UNDERSTOOD, CHANGED, "")


def test_says_that_a_link_was_turned_elsewhere_and_back(tmp_path: Path, file: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)

    def turned(path: Path) -> None:
        path.unlink()
        path.symlink_to("elsewhere")
        (tmp_path / "keeps the number of the first link from being used again").touch()
        path.unlink()
        path.symlink_to(file)

    assert outcome(link, meddle=turned).reason == CHANGED


@pytest.mark.parametrize("verdict", [Verdict.MALICIOUS, Verdict.SUSPICIOUS, Verdict.NOT_UNDERSTOOD])
def test_a_verdict_against_the_file_stands(verdict: Verdict, file: Path) -> None:
    found = outcome(file, meddle=_grown, verdict=verdict, reason="it runs code")
    assert (found.verdict, found.reason, found.digest) == (verdict, f"it runs code; {CHANGED}", "")


def test_says_that_it_could_not_be_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pread(_descriptor: int, _length: int, _offset: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "pread", pread)
    found = outcome(file)
    assert (found.verdict, found.digest) == (Verdict.NOT_UNDERSTOOD, "")
    assert found.reason == "the file could not be digested: Input/output error"


def test_does_not_wait_for_a_pipe_nor_open_a_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert outcome(tmp_path / "pipe").digest == ""
    assert outcome(Path("/dev/zero")).digest == ""


def test_does_not_digest_folders_nor_what_is_not_there(tmp_path: Path) -> None:
    assert outcome(tmp_path, kind=SubjectKind.FOLDER).digest == ""
    assert outcome(tmp_path / "none").digest == ""


def test_does_not_digest_what_is_nearly_all_holes(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    found = outcome(tmp_path / "sparse")
    assert (found.verdict, found.digest) == (Verdict.CLEAN, "")
    assert HOLED_BYTES < 1 << 40


def test_closes_what_it_opened(file: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0  # noqa: PTH208  # names only
    for meddle in (_grown, lambda _path: 1 / 0):
        examined(file, meddle=meddle)
    after = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0  # noqa: PTH208  # likewise
    assert after == before


def test_what_a_checker_raises_is_still_a_defect(file: Path) -> None:
    found = examined(file, meddle=lambda _path: 1 / 0)
    assert (found.outcomes, found.defect) == ((), "ZeroDivisionError: division by zero")

"""Results of files are found again by their bytes, names, settings and rules, and by nothing else."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from telamon.checking import result_cache
from telamon.checking.examination import Task, perform
from telamon.checking.result_cache import CacheFolderError, ResultCache
from telamon.core.control import Checker
from telamon.core.records import Confidence, Finding, Location, Outcome, Severity, Verdict
from telamon.core.settings import Settings
from telamon.core.subjects import Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BYTES = b"weights"


class Counted(Checker[Settings]):
    """Counts how often it is asked, in a file, and finds what the file holds."""

    verdict = Verdict.SUSPICIOUS
    state: str | None = "rules of today"

    def basis(self) -> str | None:
        return self.state

    def check(self, subject: Subject) -> Iterator[Finding | Outcome]:
        with subject.path.with_name("asked").open("a") as file:
            file.write(".")
        place = Location(path=subject.name)
        yield Finding(
            rule="M0000/found",
            message=subject.path.read_bytes().decode("latin-1"),
            severity=Severity.HIGH,
            confidence=Confidence.HIGH,
            location=place,
            remedy="none",
        )
        yield Outcome(control="counted", location=place, verdict=self.verdict)


@pytest.fixture
def task(tmp_path: Path) -> Callable[..., Task]:
    """Make a task on a file of its own, with the cache in `cache`."""
    (tmp_path / "model.bin").write_bytes(BYTES)

    def make(kind: type[Checker[Settings]] = Counted, *, name: str = "model.bin", control: str = "counted") -> Task:
        subject = Subject(kind=SubjectKind.FILE, name=name, path=tmp_path / "model.bin")
        return Task(control=control, checker=kind(Settings()), subject=subject, cache=ResultCache(tmp_path / "cache"))

    return make


@pytest.fixture
def asked(tmp_path: Path) -> Callable[[], int]:
    """Return how often the checker was asked."""
    return lambda: len((tmp_path / "asked").read_text())


def test_a_result_is_found_again_whole(task: Callable[..., Task], asked: Callable[[], int]) -> None:
    first = perform(task())
    assert perform(task()) == first
    assert first.findings[0].message == "weights"
    assert asked() == 1


def test_other_bytes_are_examined_whatever_their_times_say(
    task: Callable[..., Task], asked: Callable[[], int], tmp_path: Path
) -> None:
    path = tmp_path / "model.bin"
    before = path.stat()
    perform(task())
    path.write_bytes(BYTES[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert perform(task()).findings[0].message == "sthgiew"
    path.write_bytes(BYTES)
    assert perform(task()).findings[0].message == "weights"
    assert asked() == 2


def test_names_controls_and_what_the_checker_goes_by_are_told_apart(
    task: Callable[..., Task], asked: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    perform(task())
    assert perform(task(name="other.bin")).findings[0].location.path == "other.bin"
    perform(task(control="another"))
    monkeypatch.setattr(Counted, "state", "rules of tomorrow")
    perform(task())
    monkeypatch.setattr(result_cache, "_digest_of_code", lambda: "other code")
    perform(task())
    assert asked() == 5


@pytest.mark.parametrize(("verdict", "state"), [(Verdict.NOT_UNDERSTOOD, "rules"), (Verdict.CLEAN, None)])
def test_what_may_come_out_otherwise_is_not_kept(
    task: Callable[..., Task],
    asked: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
    verdict: Verdict,
    state: str | None,
) -> None:
    monkeypatch.setattr(Counted, "verdict", verdict)
    monkeypatch.setattr(Counted, "state", state)
    perform(task())
    perform(task())
    assert asked() == 2


def test_of_a_checker_that_says_nothing_of_what_it_goes_by_nothing_is_kept(
    task: Callable[..., Task], asked: Callable[[], int]
) -> None:
    class Silent(Counted):
        basis = Checker.basis

    perform(task(Silent))
    perform(task(Silent))
    assert asked() == 2


@pytest.mark.parametrize("damage", [b"", b"\0" * 64, None])
def test_a_damaged_entry_is_no_result(
    task: Callable[..., Task], asked: Callable[[], int], tmp_path: Path, damage: bytes | None
) -> None:
    first = perform(task())
    (entry,) = [path for path in (tmp_path / "cache").iterdir() if path.name != "swept"]
    whole = entry.read_bytes()
    entry.write_bytes(whole[:-1] + b" " if damage is None else damage)
    assert perform(task()) == first
    assert entry.read_bytes() == whole
    assert asked() == 2


def test_entries_without_use_are_swept(task: Callable[..., Task], tmp_path: Path) -> None:
    perform(task())
    folder = tmp_path / "cache"
    old = time.time() - 31 * 86_400
    for path in folder.iterdir():
        os.utime(path, (old, old))
    ResultCache(folder)
    assert [path.name for path in folder.iterdir()] == ["swept"]


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(CacheFolderError, match="expected a folder that only you can write to"):
        ResultCache(folder)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CacheFolderError, match="cannot use"):
        ResultCache(tmp_path / "file")

"""Checkers that say what a test wants, and the tasks that run them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

import pytest

from telamon.catalog import Catalog, Listed
from telamon.checking.examination import Task
from telamon.core.control import Checker, Control
from telamon.core.errors import MissingExtraError
from telamon.core.records import Confidence, Finding, Location, Outcome, Rule, Severity, Verdict
from telamon.core.settings import Settings
from telamon.core.subjects import Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

RULE = Rule(id="M0011/word", summary="A word", severity=Severity.HIGH, description="d", remedy="r")


class WordChecker(Checker[Settings]):
    """Does what the file's content says, a word a line."""

    kinds: ClassVar[frozenset[SubjectKind]] = frozenset(SubjectKind)

    def check(self, subject: Subject) -> Iterator[Finding | Outcome]:
        words = subject.path.read_text().split() if subject.kind is SubjectKind.FILE else []
        here = Location(path=subject.name)
        for word in words:
            if word == "raise":
                raise ZeroDivisionError("as the file says")
            if word == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if word == "exit":
                os._exit(7)
            if word == "silence":
                return
            if word in set(Severity):
                yield Finding(
                    rule="M0011/word",
                    message=word,
                    severity=Severity(word),
                    confidence=Confidence.HIGH,
                    location=here,
                    remedy="r",
                )
        verdict = Verdict.NOT_UNDERSTOOD if "puzzle" in words else Verdict.CLEAN
        yield Outcome(control="words", location=here, verdict=verdict)
        if "twice" in words:
            yield Outcome(control="words", location=here, verdict=Verdict.CLEAN)


class Words(Control):
    name: ClassVar[str] = "words"
    mitigation: ClassVar[str] = "AML.M0011"

    def rules(self) -> Sequence[Rule]:
        return (RULE,)

    def checker(self) -> type[WordChecker]:
        return WordChecker


class Heavy(Control):
    name: ClassVar[str] = "heavy"
    mitigation: ClassVar[str] = "AML.M0003"

    def checker(self) -> type[WordChecker]:
        raise MissingExtraError("torch", "heavy")


class Partless(Control):
    name: ClassVar[str] = "partless"
    mitigation: ClassVar[str] = "AML.M0018"


class CatalogMaker(Protocol):
    def __call__(self, *names: str) -> Catalog: ...


class Writer(Protocol):
    def __call__(self, **contents: str) -> list[Path]: ...


@pytest.fixture
def catalog_of() -> CatalogMaker:
    kinds: dict[str, type[Control]] = {kind.name: kind for kind in (Words, Heavy, Partless)}

    def make(*names: str) -> Catalog:
        return Catalog(own=tuple(Listed(control=kinds[name](), wing="x", origin="telamon") for name in names))

    return make


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writer:
    """Write files into the working directory."""
    monkeypatch.chdir(tmp_path)

    def writer(**contents: str) -> list[Path]:
        for name, content in contents.items():
            Path(name).write_text(content)
        return [Path(name) for name in contents]

    return writer


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers begin at once, also with few small files."""
    monkeypatch.setattr("telamon.checking.examination.PATIENCE_S", 0)


@pytest.fixture
def tasks(write: Writer) -> Callable[..., list[Task]]:
    def make(*contents: str) -> list[Task]:
        files = write(**{f"file{number:02}": content for number, content in enumerate(contents)})
        checker = WordChecker(Settings())
        return [
            Task(
                control="words",
                checker=checker,
                subject=Subject(kind=SubjectKind.FILE, name=file.name, path=file),
            )
            for file in files
        ]

    return make

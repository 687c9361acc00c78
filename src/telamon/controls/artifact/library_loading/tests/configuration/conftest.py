"""Fixtures that check a text as a file of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telamon.controls.artifact.library_loading.checker import LibraryLoadingChecker
from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings
from telamon.core.records import Finding, Outcome
from telamon.core.subjects import Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., list[Finding | Outcome]]:
    """Return what checks a text under a name; other files can be put beside it."""

    def checked(name: str, text: str | bytes, **beside: str) -> list[Finding | Outcome]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        for other, content in beside.items():
            (tmp_path / other.replace("__", ".")).write_text(content)
        subject = Subject(kind=SubjectKind.FILE, name=name, path=path)
        return list(LibraryLoadingChecker(LibraryLoadingSettings()).check(subject))

    return checked


@pytest.fixture
def found(check: Callable[..., list[Finding | Outcome]]) -> Callable[..., list[str]]:
    """Return what gives the findings of a text as `severity rule line:column`."""

    def findings(name: str, text: str | bytes, **beside: str) -> list[str]:
        return [
            f"{one.severity} {one.rule.removeprefix('M0011/')} {one.location.line}:{one.location.column}"
            for one in check(name, text, **beside)
            if isinstance(one, Finding)
        ]

    return findings

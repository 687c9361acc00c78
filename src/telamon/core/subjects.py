"""Subjects: what a checker looks at, and operations: what a guard decides about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SubjectKind(StrEnum):
    """What a subject is; a checker names the kinds that it takes."""

    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something at rest that can be checked.

    Attributes:
        name: How reports call it; for files the path as given or as found, with `/` between folders.
        path: Where it lies. Standard input is spooled to a private file by the caller.
    """

    kind: SubjectKind
    name: str
    path: Path


class OperationKind(StrEnum):
    """What is about to happen; a guard names the kinds that it decides."""

    LOAD = "load"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something about to happen that a guard may stop.

    Attributes:
        subject: What is operated on.
        actor: Who asks for it, as a name that may be logged.
    """

    kind: OperationKind
    subject: Subject
    actor: str = ""

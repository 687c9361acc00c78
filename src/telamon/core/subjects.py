"""Subjects: what a checker looks at, and operations: what a guard decides about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class SubjectKind(StrEnum):
    """What a subject is; a checker names the kinds that it takes.

    `REMOTE` is a file that lies elsewhere: it has no path, and each look at it costs a request.
    """

    FILE = "file"
    FOLDER = "folder"
    REMOTE = "remote"


class Reader(Protocol):
    """Bytes that lie elsewhere, of known size, read piece by piece."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def pread(self, offset: int, length: int) -> bytes:
        """Return exactly the bytes asked for, which lie within the size.

        Raises:
            SourceError: They cannot be had, or are not those of the first look any more
                (`telamon.kits.formats.source`).
        """

    def check_unchanged(self) -> None:
        """Raise a `SourceChangedError` where the bytes are not those of the first look any more."""

    def account(self) -> str:
        """Return in words how much has been fetched."""

    def close(self) -> None:
        """Give back what reading holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something at rest that can be checked.

    Attributes:
        name: How reports call it; for files the path as given or as found, with `/` between folders.
        path: Where it lies. Standard input is spooled to a private file by the caller. What lies elsewhere has a path
            that nothing has.
        connect: Opens what lies elsewhere; it may be called in another process than the one that made it.
    """

    kind: SubjectKind
    name: str
    path: Path
    connect: Callable[[], Reader] | None = None


class OperationKind(StrEnum):
    """What is about to happen; a guard names the kinds that it decides."""

    LOAD = "load"
    LOOK_UP = "look-up"  # a loader is about to fetch a callable by name
    ACT = "act"  # what is being loaded is about to do something: run a program, reach the network, change a file


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something about to happen that a guard may stop.

    Attributes:
        subject: What is operated on; for a look-up and an act, what a file's load wants.
        detail: The callable as `module:qualified.name` for a look-up, the audit event for an act.
        actor: Who asks for it, as a name that may be logged.
    """

    kind: OperationKind
    subject: Subject
    actor: str = ""
    detail: str = ""

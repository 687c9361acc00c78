"""What an HDF5 file holds, as far as it matters to whoever judges it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class LinkKind(StrEnum):
    """What a link that is no plain membership of a group points to."""

    SOFT = "soft"
    EXTERNAL = "external"
    USER = "user-defined"


class Storage(StrEnum):
    """How a data set reaches into another file."""

    EXTERNAL = "external storage"
    VIRTUAL = "virtual data set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute of a group or data set.

    Attributes:
        path: Of its object.
        name: As written.
        value: A text, `None` for other types and for texts that could not be read.
    """

    path: str
    name: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link by name.

    Attributes:
        path: Of the link.
        kind: What it points to.
        file: The other file, of an external link.
        target: The path that it points to.
    """

    path: str
    kind: LinkKind
    file: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalFile:
    """A data set whose bytes stand in another file.

    Attributes:
        path: Of the data set.
        storage: How.
        file: The other file; `.` is this one.
    """

    path: str
    storage: Storage
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterUse:
    """A filter that the bytes of a data set go through.

    Attributes:
        path: Of the data set.
        number: Registered with the HDF Group; below 256 the library's own.
        name: As written, often empty.
    """

    path: str
    number: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that could not be read.

    Attributes:
        path: Of the object.
        reason: In words.
    """

    path: str
    reason: str


Fact: TypeAlias = Attribute | Link | ExternalFile | FilterUse | Gap

"""What an advisory says, after the OSV schema (https://ossf.github.io/osv-schema/)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final

from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from telamon.core.records import Severity

SEPARATORS: Final = re.compile(r"[-_.]+")
START: Final = "0"
"""The version of an `introduced` event that comes before every other version, whatever the ecosystem."""


class Ecosystem(StrEnum):
    """The ecosystems that are matched; of others nothing is kept."""

    PYPI = "PyPI"
    NPM = "npm"

    def normal(self, name: str) -> str:
        """Return the one spelling of a package's name.

        >>> Ecosystem.PYPI.normal("Scikit_Learn")
        'scikit-learn'
        """
        return SEPARATORS.sub("-", name).lower() if self is Ecosystem.PYPI else name  # PEP 503


class EventKind(StrEnum):
    """What happens at a version of a range."""

    INTRODUCED = "introduced"
    FIXED = "fixed"
    LAST_AFFECTED = "last_affected"
    LIMIT = "limit"


class RangeKind(StrEnum):
    """How the versions of a range are ordered; of `GIT` they are commits, which no version can be compared with."""

    ECOSYSTEM = "ECOSYSTEM"
    SEMVER = "SEMVER"
    GIT = "GIT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One end of an affected stretch of versions."""

    kind: EventKind
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Affected stretches in the order of versions.

    Attributes:
        events: At least one of them introduces.
    """

    kind: RangeKind
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One package that an advisory is about.

    Attributes:
        name: As `Ecosystem.normal` spells it.
        ranges: Stretches of versions.
        versions: Single versions, in their ecosystem's normal form; affected whatever the ranges say.
    """

    ecosystem: Ecosystem
    name: str
    ranges: tuple[Range, ...] = ()
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One advisory, as far as it is about ecosystems that are matched.

    Attributes:
        modified: When it was changed last, as RFC 3339 writes it.
        withdrawn: When it was withdrawn, likewise; empty for one in force.
        summary: One line; may be empty.
        severity: By its CVSS vector, or by the word of the database; `None` where it has neither.
        source: Where it was taken from, in words; empty where its id says it.
    """

    id: str
    modified: str
    aliases: tuple[str, ...] = ()
    withdrawn: str = ""
    summary: str = ""
    severity: Severity | None = None
    affected: tuple[Affected, ...] = ()
    source: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Its id and its aliases."""
        return frozenset((self.id, *self.aliases))


class RecordError(TelamonError):
    """A record breaks the OSV schema in something that matching needs.

    Remedy: Take the record from its database again, or leave it out of what is imported.
    """

    code: ClassVar[str] = "advisory-malformed"


class SnapshotError(TelamonError):
    """A snapshot of advisories cannot be read, or what it should be made of cannot.

    Remedy: Import the advisories again, from a folder or an archive of records in OSV form.
    """

    code: ClassVar[str] = "advisory-snapshot"

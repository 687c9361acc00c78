"""What an unpinned requirement comes to: whether every version that it allows is affected, or the newest of them."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from telamon.kits.advisories.matching import Answer, judge
from telamon.kits.advisories.records import START, Ecosystem, RangeKind
from telamon.kits.advisories.versions import VersionError, pep440

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from telamon.kits.advisories.records import Affected

MAX_POINTS: Final = 20_000  # versions that are tried; an advisory lists some hundreds


class Reach(Enum):
    """Which of the versions that a requirement allows are affected."""

    EVERY = auto()
    NEWEST = auto()
    NEITHER = auto()


def reach(affected: Iterable[Affected], specifiers: SpecifierSet) -> Reach:
    """Return which versions of a Python package that `specifiers` allow are affected.

    Which versions exist nobody can tell offline. Every version at which the answer can change is tried, and one
    above each; between two of those it is the same for all. Pre-releases count only where they are asked for.
    """
    about = [each for each in affected if each.ecosystem is Ecosystem.PYPI]
    allowed = [point for point in _points(about, specifiers) if specifiers.contains(point, prereleases=True)]
    if not any(point.is_prerelease for point in _named(specifiers)):
        allowed = [point for point in allowed if not point.is_prerelease]
    if not allowed:
        return Reach.NEITHER
    if not _is_affected(about, allowed[-1]):
        return Reach.NEITHER
    return Reach.EVERY if all(_is_affected(about, point) for point in allowed) else Reach.NEWEST


def _is_affected(affected: list[Affected], version: Version) -> bool:
    return any(judge(each, str(version)) is Answer.AFFECTED for each in affected)


def _points(affected: list[Affected], specifiers: SpecifierSet) -> list[Version]:
    """Return the versions that are tried, in order."""
    edges = {*_named(specifiers), *_edges(affected)}
    if len(edges) > MAX_POINTS:
        return []
    points = {pep440("0")}
    for edge in edges:
        release = ".".join(str(number) for number in edge.release)
        points |= {edge, pep440(edge.base_version), pep440(f"{edge.epoch}!{release}.0.0.1")}
    last = max(points)
    return sorted({*points, pep440(f"{last.epoch}!{last.major + 1000}")})


def _named(specifiers: SpecifierSet) -> Iterator[Version]:
    for specifier in specifiers:
        try:
            yield pep440(specifier.version.removesuffix(".*"))
        except VersionError:
            continue  # `===` takes any text


def _edges(affected: list[Affected]) -> Iterator[Version]:
    for each in affected:
        events = [event for stretch in each.ranges if stretch.kind is not RangeKind.GIT for event in stretch.events]
        # Beside ranges, a list says what exists; it is long, and nothing that it adds can make every version affected.
        for text in [event.version for event in events] or each.versions:
            try:
                if text != START:
                    yield pep440(text)
            except VersionError:
                continue  # judged as undecided wherever it matters

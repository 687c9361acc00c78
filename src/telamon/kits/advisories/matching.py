"""Whether a version is affected, after the evaluation algorithm of the OSV schema (section `affected[].ranges[]`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from telamon.kits.advisories.records import START, EventKind, RangeKind
from telamon.kits.advisories.versions import VersionError, order_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telamon.core.records import Severity
    from telamon.kits.advisories.records import Advisory, Affected, Ecosystem, Event, Range
    from telamon.kits.advisories.versions import Key, Order


class Answer(Enum):
    """Whether a version is affected; `UNDECIDED` where what is written cannot be compared."""

    AFFECTED = auto()
    CLEAR = auto()
    UNDECIDED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Advisories that are about one and the same vulnerability, and affect a version.

    Attributes:
        advisories: Never empty; each names another one of them, or an alias that another names too.
        fixed: The least version above the affected one that an advisory says is fixed; empty where none does.
    """

    advisories: tuple[Advisory, ...]
    fixed: str

    @property
    def id(self) -> str:
        """The id that people search for: of GitHub where there is one, else the first."""
        return min((advisory.id for advisory in self.advisories), key=_preference)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The other names of it."""
        names = {name for advisory in self.advisories for name in advisory.names}
        return tuple(sorted(names - {self.id}, key=_preference))

    @property
    def severity(self) -> Severity | None:
        """The worst that an advisory states, `None` where none does."""
        stated = [advisory.severity for advisory in self.advisories if advisory.severity is not None]
        return max(stated, key=lambda severity: severity.rank, default=None)

    @property
    def summary(self) -> str:
        """What an advisory says in a line; may be empty."""
        ordered = sorted(self.advisories, key=lambda advisory: _preference(advisory.id))
        return next((advisory.summary for advisory in ordered if advisory.summary), "")


PREFERRED: Final = ("GHSA-", "CVE-", "PYSEC-")


def _preference(name: str) -> tuple[int, str]:
    return next((index for index, head in enumerate(PREFERRED) if name.startswith(head)), len(PREFERRED)), name


def judge(affected: Affected, version: str) -> Answer:
    """Return whether a version of the package is affected: it is listed, or it lies in a range."""
    order = order_of(affected.ecosystem)
    try:
        key, normal = order.key(version), order.normal(version)
    except VersionError:
        if version in affected.versions:
            return Answer.AFFECTED
        return Answer.UNDECIDED if _has_order(affected) else Answer.CLEAR
    if normal in affected.versions or version in affected.versions:
        return Answer.AFFECTED
    answers = {_within(each, key, order) for each in affected.ranges if each.kind is not RangeKind.GIT}
    if Answer.AFFECTED in answers:
        return Answer.AFFECTED
    return Answer.UNDECIDED if Answer.UNDECIDED in answers else Answer.CLEAR


def _has_order(affected: Affected) -> bool:
    return any(each.kind is not RangeKind.GIT for each in affected.ranges)


def _within(stretch: Range, key: Key, order: Order) -> Answer:
    try:
        events = sorted(((_event_key(event, order), event.kind) for event in stretch.events), key=lambda pair: pair[0])
    except VersionError:
        return Answer.UNDECIDED
    own = (1, key)
    limits = [at for at, kind in events if kind is EventKind.LIMIT]
    if limits and not any(own < at for at in limits):
        return Answer.CLEAR
    is_affected = False
    for at, kind in events:
        if kind is EventKind.INTRODUCED and own >= at:
            is_affected = True
        elif (kind is EventKind.FIXED and own >= at) or (kind is EventKind.LAST_AFFECTED and own > at):
            is_affected = False
    return Answer.AFFECTED if is_affected else Answer.CLEAR


def _event_key(event: Event, order: Order) -> tuple[int, Key]:
    """Return what an event's version compares by; introducing `0` comes before all, a limit `*` after all."""
    if event.version == START and event.kind is EventKind.INTRODUCED:
        return (0, None)
    if event.version == "*" and event.kind is EventKind.LIMIT:
        return (2, None)
    return (1, order.key(event.version))


def matches(advisories: Iterable[Advisory], ecosystem: Ecosystem, name: str, version: str) -> Iterator[Match]:
    """Yield what affects a version, each vulnerability once, the worst first; what was withdrawn affects nothing.

    Args:
        advisories: Those that may.
        ecosystem: The package's.
        version: As it is written.
        name: The package, as `Ecosystem.normal` spells it.
    """
    found = [
        advisory
        for advisory in advisories
        if not advisory.withdrawn
        and any(judge(affected, version) is Answer.AFFECTED for affected in _about(advisory, ecosystem, name))
    ]
    groups = [Match(advisories=tuple(group), fixed=_fixed(group, ecosystem, name, version)) for group in _same(found)]
    yield from sorted(groups, key=lambda match: (-(match.severity.rank if match.severity else 3), match.id))


def undecided(advisories: Iterable[Advisory], ecosystem: Ecosystem, name: str, version: str) -> Iterator[Advisory]:
    """Yield the advisories of which nobody can tell whether they affect a version."""
    for advisory in advisories:
        answers = {judge(affected, version) for affected in _about(advisory, ecosystem, name)}
        if not advisory.withdrawn and Answer.UNDECIDED in answers and Answer.AFFECTED not in answers:
            yield advisory


def _about(advisory: Advisory, ecosystem: Ecosystem, name: str) -> Iterator[Affected]:
    return (each for each in advisory.affected if each.ecosystem is ecosystem and each.name == name)


def _same(advisories: list[Advisory]) -> list[list[Advisory]]:
    """Return the advisories in groups that share a name, directly or by others."""
    groups: list[tuple[set[str], list[Advisory]]] = []
    for advisory in advisories:
        names, members = set(advisory.names), [advisory]
        apart = []
        for group in groups:
            if group[0] & names:
                names |= group[0]
                members = [*group[1], *members]
            else:
                apart.append(group)
        groups = [*apart, (names, members)]
    return [members for _, members in groups]


def _fixed(advisories: list[Advisory], ecosystem: Ecosystem, name: str, version: str) -> str:
    """Return the least fixed version above `version` at which none of the advisories applies any more."""
    order = order_of(ecosystem)
    affected = [each for advisory in advisories for each in _about(advisory, ecosystem, name)]
    candidates: dict[str, Key] = {}
    try:
        own = order.key(version)
        for each in affected:
            for event in (event for stretch in each.ranges for event in stretch.events):
                if event.kind is EventKind.FIXED and _is_version(event.version, order):
                    candidates[event.version] = order.key(event.version)
    except VersionError:
        return ""
    for fixed, _ in sorted(((text, key) for text, key in candidates.items() if key > own), key=lambda pair: pair[1]):
        if not any(judge(each, fixed) is Answer.AFFECTED for each in affected):
            return fixed
    return ""


def _is_version(text: str, order: Order) -> bool:
    try:
        order.key(text)
    except VersionError:
        return False  # a commit
    return True

"""What changed from one release to another, as a reviewer wants to see it before the pinned release moves."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from telamon.atlas.records import Entry, Pair, Release, Technique

E = TypeVar("E", bound="Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact about an object that both releases have; an empty text stands for nothing."""

    id: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What came, went and was renamed among the objects of one kind, by id."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    renamed: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The way from one release to another.

    Attributes:
        old: Version of the one.
        new: Version of the other.
        reparented: Techniques that became sub-techniques, ceased to be, or moved to another parent.
        regrouped: Techniques whose tactics changed, joined by commas.
        restepped: Case studies whose steps changed, joined by commas.
        pairs_added: Pairs that only the new release has; those of objects that came are among them.
        pairs_removed: Pairs that only the old release has.
    """

    old: str
    new: str
    tactics: Changes
    techniques: Changes
    mitigations: Changes
    case_studies: Changes
    reparented: tuple[Change, ...]
    regrouped: tuple[Change, ...]
    restepped: tuple[Change, ...]
    pairs_added: tuple[Pair, ...]
    pairs_removed: tuple[Pair, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two releases state the same facts."""
        values = [getattr(self, field.name) for field in fields(self) if field.name not in {"old", "new"}]
        return not any((v.added or v.removed or v.renamed) if isinstance(v, Changes) else v for v in values)


def diff(old: Release, new: Release) -> Difference:
    """Return what changed from `old` to `new`; everything is sorted by id."""
    old_pairs, new_pairs = set(old.pairs), set(new.pairs)
    return Difference(
        old=old.version,
        new=new.version,
        tactics=_changes(old.tactics, new.tactics),
        techniques=_changes(old.techniques, new.techniques),
        mitigations=_changes(old.mitigations, new.mitigations),
        case_studies=_changes(old.case_studies, new.case_studies),
        reparented=_compared(old.techniques, new.techniques, _parent),
        regrouped=_compared(old.techniques, new.techniques, lambda t: ", ".join(t.tactics)),
        restepped=_compared(old.case_studies, new.case_studies, lambda c: ", ".join(c.steps)),
        pairs_added=tuple(sorted(new_pairs - old_pairs, key=str)),
        pairs_removed=tuple(sorted(old_pairs - new_pairs, key=str)),
    )


def _parent(technique: Technique) -> str:
    return technique.parent


def _changes(old: Iterable[E], new: Iterable[E]) -> Changes:
    before, after = {entry.id: entry for entry in old}, {entry.id: entry for entry in new}
    return Changes(
        added=tuple(after[key] for key in sorted(after.keys() - before.keys())),
        removed=tuple(before[key] for key in sorted(before.keys() - after.keys())),
        renamed=_compared(before.values(), after.values(), lambda entry: entry.name),
    )


def _compared(old: Iterable[E], new: Iterable[E], fact: Callable[[E], str]) -> tuple[Change, ...]:
    """Return where the two differ in `fact`, among the objects that both have."""
    before, after = {entry.id: fact(entry) for entry in old}, {entry.id: fact(entry) for entry in new}
    return tuple(
        Change(id=key, old=before[key], new=after[key])
        for key in sorted(before.keys() & after.keys())
        if before[key] != after[key]
    )

"""Puts a release together from what a reader found: references resolved, duplicates found, known defects repaired."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telamon.atlas.errors import AtlasFileError, shown
from telamon.atlas.records import CaseStudy, Entry, Mitigation, Release, Repair, Tactic, Technique

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# The patterns of the official schemas (atlas-data, dist/schemas and the id conventions of format 6).
ID_PATTERNS = {
    Tactic: re.compile(r"AML\.TA\d{4}", re.ASCII),
    Technique: re.compile(r"AML\.T\d{4}(\.\d{3})?", re.ASCII),
    Mitigation: re.compile(r"AML\.M\d{4}", re.ASCII),
    CaseStudy: re.compile(r"AML\.CS\d{4}", re.ASCII),
}
MAX_NAME_CHARACTERS = 300  # the longest official name has under 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a release says of itself; the attributes are those of `Release`."""

    version: str
    format: str
    source: str
    licence: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a reader found, in the file's order and not yet checked.

    Attributes:
        places: Where each id stands, as `name:line`; ids that are missing stand at `place`.
        place: The file's name.
    """

    tactics: Sequence[Tactic]
    techniques: Sequence[Technique]
    mitigations: Sequence[Mitigation]
    case_studies: Sequence[CaseStudy]
    repairs: Sequence[Repair]
    place: str
    places: Mapping[str, str]


def assemble(header: Header, draft: Draft) -> Release:
    """Return the release.

    Sub-techniques without tactics take their parent's, and a technique that a mitigation lists twice is listed once;
    both are said as repairs.

    Raises:
        AtlasFileError: An id or a name is malformed, an id is given twice, or a reference leads nowhere.
    """
    _check_entries(draft)
    techniques, inherited = _with_tactics(draft)
    mitigations, merged = _without_duplicates(draft.mitigations)
    _check_references(draft, techniques, mitigations)
    by_technique: dict[str, list[str]] = {}
    for mitigation in sorted(mitigations, key=_identifier):
        for technique in mitigation.techniques:
            by_technique.setdefault(technique, []).append(mitigation.id)
    return Release(
        version=header.version,
        format=header.format,
        source=header.source,
        licence=header.licence,
        sha256=header.sha256,
        tactics=tuple(draft.tactics),
        techniques=tuple(
            replace(technique, mitigations=tuple(by_technique.get(technique.id, ())))
            for technique in sorted(techniques, key=_identifier)
        ),
        mitigations=tuple(sorted(mitigations, key=_identifier)),
        case_studies=tuple(sorted(draft.case_studies, key=_identifier)),
        repairs=(*draft.repairs, *inherited, *merged),
    )


def _identifier(entry: Entry) -> str:
    return entry.id


def _check_entries(draft: Draft) -> None:
    """Refuse malformed ids and names, and ids that are given twice."""
    seen: set[str] = set()
    for kind in (draft.tactics, draft.techniques, draft.mitigations, draft.case_studies):
        for entry in kind:
            place = draft.places.get(entry.id, draft.place)
            if not ID_PATTERNS[type(entry)].fullmatch(entry.id):
                raise AtlasFileError(place, f"expected the id of a {_kind(entry)}, found `{shown(entry.id)}`")
            if entry.id in seen:
                raise AtlasFileError(place, f"expected each id once, found `{entry.id}` again")
            # Names go to terminals and reports: nothing that could steer one is let in.
            if not 0 < len(entry.name) <= MAX_NAME_CHARACTERS or not entry.name.isprintable():
                raise AtlasFileError(place, f"expected a printable name of `{entry.id}`, found `{shown(entry.name)}`")
            seen.add(entry.id)


def _kind(entry: Entry) -> str:
    return "case study" if isinstance(entry, CaseStudy) else type(entry).__name__.lower()


def _with_tactics(draft: Draft) -> tuple[list[Technique], list[Repair]]:
    """Give sub-techniques that carry no tactics those of their parents."""
    own = {technique.id: technique.tactics for technique in draft.techniques}
    complete = [
        technique if technique.tactics else replace(technique, tactics=own.get(technique.parent, ()))
        for technique in draft.techniques
    ]
    count = sum(not technique.tactics for technique in draft.techniques if technique.parent)
    if not count:
        return complete, []
    repair = Repair(
        what=f"{count} sub-techniques carry no tactics",
        where="techniques",
        done="each has the tactics of its parent",
    )
    return complete, [repair]


def _without_duplicates(mitigations: Iterable[Mitigation]) -> tuple[list[Mitigation], list[Repair]]:
    """List each technique once per mitigation, sorted."""
    single: list[Mitigation] = []
    repairs: list[Repair] = []
    for mitigation in mitigations:
        listed = Counter(mitigation.techniques)
        single.append(replace(mitigation, techniques=tuple(sorted(listed))))
        repairs.extend(
            Repair(what=f"lists {technique} {times} times", where=mitigation.id, done="listed once")
            for technique, times in sorted(listed.items())
            if times > 1
        )
    return single, repairs


def _check_references(draft: Draft, techniques: Sequence[Technique], mitigations: Sequence[Mitigation]) -> None:
    """Refuse techniques without tactics and references that lead nowhere."""
    tactics = {tactic.id for tactic in draft.tactics}
    parents = {technique.id for technique in techniques if not technique.parent}
    known = {technique.id for technique in techniques}
    for technique in techniques:
        place = draft.places.get(technique.id, draft.place)
        if not technique.tactics:
            raise AtlasFileError(place, f"expected a tactic of `{technique.id}`, found none")
        if technique.parent and technique.parent not in parents:
            raise AtlasFileError(
                place,
                f"expected a top-level technique as parent of `{technique.id}`, found `{shown(technique.parent)}`",
            )
        _check_known(draft, technique, technique.tactics, tactics, "tactics")
    for mitigation in mitigations:
        _check_known(draft, mitigation, mitigation.techniques, known, "techniques")
    for study in draft.case_studies:
        _check_known(draft, study, study.steps, known, "steps")


def _check_known(draft: Draft, entry: Entry, references: Iterable[str], known: set[str], role: str) -> None:
    for reference in references:
        if reference not in known:
            place = draft.places.get(entry.id, draft.place)
            raise AtlasFileError(
                place, f"expected the {role} of `{entry.id}` in the release, found `{shown(reference)}`"
            )

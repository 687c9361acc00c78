"""What an ATLAS release says, as frozen records: tactics, techniques, mitigations, case studies and their pairs."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar

from telamon.atlas.errors import UnknownIdError


class Maturity(StrEnum):
    """How far a technique has been seen to go, in ATLAS's words since release 5.0."""

    FEASIBLE = "feasible"
    DEMONSTRATED = "demonstrated"
    REALIZED = "realized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tactic:
    """What an adversary is after: a column of the matrix."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Technique:
    """How an adversary gets there.

    Attributes:
        name: As ATLAS gives it; a sub-technique's own name, without its parent's.
        tactics: Tactic ids in the order of the release; a sub-technique that carries none has its parent's.
        parent: Technique id where this is a sub-technique, else empty.
        maturity: `None` in releases that do not say.
        mitigations: Ids of the mitigations that name it, in order.
    """

    id: str
    name: str
    tactics: tuple[str, ...]
    parent: str = ""
    maturity: Maturity | None = None
    mitigations: tuple[str, ...] = ()

    @property
    def is_subtechnique(self) -> bool:
        """Whether it refines another technique."""
        return bool(self.parent)

    @property
    def has_mitigation(self) -> bool:
        """Whether ATLAS names any mitigation for it; a map shows "none named" as its own state."""
        return bool(self.mitigations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigation:
    """What a defender does.

    Attributes:
        techniques: Ids of the techniques that it mitigates, in order, each once.
    """

    id: str
    name: str
    techniques: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStudy:
    """An attack that happened or was exercised.

    Attributes:
        steps: Technique ids in the order of the attack; one can come more than once.
    """

    id: str
    name: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A mitigation and a technique that it mitigates: what coverage is counted in."""

    mitigation: str
    technique: str

    def __str__(self) -> str:
        return f"{self.mitigation}/{self.technique}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A defect of an official file and what was done about it.

    Attributes:
        what: The defect, in one line.
        where: The id of the object, or the part of the file, that has it.
        done: What the release says instead.
    """

    what: str
    where: str
    done: str


Entry: TypeAlias = Tactic | Technique | Mitigation | CaseStudy
E = TypeVar("E", Tactic, Technique, Mitigation, CaseStudy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The facts of one release of ATLAS.

    Attributes:
        version: Of the content: `5.6.0`, `2026.09`.
        format: Of the file that it was read from: `5.6.0`, `6.0.0`.
        source: Where the facts come from.
        licence: Of the source, as an SPDX identifier.
        sha256: Hex digest of the official file.
        tactics: In the order of the matrix.
        techniques: Sorted by id.
        mitigations: Sorted by id.
        case_studies: Sorted by id.
        repairs: What was mended on the way.
    """

    version: str
    format: str
    source: str
    licence: str
    sha256: str
    tactics: tuple[Tactic, ...]
    techniques: tuple[Technique, ...]
    mitigations: tuple[Mitigation, ...]
    case_studies: tuple[CaseStudy, ...]
    repairs: tuple[Repair, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every (mitigation, technique) pair, once each, sorted."""
        return tuple(Pair(mitigation=m.id, technique=t) for m in self.mitigations for t in m.techniques)

    def tactic(self, identifier: str) -> Tactic:
        """Return the tactic of that id, such as `AML.TA0002`; raise `UnknownIdError` where there is none."""
        for tactic in self.tactics:
            if tactic.id == identifier:
                return tactic
        raise UnknownIdError("tactic", identifier, self.version)

    def technique(self, identifier: str) -> Technique:
        """Return the technique of that id, such as `AML.T0011.000`; raise `UnknownIdError` where there is none."""
        return self._found(self.techniques, identifier, "technique")

    def mitigation(self, identifier: str) -> Mitigation:
        """Return the mitigation of that id, such as `AML.M0016`; raise `UnknownIdError` where there is none."""
        return self._found(self.mitigations, identifier, "mitigation")

    def case_study(self, identifier: str) -> CaseStudy:
        """Return the case study of that id, such as `AML.CS0031`; raise `UnknownIdError` where there is none."""
        return self._found(self.case_studies, identifier, "case study")

    def entry(self, identifier: str) -> Entry:
        """Return whatever has that id; raise `UnknownIdError` where nothing has."""
        kinds: tuple[tuple[Entry, ...], ...] = (
            self.tactics,
            self.techniques,
            self.mitigations,
            self.case_studies,
        )
        for entries in kinds:
            for entry in entries:
                if entry.id == identifier:
                    return entry
        raise UnknownIdError("entry", identifier, self.version)

    def techniques_of(self, mitigation: str) -> tuple[Technique, ...]:
        """Return the techniques that the mitigation of that id mitigates, in order."""
        return tuple(self.technique(identifier) for identifier in self.mitigation(mitigation).techniques)

    def mitigations_of(self, technique: str) -> tuple[Mitigation, ...]:
        """Return the mitigations that name the technique of that id, in order."""
        return tuple(self.mitigation(identifier) for identifier in self.technique(technique).mitigations)

    def subtechniques_of(self, technique: str) -> tuple[Technique, ...]:
        """Return the techniques that refine the technique of that id, in order."""
        parent = self.technique(technique).id
        return tuple(child for child in self.techniques if child.parent == parent)

    def techniques_in(self, tactic: str) -> tuple[Technique, ...]:
        """Return the techniques that serve the tactic of that id, sub-techniques included, in order."""
        column = self.tactic(tactic).id
        return tuple(technique for technique in self.techniques if column in technique.tactics)

    def case_studies_with(self, technique: str) -> tuple[CaseStudy, ...]:
        """Return the case studies in which the technique of that id is a step, in order."""
        step = self.technique(technique).id
        return tuple(study for study in self.case_studies if step in study.steps)

    def _found(self, entries: tuple[E, ...], identifier: str, kind: str) -> E:
        index = bisect_left(entries, identifier, key=lambda entry: entry.id)
        if index < len(entries) and entries[index].id == identifier:
            return entries[index]
        raise UnknownIdError(kind, identifier, self.version)

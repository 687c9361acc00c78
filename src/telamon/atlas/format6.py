"""Reads the official YAML of format 6 (`dist/v6/ATLAS-YYYY.MM.yaml` of mitre-atlas/atlas-data since 2026.05).

Objects stand in maps by id and every relation in `relationships`, a map from the source's id to the relation's type to
a list of relations; source: the section "ATLAS Data Format" of that repository's README at format 6.0.0. Keys and
relation types that are not known are passed over, for a minor version may add some.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, TypeVar

from telamon.atlas.assembly import Draft
from telamon.atlas.errors import AtlasFileError, shown
from telamon.atlas.records import CaseStudy, Mitigation, Repair, Tactic, Technique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from telamon.atlas.shapes import File
    from telamon.atlas.yaml_tree import Node

T = TypeVar("T")
MATRIX = "ATLAS-matrix"


class Relation(StrEnum):
    """The types of relations that are read."""

    SEQUENCES = "sequences"  # matrix to tactic, with `position`
    ACHIEVES = "achieves"  # technique to tactic
    SPECIALIZES = "specializes"  # sub-technique to technique
    MITIGATES = "mitigates"  # mitigation to technique
    EMPLOYS = "employs"  # case study to technique, with `step-id` and `leads-to`


def read(file: File, root: Node) -> Draft:
    """Return what the file says.

    Raises:
        AtlasFileError: The file has another shape; the message has the line.
    """
    reader = _Reader(file=file, relationships=file.map(file.get(root, "relationships", "file"), "relationships"))
    return Draft(
        tactics=reader.in_order(reader.objects(root, "tactics", reader.tactic)),
        techniques=reader.objects(root, "techniques", reader.technique),
        mitigations=reader.objects(root, "mitigations", reader.mitigation),
        case_studies=reader.objects(root, "case-studies", reader.case_study),
        repairs=reader.repairs,
        place=file.name,
        places=reader.places,
    )


@dataclass(slots=True, kw_only=True)
class _Reader:
    """What was read so far."""

    file: File
    relationships: Mapping[str, Node]
    repairs: list[Repair] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def objects(self, root: Node, key: str, make: Callable[[str, str, Node], T]) -> list[T]:
        made = []
        for identifier, node in self.file.map(self.file.get(root, key, "file"), f"`{key}`").items():
            self.places[identifier] = self.file.place(node)
            stated = self.file.get_text(node, "id", f"object `{shown(identifier)}`")
            if stated != identifier:
                raise AtlasFileError(
                    self.file.place(node), f"expected the id `{shown(identifier)}` of its key, found `{shown(stated)}`"
                )
            made.append(make(identifier, self.file.get_text(node, "name", f"object `{identifier}`"), node))
        return made

    def tactic(self, identifier: str, name: str, _node: Node) -> Tactic:
        return Tactic(id=identifier, name=name)

    def technique(self, identifier: str, name: str, node: Node) -> Technique:
        parents = self.targets(identifier, Relation.SPECIALIZES)
        if len(parents) > 1:
            raise AtlasFileError(self.file.place(node), f"expected one parent of `{identifier}`, found {len(parents)}")
        return Technique(
            id=identifier,
            name=name,
            tactics=self.targets(identifier, Relation.ACHIEVES),
            parent=parents[0] if parents else self._parent_by_id(identifier),
            maturity=self.file.maturity(node),
        )

    def mitigation(self, identifier: str, name: str, _node: Node) -> Mitigation:
        return Mitigation(id=identifier, name=name, techniques=self.targets(identifier, Relation.MITIGATES))

    def case_study(self, identifier: str, name: str, _node: Node) -> CaseStudy:
        steps = [
            _Step(
                technique=self._target(node),
                name=self._optional(node, "step-id"),
                next=tuple(self.file.text(item, "a step") for item in self.file.list_in(node, "leads-to", "relation")),
            )
            for node in self._relations(identifier, Relation.EMPLOYS)
        ]
        return CaseStudy(id=identifier, name=name, steps=tuple(step.technique for step in _in_attack_order(steps)))

    def targets(self, identifier: str, relation: Relation) -> tuple[str, ...]:
        return tuple(self._target(node) for node in self._relations(identifier, relation))

    def in_order(self, tactics: Iterable[Tactic]) -> list[Tactic]:
        """Put tactics in the order of the matrix; those that it does not place come last."""
        positions: dict[str, int] = {}
        for number, node in enumerate(self._relations(MATRIX, Relation.SEQUENCES)):
            position = self._optional(node, "position")
            if position and not (position.isascii() and position.isdigit()):
                raise AtlasFileError(self.file.place(node), f"expected a position, found `{shown(position)}`")
            positions[self._target(node)] = int(position[:9]) if position else number
        return sorted(tactics, key=lambda tactic: positions.get(tactic.id, len(positions) + 1))

    def _relations(self, identifier: str, relation: Relation) -> tuple[Node, ...]:
        """Return the relations of one type from one source, each checked to say what its place says."""
        if identifier not in self.relationships:
            return ()
        nodes = self.file.list_in(self.relationships[identifier], relation.value, "relationships")
        for node in nodes:
            for key, expected in (("source", identifier), ("relationship-type", relation.value)):
                found = self.file.get_text(node, key, "relation")
                if found != expected:
                    raise AtlasFileError(
                        self.file.place(node), f"expected the {key} `{expected}`, found `{shown(found)}`"
                    )
        return nodes

    def _target(self, node: Node) -> str:
        return self.file.get_text(node, "target", "relation")

    def _optional(self, node: Node, key: str) -> str:
        entries = self.file.map(node, "relation")
        return self.file.text(entries[key], f"`{key}`") if key in entries else ""

    def _parent_by_id(self, identifier: str) -> str:
        """Return the parent that a sub-technique's id names, where no relation does; empty for a technique."""
        parent, dot, _number = identifier.removeprefix("AML.").partition(".")
        if not dot:
            return ""
        self.repairs.append(
            Repair(what="no relation names its parent", where=identifier, done=f"AML.{parent}, as its id says")
        )
        return f"AML.{parent}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    technique: str
    name: str
    next: tuple[str, ...]


def _in_attack_order(steps: Sequence[_Step]) -> list[_Step]:
    """Sort steps so that each comes after those that lead to it; the file's order is not the attack's.

    Where steps lead to each other in a ring, the order is that of the step ids.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for step in steps:
        sorter.add(step.name)
        for follower in step.next:
            sorter.add(follower, step.name)
    try:
        sorter.prepare()
    except CycleError:
        return sorted(steps, key=lambda step: step.name)
    positions: dict[str, int] = {}
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        positions |= {name: len(positions) + number for number, name in enumerate(ready)}
        sorter.done(*ready)
    return sorted(steps, key=lambda step: positions[step.name])

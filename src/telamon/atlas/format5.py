"""Reads the official YAML of format 5 (`dist/ATLAS.yaml` of mitre-atlas/atlas-data up to release 5.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telamon.atlas.assembly import Draft
from telamon.atlas.records import CaseStudy, Mitigation, Repair, Tactic, Technique
from telamon.atlas.yaml_tree import MapNode

if TYPE_CHECKING:
    from telamon.atlas.shapes import File
    from telamon.atlas.yaml_tree import Node


def read(file: File, root: Node) -> Draft:
    """Return what the file says.

    Techniques that stand inside a mitigation's `ml-lifecycle` (5.6: AML.M0018 and AML.M0034) are taken for what they
    were meant to be, entries of its `techniques`, and said as repairs.

    Raises:
        AtlasFileError: The file has another shape; the message has the line.
    """
    reader = _Reader(file=file)
    for matrix in file.items(file.get(root, "matrices", "file"), "matrices"):
        reader.tactics += [reader.tactic(node) for node in file.list_in(matrix, "tactics", "matrix")]
        reader.techniques += [reader.technique(node) for node in file.list_in(matrix, "techniques", "matrix")]
        reader.mitigations += [reader.mitigation(node) for node in file.list_in(matrix, "mitigations", "matrix")]
    studies = [reader.case_study(node) for node in file.list_in(root, "case-studies", "file")]
    return Draft(
        tactics=reader.tactics,
        techniques=reader.techniques,
        mitigations=reader.mitigations,
        case_studies=studies,
        repairs=reader.repairs,
        place=file.name,
        places=reader.places,
    )


@dataclass(slots=True, kw_only=True)
class _Reader:
    """What was read so far."""

    file: File
    tactics: list[Tactic] = field(default_factory=list)
    techniques: list[Technique] = field(default_factory=list)
    mitigations: list[Mitigation] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def tactic(self, node: Node) -> Tactic:
        identifier, name = self._identity(node, "tactic")
        return Tactic(id=identifier, name=name)

    def technique(self, node: Node) -> Technique:
        identifier, name = self._identity(node, "technique")
        tactics = self.file.list_in(node, "tactics", "technique")
        entries = self.file.map(node, "technique")
        # The frozen copy of 5.6 that MITRE keeps says `specializes`, the word of format 6.
        parent = entries.get("subtechnique-of", entries.get("specializes"))
        return Technique(
            id=identifier,
            name=name,
            tactics=tuple(self.file.text(item, "a tactic's id") for item in tactics),
            parent="" if parent is None else self.file.text(parent, "the parent's id"),
            maturity=self.file.maturity(node),
        )

    def mitigation(self, node: Node) -> Mitigation:
        identifier, name = self._identity(node, "mitigation")
        listed = [self._technique_of(item) for item in self.file.list_in(node, "techniques", "mitigation")]
        misfiled = [
            self._technique_of(item)
            for item in self.file.list_in(node, "ml-lifecycle", "mitigation")
            if isinstance(item, MapNode)
        ]
        self.repairs += [
            Repair(
                what=f"holds the technique {technique} inside `ml-lifecycle`",
                where=identifier,
                done="read as one of its techniques",
            )
            for technique in misfiled
        ]
        return Mitigation(id=identifier, name=name, techniques=(*listed, *misfiled))

    def case_study(self, node: Node) -> CaseStudy:
        identifier, name = self._identity(node, "case study")
        steps = self.file.list_in(node, "procedure", "case study")
        return CaseStudy(
            id=identifier,
            name=name,
            steps=tuple(self.file.get_text(step, "technique", "step") for step in steps),
        )

    def _technique_of(self, node: Node) -> str:
        return self.file.get_text(node, "id", "mitigated technique")

    def _identity(self, node: Node, what: str) -> tuple[str, str]:
        identifier = self.file.get_text(node, "id", what)
        self.places[identifier] = self.file.place(node)
        return identifier, self.file.get_text(node, "name", what)

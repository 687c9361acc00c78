from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from telamon import atlas

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.atlas import Release

Relations = dict[str, dict[str, list[dict[str, Any]]]]


@pytest.fixture(scope="session")
def pinned() -> Release:
    return atlas.load()


@pytest.fixture(scope="session")
def official_file() -> Path:
    root = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file())
    path = root.parent / "shared" / "data" / "atlas" / "ATLAS-5.6.yaml"
    if not path.is_file():
        pytest.skip("the official YAML of ATLAS 5.6 does not lie at ../shared/data/atlas/ beside the checkout")
    return path


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a file to read: `write(text)`."""

    def write_text(text: str) -> Path:
        path = tmp_path / "ATLAS.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


@pytest.fixture(scope="session")
def as_format5() -> Callable[[Release], str]:
    """Writes a release as official YAML of format 5."""

    def dump(release: Release) -> str:
        matrix = {
            "id": "ATLAS",
            "name": "ATLAS Matrix",
            "tactics": [{"id": t.id, "name": t.name, "object-type": "tactic"} for t in release.tactics],
            "techniques": [
                {"id": t.id, "name": t.name}
                | ({"subtechnique-of": t.parent} if t.parent else {})
                | {"tactics": list(t.tactics)}
                | ({} if t.maturity is None else {"maturity": t.maturity.value})
                for t in release.techniques
            ],
            "mitigations": [
                {"id": m.id, "name": m.name, "techniques": [{"id": t, "use": "words"} for t in m.techniques]}
                for m in release.mitigations
            ],
        }
        document = {
            "id": "ATLAS",
            "version": release.version,
            "matrices": [matrix],
            "case-studies": [
                {"id": c.id, "name": c.name, "procedure": [{"technique": s, "description": "words"} for s in c.steps]}
                for c in release.case_studies
            ],
        }
        return yaml.safe_dump(document, sort_keys=False)

    return dump


@pytest.fixture(scope="session")
def as_format6() -> Callable[[Release], str]:
    """Writes a release as official YAML of format 6, steps and tactics out of order."""

    def dump(release: Release) -> str:
        relations: Relations = {"ATLAS-matrix": {"sequences": _sequences(release)}}
        for technique in release.techniques:
            relations[technique.id] = {
                "achieves": [_relation(technique.id, "achieves", tactic) for tactic in technique.tactics]
            }
            if technique.parent:
                relations[technique.id]["specializes"] = [_relation(technique.id, "specializes", technique.parent)]
        for mitigation in release.mitigations:
            relations[mitigation.id] = {
                "mitigates": [
                    _relation(mitigation.id, "mitigates", technique) | {"description": "words"}
                    for technique in mitigation.techniques
                ]
            }
        for study in release.case_studies:
            relations[study.id] = {"employs": _employs(study)}
        document = {
            "format-version": "6.0.0",
            "collection": {"id": "ATLAS-collection", "version": release.version, "name": "ATLAS"},
            "matrix": {"id": "ATLAS-matrix", "name": "ATLAS"},
            "tactics": {t.id: _object(t, "tactic") for t in release.tactics[::-1]},
            "techniques": {
                t.id: _object(t, "technique") | ({} if t.maturity is None else {"maturity": t.maturity.title()})
                for t in release.techniques
            },
            "mitigations": {m.id: _object(m, "mitigation") for m in release.mitigations},
            "case-studies": {c.id: _object(c, "case-study") for c in release.case_studies},
            "relationships": relations,
        }
        return yaml.safe_dump(document, sort_keys=False)

    return dump


def _object(entry: atlas.Entry, kind: str) -> dict[str, Any]:
    return {"name": entry.name, "references": [], "id": entry.id, "object-type": kind}


def _relation(source: str, kind: str, target: str) -> dict[str, Any]:
    return {"source": source, "target": target, "relationship-type": kind}


def _sequences(release: Release) -> list[dict[str, Any]]:
    return [
        _relation("ATLAS-matrix", "sequences", tactic.id) | {"position": number}
        for number, tactic in enumerate(release.tactics, start=1)
    ][::-1]


def _employs(study: atlas.CaseStudy) -> list[dict[str, Any]]:
    last = len(study.steps) - 1
    return [
        _relation(study.id, "employs", technique)
        | {"step-id": f"S{number:02}", "leads-to": [f"S{number + 1:02}"] if number < last else []}
        for number, technique in enumerate(study.steps)
    ][::-1]

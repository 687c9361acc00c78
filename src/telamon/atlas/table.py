"""The facts-only table of a release: JSON with one object per line, so that two releases differ line by line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from telamon.atlas.assembly import Draft, Header, assemble
from telamon.atlas.errors import AtlasFileError, shown
from telamon.atlas.records import CaseStudy, Maturity, Mitigation, Repair, Tactic, Technique

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telamon.atlas.records import Release

TABLE = "telamon-atlas-table/1"
JsonObject = dict[str, Any]  # Any: what json.loads gives; the readers below check what they take


def dump(release: Release) -> str:
    """Return the table of `release`; the same release gives the same text on every machine."""
    header = {
        "table": TABLE,
        "version": release.version,
        "format": release.format,
        "source": release.source,
        "licence": release.licence,
        "sha256": release.sha256,
    }
    parts = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in header.items()]
    parts.append(_section("repairs", [{"what": r.what, "where": r.where, "done": r.done} for r in release.repairs]))
    parts.append(_section("tactics", [{"id": t.id, "name": t.name} for t in release.tactics]))
    parts.append(_section("techniques", [_technique_row(t) for t in release.techniques]))
    parts.append(
        _section("mitigations", [{"id": m.id, "name": m.name, "techniques": m.techniques} for m in release.mitigations])
    )
    parts.append(
        _section("case-studies", [{"id": c.id, "name": c.name, "steps": c.steps} for c in release.case_studies])
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def parse(text: str, place: str) -> Release:
    """Return the release whose table `text` is.

    Args:
        text: What `dump` gave.
        place: The file's name, for errors.

    Raises:
        AtlasFileError: The text is no such table.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise AtlasFileError(place, f"expected a JSON document, found: {error}") from error
    except RecursionError as error:
        raise AtlasFileError(place, "expected a table, found nesting without end") from error
    try:
        if document["table"] != TABLE:
            raise AtlasFileError(place, f"expected a table `{TABLE}`, found `{shown(str(document['table']))}`")
        return assemble(_header(document), _draft(document, place))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # A table is written by this module and read whole: which of the four it is says nothing more to a user.
        raise AtlasFileError(
            place, "expected a table of facts, found another shape", hint="import the official file again"
        ) from error


def _section(name: str, rows: Iterable[object]) -> str:
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f"{json.dumps(name)}: [\n{lines}\n]" if lines else f"{json.dumps(name)}: []"


def _technique_row(technique: Technique) -> JsonObject:
    row: JsonObject = {"id": technique.id, "name": technique.name, "tactics": technique.tactics}
    if technique.parent:
        row["parent"] = technique.parent
    if technique.maturity is not None:
        row["maturity"] = technique.maturity
    return row


def _header(document: JsonObject) -> Header:
    return Header(
        version=_text(document["version"]),
        format=_text(document["format"]),
        source=_text(document["source"]),
        licence=_text(document["licence"]),
        sha256=_text(document["sha256"]),
    )


def _draft(document: JsonObject, place: str) -> Draft:
    return Draft(
        tactics=[Tactic(id=_text(row["id"]), name=_text(row["name"])) for row in document["tactics"]],
        techniques=[_technique(row) for row in document["techniques"]],
        mitigations=[
            Mitigation(id=_text(row["id"]), name=_text(row["name"]), techniques=_texts(row["techniques"]))
            for row in document["mitigations"]
        ],
        case_studies=[
            CaseStudy(id=_text(row["id"]), name=_text(row["name"]), steps=_texts(row["steps"]))
            for row in document["case-studies"]
        ],
        repairs=[
            Repair(what=_text(row["what"]), where=_text(row["where"]), done=_text(row["done"]))
            for row in document["repairs"]
        ],
        place=place,
        places={},
    )


def _technique(row: JsonObject) -> Technique:
    return Technique(
        id=_text(row["id"]),
        name=_text(row["name"]),
        tactics=_texts(row["tactics"]),
        parent=_text(row.get("parent", "")),
        maturity=Maturity(row["maturity"]) if "maturity" in row else None,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _texts(value: Iterable[object]) -> tuple[str, ...]:
    return tuple(_text(item) for item in value)

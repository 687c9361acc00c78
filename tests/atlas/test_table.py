from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.atlas import AtlasFileError, Maturity, Mitigation, Release, Repair, Tactic, Technique, table

if TYPE_CHECKING:
    from telamon.atlas import CaseStudy

SMALL = Release(
    version="2026.09",
    format="6.0.0",
    source="MITRE ATLAS",
    licence="Apache-2.0",
    sha256="ab",
    tactics=(Tactic(id="AML.TA0002", name="Reconnaissance"),),
    techniques=(
        Technique(id="AML.T0000", name="Read", tactics=("AML.TA0002",), mitigations=("AML.M0000",)),
        Technique(
            id="AML.T0000.000",
            name='Journals, "quoted"',
            tactics=("AML.TA0002",),
            parent="AML.T0000",
            maturity=Maturity.REALIZED,
        ),
    ),
    mitigations=(Mitigation(id="AML.M0000", name="Limité", techniques=("AML.T0000",)),),
    case_studies=(),
    repairs=(Repair(what="something", where="AML.M0000", done="mended"),),
)
TEXT = r"""{
"table": "telamon-atlas-table/1",
"version": "2026.09",
"format": "6.0.0",
"source": "MITRE ATLAS",
"licence": "Apache-2.0",
"sha256": "ab",
"repairs": [
{"what": "something", "where": "AML.M0000", "done": "mended"}
],
"tactics": [
{"id": "AML.TA0002", "name": "Reconnaissance"}
],
"techniques": [
{"id": "AML.T0000", "name": "Read", "tactics": ["AML.TA0002"]},
{"id": "AML.T0000.000", "name": "Journals, \"quoted\"", "tactics": ["AML.TA0002"], "parent": "AML.T0000", "maturity": "realized"}
],
"mitigations": [
{"id": "AML.M0000", "name": "Limit\u00e9", "techniques": ["AML.T0000"]}
],
"case-studies": []
}
"""  # noqa: E501  # the table has one object per line


def test_writes_one_object_per_line() -> None:
    assert table.dump(SMALL) == TEXT


def test_reads_what_it_wrote(pinned: Release) -> None:
    assert table.parse(TEXT, "f") == SMALL
    assert table.parse(table.dump(pinned), "f") == pinned


names = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=30)


@given(st.data())
def test_reads_back_any_release(data: st.DataObject) -> None:
    tactics = tuple(
        Tactic(id=f"AML.TA{number:04}", name=data.draw(names)) for number in range(data.draw(st.integers(1, 3)))
    )
    techniques = [
        Technique(
            id=f"AML.T{number:04}",
            name=data.draw(names),
            tactics=tuple(data.draw(st.lists(st.sampled_from([t.id for t in tactics]), min_size=1, unique=True))),
            maturity=data.draw(st.sampled_from([None, *Maturity])),
        )
        for number in range(data.draw(st.integers(1, 5)))
    ]
    ids = [technique.id for technique in techniques]
    mitigations = tuple(
        Mitigation(
            id=f"AML.M{number:04}",
            name=data.draw(names),
            techniques=tuple(sorted(data.draw(st.lists(st.sampled_from(ids), unique=True)))),
        )
        for number in range(data.draw(st.integers(0, 3)))
    )
    release = dataclasses.replace(
        SMALL,
        tactics=tactics,
        techniques=tuple(
            dataclasses.replace(t, mitigations=tuple(m.id for m in mitigations if t.id in m.techniques))
            for t in techniques
        ),
        mitigations=mitigations,
    )
    assert table.parse(table.dump(release), "f") == release


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f: expected a JSON document, found: Expecting value: line 1 column 1 (char 0)"),
        (TEXT[:-3], "f: expected a JSON document, found: Expecting ',' delimiter: line 21 column 19 (char 607)"),
        ("[" * 100_000, "f: expected a table, found nesting without end"),
        (
            TEXT.replace("table/1", "table/2"),
            "f: expected a table `telamon-atlas-table/1`, found `telamon-atlas-table/2`",
        ),
        ("[]", "f: expected a table of facts, found another shape"),
        ("{}", "f: expected a table of facts, found another shape"),
        (TEXT.replace('"realized"', '"ripe"'), "f: expected a table of facts, found another shape"),
        (TEXT.replace('"sha256": "ab"', '"sha256": 12'), "f: expected a table of facts, found another shape"),
        (
            TEXT.replace('"techniques": ["AML.T0000"]', '"techniques": [1]'),
            "f: expected a table of facts, found another shape",
        ),
        (
            TEXT.replace('"case-studies": []', '"case-studies": {"a": 1}'),
            "f: expected a table of facts, found another shape",
        ),
        (
            TEXT.replace('"techniques": ["AML.T0000"]', '"techniques": ["AML.T0009"]'),
            "f: expected the techniques of `AML.M0000` in the release, found `AML.T0009`",
        ),
        (TEXT.replace("AML.T0000.000", "AML.T0000.0000"), "f: expected the id of a technique, found `AML.T0000.0000`"),
    ],
)
def test_refuses_what_is_no_table(text: str, message: str) -> None:
    with pytest.raises(AtlasFileError) as caught:
        table.parse(text, "f")
    assert caught.value.message == message


@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_a_damaged_table_gives_its_own_error_or_a_release(place: int, character: str) -> None:
    outcome: Release | AtlasFileError
    try:
        outcome = table.parse(TEXT[:place] + character + TEXT[place + 1 :], "f")
    except AtlasFileError as error:
        outcome = error
    assert isinstance(outcome, Release) or outcome.message.startswith("f: ")


def test_a_table_is_json(pinned: Release) -> None:
    study: CaseStudy = pinned.case_studies[0]
    document = json.loads(table.dump(pinned))
    assert document["case-studies"][0] == {"id": study.id, "name": study.name, "steps": list(study.steps)}

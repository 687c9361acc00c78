from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.atlas import AtlasFileError, CaseStudy, Maturity, Mitigation, Release, Repair, Tactic, Technique
from telamon.atlas.difference import diff
from telamon.atlas.format6 import _in_attack_order, _Step
from telamon.atlas.official import parse_release, read_release

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL = """\
format-version: 6.0.0
collection:
  id: ATLAS-collection
  version: 2026.10
matrix:
  id: ATLAS-matrix
tactics:
  AML.TA0001: {name: Staging, id: AML.TA0001, object-type: tactic}
  AML.TA0002: {name: Reconnaissance, id: AML.TA0002, object-type: tactic}
techniques:
  AML.T0000: {name: Read, id: AML.T0000, maturity: Realized, platforms: [Agentic AI]}
  AML.T0000.000: {name: Journals, id: AML.T0000.000}
  AML.T0000.001: {name: Archives, id: AML.T0000.001}
mitigations:
  AML.M0000: {name: Limit, id: AML.M0000, categories: [Policy]}
  AML.M0001: {name: Hide, id: AML.M0001}
case-studies:
  AML.CS0000: {name: Evasion, id: AML.CS0000, type: Exercise}
  AML.CS0001: {name: Nothing known, id: AML.CS0001, type: Incident}
relationships:
  ATLAS-matrix:
    sequences:
    - {source: ATLAS-matrix, target: AML.TA0001, relationship-type: sequences, position: 2}
    - {source: ATLAS-matrix, target: AML.TA0002, relationship-type: sequences, position: 1}
  AML.T0000:
    achieves:
    - {source: AML.T0000, target: AML.TA0002, relationship-type: achieves}
  AML.T0000.000:
    achieves:
    - {source: AML.T0000.000, target: AML.TA0001, relationship-type: achieves}
    specializes:
    - {source: AML.T0000.000, target: AML.T0000, relationship-type: specializes}
  AML.M0000:
    mitigates:
    - {source: AML.M0000, target: AML.T0000.000, relationship-type: mitigates, description: words}
    - {source: AML.M0000, target: AML.T0000, relationship-type: mitigates}
    - {source: AML.M0000, target: AML.T0000.000, relationship-type: mitigates}
  AML.CS0000:
    employs:
    - {source: AML.CS0000, target: AML.T0000.000, relationship-type: employs, step-id: S01, leads-to: []}
    - {source: AML.CS0000, target: AML.T0000, relationship-type: employs, step-id: S00, leads-to: [S01]}
    invented-in-6.9: {}
"""


def test_reads_the_facts_and_says_the_repairs(write: Callable[[str], Path]) -> None:
    release = read_release(write(SMALL), source="MITRE ATLAS")
    # Unquoted, 2026.10 is a number to a YAML loader, and October is January.
    assert (release.version, release.format, release.source) == ("2026.10", "6.0.0", "MITRE ATLAS")
    assert release.tactics == (
        Tactic(id="AML.TA0002", name="Reconnaissance"),
        Tactic(id="AML.TA0001", name="Staging"),
    )
    assert release.techniques == (
        Technique(
            id="AML.T0000",
            name="Read",
            tactics=("AML.TA0002",),
            maturity=Maturity.REALIZED,
            mitigations=("AML.M0000",),
        ),
        Technique(
            id="AML.T0000.000",
            name="Journals",
            tactics=("AML.TA0001",),
            parent="AML.T0000",
            mitigations=("AML.M0000",),
        ),
        Technique(id="AML.T0000.001", name="Archives", tactics=("AML.TA0002",), parent="AML.T0000"),
    )
    assert release.mitigations == (
        Mitigation(id="AML.M0000", name="Limit", techniques=("AML.T0000", "AML.T0000.000")),
        Mitigation(id="AML.M0001", name="Hide", techniques=()),
    )
    assert release.case_studies == (
        CaseStudy(id="AML.CS0000", name="Evasion", steps=("AML.T0000", "AML.T0000.000")),
        CaseStudy(id="AML.CS0001", name="Nothing known", steps=()),
    )
    assert release.repairs == (
        Repair(what="no relation names its parent", where="AML.T0000.001", done="AML.T0000, as its id says"),
        Repair(what="1 sub-techniques carry no tactics", where="techniques", done="each has the tactics of its parent"),
        Repair(what="lists AML.T0000.000 2 times", where="AML.M0000", done="listed once"),
    )


def test_keeps_the_order_of_sequences_without_positions(write: Callable[[str], Path]) -> None:
    text = SMALL.replace(", position: 1", "").replace(", position: 2", "")
    assert [tactic.id for tactic in read_release(write(text)).tactics] == ["AML.TA0001", "AML.TA0002"]


def test_puts_tactics_that_the_matrix_does_not_place_last(write: Callable[[str], Path]) -> None:
    text = SMALL.replace(
        "    - {source: ATLAS-matrix, target: AML.TA0001, relationship-type: sequences, position: 2}\n", ""
    )
    assert [tactic.id for tactic in read_release(write(text)).tactics] == ["AML.TA0002", "AML.TA0001"]


def test_reads_minor_versions_of_the_format(write: Callable[[str], Path]) -> None:
    release = read_release(write(SMALL.replace("format-version: 6.0.0", "format-version: 6.1.0\nnews: []")))
    assert release.format == "6.1.0"


def test_reads_back_what_a_release_says(
    pinned: Release, as_format6: Callable[[Release], str], write: Callable[[str], Path]
) -> None:
    again = read_release(write(as_format6(pinned)))
    assert diff(pinned, again).is_empty
    assert again.tactics == pinned.tactics
    assert again.repairs == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("collection:", "collected:", 1, "expected `collection` in the file"),
        ("  version: 2026.10", "  edition: 2026.10", 3, "expected `version` in the collection"),
        ("  version: 2026.10", "  version: ../../x", 3, "expected a version such as 5.6.0 or 2026.09, found `../../x`"),
        ("format-version: 6.0.0", "format-version: 7.0.0", 1, "expected ATLAS format 5 or 6, found `7.0.0`"),
        ("format-version: 6.0.0", "format-version: six", 1, "expected ATLAS format 5 or 6, found `six`"),
        ("format-version: 6.0.0", "format-version: []", 1, "expected `format-version` as text"),
        ("relationships:", "relations:", 1, "expected `relationships` in the file"),
        ("techniques:", "technics:", 1, "expected `techniques` in the file"),
        (
            "id: AML.T0000.001}",
            "id: AML.T0000.002}",
            13,
            "expected the id `AML.T0000.001` of its key, found `AML.T0000.002`",
        ),
        ("{name: Journals, ", "{", 12, "expected `name` in the object `AML.T0000.000`"),
        ("{name: Journals, id: AML.T0000.000}", "Journals", 12, "expected a map of object `AML.T0000.000`"),
        ("maturity: Realized", "maturity: []", 11, "expected `maturity` as text"),
        ("position: 2", "position: -2", 23, "expected a position, found `-2`"),
        (
            "source: AML.M0000, target: AML.T0000,",
            "source: AML.M0001, target: AML.T0000,",
            36,
            "expected the source `AML.M0000`, found `AML.M0001`",
        ),
        (
            "target: AML.T0000, relationship-type: mitigates",
            "target: AML.T0000, relationship-type: employs",
            36,
            "expected the relationship-type `mitigates`, found `employs`",
        ),
        (
            "target: AML.T0000, relationship-type: mitigates",
            "relationship-type: mitigates",
            36,
            "expected `target` in the relation",
        ),
        (
            "target: AML.T0000, relationship-type: mitigates",
            "target: AML.T0009, relationship-type: mitigates",
            15,
            "expected the techniques of `AML.M0000` in the release, found `AML.T0009`",
        ),
        (
            "target: AML.T0000, relationship-type: specializes}",
            """target: AML.T0000, relationship-type: specializes}
    - {source: AML.T0000.000, target: AML.T0001, relationship-type: specializes}""",
            12,
            "expected one parent of `AML.T0000.000`, found 2",
        ),
        ("leads-to: [S01]", "leads-to: S01", 41, "expected a list of `leads-to`"),
        ("leads-to: [S01]", "leads-to: [[]]", 41, "expected a step as text"),
        ("step-id: S00", "step-id: {}", 41, "expected `step-id` as text"),
        ("  AML.M0001: {", "  AML.M0000: {", 16, "expected each key once, found `AML.M0000` again"),
    ],
)
def test_says_on_which_line_the_file_is_wrong(
    write: Callable[[str], Path], old: str, new: str, line: int, message: str
) -> None:
    assert SMALL.count(old) >= 1
    with pytest.raises(AtlasFileError) as caught:
        read_release(write(SMALL.replace(old, new, 1)))
    assert caught.value.message == f"ATLAS.yaml:{line}: {message}"


@given(
    st.integers(0, len(SMALL) - 1),
    st.integers(0, 3),
    st.text(max_size=3) | st.sampled_from(["\n", ": ", "- ", "&a ", "*a"]),
)
def test_damage_gives_its_own_error_or_a_release(place: int, length: int, text: str) -> None:
    damaged = SMALL[:place] + text + SMALL[place + length :]
    outcome: Release | AtlasFileError
    try:
        outcome = parse_release(damaged.encode(), name="f")
    except AtlasFileError as error:
        outcome = error
    assert isinstance(outcome, Release) or outcome.message.startswith("f:")


def _step(name: str, *following: str) -> _Step:
    return _Step(technique=f"technique of {name}", name=name, next=following)


def test_orders_steps_by_what_leads_to_them() -> None:
    steps = [_step("S00", "S03"), _step("S01"), _step("S02", "S01"), _step("S03", "S02")]
    assert [step.name for step in _in_attack_order(steps)] == ["S00", "S03", "S02", "S01"]


def test_orders_a_ring_of_steps_by_id() -> None:
    steps = [_step("S02", "S01"), _step("S01", "S02"), _step("S00")]
    assert [step.name for step in _in_attack_order(steps)] == ["S00", "S01", "S02"]


def test_keeps_the_order_of_steps_without_ids() -> None:
    steps = [_Step(technique=technique, name="", next=()) for technique in "cab"]
    assert [step.technique for step in _in_attack_order(steps)] == ["c", "a", "b"]


@given(st.permutations(range(8)), st.randoms(use_true_random=False))
def test_every_step_comes_after_those_that_lead_to_it(names: list[int], generator: object) -> None:
    steps = [
        _step(str(name), *(str(later) for later in names[place + 1 :] if generator.random() < 0.3))
        for place, name in enumerate(names)
    ]
    ordered = [step.name for step in _in_attack_order(sorted(steps, key=lambda step: step.name))]
    assert sorted(ordered) == sorted(step.name for step in steps)
    for step in steps:
        assert all(ordered.index(step.name) < ordered.index(later) for later in step.next)

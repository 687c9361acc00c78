from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.atlas import AtlasFileError, CaseStudy, Maturity, Mitigation, Release, Repair, Tactic, Technique
from telamon.atlas.difference import diff
from telamon.atlas.official import parse_release, read_release

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL = """\
---
id: ATLAS
name: Adversarial Threat Landscape for AI Systems
version: 5.1.1
matrices:
- id: ATLAS
  name: ATLAS Matrix
  tactics:
  - {id: AML.TA0002, name: Reconnaissance}
  - {id: AML.TA0001, name: Staging}
  techniques:
  - id: AML.T0001
    name: Search
    tactics: [AML.TA0002]
    maturity: feasible
  - id: AML.T0000.000
    name: Journals
    subtechnique-of: AML.T0000
  - id: AML.T0000
    name: Read
    tactics: [AML.TA0002, AML.TA0001]
  mitigations:
  - id: AML.M0001
    name: Hide
    techniques:
    - {id: AML.T0001, use: words}
    - {id: AML.T0000, use: words}
    - {id: AML.T0001, use: other words}
    ml-lifecycle:
    - Deployment
    - {id: AML.T0000.000, use: words}
  - id: AML.M0000
    name: Limit
case-studies:
- id: AML.CS0000
  name: Evasion
  procedure:
  - {tactic: AML.TA0002, technique: AML.T0001, description: words}
  - {tactic: AML.TA0002, technique: AML.T0000.000, description: words}
  - {tactic: AML.TA0002, technique: AML.T0001, description: words}
"""


def test_reads_the_facts_and_says_the_repairs(write: Callable[[str], Path]) -> None:
    release = read_release(write(SMALL))
    assert (release.version, release.format, release.source, release.licence) == (
        "5.1.1",
        "5.1.1",
        "ATLAS.yaml",
        "Apache-2.0",
    )
    assert release.tactics == (
        Tactic(id="AML.TA0002", name="Reconnaissance"),
        Tactic(id="AML.TA0001", name="Staging"),
    )
    assert release.techniques == (
        Technique(id="AML.T0000", name="Read", tactics=("AML.TA0002", "AML.TA0001"), mitigations=("AML.M0001",)),
        Technique(
            id="AML.T0000.000",
            name="Journals",
            tactics=("AML.TA0002", "AML.TA0001"),
            parent="AML.T0000",
            mitigations=("AML.M0001",),
        ),
        Technique(
            id="AML.T0001",
            name="Search",
            tactics=("AML.TA0002",),
            maturity=Maturity.FEASIBLE,
            mitigations=("AML.M0001",),
        ),
    )
    assert release.mitigations == (
        Mitigation(id="AML.M0000", name="Limit", techniques=()),
        Mitigation(id="AML.M0001", name="Hide", techniques=("AML.T0000", "AML.T0000.000", "AML.T0001")),
    )
    assert release.case_studies == (
        CaseStudy(id="AML.CS0000", name="Evasion", steps=("AML.T0001", "AML.T0000.000", "AML.T0001")),
    )
    assert release.repairs == (
        Repair(
            what="holds the technique AML.T0000.000 inside `ml-lifecycle`",
            where="AML.M0001",
            done="read as one of its techniques",
        ),
        Repair(what="1 sub-techniques carry no tactics", where="techniques", done="each has the tactics of its parent"),
        Repair(what="lists AML.T0001 2 times", where="AML.M0001", done="listed once"),
    )


def test_reads_the_frozen_copy_that_says_specializes(write: Callable[[str], Path]) -> None:
    release = read_release(write(SMALL.replace("subtechnique-of", "specializes")))
    assert release.technique("AML.T0000.000").parent == "AML.T0000"


def test_reads_back_what_a_release_says(
    pinned: Release, as_format5: Callable[[Release], str], write: Callable[[str], Path]
) -> None:
    again = read_release(write(as_format5(pinned)))
    assert diff(pinned, again).is_empty
    assert again.repairs == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("matrices:", "matrixes:", 2, "expected `matrices` in the file"),
        ("matrices:\n- id: ATLAS", "matrices:\n- none\n- id: ATLAS", 6, "expected a map of matrix"),
        ("  tactics:\n", "  tactics: none\n  x:\n", 8, "expected a list of `tactics`"),
        ("  - id: AML.T0001\n", "  - ID: AML.T0001\n", 12, "expected `id` in the technique"),
        ("    name: Search\n", "", 12, "expected `name` in the technique"),
        ("    name: Search\n", "    name: [Search]\n", 13, "expected `name` as text"),
        ("name: Search", "name: ''", 12, "expected a printable name of `AML.T0001`, found ``"),
        ("name: Search", 'name: "a\\eb"', 12, r"expected a printable name of `AML.T0001`, found `a\x1bb`"),
        (
            "name: Search",
            "name: " + "a" * 301,
            12,
            "expected a printable name of `AML.T0001`, found `" + "a" * 80 + "`",
        ),
        ("id: AML.T0001\n", "id: T1\n", 12, "expected the id of a technique, found `T1`"),
        ("id: AML.CS0000", "id: AML.M0005", 35, "expected the id of a case study, found `AML.M0005`"),
        ("id: AML.M0000", "id: AML.M0001", 32, "expected each id once, found `AML.M0001` again"),
        (
            "maturity: feasible",
            "maturity: mature",
            15,
            "expected a maturity of feasible, demonstrated, realized, found `mature`",
        ),
        ("tactics: [AML.TA0002]", "tactics: []", 12, "expected a tactic of `AML.T0001`, found none"),
        ("tactics: [AML.TA0002]", "tactics: [[]]", 14, "expected a tactic's id as text"),
        (
            "tactics: [AML.TA0002]",
            "tactics: [AML.TA0009]",
            12,
            "expected the tactics of `AML.T0001` in the release, found `AML.TA0009`",
        ),
        (
            "subtechnique-of: AML.T0000",
            "subtechnique-of: AML.T0009",
            16,
            "expected a tactic of `AML.T0000.000`, found none",
        ),
        (
            "subtechnique-of: AML.T0000",
            "subtechnique-of: AML.T0009\n    tactics: [AML.TA0001]",
            16,
            "expected a top-level technique as parent of `AML.T0000.000`, found `AML.T0009`",
        ),
        (
            "tactics: [AML.TA0002]",
            "tactics: [AML.TA0002]\n    subtechnique-of: AML.T0000.000",
            12,
            "expected a top-level technique as parent of `AML.T0001`, found `AML.T0000.000`",
        ),
        ("subtechnique-of: AML.T0000", "subtechnique-of: []", 18, "expected the parent's id as text"),
        (
            "- {id: AML.T0000, use: words}",
            "- {id: AML.T0009}",
            23,
            "expected the techniques of `AML.M0001` in the release, found `AML.T0009`",
        ),
        ("- {id: AML.T0000, use: words}", "- {use: words}", 27, "expected `id` in the mitigated technique"),
        (
            "technique: AML.T0000.000,",
            "technique: AML.T0000.009,",
            35,
            "expected the steps of `AML.CS0000` in the release, found `AML.T0000.009`",
        ),
        ("technique: AML.T0000.000,", "", 39, "expected `technique` in the step"),
        ("version: 5.1.1", "version: 4.9.0", 2, "expected ATLAS format 5 or 6, found `4.9.0`"),
        ("version: 5.1.1", "version: new", 2, "expected a version such as 5.6.0 or 2026.09, found `new`"),
        ("version: 5.1.1", "edition: 5.1.1", 2, "expected `version` in the file"),
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

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telamon.atlas import CaseStudy, Mitigation, Tactic, Technique, UnknownIdError

if TYPE_CHECKING:
    from telamon.atlas import Release


def test_finds_one_of_each_kind_by_id(pinned: Release) -> None:
    assert pinned.tactic("AML.TA0002") == Tactic(id="AML.TA0002", name="Reconnaissance")
    assert pinned.technique("AML.T0017").name == "Develop Capabilities"
    assert pinned.mitigation("AML.M0016").name == "Vulnerability Scanning"
    assert pinned.case_study("AML.CS0031").id == "AML.CS0031"


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [("AML.TA0002", Tactic), ("AML.T0017", Technique), ("AML.M0034", Mitigation), ("AML.CS0000", CaseStudy)],
)
def test_finds_any_entry_by_id(pinned: Release, identifier: str, kind: type) -> None:
    entry = pinned.entry(identifier)
    assert (type(entry), entry.id) == (kind, identifier)


@pytest.mark.parametrize("method", ["tactic", "technique", "mitigation", "case_study", "entry"])
@pytest.mark.parametrize("identifier", ["", "AML.", "AML.T9999", "AML.M00160", "aml.m0016", "\x1b[2J"])
def test_refuses_ids_that_it_has_not(pinned: Release, method: str, identifier: str) -> None:
    with pytest.raises(UnknownIdError) as caught:
        getattr(pinned, method)(identifier)
    assert "ATLAS 5.6.0" in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.hint == "`telamon atlas show` lists the ids"


def test_gives_the_techniques_of_a_mitigation(pinned: Release) -> None:
    assert [technique.id for technique in pinned.techniques_of("AML.M0016")] == [
        "AML.T0011",
        "AML.T0011.000",
        "AML.T0011.001",
    ]


def test_gives_the_subtechniques_of_a_technique(pinned: Release) -> None:
    assert [technique.name for technique in pinned.subtechniques_of("AML.T0052")] == [
        "Spearphishing via Social Engineering LLM",
        "Deepfake-Assisted Phishing",
    ]
    assert pinned.subtechniques_of("AML.T0052.000") == ()


def test_gives_the_techniques_in_a_tactic(pinned: Release) -> None:
    phishing = pinned.technique("AML.T0052")
    assert all(phishing in pinned.techniques_in(tactic) for tactic in phishing.tactics)
    assert phishing not in pinned.techniques_in("AML.TA0002")


def test_every_technique_stands_in_a_column(pinned: Release) -> None:
    columns = {technique for tactic in pinned.tactics for technique in pinned.techniques_in(tactic.id)}
    assert columns == set(pinned.techniques)


def test_gives_the_case_studies_with_a_technique(pinned: Release) -> None:
    assert [study.id for study in pinned.case_studies_with("AML.T0011.000")] == ["AML.CS0027", "AML.CS0031"]
    assert pinned.case_studies_with("AML.T0000.000") == ()

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from telamon.atlas import CaseStudy, Mitigation, Pair, Tactic, Technique
from telamon.atlas.difference import Change, Changes, Difference, diff

if TYPE_CHECKING:
    from telamon.atlas import Release

NOTHING = Changes(added=(), removed=(), renamed=())


def small(pinned: Release) -> Release:
    return dataclasses.replace(
        pinned,
        version="1",
        tactics=(Tactic(id="AML.TA0000", name="First"), Tactic(id="AML.TA0001", name="Second")),
        techniques=(
            Technique(id="AML.T0000", name="Read", tactics=("AML.TA0000",)),
            Technique(id="AML.T0001", name="Write", tactics=("AML.TA0000",)),
            Technique(id="AML.T0002", name="Sign", tactics=("AML.TA0000",), parent="AML.T0000"),
        ),
        mitigations=(
            Mitigation(id="AML.M0000", name="Hide", techniques=("AML.T0000", "AML.T0001")),
            Mitigation(id="AML.M0001", name="Seek", techniques=("AML.T0000",)),
        ),
        case_studies=(CaseStudy(id="AML.CS0000", name="Once", steps=("AML.T0000",)),),
    )


def test_a_release_does_not_differ_from_itself(pinned: Release) -> None:
    difference = diff(pinned, dataclasses.replace(pinned, version="other", repairs=()))
    assert difference.is_empty
    assert (difference.old, difference.new) == ("5.6.0", "other")


def test_says_everything_that_changed(pinned: Release) -> None:
    old = small(pinned)
    new = dataclasses.replace(
        old,
        version="2",
        tactics=(Tactic(id="AML.TA0000", name="First"), Tactic(id="AML.TA0002", name="Third")),
        techniques=(
            Technique(id="AML.T0000", name="Read aloud", tactics=("AML.TA0000", "AML.TA0002")),
            Technique(id="AML.T0002", name="Sign", tactics=("AML.TA0000",)),
            Technique(id="AML.T0003", name="Count", tactics=("AML.TA0000",), parent="AML.T0000"),
        ),
        mitigations=(
            Mitigation(id="AML.M0000", name="Conceal", techniques=("AML.T0000", "AML.T0003", "AML.T0002")),
            Mitigation(id="AML.M0002", name="Wait", techniques=()),
        ),
        case_studies=(
            CaseStudy(id="AML.CS0000", name="Once", steps=("AML.T0000", "AML.T0003")),
            CaseStudy(id="AML.CS0001", name="Again", steps=()),
        ),
    )
    assert diff(old, new) == Difference(
        old="1",
        new="2",
        tactics=Changes(added=(new.tactics[1],), removed=(old.tactics[1],), renamed=()),
        techniques=Changes(
            added=(new.technique("AML.T0003"),),
            removed=(old.technique("AML.T0001"),),
            renamed=(Change(id="AML.T0000", old="Read", new="Read aloud"),),
        ),
        mitigations=Changes(
            added=(new.mitigation("AML.M0002"),),
            removed=(old.mitigation("AML.M0001"),),
            renamed=(Change(id="AML.M0000", old="Hide", new="Conceal"),),
        ),
        case_studies=Changes(added=(new.case_study("AML.CS0001"),), removed=(), renamed=()),
        reparented=(Change(id="AML.T0002", old="AML.T0000", new=""),),
        regrouped=(Change(id="AML.T0000", old="AML.TA0000", new="AML.TA0000, AML.TA0002"),),
        restepped=(Change(id="AML.CS0000", old="AML.T0000", new="AML.T0000, AML.T0003"),),
        pairs_added=(
            Pair(mitigation="AML.M0000", technique="AML.T0002"),
            Pair(mitigation="AML.M0000", technique="AML.T0003"),
        ),
        pairs_removed=(
            Pair(mitigation="AML.M0000", technique="AML.T0001"),
            Pair(mitigation="AML.M0001", technique="AML.T0000"),
        ),
    )


def test_the_way_back_swaps_added_and_removed(pinned: Release) -> None:
    there, back = diff(small(pinned), pinned), diff(pinned, small(pinned))
    assert not there.is_empty
    assert (there.pairs_added, there.pairs_removed) == (back.pairs_removed, back.pairs_added)
    for kind in ("tactics", "techniques", "mitigations", "case_studies"):
        forward, backward = getattr(there, kind), getattr(back, kind)
        assert (forward.added, forward.removed) == (backward.removed, backward.added)
        assert [(c.id, c.old, c.new) for c in forward.renamed] == [(c.id, c.new, c.old) for c in backward.renamed]


def test_one_fact_is_difference_enough(pinned: Release) -> None:
    old = small(pinned)
    renamed = dataclasses.replace(old, tactics=(Tactic(id="AML.TA0000", name="Other"), old.tactics[1]))
    unpaired = dataclasses.replace(
        old, mitigations=(dataclasses.replace(old.mitigations[0], techniques=()), old.mitigations[1])
    )
    assert not diff(old, renamed).is_empty
    assert not diff(old, unpaired).is_empty
    assert diff(old, unpaired).mitigations == NOTHING

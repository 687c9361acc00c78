"""What affects a version: each vulnerability once, by the best of its names, with the version that ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.specifiers import SpecifierSet

from telamon.core.records import Severity
from telamon.kits.advisories.matching import matches, undecided
from telamon.kits.advisories.osv import read_advisory
from telamon.kits.advisories.reach import Reach, reach
from telamon.kits.advisories.records import Ecosystem

if TYPE_CHECKING:
    from collections.abc import Callable

    Record = Callable[..., dict[str, Any]]


def test_records_that_share_a_name_are_one_match(record: Record) -> None:
    advisories = [
        read_advisory(record("PYSEC-2026-1", "0 <1.5", aliases=["CVE-2026-1"])),
        read_advisory(record("GHSA-aaaa", "0 <2.0", aliases=["CVE-2026-1"], database_specific={"severity": "HIGH"})),
        read_advisory(record("PYSEC-2026-2", "0 <3.0", database_specific={"severity": "CRITICAL"})),
    ]
    found = list(matches(advisories, Ecosystem.PYPI, "pkg", "1.0"))
    assert [(match.id, match.aliases, match.fixed, match.severity) for match in found] == [
        ("PYSEC-2026-2", (), "3.0", Severity.CRITICAL),
        # what one of them calls fixed, the other still calls affected
        ("GHSA-aaaa", ("CVE-2026-1", "PYSEC-2026-1"), "2.0", Severity.HIGH),
    ]


def test_the_fixed_version_is_the_least_above_the_own_one(record: Record) -> None:
    advisory = read_advisory(record("GHSA-aaaa", "0 <1.26.17", "2.0 <2.0.6"))
    assert [next(matches([advisory], Ecosystem.PYPI, "pkg", version)).fixed for version in ("1.0", "2.0.1")] == [
        "1.26.17",
        "2.0.6",
    ]


def test_what_was_withdrawn_affects_nothing(record: Record) -> None:
    advisory = read_advisory(record("GHSA-aaaa", "0", withdrawn="2026-01-01T00:00:00Z"))
    assert list(matches([advisory], Ecosystem.PYPI, "pkg", "1.0")) == []
    assert list(undecided([advisory], Ecosystem.PYPI, "pkg", "2011k")) == []


def test_other_packages_of_an_advisory_do_not_count(record: Record) -> None:
    advisory = read_advisory(record("GHSA-aaaa", "0", package="other"))
    assert list(matches([advisory], Ecosystem.PYPI, "pkg", "1.0")) == []


def test_versions_that_cannot_be_compared_are_told(record: Record) -> None:
    advisory = read_advisory(record("GHSA-aaaa", "0 <2"))
    assert [each.id for each in undecided([advisory], Ecosystem.PYPI, "pkg", "2011k")] == ["GHSA-aaaa"]
    assert list(undecided([advisory], Ecosystem.PYPI, "pkg", "1.0")) == []


@pytest.mark.parametrize(
    ("ranges", "specifiers", "expected"),
    [
        (("0 <2.0",), "<1.5", Reach.EVERY),
        (("0 <2.0",), ">=1.0,<2.0", Reach.EVERY),
        (("0 <2.0",), "~=1.4", Reach.EVERY),
        (("0 <2.0",), "==1.4.*", Reach.EVERY),
        (("0 <2.0",), ">=1.0", Reach.NEITHER),
        (("0 <2.0",), "", Reach.NEITHER),
        (("0 <2.0",), ">=1.0,<=2.0", Reach.NEITHER),
        (("0 <2.0",), "!=1.5,<2", Reach.EVERY),
        (("1.5 <2.0",), ">=1.0,<2.0", Reach.NEWEST),
        (("1.5",), ">=1.0", Reach.NEWEST),
        (("0",), "", Reach.EVERY),
        (("0 <1.4.3",), "~=1.4.0", Reach.NEITHER),
        (("0 <1.0", "1.0 <2.0"), "<2", Reach.EVERY),
        (("0 <2.0",), ">3,<2", Reach.NEITHER),
        (("0 <2.0rc1",), "<2.0", Reach.EVERY),
        (("0 <2.1",), ">=2.0a1,<2.1", Reach.EVERY),
        (("0 <2.0",), ">=2.0a1,<2.0", Reach.NEITHER),  # PEP 440: `<2.0` takes no pre-release of 2.0
    ],
)
def test_open_requirements_are_judged_by_all_that_they_allow(
    ranges: tuple[str, ...], specifiers: str, expected: Reach, record: Record
) -> None:
    advisory = read_advisory(record("GHSA-aaaa", *ranges))
    assert reach(advisory.affected, SpecifierSet(specifiers)) is expected


def test_a_list_of_versions_never_stands_for_all_that_a_range_allows(record: Record) -> None:
    advisory = read_advisory(record("GHSA-aaaa", versions=["1.0", "1.1", "1.2"]))
    assert reach(advisory.affected, SpecifierSet("<1.3")) is Reach.NEITHER
    assert reach(advisory.affected, SpecifierSet("==1.1")) is Reach.EVERY

"""The orders of versions, and whether one lies in a range; against `packaging` and the examples of the standards."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from telamon.kits.advisories.matching import Answer, judge
from telamon.kits.advisories.records import Affected, Ecosystem, Event, EventKind, Range, RangeKind
from telamon.kits.advisories.versions import VersionError, order_of

PEP440 = order_of(Ecosystem.PYPI)
SEMVER = order_of(Ecosystem.NPM)

NUMBERS = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
FINAL = st.builds(lambda number, post: number + post, NUMBERS, st.sampled_from(["", "", "", ".post1"]))
ANY = st.builds(
    lambda epoch, number, rest: epoch + number + rest,
    st.sampled_from(["", "", "1!"]),
    NUMBERS,
    st.sampled_from(["", "", "a1", "rc2", ".dev3", ".post1", "rc1.post2.dev3", "+cu121"]),
)


def affected(*events: tuple[EventKind, str], versions: tuple[str, ...] = ()) -> Affected:
    ranges = (Range(kind=RangeKind.ECOSYSTEM, events=tuple(Event(kind=kind, version=text) for kind, text in events)),)
    return Affected(ecosystem=Ecosystem.PYPI, name="pkg", ranges=ranges if events else (), versions=versions)


@given(ANY, ANY)
def test_the_order_of_python_is_that_of_packaging_without_local_parts(left: str, right: str) -> None:
    one, two = (Version(Version(text).public) for text in (left, right))
    assert (PEP440.key(left) < PEP440.key(right)) == (one < two)
    assert (PEP440.normal(left) == PEP440.normal(right)) == (one == two)


@given(FINAL, FINAL, FINAL)
def test_a_range_takes_the_final_versions_that_a_specifier_takes(low: str, high: str, version: str) -> None:
    if Version(low) > Version(high):
        low, high = high, low
    fixed = affected((EventKind.INTRODUCED, low), (EventKind.FIXED, high))
    last = affected((EventKind.INTRODUCED, low), (EventKind.LAST_AFFECTED, high))
    assert (judge(last, version) is Answer.AFFECTED) == (version in SpecifierSet(f">={low},<={high}"))
    if Version(version).release != Version(high).release:  # where it is, `<1.0` leaves out 1.0.post1 too
        assert (judge(fixed, version) is Answer.AFFECTED) == (version in SpecifierSet(f">={low},<{high}"))


@given(ANY)
def test_what_begins_at_zero_takes_every_version(version: str) -> None:
    assert judge(affected((EventKind.INTRODUCED, "0")), version) is Answer.AFFECTED


@given(st.lists(ANY, min_size=1, max_size=4), ANY)
def test_listed_versions_are_affected_however_they_are_spelled(listed: list[str], version: str) -> None:
    versions = tuple(PEP440.normal(text) for text in listed)
    same = any(Version(Version(text).public) == Version(Version(version).public) for text in listed)
    assert (judge(affected(versions=versions), version) is Answer.AFFECTED) == same


def test_pre_releases_of_the_fixed_version_are_affected() -> None:
    assert judge(affected((EventKind.INTRODUCED, "0"), (EventKind.FIXED, "2.0")), "2.0rc1") is Answer.AFFECTED


@pytest.mark.parametrize(
    ("version", "answer"),
    [
        ("0.9", "CLEAR"),
        ("1.0", "AFFECTED"),
        ("1.5", "CLEAR"),
        ("2.0", "AFFECTED"),
        ("2.3", "AFFECTED"),
        ("2.4", "CLEAR"),
    ],
)
def test_several_stretches_of_one_range_in_any_order(version: str, answer: str) -> None:
    stretches = affected(
        (EventKind.INTRODUCED, "2.0"),
        (EventKind.LAST_AFFECTED, "2.3"),
        (EventKind.FIXED, "1.5"),
        (EventKind.INTRODUCED, "1.0"),
    )
    assert judge(stretches, version).name == answer


def test_nothing_behind_the_limit_is_affected() -> None:
    limited = affected((EventKind.INTRODUCED, "1"), (EventKind.LIMIT, "3"))
    assert [judge(limited, version).name for version in ("0.5", "1", "2.9", "3")] == [
        "CLEAR",
        "AFFECTED",
        "AFFECTED",
        "CLEAR",
    ]
    assert judge(affected((EventKind.INTRODUCED, "1"), (EventKind.LIMIT, "*")), "99") is Answer.AFFECTED


def test_commits_say_nothing_of_versions() -> None:
    git = Range(
        kind=RangeKind.GIT,
        events=(Event(kind=EventKind.INTRODUCED, version="0"), Event(kind=EventKind.FIXED, version="abc")),
    )
    assert judge(Affected(ecosystem=Ecosystem.PYPI, name="pkg", ranges=(git,)), "1.0") is Answer.CLEAR


def test_a_version_without_a_place_in_the_order_is_undecided_unless_it_is_listed() -> None:
    assert judge(affected((EventKind.INTRODUCED, "0"), (EventKind.FIXED, "2")), "2011k") is Answer.UNDECIDED
    assert judge(affected(versions=("2011k",)), "2011k") is Answer.AFFECTED
    assert judge(affected(versions=("2011k",)), "2011j") is Answer.CLEAR


def test_a_range_without_a_place_in_the_order_is_undecided() -> None:
    assert judge(affected((EventKind.INTRODUCED, "0"), (EventKind.FIXED, "2011k")), "1.0") is Answer.UNDECIDED


def test_precedence_is_that_of_semantic_versioning() -> None:
    # semver.org, item 11
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    ordered += ["1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0", "2.1.1", "10.0.0"]
    assert all(SEMVER.key(left) < SEMVER.key(right) for left, right in pairwise(ordered))
    assert SEMVER.key("v1.0.0+build.1") == SEMVER.key("1.0.0")


@given(st.text(max_size=20))
def test_any_text_is_a_version_or_none(text: str) -> None:
    for order in (PEP440, SEMVER):
        try:
            order.key(text)
            order.normal(text)
        except VersionError:
            continue


def test_numbers_that_python_does_not_convert_are_no_version() -> None:
    for order in (PEP440, SEMVER):
        with pytest.raises(VersionError):
            order.key("9" * 5000)

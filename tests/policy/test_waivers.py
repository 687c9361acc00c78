"""Waivers cover one rule, some paths, and a time."""

from __future__ import annotations

import datetime as dt

import pytest

from telamon.core.records import Confidence, Finding, Location, Severity
from telamon.policy.places import Place, named_place
from telamon.policy.waivers import Waiver

LAST = dt.date(2027, 1, 31)


def waiver(path: str) -> Waiver:
    return Waiver(rule="M0016/unknown-call", path=path, owner="ml", reason="reviewed", expires=LAST)


def finding(rule: str = "M0016/unknown-call") -> Finding:
    return Finding(
        rule=rule,
        message="calls a.b",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        location=Location(path="as typed"),
        remedy="do not",
    )


def test_says_who_accepts_what_for_how_long() -> None:
    assert waiver("a").note == "waived by ml until 2027-01-31: reviewed"


@pytest.mark.parametrize(
    ("glob", "path", "does_apply"),
    [
        ("models/a.pkl", "models/a.pkl", True),
        ("models/a.pkl", "models/b.pkl", False),
        ("models/*", "models/a/b.pkl", True),
        ("*.pkl", "models/A.PKL", False),
        ("models", "models/a.pkl", False),
        ("a[1].pkl", "a[1].pkl", True),
        ("a[1].pkl", "a1.pkl", True),
        ("*", "", True),
    ],
)
def test_covers_what_its_path_matches(glob: str, path: str, does_apply: bool) -> None:  # noqa: FBT001  # a column of the table
    assert waiver(glob).applies(finding(), named_place(path), LAST) is does_apply


@pytest.mark.parametrize(
    ("glob", "does_apply"),
    [
        ("../shared/a.pkl", True),
        ("./../shared/a.pkl", True),
        ("/srv/shared/a.pkl", True),
        ("/srv/*", True),
        ("/srv/shared/b.pkl", False),
        ("srv/shared/a.pkl", False),
        ("*/srv/*", False),
        ("as typed", False),
    ],
)
def test_path_is_relative_to_the_policy_or_absolute(glob: str, does_apply: bool) -> None:  # noqa: FBT001  # a column of the table
    place = Place(relative="../shared/a.pkl", absolute="/srv/shared/a.pkl")
    assert waiver(glob).applies(finding(), place, LAST) is does_apply


def test_covers_no_other_rule() -> None:
    assert not waiver("*").applies(finding(rule="M0016/dangerous-call"), named_place("a"), LAST)


@pytest.mark.parametrize(("days", "is_expired"), [(-1, False), (0, False), (1, True)])
def test_holds_to_the_end_of_its_last_day(days: int, is_expired: bool) -> None:  # noqa: FBT001  # a column of the table
    today = LAST + dt.timedelta(days=days)
    assert waiver("*").is_expired(today) is is_expired
    assert waiver("*").applies(finding(), named_place("a"), today) is not is_expired


def test_says_what_has_expired() -> None:
    assert str(waiver("models/*")) == "M0016/unknown-call at models/*, owned by ml, expired after 2027-01-31"

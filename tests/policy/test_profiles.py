"""Profiles in a policy: what is wrong with one is told with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Complaint, Reader

A, B = "a" * 64, "b" * 64


def policy(*profiles: str, control: str = "vulnerability-scanning") -> str:
    entries = "".join(f"      - {each}\n" for each in profiles)
    return f"version: 1\ncontrols:\n  {control}:\n    profiles:\n{entries}"


def entry(digest: str = f"sha256:{A}", names: str = "{name: 'a:B', uses: [built]}") -> str:
    return f"{{model: m, digest: '{digest}', names: [{names}]}}"


@pytest.mark.parametrize("control", ["vulnerability-scanning", "library-loading"])
def test_digits_may_be_of_either_case(control: str, read: Reader) -> None:
    profiles = [entry(f"sha256:{A.upper()}"), entry(f"sha256:{B}")]
    assert len(read(policy(*profiles, control=control)).settings(control).profiles) == 2


@pytest.mark.parametrize("control", ["vulnerability-scanning", "library-loading"])
@pytest.mark.parametrize(
    ("profiles", "place", "expected"),
    [
        (
            [entry(names="{name: 'a:B', uses: [calls]}")],
            "calls",
            "expected one of referenced, called, instantiated, built, filled, found `calls` (did you mean `called`?)",
        ),
        (
            [entry(names="{name: 'a:B', uses: []}")],
            "uses",
            "expected a list of length at least 1",
        ),
        ([entry(names="{name: 'a:B'}")], "{name", "expected the key `uses`, found none"),
        (
            [entry(names="{name: 'a.B', uses: [built]}")],
            "name: 'a.B'",
            r"expected text of length at most 1000 of the form ^[^\s:]+:[^\s:]+$(?!\n), found `a.B`",
        ),
        (
            [entry(f"sha256:{A[1:]}")],
            "digest",
            rf"expected text of the form ^sha256:[0-9A-Fa-f]{{64}}$(?!\n), found `sha256:{A[:50]}...`",
        ),
        (
            [entry(names="{name: 'a:B', uses: [built]}, {name: 'a:B', uses: [called]}")],
            "{model",
            "expected each name once, found `a:B` twice",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    profiles: list[str], place: str, expected: str, control: str, complaint: Complaint
) -> None:
    text = policy(*profiles, control=control)
    column = text.splitlines()[4].index(place) + 1
    assert complaint(text) == [f"telamon.yaml:5:{column}: {expected}"]


@pytest.mark.parametrize("control", ["vulnerability-scanning", "library-loading"])
def test_two_profiles_of_one_file_are_told_at_their_control(control: str, complaint: Complaint) -> None:
    text = policy(entry(), entry(f"sha256:{B}"), entry(f"sha256:{A.upper()}"), control=control)
    assert complaint(text) == [
        f"telamon.yaml:3:3: expected one profile for each file, found profiles[0] and profiles[2] of `sha256:{A}`"
    ]

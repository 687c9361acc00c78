"""What changed between two policies, and which way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telamon.policy.difference import Change, Direction, diff

if TYPE_CHECKING:
    from conftest import Reader

WAIVER = "{rule: M0016/unknown-call, path: a, owner: o, reason: r, expires: 2027-01-31}"


def changes(read: Reader, before: str, after: str) -> list[str]:
    found = diff(read(f"version: 1\n{before}\n", name="a.yaml"), read(f"version: 1\n{after}\n", name="b.yaml"))
    return [f"{change.direction} {change.path}: {change.before} -> {change.after}" for change in found]


def test_says_what_changed_and_where_the_new_value_stands(read: Reader) -> None:
    before = read("version: 1\nsystem: a\n", name="a.yaml")
    after = read("version: 1\ncontrols: {vulnerability-scanning: {mode: shadow}}\n", name="b.yaml")
    assert diff(before, after) == (
        Change(
            path="controls.vulnerability-scanning.mode",
            before="enforce",
            after="shadow",
            direction=Direction.LOOSENS,
            origin="b.yaml:2:37",
        ),
        Change(path="system", before="a", after="unnamed", direction=Direction.CHANGES, origin="default"),
    )


@pytest.mark.parametrize(
    ("loose", "tight"),
    [
        ("controls: {vulnerability-scanning: {mode: off}}", "controls: {vulnerability-scanning: {mode: shadow}}"),
        ("controls: {vulnerability-scanning: {mode: shadow}}", "controls: {vulnerability-scanning: {mode: enforce}}"),
        ("controls: {vulnerability-scanning: {mode: off}}", ""),
        ("controls: {vulnerability-scanning: {fail_at: critical}}", ""),
        ("", "controls: {vulnerability-scanning: {fail_at: info}}"),
        (f"waivers: [{WAIVER}]", ""),
        (f"waivers: [{WAIVER}, {WAIVER}]", f"waivers: [{WAIVER}]"),
        (f"waivers: [{WAIVER.replace('2027', '2028')}]", f"waivers: [{WAIVER}]"),
        ("exclude: [.git, '*.pkl']", "exclude: [.git]"),
        ("", "exclude: []"),
        ("baseline: b.json", ""),
        ("", "ledger: {path: l}"),
        ("ledger: {path: l}", "ledger: {path: l, second_place: s}"),
        ("controls: {vulnerability-scanning: {allow: [{name: 'a:B', reason: r}]}}", ""),
    ],
)
def test_tells_loosening_from_tightening(loose: str, tight: str, read: Reader) -> None:
    loosened, tightened = changes(read, tight, loose), changes(read, loose, tight)
    assert loosened
    assert {line.partition(" ")[0] for line in loosened} == {"loosens"}
    assert {line.partition(" ")[0] for line in tightened} == {"tightens"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("system: a", "system: b", "changes system: a -> b"),
        ("baseline: a", "baseline: b", "changes baseline: a -> b"),
        ("exclude: [a]", "exclude: [b]", "changes exclude[0]: a -> b"),
        ("ledger: {path: a}", "ledger: {path: b}", "changes ledger.path: a -> b"),
        ("models: {allow: {path: a}}", "", "changes models.allow.path: a -> None"),
        ("", "models: {mode: {path: off}}", "changes models.mode.path: None -> off"),
        (
            "controls: {vulnerability-scanning: {max_depth: 6}}",
            "controls: {vulnerability-scanning: {max_depth: 7}}",
            "changes controls.vulnerability-scanning.max_depth: 6 -> 7",
        ),
    ],
)
def test_judges_no_other_change(before: str, after: str, expected: str, read: Reader) -> None:
    assert changes(read, before, after) == [expected]


def test_finds_nothing_between_spellings(read: Reader) -> None:
    assert changes(read, "waivers: []\nmodels: {}", "system: unnamed # the default") == []


def test_does_not_take_true_for_one(read: Reader) -> None:
    first = "controls: {vulnerability-scanning: {allow: [{name: 'a:B', reason: r, can_call: true}]}}"
    second = "controls: {vulnerability-scanning: {allow: [{name: 'a:B', reason: r}]}}"
    assert changes(read, first, second) == ["changes controls.vulnerability-scanning.allow[0].can_call: True -> False"]

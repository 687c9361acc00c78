"""What a policy loosens against the defaults, in one line and entry by entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telamon.core.settings import Settings
from telamon.policy import Policy, default
from telamon.policy.document import PolicyFile
from telamon.policy.loosening import loosening

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Reader
    from telamon.catalog import Catalog

WAIVER = "{rule: M0016/unknown-call, path: a, owner: o, reason: r, expires: 2027-01-31}"
ALLOWED = "{name: 'a:B', reason: r}, {name: 'a:C', reason: r}"


class Bare(Settings, frozen=True, kw_only=True):
    key: str


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("system: a", ""),
        ("exclude: [.telamon]", ""),
        ("exclude: []", ""),
        ("models: {m: {path: a}}\nledger: {path: l}\nprincipals: [{name: a, role: b}]", ""),
        ("controls: {vulnerability-scanning: {mode: enforce, fail_at: low, max_depth: 5}}", ""),
        (f"waivers: [{WAIVER}]", "1 waiver"),
        (f"waivers: [{WAIVER}, {WAIVER}]\nbaseline: b\nexclude: ['*']", "2 waivers; 1 exclusion; 1 baseline"),
        ("controls: {vulnerability-scanning: {mode: off}}", "off: vulnerability-scanning"),
        ("controls: {vulnerability-scanning: {mode: shadow}}", "in shadow mode: vulnerability-scanning"),
        (
            f"controls: {{vulnerability-scanning: {{fail_at: critical, max_depth: 9, allow: [{ALLOWED}]}}}}",
            "looser: vulnerability-scanning.allow, vulnerability-scanning.fail_at, vulnerability-scanning.max_depth",
        ),
    ],
)
def test_says_in_one_line_what_is_looser(content: str, words: str, read: Reader) -> None:
    found = read(f"version: 1\n{content}\n").loosening
    assert str(found) == words
    assert bool(found) is bool(words)


def test_has_every_entry_with_its_place(read: Reader) -> None:
    found = read("version: 1\nexclude: [.telamon, '*.bak']\n").loosening
    assert [(change.path, change.before, change.after, change.origin) for change in found.changes] == [
        ("exclude[1]", None, "*.bak", "telamon.yaml:2:21")
    ]


def test_defaults_loosen_nothing(catalog: Catalog) -> None:
    assert not default(catalog).loosening


def test_what_has_no_defaults_may_be_looser_in_everything(tmp_path: Path) -> None:
    policy = Policy(file=tmp_path / "p", document=PolicyFile(version=1), controls={"bare": Bare(key="a", mode="off")})
    assert str(loosening(policy)) == "perhaps looser: bare.fail_at, bare.key, bare.mode"

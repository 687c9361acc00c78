"""The frozen snapshot: its values, their places and its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon import catalog as catalogue
from telamon.catalog import Catalog, UnknownControlError
from telamon.core.records import Mode
from telamon.core.settings import Settings
from telamon.policy import default, load
from telamon.policy.compiler import leaves_of, path_text
from telamon.policy.loader import compile_document
from telamon.policy.nodes import read_document

if TYPE_CHECKING:
    from conftest import Reader
    from telamon.policy import Policy

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
)

names = st.text("ab-é ", min_size=1, max_size=3)
parts = st.fixed_dictionaries(
    {"version": st.just(1)},
    optional={
        "system": names,
        "models": st.dictionaries(names, st.fixed_dictionaries({}, optional={"path": names, "key": st.just("env:K")})),
        "principals": st.lists(st.fixed_dictionaries({"name": names, "role": names}), max_size=2),
        "ledger": st.fixed_dictionaries({"path": names}),
        "baseline": names,
        "exclude": st.lists(names, max_size=2),
        "controls": st.fixed_dictionaries(
            {},
            optional={
                "vulnerability-scanning": st.fixed_dictionaries(
                    {},
                    optional={
                        "mode": st.sampled_from(["off", "shadow", "enforce"]),
                        "max_depth": st.integers(1, 32),
                        "time_limit_s": st.floats(0.1, 86400) | st.integers(1, 86400),
                        "allow": st.lists(st.just({"name": "a:B", "reason": "r"}), max_size=2),
                    },
                )
            },
        ),
    },
)


@given(parts)
def test_what_is_in_force_is_a_policy_that_puts_the_same_in_force(catalog: Catalog, value: dict[str, Any]) -> None:
    def compiled(plain: object) -> Policy:
        return compile_document(read_document(json.dumps(plain).encode(), "p"), Path("p"), catalog)

    policy = compiled(value)
    assert compiled(policy.effective).effective == policy.effective
    assert compiled(policy.effective).digest == policy.digest


def test_digest_is_over_the_canonical_form_of_what_is_in_force() -> None:
    policy = default(Catalog(own=()))
    content = (
        b'{"baseline":null,"controls":{},"datasets":{},"exclude":[".telamon"],"ledger":null,"models":{},"principals":[],'
        b'"system":"unnamed","version":1,"waivers":[]}'
    )
    assert policy.digest == "sha256:" + hashlib.sha256(content).hexdigest()


def test_digest_does_not_depend_on_order_comments_places_and_spelling(read: Reader) -> None:
    first = read("version: 1\nsystem: a\ncontrols:\n  vulnerability-scanning: {mode: off, max_depth: 6}\n")
    second = read(
        "# comment\ncontrols: {'vulnerability-scanning': {max_depth: 0x6, mode: 'off'}}\n\nsystem: 'a'\nversion: 1.0\n",
        name="other.yaml",
    )
    assert first.digest == second.digest


@pytest.mark.parametrize(
    "change", ["system: b", "exclude: []", "baseline: x", "controls: {vulnerability-scanning: {fail_at: low}}"]
)
def test_digest_depends_on_every_value(change: str, read: Reader) -> None:
    assert read("version: 1\n").digest != read(f"version: 1\n{change}\n").digest


def test_says_where_each_value_comes_from(read: Reader) -> None:
    policy = read("version: 1\nexclude:\n  - a\n  -   b\ncontrols:\n  vulnerability-scanning:\n    mode: off\n")
    assert {path_text(path): policy.origin(path) for path, _ in policy.leaves()} == {
        "version": "telamon.yaml:1:1",
        "system": "default",
        "models": "default",
        "datasets": "default",
        "principals": "default",
        "ledger": "default",
        "waivers": "default",
        "baseline": "default",
        "exclude[0]": "telamon.yaml:3:5",
        "exclude[1]": "telamon.yaml:4:7",
        "controls.library-loading.mode": "default",
        "controls.library-loading.fail_at": "default",
        "controls.library-loading.require": "default",
        "controls.library-loading.allow": "default",
        "controls.library-loading.unknown": "default",
        "controls.library-loading.children": "default",
        "controls.library-loading.processes": "default",
        "controls.library-loading.profiles": "default",
        "controls.vulnerability-scanning.mode": "telamon.yaml:7:5",
        "controls.vulnerability-scanning.fail_at": "default",
        "controls.vulnerability-scanning.allow": "default",
        "controls.vulnerability-scanning.max_unpacked_mib": "default",
        "controls.vulnerability-scanning.max_depth": "default",
        "controls.vulnerability-scanning.max_opcodes": "default",
        "controls.vulnerability-scanning.time_limit_s": "default",
        "controls.vulnerability-scanning.advisories.snapshot": "default",
        "controls.vulnerability-scanning.advisories.max_age_days": "default",
        "controls.vulnerability-scanning.advisories.when_outdated": "default",
        "controls.vulnerability-scanning.profiles": "default",
    }


def test_without_a_file_everything_is_a_default(catalog: Catalog) -> None:
    policy = default(catalog)
    assert {policy.origin(path) for path, _ in policy.leaves()} == {"default"}
    assert policy.folder == Path()
    assert policy.baseline is None
    assert policy.ledger is None
    assert policy.paths == ()
    assert policy.waivers == ()


def test_leaves_go_into_lists_and_mappings(read: Reader) -> None:
    policy = read("version: 1\nprincipals: [{name: a, role: b}]\n")
    leaves = {path_text(path): value for path, value in policy.leaves()}
    assert leaves["principals[0].name"] == "a"
    assert leaves["principals[0].keys"] == []


@given(plain)
def test_leaves_hold_the_whole_value(value: object) -> None:
    leaves = dict(leaves_of(value, ()))
    assert all(leaf in ([], {}) or not isinstance(leaf, (list, dict)) for leaf in leaves.values())
    for path, leaf in leaves.items():
        inner = value
        for part in path:
            inner = inner[part]
        assert inner == leaf
    total = sum(1 for _ in leaves_of(value, ()))
    assert total == len(leaves)
    assert leaves


def test_cannot_be_changed(catalog: Catalog) -> None:
    policy = default(catalog)
    with pytest.raises(FrozenInstanceError):
        policy.file = Path("x")
    with pytest.raises(AttributeError, match="immutable"):
        policy.settings("vulnerability-scanning").mode = "off"


def test_cannot_be_given_other_settings(read: Reader, catalog: Catalog) -> None:
    for policy in (default(catalog), read("version: 1\n")):
        with pytest.raises(TypeError, match="does not support item assignment"):
            policy.controls["vulnerability-scanning"] = Settings(mode=Mode.OFF)


def test_says_that_it_has_no_such_control(catalog: Catalog) -> None:
    with pytest.raises(UnknownControlError, match=r"^the policy has no control `sentinel`$"):
        default(catalog).settings("sentinel")
    assert default(catalog).mode("sentinel") is Mode.OFF


@pytest.mark.parametrize(
    ("name", "is_excluded"),
    [
        ("models/.git", True),
        (".git", True),
        ("models/git", False),
        ("a/b.bak", True),
        ("a/b.bak/c", False),
        ("data/raw/x", True),
        ("other/data/raw/x", False),
    ],
)
def test_excludes_by_name_or_place(name: str, is_excluded: bool, read: Reader) -> None:  # noqa: FBT001  # a column of the table
    policy = read("version: 1\nexclude: [.git, '*.bak', data/raw/*]\n")
    entry = Path(name)
    assert policy.exclusion(entry.parent)(entry.name) is is_excluded


def test_excludes_the_same_wherever_telamon_was_started(
    read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read("version: 1\nexclude: [data/raw]\n")
    (tmp_path / "data" / "raw").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "data" / "raw")
    policy = load(Path("../../telamon.yaml"), catalogue.load())
    folders = (Path(".."), tmp_path / "data", Path("../../data/../data"))
    assert [policy.exclusion(folder)("raw") for folder in folders] == [True, True, True]
    assert not policy.exclusion(tmp_path)("raw")


def test_places_are_seen_from_the_policys_folder(read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read("version: 1\n")
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path / "models")
    policy = load(Path("../telamon.yaml"), catalogue.load())
    assert [policy.place(path).relative for path in (Path("a"), tmp_path / "models" / "a")] == ["models/a"] * 2
    assert default(catalogue.load()).place(Path("a")).relative == "a"  # without a file, from where telamon was started


def test_shows_a_path_as_a_user_would_write_it() -> None:
    assert path_text(("controls", "query-limits", "limits", 0, "per")) == "controls.query-limits.limits[0].per"
    assert path_text(()) == ""

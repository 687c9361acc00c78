"""One place for a file, whatever was typed and wherever telamon was started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.policy.places import Place, lies_within, named_place, place_of, place_of_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "system" / "models" / "v3").mkdir(parents=True)
    (tmp_path / "system" / "models" / "current").symlink_to("v3")
    (tmp_path / "alias").symlink_to("system")
    return tmp_path / "system"


@pytest.mark.parametrize(
    ("start", "typed"),
    [
        (".", "system/models/v3/a.pkl"),
        ("system", "models/v3/a.pkl"),
        ("system", "./models//v3/a.pkl"),
        ("system", "models/../models/v3/a.pkl"),
        ("system/models", "v3/a.pkl"),
        ("system/models/v3", "a.pkl"),
        ("system/models/v3", "./a.pkl"),
        ("system/models/v3", "../v3/a.pkl"),
        ("system/models/current", "a.pkl"),
        ("system", "models/current/a.pkl"),
        ("alias", "models/v3/a.pkl"),
        (".", "alias/models/current/a.pkl"),
        ("/", "{here}/system/models/v3/a.pkl"),
        ("/", "{here}/alias/models/v3/a.pkl"),
    ],
)
def test_every_way_to_a_file_leads_to_one_place(
    root: Path, start: str, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent / start)
    place = place_of(Path(typed.format(here=root.parent)), os.path.realpath(root))
    assert place == Place(relative="models/v3/a.pkl", absolute=os.path.realpath(root / "models" / "v3" / "a.pkl"))


def test_a_link_to_a_file_has_a_place_of_its_own(root: Path) -> None:
    (root / "models" / "a.pkl").symlink_to("v3/blob")
    assert place_of(root / "models" / "a.pkl", os.path.realpath(root)).relative == "models/a.pkl"


@pytest.mark.parametrize(
    ("typed", "relative"),
    [(".", "models"), ("..", "."), ("../..", ".."), ("../../other/a", "../other/a"), ("v3", "models/v3")],
)
def test_folders_and_what_lies_outside(root: Path, typed: str, relative: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "models")
    assert place_of(Path(typed), os.path.realpath(root)).relative == relative


@pytest.mark.parametrize("root", ["/", "/a"])
def test_places_below_the_root_of_the_file_system(root: str) -> None:
    place = place_of(Path("/b"), root)
    assert place == Place(relative="b" if root == "/" else "../b", absolute="/b")


def test_entries_of_a_folder_are_where_they_are_found(root: Path) -> None:
    place = place_of_folder(root / "models" / "current", os.path.realpath(root))
    assert place.child("a.pkl") == place_of(root / "models" / "current" / "a.pkl", os.path.realpath(root))
    assert place_of_folder(root, os.path.realpath(root)).child("a") == place_of(root / "a", os.path.realpath(root))


def test_what_is_no_file_is_called_by_its_name() -> None:
    assert named_place("-") == Place(relative="-", absolute="-")


@given(st.lists(st.text("ab\udcff\n*[", min_size=1, max_size=3), min_size=1, max_size=4))
def test_a_place_is_matched_by_its_own_names(parts: list[str]) -> None:
    place = place_of(Path("/", *parts), "/system")
    assert place.matches(place.absolute)
    assert place.matches(place.relative)
    assert place.matches(f"./{place.relative}")


@pytest.mark.parametrize(
    ("file", "checked", "expected"),
    [
        ("system/telamon.yaml", "system", True),
        ("system/telamon.yaml", "alias", True),
        ("alias/telamon.yaml", "system", True),
        ("system/models/telamon.yaml", "system", True),
        ("system/telamon.yaml", "system/telamon.yaml", True),
        ("system/telamon.yaml", ".", True),
        ("system/telamon.yaml", "/", True),
        ("system/telamon.yaml", "system/models", False),
        ("system/telamon.yaml", "system/telamon.y", False),
        ("system-2/telamon.yaml", "system", False),
        ("linked.yaml", "system", True),
        ("system/models/out.yaml", "system", True),
        ("outside.yaml", "system", False),
    ],
)
def test_tells_a_file_that_lies_within_what_is_checked(
    root: Path, monkeypatch: pytest.MonkeyPatch, file: str, checked: str, *, expected: bool
) -> None:
    monkeypatch.chdir(root.parent)
    (root / "telamon.yaml").touch()
    (root.parent / "outside.yaml").touch()
    (root.parent / "linked.yaml").symlink_to("system/telamon.yaml")
    (root / "models" / "out.yaml").symlink_to("../../outside.yaml")
    assert lies_within(Path(file), Path(checked)) is expected

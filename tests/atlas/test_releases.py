from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon import atlas
from telamon.atlas import AtlasFileError, UnknownReleaseError, releases, table

if TYPE_CHECKING:
    from pathlib import Path

    from telamon.atlas import Release


def test_loads_the_pinned_release_by_default(pinned: Release) -> None:
    assert (atlas.PINNED, pinned.version) == ("5.6", "5.6.0")
    assert atlas.load("5.6") == atlas.load("5.6.0") == pinned


def test_refuses_a_release_that_it_has_not(tmp_path: Path) -> None:
    with pytest.raises(UnknownReleaseError) as caught:
        atlas.load("2026.09", folder=tmp_path)
    assert caught.value.message == "expected one of the ATLAS releases 5.6, found `2026.09`"
    assert caught.value.hint == "`telamon atlas import FILE` reads an official release"


@pytest.mark.parametrize("version", ["", "5", "latest", "../5.6", "5.6/..", "5.6.json", "\u0665.\u0666", "5.6\n"])
def test_refuses_what_is_no_version(version: str) -> None:
    with pytest.raises(UnknownReleaseError, match="expected an ATLAS version such as"):
        atlas.load(version)


def test_lists_releases_oldest_first(pinned: Release, tmp_path: Path) -> None:
    for name in ("2026.10.json", "2026.9.json", "5.10.json", "5.9.1.json", "notes.json", "5.6.txt"):
        (tmp_path / name).write_text(table.dump(pinned), encoding="utf-8")
    assert atlas.available(folder=tmp_path) == ("5.6", "5.9.1", "5.10", "2026.9", "2026.10")
    assert atlas.available() == atlas.available(folder=tmp_path / "none") == ("5.6",)


def test_an_imported_release_goes_before_a_shipped_one(pinned: Release, tmp_path: Path) -> None:
    (tmp_path / "5.6.json").write_text(table.dump(pinned).replace("Recon", "Econ"), encoding="utf-8")
    assert atlas.load(folder=tmp_path).tactics[0].name == "Econnaissance"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a JSON document"),
        (b"\xff{}", "expected UTF-8, found byte 0 that is not"),
        (b" " * (releases.MAX_TABLE_BYTES + 1), "expected at most 4194304 bytes, found more"),
    ],
)
def test_refuses_a_damaged_table_by_its_path(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "2026.09.json").write_bytes(content)
    with pytest.raises(AtlasFileError, match=message) as caught:
        atlas.load("2026.09", folder=tmp_path)
    assert caught.value.place == str(tmp_path / "2026.09.json")


def test_refuses_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "2026.09.json"
    path.symlink_to("/proc/self/mem")  # a regular file that opens and does not read at its start
    with pytest.raises(AtlasFileError, match="expected to read the file, found: Input/output error"):
        atlas.load("2026.09", folder=tmp_path)


@given(st.from_regex(releases.NAME, fullmatch=True))
def test_a_name_is_its_own_name(version: str) -> None:
    name = atlas.release_name(version)
    assert atlas.release_name(name) == name
    assert version in {name, f"{name}.0"}

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from telamon import atlas
from telamon.atlas import AtlasFileError, official
from telamon.atlas.difference import diff
from telamon.atlas.official import import_release, read_release, write_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telamon.atlas import Release


def test_keeps_an_imported_release_where_load_finds_it(
    pinned: Release, as_format6: Callable[[Release], str], write: Callable[[str], Path], tmp_path: Path
) -> None:
    path = write(as_format6(pinned).replace("version: 5.6.0", "version: 2026.10"))
    folder = tmp_path / "data" / "atlas"
    imported = import_release(path, folder)
    assert [file.name for file in folder.iterdir()] == ["2026.10.json"]
    assert atlas.load("2026.10", folder=folder) == imported
    assert imported.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert diff(pinned, imported).is_empty


def test_importing_again_replaces_the_table(
    pinned: Release, as_format5: Callable[[Release], str], write: Callable[[str], Path], tmp_path: Path
) -> None:
    text = as_format5(pinned).replace("version: 5.6.0", "version: 5.7.0")
    import_release(write(text), tmp_path / "data")
    import_release(write(text.replace("name: Reconnaissance", "name: Looking around")), tmp_path / "data")
    assert atlas.load("5.7", folder=tmp_path / "data").tactics[0].name == "Looking around"


def test_other_facts_of_a_version_that_is_shipped_are_refused(
    pinned: Release, as_format5: Callable[[Release], str], write: Callable[[str], Path], tmp_path: Path
) -> None:
    edited = as_format5(pinned).replace("name: Reconnaissance", "name: Looking around")
    with pytest.raises(AtlasFileError, match=r"expected the facts of ATLAS 5\.6\.0 as they are shipped, found others"):
        import_release(write(edited), tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_imports_the_official_file(official_file: Path, pinned: Release, tmp_path: Path) -> None:
    imported = import_release(official_file, tmp_path)
    assert (imported.source, imported.repairs) == ("ATLAS-5.6.yaml", pinned.repairs)
    assert atlas.load("5.6.0", folder=tmp_path) == imported


def test_reads_a_file_with_a_byte_order_mark(
    pinned: Release, as_format5: Callable[[Release], str], write: Callable[[str], Path]
) -> None:
    assert diff(pinned, read_release(write("\ufeff" + as_format5(pinned)))).is_empty


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AtlasFileError) as caught:
        read_release(tmp_path / "none.yaml")
    assert caught.value.message == "none.yaml: expected to read the file, found: No such file or directory"


def test_refuses_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(AtlasFileError, match="expected a regular file, found something else"):
            read_release(path)


def test_refuses_a_file_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "sparse.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 1024**3)
    with pytest.raises(AtlasFileError, match="expected at most 16777216 bytes, found more"):
        read_release(path)


def test_says_on_which_line_the_encoding_ends(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: b\nc: caf\xe9\n")
    with pytest.raises(AtlasFileError) as caught:
        read_release(path)
    assert caught.value.message == "latin.yaml:2: expected UTF-8, found byte 0xe9"


@pytest.mark.parametrize("text", ["just text", "- a\n- b\n", "12"])
def test_refuses_yaml_that_is_no_release(write: Callable[[str], Path], text: str) -> None:
    with pytest.raises(AtlasFileError, match=r"ATLAS.yaml:1: expected a map of an ATLAS release"):
        read_release(write(text))


def test_leaves_nothing_behind_when_the_folder_cannot_be_written(pinned: Release, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AtlasFileError, match="expected to write the table, found: "):
        write_table(pinned, tmp_path / "file" / "5.6.json")
    (tmp_path / "5.6.json").mkdir()
    with pytest.raises(AtlasFileError, match="expected to write the table, found: "):
        write_table(pinned, tmp_path / "5.6.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["5.6.json", "file"]


def test_hints_at_the_migrated_files_for_old_releases(write: Callable[[str], Path]) -> None:
    with pytest.raises(AtlasFileError) as caught:
        read_release(write("version: 4.9.0\n"))
    assert caught.value.hint == "releases older than 5.0 lie migrated to format 6 in atlas-data under dist/v6/"
    assert official.AtlasFileError.code == "atlas-file"

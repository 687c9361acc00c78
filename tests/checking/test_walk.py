"""From what a user names to what checkers take."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telamon.checking.walk import MAX_DEPTH, Excluded, Unreachable, walk
from telamon.core.errors import UsageError
from telamon.core.subjects import Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def tree(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def shown(met: Iterable[Subject | Unreachable | Excluded]) -> list[str]:
    return [
        f"{one.kind} {one.name}"
        if isinstance(one, Subject)
        else f"excluded {one.name}"
        if isinstance(one, Excluded)
        else f"unreachable {one.name}: {one.reason}"
        for one in met
    ]


def test_yields_each_named_folder_and_every_file_below_in_order() -> None:
    tree("m/b/z.pkl", "m/b/a.pkl", "m/a.pkl", "m/c.pkl", "m/.hidden")
    (Path("m") / "empty").mkdir()
    assert shown(walk({Path("m"): "m"})) == [
        "folder m",
        "file m/.hidden",
        "file m/a.pkl",
        "file m/b/a.pkl",
        "file m/b/z.pkl",
        "file m/c.pkl",
    ]


def test_calls_named_paths_what_it_is_told() -> None:
    tree("spool", "m/a")
    assert list(walk({Path("spool"): "-", Path("m"): "m"})) == [
        Subject(kind=SubjectKind.FILE, name="-", path=Path("spool")),
        Subject(kind=SubjectKind.FOLDER, name="m", path=Path("m")),
        Subject(kind=SubjectKind.FILE, name="m/a", path=Path("m/a")),
    ]


def test_names_nothing_twice_below_the_working_directory() -> None:
    tree("a/b", "c")
    assert shown(walk({Path(): "."})) == ["folder .", "file a/b", "file c"]


def test_ends_in_link_loops() -> None:
    tree("m/a.pkl")
    Path("m/self").symlink_to(".")
    Path("m/up").symlink_to("../m")
    Path("m/loop").symlink_to("loop")
    assert shown(walk({Path("m"): "m"})) == [
        "folder m",
        "file m/a.pkl",
        "unreachable m/loop: Too many levels of symbolic links",
    ]


def test_follows_links_as_loaders_do() -> None:
    tree("blobs/0", "other/f")
    Path("snapshot").mkdir()
    Path("snapshot/model.pkl").symlink_to("../blobs/0")
    Path("snapshot/again.pkl").symlink_to("../blobs/0")
    Path("snapshot/folder").symlink_to("../other")
    assert shown(walk({Path("snapshot"): "snapshot"})) == [
        "folder snapshot",
        "file snapshot/again.pkl",
        "file snapshot/folder/f",
        "file snapshot/model.pkl",
    ]


def test_reports_links_that_lead_nowhere() -> None:
    tree("m/a")
    Path("m/gone").symlink_to("nowhere")
    Path("named").symlink_to("nowhere")
    assert shown(walk({Path("m"): "m", Path("named"): "named"})) == [
        "folder m",
        "file m/a",
        "unreachable m/gone: No such file or directory",
        "unreachable named: No such file or directory",
    ]


def test_refuses_a_path_that_is_not_there() -> None:
    with pytest.raises(UsageError) as caught:
        list(walk({Path("none"): "none"}))
    assert caught.value.message == "no such file or folder: `none`"


def test_leaves_what_is_excluded_and_never_what_is_named() -> None:
    tree("m/.git/objects", "m/a.bak", "m/a.pkl", "m/b/.git")
    asked: list[str] = []

    def exclusion(folder: Path) -> Callable[[str], bool]:
        def is_excluded(name: str) -> bool:
            asked.append((folder / name).as_posix())
            return name.endswith((".git", ".bak", "m"))

        return is_excluded

    assert shown(walk({Path("m"): "m"}, exclusion=exclusion)) == [
        "folder m",
        "excluded m/.git",
        "excluded m/a.bak",
        "file m/a.pkl",
        "excluded m/b/.git",
    ]
    assert asked == ["m/.git", "m/a.bak", "m/a.pkl", "m/b", "m/b/.git"]


def test_yields_pipes_like_files_and_does_not_open_them() -> None:
    tree("m/a")
    os.mkfifo("m/pipe")
    os.mkfifo("named")
    assert shown(walk({Path("m"): "m", Path("named"): "named"})) == [
        "folder m",
        "file m/a",
        "file m/pipe",
        "file named",
    ]


def test_a_file_that_is_named_and_lies_below_a_named_folder_is_met_once_as_named(tmp_path: Path) -> None:
    tree("m/a", "m/b", "m/c/d")
    Path("m/gone").symlink_to("nowhere")
    named = ["m/b", "m", "m/../m/a", f"{tmp_path}/m/c/d", "m/c/../b", "m/gone"]
    assert shown(walk({Path(name): name for name in named})) == [
        "file m/b",
        "folder m",
        "file m/../m/a",
        f"file {tmp_path}/m/c/d",
        "unreachable m/gone: No such file or directory",
    ]


def test_a_folder_that_is_named_in_two_ways_is_one_subject(tmp_path: Path) -> None:
    tree("m/a")
    Path("link").symlink_to("m")
    named = [".", str(tmp_path), "m/..", "m", "link", "link/a"]
    assert shown(walk({Path(name): name for name in named})) == ["folder .", "folder m", "file link/a"]


def test_a_named_file_is_met_though_its_folder_excludes_it() -> None:
    tree("m/a.bak", "m/b")
    named = {Path("m"): "m", Path("m/a.bak"): "m/a.bak"}
    assert shown(walk(named, exclusion=lambda _folder: lambda name: name.endswith(".bak"))) == [
        "folder m",
        "file m/b",
        "file m/a.bak",
    ]


def test_each_name_of_a_file_is_a_subject_so_that_none_hides_behind_another() -> None:
    tree("m/waived.pkl")
    os.link("m/waived.pkl", "m/new.pkl")
    Path("m/link.pkl").symlink_to("waived.pkl")
    assert shown(walk({Path("m"): "m"})) == ["folder m", "file m/link.pkl", "file m/new.pkl", "file m/waived.pkl"]


def test_enters_a_folder_that_is_named_twice_once() -> None:
    tree("m/b/a.pkl")
    assert shown(walk({Path("m"): "m", Path("m/b"): "m/b"})) == ["folder m", "file m/b/a.pkl", "folder m/b"]


def test_goes_on_after_a_folder_that_may_not_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    tree("m/a/x", "m/b/x", "m/c/x")
    listdir = os.listdir

    def refusing(path: Path) -> list[str]:
        if path == Path("m/b"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refusing)
    assert shown(walk({Path("m"): "m"})) == [
        "folder m",
        "file m/a/x",
        "unreachable m/b: Permission denied",
        "file m/c/x",
    ]


@pytest.mark.parametrize(("error", "reason"), [(OSError(errno.EIO, "Input/output error"), "Input/output error")])
def test_reports_a_named_path_that_cannot_be_looked_at(
    error: OSError, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree("m")
    monkeypatch.setattr(Path, "stat", lambda *_arguments, **_named: (_ for _ in ()).throw(error))
    assert shown(walk({Path("m"): "m"})) == [f"unreachable m: {reason}"]


def test_gives_a_reason_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    tree("m/a")
    monkeypatch.setattr(os, "listdir", lambda _path: (_ for _ in ()).throw(OSError))
    assert shown(walk({Path("m"): "m"})) == ["folder m", "unreachable m: cannot be listed"]


def test_stops_at_a_depth_that_no_model_has() -> None:
    deep = Path(*["d"] * (MAX_DEPTH + 3))
    deep.mkdir(parents=True)
    (Path(*["d"] * MAX_DEPTH) / "reached").touch()
    (deep / "beyond").touch()
    assert shown(walk({Path("d"): "d"})) == [
        "folder d",
        f"unreachable {Path(*['d'] * (MAX_DEPTH + 2))}: more than 200 folders deep",
        f"file {Path(*['d'] * MAX_DEPTH) / 'reached'}",
    ]


def test_keeps_names_that_are_no_text() -> None:
    Path("m").mkdir()
    os.close(os.open(b"m/\xff\n", os.O_CREAT))
    assert [one.name for one in walk({Path("m"): "m"})] == ["m", "m/\udcff\n"]

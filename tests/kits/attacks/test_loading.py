"""The victim: confined to its workspace and its limits, whatever it loads."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import pytest

from telamon.kits.attacks import loading
from telamon.kits.attacks.loading import Availability, Loaded, Loader, availability, load_in_child
from telamon.kits.attacks.pickles import Program

if TYPE_CHECKING:
    from pathlib import Path


def loaded(code: str, folder: Path) -> Loaded:
    """What comes of loading a pickle whose value is that of the expression."""
    path = folder / "model.pkl"
    path.write_bytes(Program(protocol=4).call("builtins", "eval", code).finished())
    return load_in_child(Loader.PICKLE, path, workspace=folder)


def test_answer_is_the_type_of_the_value(tmp_path: Path) -> None:
    assert loaded("1.5", tmp_path) == Loaded(ok=True, answer="float")


def test_answer_is_the_last_line_of_the_error(tmp_path: Path) -> None:
    assert loaded("1 / 0", tmp_path) == Loaded(ok=False, answer="ZeroDivisionError: division by zero")


def test_child_that_says_nothing_is_told_by_its_status(tmp_path: Path) -> None:
    assert loaded("__import__('os')._exit(7)", tmp_path) == Loaded(ok=False, answer="exit status 7")


def test_child_works_in_its_workspace_with_nothing_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    folder = str(tmp_path)
    check = (
        "(lambda os, tempfile: 'SECRET_TOKEN' not in os.environ and 'PYTHONPATH' not in os.environ and "
        f"os.getcwd() == os.path.realpath({folder!r}) and os.path.expanduser('~') == {folder!r} and "
        f"tempfile.gettempdir() == {folder!r} or 1 / 0)(__import__('os'), __import__('tempfile'))"
    )
    assert loaded(check, tmp_path) == Loaded(ok=True, answer="bool")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("RLIMIT_CPU", loading.CPU_S),
        ("RLIMIT_AS", loading.MEMORY_BYTES),
        ("RLIMIT_FSIZE", loading.FILE_BYTES),
        ("RLIMIT_CORE", 0),
    ],
)
def test_child_has_limits_that_it_cannot_raise(resource: str, expected: int, tmp_path: Path) -> None:
    check = f"(lambda r: r.getrlimit(r.{resource}) == ({expected}, {expected}) or 1 / 0)(__import__('resource'))"
    assert loaded(check, tmp_path).ok


def test_memory_beyond_the_limit_is_an_error_of_the_load(tmp_path: Path) -> None:
    assert loaded("bytearray(8 * 1024**3)", tmp_path) == Loaded(ok=False, answer="MemoryError")


def test_child_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "WALL_S", 2)
    answer = loaded("__import__('signal').pause()", tmp_path)
    assert answer == Loaded(ok=False, answer="no answer within 2 s")


def test_child_that_burns_time_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "CPU_S", 1)
    answer = loaded("[None for _ in iter(int, 1)]", tmp_path)
    assert not answer.ok


def test_child_cannot_read_our_standard_input(tmp_path: Path) -> None:
    check = "(lambda os: os.path.samestat(os.fstat(0), os.stat(os.devnull)) or 1 / 0)(__import__('os'))"
    assert loaded(check, tmp_path).ok


def test_path_is_an_argument_and_never_code(tmp_path: Path) -> None:
    path = tmp_path / "'); open('pwned', 'w') #.pkl"
    path.write_bytes(b"N.")
    assert load_in_child(Loader.PICKLE, path, workspace=tmp_path) == Loaded(ok=True, answer="NoneType")
    assert not (tmp_path / "pwned").exists()


def test_missing_artefact_is_an_error_of_the_load(tmp_path: Path) -> None:
    answer = load_in_child(Loader.PICKLE, tmp_path / "none.pkl", workspace=tmp_path)
    assert not answer.ok
    assert answer.answer.startswith("FileNotFoundError")


def test_child_works_in_the_workspace_and_not_in_our_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    monkeypatch.chdir(ours)
    loaded("open('here', 'w').close()", theirs)
    assert sorted(path.name for path in theirs.iterdir()) == ["here", "model.pkl"]
    assert list(ours.iterdir()) == []


def test_loader_of_python_itself_is_there_with_its_version(tmp_path: Path) -> None:
    found = availability(Loader.PICKLE, workspace=tmp_path)
    assert found == Availability(version=f"Python {platform.python_version()}", reason="")


def test_loader_whose_library_is_not_installed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(loading._LIBRARIES, Loader.JOBLIB, "no_such_library")  # there is none to take away
    found = availability(Loader.JOBLIB, workspace=tmp_path)
    assert found == Availability(version="", reason="no_such_library is not installed")


def test_library_that_only_we_can_import_is_no_loader_of_the_victim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_ours.py").write_text("__version__ = '1'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(loading._LIBRARIES, Loader.JOBLIB, "only_ours")  # the victim has no path to it
    found = availability(Loader.JOBLIB, workspace=tmp_path)
    assert found.reason == "only_ours cannot be imported: ModuleNotFoundError: No module named 'only_ours'"

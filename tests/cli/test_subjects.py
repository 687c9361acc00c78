"""What is checked: paths, the policy's models, the working folder, standard input; and by how many processes."""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def report(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    del document["elapsed_s"]
    return document


def files(text: str) -> dict[str, str]:
    return {entry["path"]: entry["verdict"] for entry in json.loads(text)["files"]}


def test_without_paths_the_models_of_the_policy_are_checked(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nmodels:\n  fraud: {path: models/clean.pkl}\n")
    ended = cli("check", "--format", "json")
    assert files(ended.out) == {"models/clean.pkl": "clean"} or list(files(ended.out).values()) == ["clean"]
    assert samples.is_dir()


def test_without_paths_and_policy_models_the_working_folder_is_checked(cli: Callable, samples: Path) -> None:
    assert samples.is_dir()
    assert files(cli("check", "--format", "json").out) == {
        "models/broken.pkl": "not-understood",
        "models/clean.pkl": "clean",
        "models/hostile.pkl": "malicious",
        "models/unknown.pkl": "suspicious",
        "telamon.yaml": "not-applicable",
    }


def test_excluded_files_are_not_looked_at(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nexclude: ['broken.*', 'models/h*', '*.yaml']\n")
    assert samples.is_dir()
    assert files(cli("check", "--format", "json").out) == {
        "models/clean.pkl": "clean",
        "models/unknown.pkl": "suspicious",
    }


def test_file_named_twice_is_reported_once(cli: Callable, samples: Path) -> None:
    assert list(files(cli("check", "models/clean.pkl", "models/clean.pkl", "--format", "json").out)) == [
        "models/clean.pkl"
    ]
    assert samples.is_dir()


@pytest.mark.parametrize(("name", "code"), [("clean", 0), ("hostile", 1), ("broken", 3)])
def test_standard_input_is_a_file_called_dash(process: Callable, samples: Path, name: str, code: int) -> None:
    done = process("check", "-", "--format", "json", given=(samples / f"{name}.pkl").read_bytes())
    assert done.returncode == code
    assert list(files(done.stdout.decode())) == ["-"]
    assert done.stderr == b""


def test_empty_standard_input_is_an_empty_file(process: Callable) -> None:
    done = process("check", "-", "--format", "json")
    assert done.returncode == 0
    assert files(done.stdout.decode()) == {"-": "not-applicable"}


def test_standard_input_beside_files(process: Callable, samples: Path) -> None:
    done = process("check", "-", "models/clean.pkl", "--format", "json", given=b"N.")
    assert files(done.stdout.decode()) == {"-": "clean", "models/clean.pkl": "clean"}
    assert samples.is_dir()


def test_copy_of_standard_input_is_removed(process: Callable, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    assert process("check", "-", given=b"N.", TMPDIR=str(spool)).returncode == 0
    assert list(spool.iterdir()) == []


def test_file_that_is_called_dash_can_be_named(cli: Callable, folder: Path) -> None:
    (folder / "-").write_bytes(b"N.")
    ended = cli("check", "./-", "--format", "json")
    assert ended.code == 0


def test_one_and_two_processes_report_the_same(process: Callable, folder: Path, samples: Path) -> None:
    for number in range(40):
        for sample in ("clean", "hostile", "unknown", "broken"):
            content = (samples / f"{sample}.pkl").read_bytes()
            (folder / f"{number:02}-{sample}").write_bytes(content)
    one = process("check", ".", "--format", "json", "--jobs", "1")
    two = process("check", ".", "--format", "json", "--jobs", "2")
    assert (one.returncode, two.returncode) == (1, 1)
    assert report(one.stdout.decode()) == report(two.stdout.decode())
    assert len(report(one.stdout.decode())["files"]) == 166  # library-loading reads the policy too


def test_names_that_are_not_unicode_are_reported(process: Callable, folder: Path) -> None:
    (folder / os.fsdecode(b"bad\xff.pkl")).write_bytes(b"N.")
    done = process("check", ".", "--format", "json")
    assert done.returncode == 0
    assert "bad\\xff.pkl" in files(done.stdout.decode())
    assert process("check", os.fsdecode(b"bad\xff.pkl")).returncode == 0


def test_control_characters_in_names_do_not_reach_the_terminal(process: Callable, folder: Path) -> None:
    (folder / "a\x1b[31m\nb\r.pkl").write_bytes(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.")
    for format_name in ("text", "github", "markdown"):
        done = process("check", ".", "--format", format_name)
        assert done.returncode == 1
        assert b"\x1b" not in done.stdout
        assert b"\r" not in done.stdout
    assert io.BytesIO(done.stdout).readline()

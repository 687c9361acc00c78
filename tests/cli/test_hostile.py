"""Input that nobody types on purpose: one clear line, exit code 2, and never a traceback or a hang."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LONG = "a" * 300
DEEP = "a/" * 3000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check", ""), "error[usage]: expected a path, found an empty word"),
        (("check", "models", "--policy", ""), "expected the name of a file, found an empty one"),
        (("check", "models", "-o", ""), "expected the name of a file, found an empty one"),
        (("check", "models", "--baseline", ""), "expected the name of a file, found an empty one"),
        (("check", "models", "--write-baseline", ""), "expected the name of a file, found an empty one"),
        (("ledger", "keygen", ""), "expected the name of a file, found an empty one"),
        (("check", "models", "--policy", DEEP), "error[usage]: no policy file at `a/a/"),
        (("check", "models", "-o", f"{DEEP}x"), "error[usage]: cannot write the report to `a/a/"),
        (("check", "models", "-o", LONG), "error[usage]: cannot write the report to `aaa"),
        (("check", "models", "--write-baseline", LONG), "error[baseline]: cannot write the baseline `aaa"),
        (("check", LONG), "error[usage]: no such file or folder: `aaa"),
        (("check", DEEP), "error[usage]: no such file or folder: `a/a/"),
        (("check", "C:\\models\\x.pkl"), "error[usage]: no such file or folder: `C:\\models\\x.pkl`\n"),
        (("check", "a\nb\x1b[2J"), "error[usage]: no such file or folder: `a\\nb\\x1b[2J`\n"),
        (("check", "\udcff"), "error[usage]: no such file or folder: `\\xff`\n"),
        (("explain", ""), "error[usage]: nothing is called ``"),
        (("explain", "a\n::error::b"), "error[usage]: nothing is called `a\\n::error::b`"),
        (("prove", "\udcff"), "error[unknown-control]: no control is called `\\xff`"),
        (("prove", "M0016", "--seed", str(2**53)), "Invalid value for '--seed'"),
        (("ledger", "keygen", "key", "--name", "\udcff"), "error[usage]: expected a name that can be printed"),
        (("ledger", "verify", "--since", "pipe"), "error[usage]: cannot read `pipe`: not a regular file\n"),
        (
            ("ledger", "check-proof", "pipe", "--verifier", "x"),
            "error[usage]: cannot read `pipe`: not a regular file\n",
        ),
    ],
)
def test_is_a_usage_error(cli: Callable, folder: Path, samples: Path, words: tuple[str, ...], message: str) -> None:
    os.mkfifo(folder / "pipe")
    ended = cli(*words)
    assert (ended.code, ended.out) == (2, "" if "-o" not in words or DEEP in words[-1] else ended.out)
    assert message in ended.err
    assert sorted(path.name for path in folder.iterdir()) == ["models", "pipe", "telamon.yaml"]
    assert samples.is_dir()


def test_proof_that_is_no_text_is_refused(cli: Callable, folder: Path) -> None:
    (folder / "proof.json").write_bytes(b"\xff\xfe{}")
    ended = cli("ledger", "check-proof", "proof.json", "--verifier", "x")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "error[ledger-proof]: expected a proof in canonical JSON, found another text\n"


@pytest.mark.parametrize(
    "words",
    [
        ("check", "."),
        ("check",),
        ("check", "-"),
        ("prove", "--all"),
        ("policy", "show"),
        ("policy", "check"),
        ("ledger", "verify"),
        ("coverage",),
        ("init",),
    ],
)
def test_working_directory_that_is_gone_is_a_usage_error(
    cli: Callable, folder: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    ended = cli(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error[usage]: expected a working directory, found: No such file or directory\n"


ODD = [b"a\nb.pkl", b"\x1b[2J.pkl", b"\xff\xfe.pkl", b"-rf.pkl", b"C:\\x.pkl", b"##[error]x.pkl", b"::error::y.pkl"]


@pytest.mark.parametrize("format_name", ["text", "json", "sarif", "junit", "markdown", "github"])
@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii:strict"},
        {"TERM": "dumb", "COLUMNS": "20", "HOME": "/nonexistent"},
        {"PYTHONIOENCODING": "latin-1", "COLUMNS": "none"},
    ],
)
def test_odd_names_in_odd_environments_are_reported(
    process: Callable, folder: Path, samples: Path, format_name: str, environment: dict[str, str]
) -> None:
    for name in ODD:
        (folder / "models" / os.fsdecode(name)).write_bytes((samples / "hostile.pkl").read_bytes())
    done = process("check", "models", "--format", format_name, **environment)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"\x1b" not in done.stdout
    assert done.stdout.count(b"hostile.pkl") >= 1
    assert not [line for line in done.stdout.splitlines() if line.startswith((b"##[", b"::error::y"))]

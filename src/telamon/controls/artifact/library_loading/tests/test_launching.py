"""A command runs as it is, but for the guard, and for what others left in its environment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import telamon
from telamon.controls.artifact.library_loading.launching import DROPPED, Boundary, LaunchError, cleaned, sandboxed
from telamon.kits.sandbox import SandboxPolicy, available

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE: Final = str(Path(telamon.__file__).resolve().parents[1])
CONFINED: Final = pytest.mark.skipif(
    bool(available().missing(SandboxPolicy(may_exec=True))), reason="this kernel has no whole sandbox"
)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `telamon run` in a folder of its own."""

    def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-m", "telamon", "run", *words],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": PACKAGE, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_ends_as_the_command_does(run: Callable, command: str, code: int) -> None:
    ended = run("--", "sh", "-c", f"echo out; echo err >&2; {command}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "out\n", "err\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("no-such-program",), "there is no program `no-such-program`"),
        (("python3", "-I", "-c", "1"), "`python3 -I -c` starts a Python without the guard"),
        (("python3", "-sE", "x.py"), "`python3 -sE x.py` starts a Python without the guard"),
    ],
)
def test_says_why_a_command_is_not_started(run: Callable, words: tuple[str, ...], message: str) -> None:
    ended = run("--", *words)
    assert ended.returncode == 3
    assert message in ended.stdout


def test_leaves_out_what_others_could_run_code_by(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    ended = run(
        "--",
        "sh",
        "-c",
        "echo $PYTHONSTARTUP $PYTHONPATH",
        PYTHONSTARTUP="start.py",
        PYTHONPATH=f"{PACKAGE}:relative:{tmp_path / 'open'}:",
    )
    assert ended.stdout.strip().endswith(f"startup:{PACKAGE}")
    assert ended.stderr == (
        "telamon: left out of the environment: PYTHONSTARTUP: it makes every process load or run what it names\n"
        "telamon: left out of the environment: `relative` of PYTHONPATH: it is relative, and so is another in each "
        "working directory\n"
        f"telamon: left out of the environment: `{tmp_path / 'open'}` of PYTHONPATH: others can write to it\n"
    )


@pytest.mark.parametrize("name", sorted(DROPPED))
def test_variables_that_run_code_are_dropped(name: str) -> None:
    kept, left_out = cleaned({name: "x", "HOME": "/root", "LD_LIBRARY_PATH": "/usr/lib:"})
    assert kept == {"HOME": "/root", "LD_LIBRARY_PATH": "/usr/lib"}
    assert [text.partition(":")[0] for text in left_out] == [name]


def test_a_list_of_which_nothing_stays_is_dropped() -> None:
    assert cleaned({"LD_LIBRARY_PATH": ".:lib:"}) == (
        {},
        tuple(
            f"`{part}` of LD_LIBRARY_PATH: it is relative, and so is another in each working directory"
            for part in (".", "lib")
        ),
    )


def test_an_end_that_is_asked_for_reaches_the_command(tmp_path: Path) -> None:
    script = "trap 'echo told >&2; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    process = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "telamon", "run", "--", "sh", "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": PACKAGE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert (process.wait(30), process.communicate()[1]) == (5, "told\n")
    finally:
        process.kill()
        process.wait()


def test_a_script_that_loads_a_trojan_fails_and_the_ledger_has_it(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "telamon.yaml").write_text("version: 1\nledger: {path: ledger.db}\n")
    (tmp_path / "model.pkl").write_bytes(b"cposix\nsystem\n(S'touch canary'\ntR.")
    ended = run("--", "python3", "-c", "import pickle; pickle.load(open('model.pkl', 'rb'))")
    assert ended.returncode == 1
    assert "the guard refuses the load of `model.pkl` fetching `posix.system`: it runs a shell command" in ended.stderr
    assert not (tmp_path / "canary").exists()
    shown = subprocess.run(
        [sys.executable, "-m", "telamon", "ledger", "show"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PACKAGE, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split()[2:] == ["load", "library-loading", "refused"]


@CONFINED
@pytest.mark.parametrize(
    ("options", "program", "works"),
    [
        ((), "open('made', 'w')", False),
        ((), "open('{outside}/data').read()", False),
        ((), "__import__('socket').create_connection(('127.0.0.1', 9))", False),
        ((), "__import__('subprocess').run(['true'], check=True)", True),
        ((), "__import__('tempfile').TemporaryFile()", True),
        (("--write", "{inside}"), "open('{inside}/made', 'w')", True),
        (("--read", "{outside}"), "open('{outside}/data').read()", True),
        (("--read", "{outside}"), "open('{outside}/data', 'a')", False),
    ],
)
def test_the_sandbox_lets_through_what_it_was_told(
    run: Callable, tmp_path_factory: pytest.TempPathFactory, options: tuple[str, ...], program: str, *, works: bool
) -> None:
    places = {"outside": str(tmp_path_factory.mktemp("outside")), "inside": str(tmp_path_factory.mktemp("inside"))}
    (Path(places["outside"]) / "data").write_text("secret")
    words = [each.format(**places) for each in options]
    ended = run("--sandbox", *words, "--", "python3", "-c", program.format(**places))
    assert (ended.returncode == 0) is works, ended.stderr
    assert works or "PermissionError" in ended.stderr


def test_options_of_the_sandbox_ask_for_one(run: Callable) -> None:
    ended = run("--network", "--", "true")
    assert ended.returncode == 2
    assert "expected --sandbox beside --read, --write and --network" in ended.stderr


def test_a_program_that_is_not_there_has_no_sandbox(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="there is no program `nothing`"):
        sandboxed(["nothing"], {"PATH": str(tmp_path)}, Boundary(), tmp_path)


def test_a_program_that_looks_for_libraries_where_others_write_is_not_started(run: Callable, tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no compiler for a program of our own")
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    folder = tmp_path / "lib"
    folder.mkdir()
    folder.chmod(0o777)
    subprocess.run([compiler, "main.c", "-o", "main", "-Wl,-rpath,$ORIGIN/lib"], cwd=tmp_path, check=True)  # noqa: S603  # likewise
    ended = run("--", str(tmp_path / "main"))
    assert ended.returncode == 3
    assert "looks for libraries in `$ORIGIN/lib`: others can write to it" in ended.stdout.replace("\n", " ")
    folder.chmod(0o755)
    assert run("--", str(tmp_path / "main")).returncode == 0

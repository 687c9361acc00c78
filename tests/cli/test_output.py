"""Where reports go, in which colours, and what happens when nobody or nothing takes them."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telamon.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_file_takes_the_format_and_the_terminal_keeps_the_text(cli: Callable, folder: Path, samples: Path) -> None:
    plain = cli("check", samples / "hostile.pkl")
    ended = cli("check", samples / "hostile.pkl", "--format", "json", "--output", folder / "report.json")
    assert (ended.code, ended.out) == (1, plain.out)
    assert json.loads((folder / "report.json").read_text())["exit_code"] == 1


def test_file_with_text_has_what_the_terminal_has(cli: Callable, folder: Path, samples: Path) -> None:
    ended = cli("check", samples / "hostile.pkl", "-o", folder / "report.txt")
    assert (folder / "report.txt").read_text() == ended.out


def test_file_in_a_missing_folder_is_a_usage_error(cli: Callable, folder: Path, samples: Path) -> None:
    ended = cli("check", samples / "clean.pkl", "-o", folder / "none" / "report.txt")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error[usage]: cannot write the report to `{folder}/none/report.txt`: no such folder\n"


def test_device_is_written_to_and_not_replaced(cli: Callable, folder: Path, samples: Path) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        ended = cli("check", samples / "clean.pkl", "--format", "json", "-o", pipe)
        assert json.loads(os.read(reader, 1 << 20))["exit_code"] == ended.code == 0
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_link_is_followed_and_not_replaced(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "link.json").symlink_to("report.json")
    assert cli("check", samples / "clean.pkl", "--format", "json", "-o", folder / "link.json").code == 0
    assert (folder / "link.json").is_symlink()
    assert json.loads((folder / "report.json").read_text())["command"] == "check"


def test_full_disk_leaves_the_old_report_whole(
    cli: Callable, folder: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = folder / "report.json"
    report.write_text("the old one")

    def fsync(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    ended = cli("check", samples / "clean.pkl", "--format", "json", "-o", report)
    assert ended.code == 2
    assert ended.err == f"error[usage]: cannot write the report to `{report}`: No space left on device\n"
    assert sorted(path.name for path in folder.iterdir()) == ["models", "report.json", "telamon.yaml"]
    assert report.read_text() == "the old one"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_full_standard_output_is_no_defect_of_ours(folder: Path, samples: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(  # noqa: S603  # the program is ours
            [sys.executable, "-m", "telamon", "check", str(samples / "clean.pkl")],
            cwd=folder,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"error[no-room]: expected room for the output, found: No space left on device\n"


def test_reader_that_goes_away_ends_the_run_silently(folder: Path) -> None:
    for number in range(2000):
        (folder / f"{number}.pkl").write_bytes(b"N.")
    child = subprocess.Popen(  # the program is ours
        [sys.executable, "-m", "telamon", "check", "-v", "--jobs", "1", "."],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait(60) == 128 + signal.SIGPIPE
    child.stderr.close()


# Shells start background jobs with Ctrl-C ignored, which children inherit; a terminal's programs hear it.
HEARING = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "os.execv(sys.executable, [sys.executable, '-m', 'telamon', *sys.argv[1:]])"
)


def test_interrupt_ends_the_run_without_a_traceback(folder: Path) -> None:
    child = subprocess.Popen(  # noqa: S603  # the program is ours
        [sys.executable, "-c", HEARING, "check", "-"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    # It waits for standard input; the signal goes out once it has taken all that a pipe cannot hold.
    child.stdin.write(b"\x80\x04" + bytes(1 << 20))
    child.stdin.flush()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err.strip()) == (130, b"", b"")


def test_no_colours_without_a_terminal(cli: Callable, samples: Path) -> None:
    assert "\x1b" not in cli("check", samples).out


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),  # no-color.org: an empty value does not count
        (("--color",), {"NO_COLOR": "1"}, True),
        (("--no-color",), {}, False),
    ],
)
def test_colours_on_a_terminal(
    samples: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    environment: dict[str, str],
    *,
    expected: bool,
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert run(["check", str(samples), *words]) == 1
    assert ("\x1b[" in screen.getvalue()) is expected


def test_colour_can_be_forced_into_a_pipe(process: Callable, samples: Path) -> None:
    assert b"\x1b[" in process("check", str(samples), "--color").stdout


def test_format_by_environment_and_flag_goes_before_it(
    cli: Callable, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELAMON_FORMAT", "json")
    assert json.loads(cli("check", samples).out)["command"] == "check"
    assert cli("check", samples, "--format", "markdown").out.startswith("#")


def test_policy_by_environment_and_flag_goes_before_it(
    cli: Callable, folder: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = "version: 1\ncontrols:\n  vulnerability-scanning: {fail_at: medium}\n"
    (folder / "strict.yaml").write_text(strict)
    monkeypatch.setenv("TELAMON_POLICY", str(folder / "strict.yaml"))
    assert cli("check", samples / "unknown.pkl").code == 1
    assert cli("check", samples / "unknown.pkl", "--policy", folder / "telamon.yaml").code == 0


def test_verbose_lists_clean_files(cli: Callable, samples: Path) -> None:
    assert "clean[vulnerability-scanning]" not in cli("check", samples / "clean.pkl").out
    assert "clean[vulnerability-scanning]" in cli("check", samples / "clean.pkl", "-v").out


def test_a_planted_link_beside_the_report_is_not_written_through(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "victim").write_text("precious")
    (folder / f".report.json.{os.getpid()}.tmp").symlink_to("victim")
    assert cli("check", samples / "clean.pkl", "--format", "json", "-o", folder / "report.json").code == 0
    assert (folder / "victim").read_text() == "precious"
    assert json.loads((folder / "report.json").read_text())["exit_code"] == 0

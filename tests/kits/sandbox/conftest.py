"""Hostile actions, each tried in the sandbox and in an unprotected twin, so that a test that cannot fail is seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from telamon.kits.sandbox import NULL, SandboxPolicy, SandboxRun, Task, available, libraries, run
from telamon.kits.sandbox.calls import numbers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MIB = 1024**2
PRELUDE = """
import ctypes, fcntl, os, resource, signal, socket, stat, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *values):
    answer = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(v) if isinstance(v, int) else v for v in values])
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer

"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that the sandbox knows the name of and may not touch."""
    folder = tmp_path / "outside"
    (folder / "empty").mkdir(parents=True)
    (folder / "secret").write_text("secret")
    return folder


@pytest.fixture
def victim() -> Iterator[int]:
    """The id of a process of the same user that does nothing."""
    with subprocess.Popen([sys.executable, "-I", "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as other:
        yield other.pid
        other.kill()


@pytest.fixture
def policy(tmp_path: Path) -> SandboxPolicy:
    """What a load may do, and one folder of its own, so that refusals are not for want of any writable place."""
    own = tmp_path / "own"
    own.mkdir()
    return SandboxPolicy(
        readable=libraries(), writable=(NULL, own), memory_bytes=1024 * MIB, cpu_s=5, written_bytes=64 * MIB
    )


@pytest.fixture
def numbers() -> dict[str, int]:
    """The numbers of system calls on this machine."""
    return dict(numbers_of(os.uname().machine))


@pytest.fixture
def sandboxed(policy: SandboxPolicy) -> Callable[..., SandboxRun]:
    """Runs an action in the sandbox; its answer is what the action returns."""
    if not available().landlock_abi:
        pytest.skip("this kernel has no Landlock")

    def attempt(action: str, **given: object) -> SandboxRun:
        chosen = given.pop("policy", policy)
        program = PRELUDE + "def action(a):\n" + textwrap.indent(textwrap.dedent(action), "    ")
        program += "\nanswer(bool(action(arguments)))\n"
        return run(Task(program=program, arguments=given, timeout_s=20), chosen)

    return attempt


@pytest.fixture
def unprotected(tmp_path: Path) -> Callable[..., bool]:
    """Runs the same action in a plain child, and says whether it succeeded."""

    def attempt(action: str, **given: object) -> bool:
        program = PRELUDE + "import json\ndef action(a):\n" + textwrap.indent(textwrap.dedent(action), "    ")
        program += "\nprint('succeeded' if action(json.loads(sys.argv[1])) else 'failed')\n"
        twin = tmp_path / "twin"
        twin.mkdir(exist_ok=True)
        done = subprocess.run(  # noqa: S603  # our interpreter and our inert program
            [sys.executable, "-I", "-B", "-c", program, json.dumps(given, default=str)],
            capture_output=True,
            text=True,
            cwd=twin,
            timeout=30,
            check=False,
        )
        return done.stdout.strip().endswith("succeeded")

    return attempt


@pytest.fixture
def refused(
    sandboxed: Callable[..., SandboxRun], unprotected: Callable[..., bool], tmp_path: Path
) -> Callable[..., SandboxRun]:
    """Tries an action in the sandbox, where it must not succeed, and then in the twin, where it must."""

    def attempt(action: str, *, is_twin_shown: bool = True, **given: object) -> SandboxRun:
        ended = sandboxed(action, **given)
        assert ended.answer is not True, f"escaped: {ended}"
        assert ended.missing == ()
        assert ended.setup_s > 0  # it was entered, so that the refusal is the sandbox's
        for left in (tmp_path / "own").iterdir():
            left.unlink()
        given.pop("policy", None)
        if is_twin_shown:
            assert unprotected(action, **given), "the twin fails too: the test proves nothing"
        return ended

    return attempt

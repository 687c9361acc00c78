"""What a policy allows works: else nobody would use it, and refusals would prove nothing."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telamon.kits.sandbox import SandboxPolicy, SandboxRun, SandboxUnavailableError, Task, available, run
from telamon.kits.sandbox.records import SandboxSupport
from telamon.kits.sandbox.runner import _tasks_of_user

if TYPE_CHECKING:
    from collections.abc import Callable


def test_programs_run_where_they_may(sandboxed: Callable[..., SandboxRun], policy: SandboxPolicy) -> None:
    shells = (*policy.readable, Path("/bin"), Path("/usr/bin"))
    action = """
        import subprocess
        done = subprocess.run(['/bin/sh', '-c', 'echo one | cat'], capture_output=True, text=True)
        return done.stdout == 'one\\n'
    """
    assert sandboxed(action, policy=replace(policy, readable=shells, may_exec=True, processes=8)).answer is True


def test_tcp_reaches_where_it_may_and_sockets_of_paths_do_not(
    sandboxed: Callable[..., SandboxRun], policy: SandboxPolicy, tmp_path: Path
) -> None:
    wide = replace(policy, may_connect=True)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "own" / "socket"))
        unix.listen()
        port = server.getsockname()[1]
        action = "return socket.create_connection(('127.0.0.1', a['port']), 5) is not None"
        assert sandboxed(action, policy=wide, port=port).answer is True
        action = "return socket.socket(socket.AF_UNIX).connect(a['path']) is None"
        assert sandboxed(action, policy=wide, path=str(tmp_path / "own" / "socket")).answer is None


@pytest.mark.parametrize("library", ["numpy", "torch", "joblib", "sklearn.ensemble"])
def test_numerical_libraries_are_imported_and_compute(library: str, policy: SandboxPolicy) -> None:
    program = f"import {library}; import numpy; answer(float((numpy.ones((64, 64)) @ numpy.ones((64, 64))).sum()))"
    ended = run(Task(program=program), replace(policy, memory_bytes=8 * 1024**3, cpu_s=60))
    assert ended.answer == 64.0**3


def test_processes_are_started_as_many_as_may_be(sandboxed: Callable[..., SandboxRun], policy: SandboxPolicy) -> None:
    action = """
        child = os.fork()
        if child == 0:
            os._exit(7)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    """
    assert sandboxed(action, policy=replace(policy, processes=4)).answer is True


def test_a_required_sandbox_is_refused_where_it_is_not_whole(
    policy: SandboxPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = SandboxSupport(
        system="Linux 5.4", architecture="x86_64", landlock_abi=0, has_seccomp=True, reasons=("files",)
    )
    monkeypatch.setattr("telamon.kits.sandbox.runner.available", lambda: poor)
    with pytest.raises(SandboxUnavailableError, match="lacks: files"):
        run(Task(program="answer(1)"), policy, is_required=True)
    ended = run(Task(program="answer(1)"), policy)
    assert (ended.answer, ended.is_degraded, ended.missing) == (1, True, ("files",))


def test_older_landlocks_say_what_programs_could_do() -> None:
    old = SandboxSupport(system="Linux 5.13", architecture="x86_64", landlock_abi=1, has_seccomp=True, reasons=())
    assert old.missing(SandboxPolicy()) == ()
    assert len(old.missing(SandboxPolicy(may_exec=True))) == 3


def test_what_is_available_is_said() -> None:
    found = available()
    assert (found.reasons == ()) == (found.landlock_abi > 0 and found.has_seccomp)


def test_the_threads_of_a_user_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.geteuid()
    answers = iter([real or 1])
    monkeypatch.setattr(os, "geteuid", lambda: next(answers, real))  # root is not counted: pretend at first
    assert (_tasks_of_user() or 0) >= 1

"""Running a Python program in a sandboxed child process, and saying how it ended."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from telamon.kits.sandbox.child import DENIED_STATUS, MEMORY_STATUS, NOT_ENTERED_STATUS, RAISED_STATUS
from telamon.kits.sandbox.records import (
    Ending,
    SandboxError,
    SandboxRun,
    SandboxUnavailableError,
)
from telamon.kits.sandbox.support import available
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telamon.kits.sandbox.records import Json, SandboxPolicy

ANSWER_BYTES: Final = 64 * 1024
_CHUNK: Final = 64 * 1024
_REAP_S: Final = 10.0
_BEGINNING: Final = "import sys; sys.path.insert(0, sys.argv[1]); from telamon.kits.sandbox.child import main; main()"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be run in a sandbox.

    Attributes:
        program: Python source, our own, run after the sandbox is entered. It finds the dictionaries `arguments` and
            `descriptors`, and a function `answer` that takes one JSON value.
        arguments: JSON values.
        descriptors: Open descriptors that it gets, under the same numbers, by name.
        search: Further folders for imports, behind those of the installation; to be readable by the policy too.
        preload: Modules that are imported before the sandbox is entered; none that starts threads.
        timeout_s: Wall time.
        answer_bytes: Most bytes that are read of what it says.
    """

    program: str
    arguments: Mapping[str, Json] = dataclasses.field(default_factory=dict)
    descriptors: Mapping[str, int] = dataclasses.field(default_factory=dict)
    search: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    timeout_s: float = 120.0
    answer_bytes: int = ANSWER_BYTES


def run(task: Task, policy: SandboxPolicy, *, is_required: bool = False) -> SandboxRun:
    """Run a program in a sandboxed child, with a new session, an empty environment and a private folder.

    The child is killed with all its group when the time is up, when it has said too much, and after it has ended.

    Args:
        task: What is run.
        policy: What it may do.
        is_required: Whether to refuse where the machine cannot enforce all of the policy.

    Raises:
        SandboxUnavailableError: It is required, and the machine cannot.
        SandboxError: The child cannot be started.
    """
    missing = available().missing(policy)
    if is_required and missing:
        raise SandboxUnavailableError(missing)
    with tempfile.TemporaryDirectory(prefix="telamon-", ignore_cleanup_errors=True) as folder:
        reading, writing = os.pipe()
        try:
            child = _start(task, policy, folder, writing)
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        try:
            said, cut = _listen(child, reading, task)
        finally:
            os.close(reading)
            _end(child)
    return _conclude(child.returncode, said, cut, missing)


def _start(task: Task, policy: SandboxPolicy, folder: str, writing: int) -> subprocess.Popen[bytes]:
    document = {
        "program": task.program,
        "arguments": task.arguments,
        "descriptors": dict(task.descriptors),
        "search": list(task.search),
        "preload": list(task.preload),
        "policy": dataclasses.asdict(policy),
        "report": writing,
        "tasks": _tasks_of_user(),
    }
    text = json.dumps(document, default=str).encode()
    home = str(Path(__file__).resolve().parents[3])
    try:
        child = subprocess.Popen(  # noqa: S603  # our interpreter and our program
            [sys.executable, "-I", "-B", "-c", _BEGINNING, home],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=_environment(folder),
            pass_fds=(writing, *task.descriptors.values()),
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxError(f"no child process could be started: {error.strerror}") from error
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError), child.stdin:  # it died: its status says how
            child.stdin.write(text)
    return child


def _environment(folder: str) -> dict[str, str]:
    """Return the child's environment: nothing of ours but the choice of BLAS kernels, which depends on the machine."""
    return {
        **{name: value for name, value in os.environ.items() if name == "OPENBLAS_CORETYPE"},
        "PATH": os.defpath,
        "HOME": folder,
        "TMPDIR": folder,
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }


def _tasks_of_user() -> int | None:
    """Return how many threads this user runs; `None` for root, whom the limit does not bind, and where not known."""
    if os.geteuid() == 0 or not Path("/proc/self/task").is_dir():
        return None
    count = 0
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it ended meanwhile
            if folder.name.isdigit() and folder.stat().st_uid == os.geteuid():
                count += sum(1 for _ in (folder / "task").iterdir())
    return count


def _listen(child: subprocess.Popen[bytes], reading: int, task: Task) -> tuple[bytes, Ending | None]:
    """Return what the child said, and why it was not listened to any longer, if that is so."""
    deadline = time.monotonic() + task.timeout_s
    said = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        while len(said) <= task.answer_bytes:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                return bytes(said), Ending.WALL_TIME
            chunk = os.read(reading, _CHUNK)
            if not chunk:
                break
            said += chunk
        else:
            return b"", Ending.TOO_MUCH_SAID
    try:
        child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return bytes(said), Ending.WALL_TIME
    return bytes(said), None


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and whatever it left in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):  # it hangs in the kernel, and ends when that lets it
        child.wait(_REAP_S)


def _conclude(returncode: int | None, said: bytes, cut: Ending | None, missing: tuple[str, ...]) -> SandboxRun:
    status = -signal.SIGKILL if returncode is None else returncode
    lines = _lines(said)
    entered = lines[0].get("entered") if lines else None
    setup = entered.get("setup_s") if isinstance(entered, dict) else None
    last = lines[-1] if lines else {}
    if cut is None:
        ending, message = _ending(status, last, has_entered=isinstance(entered, dict))
    else:
        ending, message = cut, "the time was up" if cut is Ending.WALL_TIME else "it said more than is listened to"
    denied = last.get("denied")
    return SandboxRun(
        ending=ending,
        status=status,
        answer=last.get("answer") if ending is Ending.ANSWERED else None,
        message=message,
        system_call=_name_of(denied) if ending is Ending.DENIED_CALL and isinstance(denied, int) else "",
        missing=missing,
        setup_s=setup if isinstance(setup, float) else 0.0,
    )


def _lines(said: bytes) -> list[dict[str, Json]]:
    """Return the first line, which the child wrote before it ran anything, and the last."""
    found = []
    lines = said.split(b"\n")[:-1]
    for line in (lines[:1] + lines[-1:]) if len(lines) > 1 else lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        found.append(value if isinstance(value, dict) else {})
    return found


def _ending(  # noqa: PLR0911  # one for each way
    status: int, last: dict[str, Json], *, has_entered: bool
) -> tuple[Ending, str]:
    if not has_entered:
        failed = last.get("failed")
        reason = printable(failed) if isinstance(failed, str) and status == NOT_ENTERED_STATUS else f"status {status}"
        return Ending.NOT_ENTERED, f"the sandbox could not be entered: {reason}"
    error = printable(str(last.get("error", "")))
    if status == 0:
        return (Ending.ANSWERED, "") if "answer" in last else (Ending.EXITED, "it ended without an answer")
    if status in {DENIED_STATUS, -signal.SIGSYS}:
        return Ending.DENIED_CALL, "it made a system call that only an attack makes"
    if status == MEMORY_STATUS:
        return Ending.MEMORY, "it wanted more memory than it may have"
    if status == RAISED_STATUS and error:
        return Ending.RAISED, error
    limits = {-signal.SIGXCPU: Ending.CPU_TIME, -signal.SIGXFSZ: Ending.FILE_SIZE}
    if status in limits:
        return limits[status], f"it passed its limit ({signal.Signals(-status).name})"
    return (Ending.SIGNALLED, f"ended by signal {-status}") if status < 0 else (Ending.EXITED, f"status {status}")


def _name_of(number: int) -> str:
    from telamon.kits.sandbox.calls import numbers_of  # noqa: PLC0415  # only where a call was denied

    names = {value: name for name, value in numbers_of(os.uname().machine).items()}
    return names.get(number, str(number))

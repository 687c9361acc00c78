"""Starting a command with the guard in every Python of it, and without what others left in its environment."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, ClassVar, Final

from telamon.controls.artifact.library_loading.guarding import events
from telamon.controls.artifact.library_loading.guarding.children import guarded_environment
from telamon.controls.artifact.library_loading.guarding.records import VARIABLE, Refusal, read_refusals
from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode
from telamon.kits.formats.elf import MAGIC, read_elf
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.source import SourceError, open_source
from telamon.kits.sandbox import NULL, SandboxPolicy, SandboxUnavailableError, available, libraries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from telamon.controls.artifact.library_loading.guarding.records import GuardRules

# What makes the dynamic loader or Python run code of whoever set it.
DROPPED: Final = frozenset(
    {"LD_PRELOAD", "LD_AUDIT", "LD_PROFILE", "DYLD_INSERT_LIBRARIES", "PYTHONSTARTUP", "PYTHONINSPECT"}
    | {"PYTHONBREAKPOINT", "PYTHONEXECUTABLE", "PYTHONPLATLIBDIR", "PYTHONPYCACHEPREFIX"}
)
# Lists of folders: those stay that are absolute and nobody else's.
SEARCHED: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME")
OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
FORWARDED: Final = (signal.SIGTERM, signal.SIGHUP)
UNLIMITED: Final = 2**62
TELAMON: Final = Path(__file__).resolve().parents[4]  # each Python of a command imports it, wherever it is installed
LONG_S: Final = 10**9  # 30 years; the kernel counts in nanoseconds
PROGRAMS: Final = ("/bin", "/usr/bin", "/usr/local/bin", "/etc/alternatives", "/etc/ssl", "/usr/share/ca-certificates")
NET: Final = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")
_INSIDE: Final = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from telamon.kits.sandbox import SandboxError, SandboxPolicy, enter
task = json.loads(sys.argv[2])
paths = {name: tuple(map(Path, task["policy"].pop(name))) for name in ("readable", "writable")}
try:
    enter(SandboxPolicy(**paths, **task["policy"]))
    os.execve(task["program"], task["words"], task["environment"])
except (SandboxError, OSError) as error:
    os.write(2, f"telamon: the command could not be started in the sandbox: {error}\\n".encode())
os._exit(3)
"""


class LaunchError(TelamonError):
    """A command cannot be started, or not with the guard.

    Remedy: The message says what is in the way: a flag that leaves out the guard, a program that is not there, or
    folders for libraries that others can write to.
    """

    code: ClassVar[str] = "launch"
    exit_code: ClassVar[ExitCode] = ExitCode.NOT_RUN


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """The sandbox of a command.

    Attributes:
        readable: What it may read and run besides the installation, the programs of the system and where it is started.
        writable: What it may write to, besides a private folder for temporary files.
        may_connect: Whether it may use the network.
        is_required: Whether to refuse where this machine cannot enforce all of it.
    """

    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    may_connect: bool = False
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """How a command ended.

    Attributes:
        status: Its exit status; 128 and the number of the signal that ended it.
        left_out: Of its environment, and why.
        missing: What of the sandbox this machine could not enforce.
        refusals: What the guard refused, as its processes tell it.
    """

    status: int
    left_out: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def launch(
    words: tuple[str, ...], rules: GuardRules, environment: Mapping[str, str], boundary: Boundary | None = None
) -> Launched:
    """Run a command to its end, with our standard streams.

    Args:
        words: The program and its arguments.
        rules: What the guard of its Python processes goes by.
        environment: What it is started from.
        boundary: Its sandbox; none by default.

    Raises:
        LaunchError: It cannot be started, or not with the guard.
        SandboxUnavailableError: A sandbox is required and this machine cannot enforce all of it.
    """
    clean, left_out = cleaned(environment)
    program = _program(words[0], clean)
    _require_own_libraries(program)
    missing: tuple[str, ...] = ()
    with tempfile.TemporaryDirectory(prefix="telamon-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        given = guarded_environment(replace(rules, report=str(folder / "refusals")), clean)
        command = [str(program), *words[1:]]
        if events.is_unguarded(command, given, VARIABLE):
            shown = " ".join(words[:3])
            raise LaunchError(f"`{shown}` starts a Python without the guard", hint="leave out `-I`, `-E` and `-S`")
        if boundary is not None:
            command, missing = sandboxed(words, given, boundary, folder)
        status = _run(command, words[0] if boundary is None else "", given)
        refusals = read_refusals(folder / "refusals")
    return Launched(status=status, left_out=left_out, missing=missing, refusals=refusals)


def sandboxed(
    words: Sequence[str], environment: Mapping[str, str], boundary: Boundary, folder: Path
) -> tuple[list[str], tuple[str, ...]]:
    """Return the command that runs a command in a sandbox, and what of it this machine cannot enforce.

    Args:
        words: The program, which is looked for on the PATH of `environment`, and its arguments.
        environment: What it is started with.
        boundary: What it may reach.
        folder: A private folder, which it may write to.

    Raises:
        LaunchError: There is no such program.
        SandboxUnavailableError: A sandbox is required and this machine cannot enforce all of it.
    """
    program = _program(words[0], environment)
    policy = _policy(boundary, program, folder)
    missing = available().missing(policy)
    if boundary.is_required and missing:
        raise SandboxUnavailableError(missing)
    task = {
        "policy": asdict(policy),
        "program": str(program),
        "words": list(words),
        "environment": {**environment, "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
    }
    return [sys.executable, "-I", "-B", "-c", _INSIDE, str(TELAMON), json.dumps(task, default=str)], missing


def _program(name: str, environment: Mapping[str, str]) -> Path:
    found = which(name, path=environment.get("PATH"))
    if found is None:
        raise LaunchError(f"there is no program `{name}`")
    return Path(found)


def cleaned(environment: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return an environment without what makes loaders run the code of others, and what was left out of it."""
    kept, left_out = dict(environment), []
    for name in sorted(DROPPED & kept.keys()):
        del kept[name]
        left_out.append(f"{name}: it makes every process load or run what it names")
    for name in SEARCHED:
        if name in kept:
            parts = kept[name].split(os.pathsep)
            objections = {part: reason for part in parts if (reason := _objection(part))}
            left_out += [f"`{part}` of {name}: {reason}" for part, reason in objections.items() if part]
            remaining = [part for part in parts if part not in objections]
            kept[name] = os.pathsep.join(remaining)
            if not remaining:
                del kept[name]
    return kept, tuple(left_out)


def _objection(folder: str) -> str:
    """Why libraries must not be looked for in a folder; empty where they may."""
    if not os.path.isabs(folder):  # noqa: PTH117  # a path object would make `.` of what is empty
        return "it is relative, and so is another in each working directory"
    try:
        status = Path(folder).stat()
    except OSError:
        return ""  # nothing is loaded from it
    if status.st_uid not in {0, os.geteuid()}:
        return "it belongs to another user"
    return "others can write to it" if status.st_mode & OTHERS else ""


def _require_own_libraries(program: Path) -> None:
    """Refuse a program whose own search path for libraries leads where others can put some."""
    try:
        with open_source(program, follow_links=True) as source:
            if source.read(0, min(len(MAGIC), source.size)) != MAGIC:
                return
            linked = read_elf(source)
    except (SourceError, MalformedError) as error:
        raise LaunchError(f"`{program}` cannot be read: {error}") from error
    home = str(program.resolve().parent)
    for written in (*linked.rpath, *linked.runpath):
        folder = written.replace("${ORIGIN}", home).replace("$ORIGIN", home)
        reason = _objection(folder)
        if reason:
            raise LaunchError(f"`{program}` looks for libraries in `{written}`: {reason}")


def _policy(boundary: Boundary, program: Path, folder: Path) -> SandboxPolicy:
    """What a command may do: read the installation and where it is started, and write where it was told."""
    prefixes = (sys.prefix, sys.base_prefix, str(program.parent), str(program.resolve().parents[1]))
    network = NET if boundary.may_connect else ()
    system = (*PROGRAMS, *network, *prefixes)
    return SandboxPolicy(
        readable=(*libraries(), *map(Path, system), TELAMON, Path.cwd(), *boundary.readable),
        writable=(NULL, folder, *boundary.writable),
        may_exec=True,
        may_connect=boundary.may_connect,
        memory_bytes=UNLIMITED,
        cpu_s=LONG_S,
        processes=4096,
        written_bytes=UNLIMITED,
        descriptors=4096,
    )


def _run(command: list[str], name: str, environment: Mapping[str, str]) -> int:
    """Run a command and wait; what asks us to end is passed on, and Ctrl-C reaches it by itself."""
    words = [name, *command[1:]] if name else command
    try:
        child = subprocess.Popen(words, executable=command[0], env=dict(environment))  # noqa: S603  # what the user asked for
    except OSError as error:
        raise LaunchError(f"`{command[0]}` cannot be started: {error.strerror}") from error
    with _forwarding(child):
        status = child.wait()
    return 128 - status if status < 0 else status


@contextmanager
def _forwarding(child: subprocess.Popen[bytes]) -> Iterator[None]:
    before = {number: signal.signal(number, lambda got, _: child.send_signal(got)) for number in FORWARDED}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

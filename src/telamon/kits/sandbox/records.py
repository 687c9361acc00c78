"""What a sandbox allows, what a kernel can enforce of it, and how a run within one ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GIB: Final = 1024**3
MIB: Final = 1024**2

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"


class SandboxError(TelamonError):
    """A sandbox could not be set up, or what ran in it did not keep to the protocol.

    Remedy: Run it again; where it fails again, something on this machine hinders the sandbox: the message names it.
    """

    code = "sandbox"
    exit_code = ExitCode.NOT_RUN


class SandboxUnavailableError(SandboxError):
    """A sandbox is required and this machine cannot enforce all of it.

    Remedy: Use Linux 5.13 or newer with Landlock and seccomp, on x86-64 or AArch64, or do not require the sandbox.

    Args:
        missing: What it cannot enforce, in words.
    """

    code = "sandbox-unavailable"

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(
            f"the sandbox is required and this machine lacks: {', '.join(missing)}",
            hint="Linux 5.13 or newer with Landlock and seccomp, on x86-64 or AArch64",
        )
        self.missing = missing


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPolicy:
    """What a process may do once it has entered.

    Without `may_exec` the kernel's interface is an allow-list: what Python, numpy and torch need and nothing else.
    With it, programs of others run, whose needs nobody can list: then it is a deny-list on top of Landlock.

    Attributes:
        readable: Files, and folders with all that is in them, that may be read; those that do not exist are left out.
        writable: Files and folders that may be read, written and filled; each must exist. Where there is none,
            nothing can be opened for writing at all.
        may_exec: Whether programs in the readable folders may be run.
        may_connect: Whether it may use TCP and UDP; sockets of other families stay refused.
        memory_bytes: Address space; shared libraries count (torch maps more than 2 GiB).
        cpu_s: CPU seconds of each process.
        processes: Processes that it may start; 0 also keeps a native fork out. Threads are no processes.
        written_bytes: Length that any file, or shared memory, may reach by its hand.
        descriptors: Files open at one time.
    """

    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    may_exec: bool = False
    may_connect: bool = False
    memory_bytes: int = 4 * GIB
    cpu_s: int = 120
    processes: int = 0
    written_bytes: int = GIB
    descriptors: int = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSupport:
    """What the kernel that runs us can enforce.

    Attributes:
        system: Such as `Linux 6.8.0`.
        architecture: Such as `x86_64`.
        landlock_abi: 0 where there is no Landlock.
        has_seccomp: Whether filters of system calls can be installed.
        reasons: Why parts are not there, in words; empty where all are.
    """

    system: str
    architecture: str
    landlock_abi: int
    has_seccomp: bool
    reasons: tuple[str, ...]

    def missing(self, policy: SandboxPolicy) -> tuple[str, ...]:
        """Return what of a policy cannot be enforced, in words; empty where all of it can."""
        lacks = list(self.reasons)
        if self.landlock_abi and policy.may_exec:
            # Without `may_exec` the allow-list of system calls closes these itself.
            lacks += [text for abi, text in _NEEDED_BY_PROGRAMS.items() if self.landlock_abi < abi]
        return tuple(lacks)


_NEEDED_BY_PROGRAMS: Final = {
    2: "links and renames between folders (Landlock ABI 2)",
    3: "truncation of files (Landlock ABI 3)",
    6: "signals and abstract sockets of other processes (Landlock ABI 6)",
}


class Ending(StrEnum):
    """How a run within a sandbox ended."""

    ANSWERED = "answered"  # the program ran to its end and said something
    RAISED = "raised"  # it ended by an exception
    EXITED = "exited"  # it ended without a word
    DENIED_CALL = "denied-call"  # it was stopped at a system call that only an attack makes
    MEMORY = "memory"
    CPU_TIME = "cpu-time"
    WALL_TIME = "wall-time"
    FILE_SIZE = "file-size"
    SIGNALLED = "signalled"
    TOO_MUCH_SAID = "too-much-said"  # and nothing of it counts
    NOT_ENTERED = "not-entered"  # the sandbox could not be set up, and nothing was run


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRun:
    """How a run ended. What the program says of itself (`answer`, `message`, `system_call`) is as untrusted as it is.

    Attributes:
        ending: Which of the ways.
        status: Exit status, or the number of the signal as a negative number.
        answer: What the program answered; `None` where it did not.
        message: One line: the exception, or what happened; empty after an answer.
        system_call: The one at which it was stopped; empty where it was not, or where it is not known.
        missing: What of the policy was not enforced; a run with anything in it is `degraded`.
        setup_s: Seconds that entering took, in the child.
    """

    ending: Ending
    status: int
    answer: Json = None
    message: str = ""
    system_call: str = ""
    missing: tuple[str, ...] = field(default=())
    setup_s: float = 0.0

    @property
    def is_degraded(self) -> bool:
        """Whether something of the policy was not enforced."""
        return bool(self.missing)

"""Entering a sandbox: what a process does to itself, in an order that leaves no gap, and cannot undo."""

from __future__ import annotations

import os
import resource
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.kits.sandbox import calls, landlock, seccomp
from telamon.kits.sandbox.kernel import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, Kernel
from telamon.kits.sandbox.records import SandboxError
from telamon.kits.sandbox.support import available

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telamon.kits.sandbox.records import SandboxPolicy, SandboxSupport

_SIGKILL: Final = 9
_MOST_DESCRIPTORS: Final = 2**31 - 1
_OWN_LINKS: Final = 2  # `.` and `..`: the other links of /proc/self/task are the threads
_GRACE_S: Final = 1  # between the warning that the CPU time is up, and the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """That a process is in a sandbox.

    Attributes:
        missing: What of the policy is not enforced.
        setup_s: Seconds that it took.
    """

    missing: tuple[str, ...]
    setup_s: float


def enter(
    policy: SandboxPolicy,
    *,
    keep: Sequence[int] = (),
    support: SandboxSupport | None = None,
    tasks: int | None = None,
) -> Entered:
    """Put this process into a sandbox, for good; call it before any untrusted byte is read.

    Descriptors other than `keep` and the standard three are closed. Landlock and the capabilities belong to threads,
    so there must be one only: import what starts threads (numpy does) afterwards.

    Args:
        policy: What it may do.
        keep: Descriptors that stay open.
        support: What the kernel can enforce, by default what `available` finds.
        tasks: Processes and threads that the user runs already, which the limit on them counts too; no limit on
            their number is set where it is not given.

    Raises:
        SandboxError: The kernel refuses a part that it has, or there are other threads.
    """
    began = time.perf_counter()
    found = support or available()
    _require_one_thread()
    _close_others(keep)
    _limit(policy, tasks)
    if found.landlock_abi or found.has_seccomp:
        _confine(policy, found)
    return Entered(missing=found.missing(policy), setup_s=time.perf_counter() - began)


def _confine(policy: SandboxPolicy, found: SandboxSupport) -> None:
    kernel = Kernel()
    program = calls.filter_of(policy, found.architecture, os.getpid()) if found.has_seccomp else b""
    kernel.require_prctl(PR_SET_PDEATHSIG, _SIGKILL)
    kernel.require_prctl(PR_SET_DUMPABLE, 0)  # others of the same user can neither trace nor read it
    if found.has_seccomp:
        kernel.drop_capabilities(calls.numbers_of(found.architecture)["capset"])
    kernel.require_prctl(PR_SET_NO_NEW_PRIVS, 1)
    if found.landlock_abi:
        landlock.restrict(kernel, policy, found.landlock_abi)
    if program:
        seccomp.install(kernel, program)  # last: it forbids the calls above


def _require_one_thread() -> None:
    try:
        count = os.stat("/proc/self/task").st_nlink - _OWN_LINKS  # noqa: PTH116  # a path object costs more than it
    except OSError:
        count = threading.active_count()
    if count != 1:
        raise SandboxError(f"a sandbox is entered by the only thread of a process, there are {count}")


def _close_others(keep: Sequence[int]) -> None:
    low = 3
    for descriptor in sorted({each for each in keep if each >= low}):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, _MOST_DESCRIPTORS)


def _limit(policy: SandboxPolicy, tasks: int | None) -> None:
    """Set the limits that every kernel has, for good."""
    limits = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_AS: (policy.memory_bytes, policy.memory_bytes),
        resource.RLIMIT_CPU: (policy.cpu_s, policy.cpu_s + _GRACE_S),
        resource.RLIMIT_FSIZE: (policy.written_bytes, policy.written_bytes),
        resource.RLIMIT_NOFILE: (policy.descriptors, policy.descriptors),
        **{getattr(resource, name): (0, 0) for name in _NONE if hasattr(resource, name)},
    }
    if tasks is not None:
        most = tasks + policy.processes + _THREADS
        limits[resource.RLIMIT_NPROC] = (most, most)
    for limit, wanted in limits.items():
        hard = resource.getrlimit(limit)[1]
        if hard != resource.RLIM_INFINITY:
            wanted = (min(wanted[0], hard), min(wanted[1], hard))  # noqa: PLW2901  # what is stricter already stays
        resource.setrlimit(limit, wanted)


_NONE: Final = ("RLIMIT_MSGQUEUE", "RLIMIT_MEMLOCK")
_THREADS: Final = 512  # of the sandboxed program: numerical libraries start one for each processor, some of them twice

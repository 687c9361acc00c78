"""Landlock: which files and ports a process can reach, by its own decision (Linux, `security/landlock`; since 5.13)."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from typing import TYPE_CHECKING, Final

from telamon.kits.sandbox.records import SandboxError
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from pathlib import Path

    from telamon.kits.sandbox.kernel import Kernel
    from telamon.kits.sandbox.records import SandboxPolicy

# The same numbers on every architecture (include/uapi/asm-generic/unistd.h).
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
_VERSION: Final = 1  # LANDLOCK_CREATE_RULESET_VERSION
_PATH_BENEATH: Final = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
# How many access rights each ABI knows: bits 0 to n-1 (include/uapi/linux/landlock.h).
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NET: Final = 0b11  # bind and connect of TCP
_SCOPES: Final = 0b11  # abstract unix sockets, signals
_NET_ABI, _SCOPE_ABI = 4, 6
_ON_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


def abi(kernel: Kernel) -> int:
    """Return the version of Landlock that the kernel speaks, 0 where there is none or it is off."""
    return max(0, kernel.syscall(CREATE_RULESET, 0, 0, _VERSION))


def restrict(kernel: Kernel, policy: SandboxPolicy, version: int) -> None:
    """Confine this thread, and all that it starts, to the files and ports of a policy; this cannot be undone.

    Args:
        kernel: Calls into it.
        policy: What is allowed.
        version: What `abi` returned, at least 1.

    Raises:
        SandboxError: The kernel refuses, or a writable path does not exist.
    """
    handled = (1 << _RIGHTS.get(version, max(_RIGHTS.values()))) - 1
    net = 0 if policy.may_connect or version < _NET_ABI else _NET
    scoped = _SCOPES if version >= _SCOPE_ABI else 0
    words = [handled, *([net] if version >= _NET_ABI else []), *([scoped] if version >= _SCOPE_ABI else [])]
    attributes = struct.pack(f"={len(words)}Q", *words)
    ruleset = kernel.syscall(CREATE_RULESET, ctypes.c_char_p(attributes), len(attributes), 0)
    if ruleset < 0:
        raise SandboxError(f"landlock made no ruleset: {kernel.error()}")
    try:
        reading = _READ_FILE | _READ_DIR | (_EXECUTE if policy.may_exec else 0)
        for path in policy.readable:
            _allow(kernel, ruleset, path, reading)
        for path in policy.writable:
            if not _allow(kernel, ruleset, path, handled & ~(_EXECUTE | _IOCTL_DEV)):
                raise SandboxError(f"`{printable(str(path))}` is to be writable and is not there")
        if kernel.syscall(RESTRICT_SELF, ruleset, 0) != 0:
            raise SandboxError(f"landlock did not restrict the process: {kernel.error()}")
    finally:
        os.close(ruleset)


def _allow(kernel: Kernel, ruleset: int, path: Path, rights: int) -> bool:
    """Allow rights on a file, or beneath a folder; return whether there is such."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _ON_FILES
        beneath = struct.pack("=Qi", rights, descriptor)  # packed in the kernel's header too
        if kernel.syscall(ADD_RULE, ruleset, _PATH_BENEATH, ctypes.c_char_p(beneath), 0) != 0:
            raise SandboxError(f"landlock took no rule for `{printable(str(path))}`: {kernel.error()}")
    finally:
        os.close(descriptor)
    return True

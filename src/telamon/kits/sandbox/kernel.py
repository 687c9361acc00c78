"""The kernel's own interface, by ctypes: `prctl`, `syscall`, capabilities."""

from __future__ import annotations

import ctypes
import os
from typing import Final

from telamon.kits.sandbox.records import SandboxError

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_GET_SECCOMP: Final = 21
PR_SET_SECCOMP: Final = 22
PR_CAPBSET_DROP: Final = 24
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47
_CLEAR_ALL: Final = 4
_CAPABILITY_VERSION: Final = 0x20080522  # _LINUX_CAPABILITY_VERSION_3: two words of 32 bits each
_LAST_CAPABILITY: Final = 63


class Kernel:
    """Calls into libc that Python has no name for."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.syscall.restype = ctypes.c_long
        self._prctl = self._libc.prctl
        # Without them the upper halves of the registers are undefined, and the kernel wants zeros in some.
        self._prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]

    def prctl(self, option: int, argument: int = 0, second: int = 0) -> int:
        """Return the answer of the kernel to a request about this process: -1 for failure, `errno` being set."""
        return int(self._prctl(option, argument, second, 0, 0))

    def require_prctl(self, option: int, argument: int = 0, second: int = 0) -> None:
        """Do the same, and raise `SandboxError` where it fails."""
        if self.prctl(option, argument, second) != 0:
            raise SandboxError(f"prctl {option} failed: {self.error()}")

    def syscall(self, number: int, *arguments: object) -> int:
        """Return what a system call returns: -1 for failure, `errno` being set. Numbers are passed as 64 bits."""
        passed = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
        return int(self._libc.syscall(ctypes.c_long(number), *passed))

    def error(self) -> str:
        """Return the text of the last failure."""
        return os.strerror(ctypes.get_errno())

    def drop_capabilities(self, capset: int) -> None:
        """Give up every capability for good; a process of root keeps what its user id alone allows.

        Args:
            capset: Number of the system call.
        """
        if os.geteuid() == 0:
            for capability in range(_LAST_CAPABILITY + 1):
                if self.prctl(PR_CAPBSET_DROP, capability) != 0:
                    break  # behind the last one that the kernel knows, or nothing may be dropped
        self.prctl(PR_CAP_AMBIENT, _CLEAR_ALL)
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
        if self.syscall(capset, header, (ctypes.c_uint32 * 6)()) != 0:
            raise SandboxError(f"capabilities could not be dropped: {self.error()}")

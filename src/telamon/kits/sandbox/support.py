"""What this machine's kernel can enforce."""

from __future__ import annotations

import os
import sys
from typing import Final

from telamon.kits.sandbox.calls import numbers_of
from telamon.kits.sandbox.kernel import Kernel
from telamon.kits.sandbox.landlock import abi
from telamon.kits.sandbox.records import SandboxSupport
from telamon.kits.sandbox.seccomp import ARCHITECTURES, is_available

_WORD_BITS: Final = 64


def available() -> SandboxSupport:
    """Return what the kernel can enforce; asks it, and changes nothing."""
    names = os.uname()
    system, architecture = f"{names.sysname} {names.release}", names.machine
    if names.sysname != "Linux":
        reason = f"only Linux has Landlock and seccomp, this is {names.sysname}"
        return SandboxSupport(
            system=system, architecture=architecture, landlock_abi=0, has_seccomp=False, reasons=(reason,)
        )
    kernel = Kernel()
    version = abi(kernel)
    is_known = architecture in ARCHITECTURES and sys.maxsize.bit_length() + 1 == _WORD_BITS
    has_seccomp = is_known and is_available(kernel)
    if has_seccomp:
        numbers_of(architecture)  # read before the sandbox is entered: that is counted in microseconds
    reasons = []
    if not version:
        reasons.append("files outside are protected by ownership alone (no Landlock in the kernel)")
    if not is_known:
        reasons.append(f"system calls are not filtered (their numbers on {architecture} are not known)")
    elif not has_seccomp:
        reasons.append("system calls are not filtered (no seccomp in the kernel)")
    return SandboxSupport(
        system=system,
        architecture=architecture,
        landlock_abi=version,
        has_seccomp=has_seccomp,
        reasons=tuple(reasons),
    )

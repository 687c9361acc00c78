"""Where a Python in a sandbox finds itself: the standard library, installed packages, shared libraries."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import Final

_SCHEMES: Final = ("stdlib", "platstdlib", "purelib", "platlib")
_SHARED: Final = (
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
    "/dev/urandom",
    "/dev/zero",
)
NULL: Final = Path("/dev/null")


def libraries() -> tuple[Path, ...]:
    """Return the folders and files that importing installed packages reads; no configuration and nobody's data.

    Folders of `sys.path` that are none of the installation's are left out: they may hold anything.
    """
    base = Path(sys.base_prefix) / "lib"
    package = Path(__file__).resolve().parents[2]  # telamon itself, wherever it is installed
    found = [*(Path(sysconfig.get_path(name)) for name in _SCHEMES), base, package, *map(Path, _SHARED)]
    return tuple(dict.fromkeys(found))

"""What a path in a configuration says about who can write there."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

HOLE: Final = "\ufffc"  # what is not known before it runs, as the readers of programs write it
SHARED: Final = re.compile(r"/(?:var/)?tmp(?:/|$)|/dev/shm(?:/|$)|/usr/tmp(?:/|$)|/run/user/")
SCHEME: Final = re.compile(r"[A-Za-z][\w+.-]*://")
# What is put in while it runs: variables of shells, of systemd and GitHub, templates of Helm and Jinja.
OPEN: Final = re.compile(r"[\ufffc$%]|\{\{|\$\{|<")


class Kind(StrEnum):
    """Where a path leads."""

    SHARED = "a folder that everybody can write to"
    RELATIVE = "a folder that depends on the working directory"
    ADDRESS = "an address"
    FIXED = "a fixed folder"
    OPEN = "somewhere that is not known before it runs"


def kind_of(path: str) -> Kind:
    """Return where a path leads."""
    text = path.strip().strip("'\"")
    if SCHEME.match(text):
        return Kind.ADDRESS
    if SHARED.match(text):
        return Kind.SHARED
    if not text or text in {"-", "|"} or OPEN.match(text) or text.startswith("~"):
        return Kind.OPEN
    is_absolute = text.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[\\/]", text) is not None
    return Kind.FIXED if is_absolute else Kind.RELATIVE

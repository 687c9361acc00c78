"""A sandbox for code and files that nobody vouches for: Landlock, seccomp and limits, by ctypes alone (Linux)."""

from telamon.kits.sandbox.entering import Entered, enter
from telamon.kits.sandbox.libraries import NULL, libraries
from telamon.kits.sandbox.records import (
    Ending,
    SandboxError,
    SandboxPolicy,
    SandboxRun,
    SandboxSupport,
    SandboxUnavailableError,
)
from telamon.kits.sandbox.runner import Task, run
from telamon.kits.sandbox.support import available

__all__ = [
    "NULL",
    "Ending",
    "Entered",
    "SandboxError",
    "SandboxPolicy",
    "SandboxRun",
    "SandboxSupport",
    "SandboxUnavailableError",
    "Task",
    "available",
    "enter",
    "libraries",
    "run",
]

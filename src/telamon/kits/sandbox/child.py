"""What runs in the child: it enters the sandbox, says so, and then runs the program that it was given."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from telamon.kits.sandbox.entering import enter
from telamon.kits.sandbox.records import SandboxError, SandboxPolicy
from telamon.kits.sandbox.support import available

if TYPE_CHECKING:
    from telamon.kits.sandbox.records import Json

_SIGSYS: Final = 31
_SA_SIGINFO: Final = 4
_CALL_OFFSET: Final = 24  # of `si_syscall` in `siginfo_t`, on 64 bits
_LONGEST_MESSAGE: Final = 500
DENIED_STATUS: Final = 128 + _SIGSYS
RAISED_STATUS: Final = 1
NOT_ENTERED_STATUS: Final = 2
MEMORY_STATUS: Final = 3

_Handler = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class _Action(ctypes.Structure):
    """`struct sigaction` of glibc and musl on 64 bits."""

    _fields_ = [  # ctypes' own form
        ("handler", _Handler),
        ("mask", ctypes.c_ulong * 16),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    ]


def main() -> None:
    """Read what is to be done from standard input, enter, and do it; never returns to untrusted hands."""
    task = json.loads(sys.stdin.buffer.read())
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)
    tempfile.tempdir = str(Path.cwd())  # libraries ask for it when they are imported, and it cannot be tried out
    sys.path.extend(task["search"])
    for name in task["preload"]:
        __import__(name)
    report = task["report"]
    try:
        support = available()
        action = _name_denied_calls(report)
        entered = enter(
            _policy(task["policy"]),
            keep=[report, *task["descriptors"].values()],
            support=support,
            tasks=task["tasks"],
        )
    except SandboxError as error:
        _say(report, {"failed": error.message})
        os._exit(NOT_ENTERED_STATUS)
    _say(report, {"entered": {"missing": list(entered.missing), "setup_s": entered.setup_s}})
    _run(task, report)
    del action  # the handler had to live as long as the program
    os._exit(0)  # no clean-up that the program could have left behind for itself


def _policy(fields: dict[str, Json]) -> SandboxPolicy:
    """Return the policy that the parent wrote down."""
    paths = {name: tuple(map(Path, fields.pop(name))) for name in ("readable", "writable")}  # type: ignore[arg-type]  # the parent wrote lists of strings
    return SandboxPolicy(**paths, **fields)  # type: ignore[arg-type]  # its own field names and types


def _run(task: dict[str, Json], report: int) -> None:
    names = {
        "__name__": "__sandboxed__",
        "arguments": task["arguments"],
        "descriptors": task["descriptors"],
        "answer": lambda value: _say(report, {"answer": value}),
    }
    try:
        program = compile(str(task["program"]), "<sandboxed>", "exec", dont_inherit=True)
        exec(program, names)  # noqa: S102  # telamon's own program; what it loads is what is not trusted
    except MemoryError:
        _say(report, {"error": "MemoryError"})
        os._exit(MEMORY_STATUS)
    except BaseException as error:  # noqa: BLE001  # the border: whatever the program raises is told
        _say(report, {"error": f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE]})
        is_memory = isinstance(error, OSError) and error.errno == 12  # noqa: PLR2004  # ENOMEM
        os._exit(MEMORY_STATUS if is_memory else RAISED_STATUS)


def _say(report: int, value: dict[str, Json]) -> None:
    line = json.dumps(value).encode() + b"\n"
    while line:
        line = line[os.write(report, line) :]


def _name_denied_calls(report: int) -> _Action | None:
    """Install what names the system call at which the filter stops the program; a courtesy, and no part of the wall."""
    if sys.platform != "linux":
        return None

    def stop(_: int, info: int, __: int) -> None:
        number = ctypes.c_int.from_address(info + _CALL_OFFSET).value
        os.write(report, b'{"denied": %d}\n' % number)
        os._exit(DENIED_STATUS)

    action = _Action(_Handler(stop), (ctypes.c_ulong * 16)(), _SA_SIGINFO, None)
    ctypes.CDLL(None).sigaction(_SIGSYS, ctypes.byref(action), None)
    return action

"""The audit events by which what a load does is seen, and what they mean (Python docs: audit events table)."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# What no load has a reason to do, unless the import system does it for a module that was allowed.
_EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "runs a program": """
            subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.startfile os.startfile/2 pty.spawn
            os.fork os.forkpty
        """,
        "reaches the network": """
            socket.__new__ socket.connect socket.bind socket.sendto socket.sendmsg socket.getaddrinfo
            socket.gethostbyname socket.gethostbyaddr socket.getnameinfo socket.gethostname urllib.Request
            http.client.connect http.client.send ftplib.connect ftplib.sendcmd smtplib.connect smtplib.send
            imaplib.open imaplib.send poplib.connect poplib.putline nntplib.connect nntplib.putline
            telnetlib.Telnet.open telnetlib.Telnet.write webbrowser.open syslog.openlog syslog.syslog
        """,
        "changes files": """
            os.remove os.rename os.rmdir os.mkdir os.link os.symlink os.chmod os.chown os.lchown os.chflags
            os.lchmod os.truncate os.utime os.setxattr os.removexattr os.lockf os.putenv os.unsetenv
            os.chdir os.chroot shutil.copyfile shutil.copymode shutil.copystat shutil.copytree shutil.move
            shutil.rmtree shutil.chown shutil.make_archive shutil.unpack_archive tempfile.mkstemp
            tempfile.mkdtemp sqlite3.connect sqlite3.enable_load_extension sqlite3.load_extension
        """,
        "executes code": """
            exec code.__new__ function.__new__ marshal.load marshal.loads cpython.run_command
            cpython.run_file cpython.run_interactivehook cpython.run_module cpython.run_startup
        """,
        "reaches into the interpreter": """
            sys.addaudithook sys.setprofile sys.settrace
            sys.set_asyncgen_hooks_finalizer sys.set_asyncgen_hooks_firstiter gc.get_objects
            gc.get_referents gc.get_referrers object.__setattr__ object.__delattr__ builtins.breakpoint
            builtins.input cpython._PySys_ClearAuditHooks setopencodehook sys._current_frames
            sys._current_exceptions sys.monitoring.register_callback pdb.Pdb
        """,
        "acts on processes": """
            os.kill os.killpg signal.pthread_kill _thread.start_new_thread _thread.start_joinable_thread
            resource.setrlimit resource.prlimit faulthandler.register _winapi.CreateProcess
            _winapi.TerminateProcess _xxsubinterpreters.create _interpreters.create cpython.PyInterpreterState_New
        """,
        "reaches memory and libraries": """
            ctypes.dlopen ctypes.dlsym ctypes.dlsym/handle ctypes.cdata ctypes.cdata/buffer
            ctypes.call_function ctypes.addressof ctypes.string_at ctypes.wstring_at ctypes.seh_exception
            ctypes.get_errno ctypes.set_errno ctypes.PyObj_FromPtr winreg.SetValue winreg.CreateKey
            winreg.DeleteKey msvcrt.open_osfhandle
        """,
    }
)
ACTS: Final[Mapping[str, str]] = MappingProxyType(
    {event: meaning for meaning, names in _EVENTS.items() for event in names.split()}
)
# Methods of files that loaders call while they read: what these open or connect to is where the file lies.
READERS: Final = frozenset({"read", "readline", "readinto", "readinto1", "read1", "peek", "seek", "tell", "fill"})
INTERPRETER: Final = "cpython.PyInterpreterState_New"  # another one in this process, which has no hooks of ours
STARTS: Final = frozenset({"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn"})
PYTHON: Final = re.compile(r"(?:python|pypy)[\d.]*w?(?:\.exe)?", re.IGNORECASE)
EMPTYING: Final = frozenset({"-", "-i", "--ignore-environment"})  # options of env
# Flags of Python that leave out the environment or the module `site`, and so the guard.
ISOLATING: Final = re.compile(r"-[bBdhiOqRsuvVxP?]*[IES]")


def is_writing(arguments: Sequence[object]) -> bool:
    """Whether the arguments of the event `open` are those of opening for more than reading."""
    flags = arguments[2] if len(arguments) > 2 else 0  # noqa: PLR2004  # path, mode, flags
    return isinstance(flags, int) and bool(flags & WRITING)


def started(event: str, arguments: Sequence[object]) -> tuple[list[str], Mapping[Any, Any] | None]:
    """Return the words of the command that an event of `STARTS` starts, and its environment; `None` for our own."""
    words, environment = {
        "subprocess.Popen": lambda: (_words(arguments[0], arguments[1]), arguments[3]),
        "os.exec": lambda: (_words(arguments[0], arguments[1]), arguments[2]),
        "os.posix_spawn": lambda: (_words(arguments[0], arguments[1]), arguments[2]),
        "os.spawn": lambda: (_words(arguments[1], arguments[2]), arguments[3]),
    }[event]()
    return words, environment if isinstance(environment, Mapping) else None


def is_unguarded(words: Sequence[str], environment: Mapping[Any, Any] | None, variable: str) -> bool:
    """Whether a command is a Python that leaves out the guard.

    Args:
        words: The command.
        environment: Its own; `None` where it inherits.
        variable: What a guarded process has in its environment.
    """
    start = 0
    while start < len(words) and _is_prelude(words[:start], words[start]):
        start += 1
    if start == len(words) or not PYTHON.fullmatch(os.path.basename(words[start])):  # noqa: PTH119  # in every start of a process
        return False
    if any(word in EMPTYING for word in words[:start]):
        return True
    if environment is not None and not any(plain(name) == variable for name in environment):
        return True
    for word in words[start + 1 :]:
        if word in {"-c", "-m", "-"} or not word.startswith("-"):
            return False
        if ISOLATING.match(word):
            return True
    return False


def _is_prelude(before: Sequence[str], word: str) -> bool:
    """Whether a word belongs to an `env` before the command: itself, its options and what it sets."""
    if not before:
        return os.path.basename(word) == "env"  # noqa: PTH119  # as above
    return word.startswith("-") or "=" in word


def plain(value: object) -> str:
    """Return a path or word as text, without calling anything of the value's own; empty where it is no text.

    What a load hands to an event may be of a class of its own, and while the hook decides nothing is heard.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return os.fsdecode(memoryview(value).tobytes())
    paths = sys.modules.get("pathlib")
    if paths is not None and type(value) in {paths.PosixPath, paths.WindowsPath, paths.PurePosixPath}:
        return str(value)
    return ""


def shown(arguments: Sequence[object]) -> str:
    """Return the arguments of an event in words; of what is neither text nor number its type."""
    return ", ".join(
        repr(plain(value))
        if isinstance(value, str | bytes)
        else str(value)
        if type(value) in {int, bool}
        else type.__dict__["__name__"].__get__(type(value))
        for value in arguments
    )


def _words(executable: object, arguments: object) -> list[str]:
    if isinstance(arguments, str | bytes):
        return [plain(arguments)]
    words = [plain(each) for each in arguments] if type(arguments) in {list, tuple} else []  # type: ignore[attr-defined]  # one of the two
    named = plain(executable)
    return [named, *words[1:]] if named else words

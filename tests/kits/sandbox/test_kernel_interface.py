"""The rest of the kernel's interface: what escapes are made of, what would undo the sandbox, what exhausts."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telamon.kits.sandbox import Ending, SandboxPolicy, SandboxRun, Task, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ATTACKS = {
    "io_uring": "return call(a['numbers']['io_uring_setup'], 4, bytes(120)) > 0",
    "bpf": "return call(a['numbers']['bpf'], 0, struct.pack('=IIIII', 2, 4, 4, 1, 0) + bytes(60), 72) > 0",
    "keys": "return call(a['numbers']['add_key'], b'user', b'telamon', b'x', 1, -3) > 0",
    "keyctl": "return call(a['numbers']['keyctl'], 0, -3, 1) > 0",
    "userfaultfd": "return call(a['numbers']['userfaultfd'], 0o2000000 | 1) > 0",
    "performance events": """
        # a software event of our own process: PERF_TYPE_SOFTWARE, 120 bytes, PERF_COUNT_SW_DUMMY
        event = struct.pack('=IIQ', 1, 120, 9) + bytes(104)
        return call(a['numbers']['perf_event_open'], event, 0, -1, -1, 0) > 0
    """,
    "personality": "return call(a['numbers']['personality'], 0x0040000) >= 0",
    "new user namespace": "return call(a['numbers']['unshare'], 0x10000000) == 0",
    "new namespace by clone": """
        if call(a['numbers']['clone'], 0x10000000 | 17, 0, 0, 0, 0) == 0:
            os._exit(0)
        return True
    """,
    "entering a namespace": """
        return call(a['numbers']['setns'], os.open('/proc/self/ns/uts', os.O_RDONLY), 0) == 0
    """,
    "mounting": "return call(a['numbers']['mount'], b'none', b'/', 0, 1 << 18, 0) == 0",
    "root folder": "return os.chroot('/') is None",
    "handles of files": """
        handle, mount = struct.pack('=Ii', 128, 0) + bytes(128), bytes(4)
        at = call(a['numbers']['name_to_handle_at'], -100, a['outside'].encode(), handle, mount, 0)
        home = os.open('/', os.O_RDONLY)
        return call(a['numbers']['open_by_handle_at'], home, handle, 0) > 0
    """,
    "kernel module": "return call(a['numbers']['init_module'], b'', 0, b'') == 0",
    "kernel image": "return call(a['numbers']['kexec_load'], 0, 0, 0, 0) == 0",
    "file system events": "return call(a['numbers']['fanotify_init'], 0, 0) > 0",
    "secret memory": "return call(a['numbers']['memfd_secret'], 0) > 0",
    "anonymous file": "return os.memfd_create('x') > 0",
    "host name": "return socket.sethostname(socket.gethostname()) is None",
    "kernel log": "return call(a['numbers']['syslog'], 10, 0, 0) >= 0",
}
UNDOING = {
    "dumpable": "return libc.prctl(4, 1, 0, 0, 0) == 0",
    "death of the parent": "return libc.prctl(1, 0, 0, 0, 0) == 0",
    "keeping capabilities": "return libc.prctl(8, 1, 0, 0, 0) == 0",
    "more memory": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); return True",
    "more memory, itself by id": "resource.prlimit(os.getpid(), resource.RLIMIT_AS, (-1, -1)); return True",
    "core dumps": "resource.setrlimit(resource.RLIMIT_CORE, (-1, -1)); return True",
    "new session": "return os.setsid() > 0",
    "user id": "return os.setuid(os.getuid()) is None",
    "capabilities": """
        header, data = struct.pack('=Ii', 0x20080522, 0), bytes(24)
        return call(a['numbers']['capset'], header, data) == 0
    """,
    "filter that lets all through": """
        program = struct.pack('=HBBI', 6, 0, 0, 0x7fff0000)
        space = ctypes.create_string_buffer(program)
        libc.prctl(38, 1, 0, 0, 0)
        fields = struct.pack('=HxxxxxxQ', 1, ctypes.addressof(space))
        return call(a['numbers']['seccomp'], 1, 0, fields) == 0
    """,
    "new rules of landlock": """
        rules = call(444, struct.pack('=Q', 4), 8, 0)
        return rules > 0
    """,
    "typing into the terminal": """
        import pty, termios
        ours, theirs = pty.openpty()
        return fcntl.ioctl(theirs, termios.TIOCSTI, b'x') is not None
    """,
}
NOT_AS_TWIN = {
    *("kernel module", "kernel image", "mounting", "secret memory"),  # not inert, or off in most kernels
    *("typing into the terminal", "new session"),  # off in recent kernels; no use without a session leader
}
ONLY_ROOT_CAN = {
    *("bpf", "userfaultfd", "performance events", "entering a namespace", "root folder", "handles of files"),
    *("file system events", "host name", "kernel log", "new user namespace", "new namespace by clone"),
    *("more memory", "more memory, itself by id", "core dumps"),
}


@pytest.mark.parametrize("way", [*ATTACKS, *UNDOING])
def test_what_escapes_are_made_of_is_refused(
    way: str, refused: Callable[..., SandboxRun], numbers: dict[str, int], outside: Path
) -> None:
    is_shown = way not in NOT_AS_TWIN and (way not in ONLY_ROOT_CAN or os.geteuid() == 0)
    refused({**ATTACKS, **UNDOING}[way], is_twin_shown=is_shown, numbers=numbers, outside=str(outside))


@pytest.mark.parametrize("name", ["ptrace", "bpf", "keyctl", "io_uring_setup", "unshare", "userfaultfd", "mount"])
def test_a_call_that_only_attacks_make_ends_the_process_and_is_named(
    name: str, sandboxed: Callable[..., SandboxRun], numbers: dict[str, int]
) -> None:
    ended = sandboxed("return call(a['number'], 0, 0, 0, 0)", number=numbers[name])
    assert (ended.ending, ended.system_call) == (Ending.DENIED_CALL, name)


def test_calls_of_the_32_bit_interface_end_the_process(sandboxed: Callable[..., SandboxRun]) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("the older interface of x86-64 only")
    action = """
        import mmap
        # mov eax, 20 (getpid); int 0x80; ret
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(bytes.fromhex('b814000000cd80c3'))
        function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        return function() == os.getpid()
    """
    ended = sandboxed(action)
    assert ended.ending in {Ending.DENIED_CALL, Ending.SIGNALLED}
    assert ended.answer is None


def test_calls_of_the_x32_interface_end_the_process(sandboxed: Callable[..., SandboxRun]) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("x32 is of x86-64")
    ended = sandboxed("return call(0x40000000 | 39)")
    assert (ended.ending, ended.system_call) == (Ending.DENIED_CALL, "")


def test_calls_that_are_not_known_are_as_of_an_older_kernel(sandboxed: Callable[..., SandboxRun]) -> None:
    assert sandboxed("return call(999)").message == "OSError: [Errno 38] Function not implemented"


def test_memory_cannot_be_exhausted(sandboxed: Callable[..., SandboxRun]) -> None:
    assert sandboxed("return len(bytearray(2 * 1024**3))").ending is Ending.MEMORY


def test_shared_memory_cannot_be_exhausted(sandboxed: Callable[..., SandboxRun]) -> None:
    action = """
        import mmap
        kept = []
        while True:
            kept.append(mmap.mmap(-1, 1 << 28, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS))
    """
    assert sandboxed(action).ending is Ending.MEMORY


def test_time_cannot_be_exhausted(sandboxed: Callable[..., SandboxRun], policy: SandboxPolicy) -> None:
    assert sandboxed("while True: pass", policy=replace(policy, cpu_s=1)).ending is Ending.CPU_TIME


def test_the_disk_cannot_be_filled(sandboxed: Callable[..., SandboxRun], tmp_path: Path) -> None:
    ended = sandboxed("return os.truncate(a['own'] + '/sparse', 1 << 40)", own=tmp_path / "own")
    assert ended.answer is None
    ended = sandboxed(
        """
        with open(a['own'] + '/big', 'wb') as file:
            for _ in range(1024):
                file.write(bytes(1 << 20))
        return True
        """,
        own=tmp_path / "own",
    )
    assert ended.answer is None
    assert (tmp_path / "own" / "big").stat().st_size <= 64 * 1024**2


def test_descriptors_cannot_be_exhausted(sandboxed: Callable[..., SandboxRun]) -> None:
    assert sandboxed("kept = [os.pipe() for _ in range(1000)]; return True").message.endswith("Too many open files")


def test_a_crash_leaves_no_core(sandboxed: Callable[..., SandboxRun], tmp_path: Path) -> None:
    ended = sandboxed("os.chdir(a['own']); os.abort()", own=tmp_path / "own")
    assert (ended.ending, ended.status) == (Ending.SIGNALLED, -6)
    assert list((tmp_path / "own").iterdir()) == []


def test_who_says_too_much_is_ended_and_not_heard(policy: SandboxPolicy) -> None:
    ended = run(Task(program="while True: answer('x' * 1000)", answer_bytes=10_000), policy)
    assert (ended.ending, ended.answer) == (Ending.TOO_MUCH_SAID, None)


def test_a_process_with_threads_does_not_enter() -> None:
    program = """
import threading, time
from telamon.kits.sandbox import SandboxError, SandboxPolicy, enter
threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
try:
    enter(SandboxPolicy())
except SandboxError as error:
    print(error.message)
"""
    done = subprocess.run(  # noqa: S603  # our interpreter and our program
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stdout == "a sandbox is entered by the only thread of a process, there are 2\n"

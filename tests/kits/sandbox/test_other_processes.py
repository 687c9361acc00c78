"""Other processes can be neither signalled nor inspected, and none can be started."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telamon.kits.sandbox import Ending, SandboxPolicy, SandboxRun, Task, run

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT_ONLY = {"raw socket"}

ON_OTHERS = {
    "kill": "return os.kill(a['victim'], 0) is None",
    "kill the parent": "return os.kill(os.getppid(), 0) is None",
    "kill a group": "return os.killpg(os.getpgid(os.getppid()), 0) is None",
    "signal to a thread": "return call(a['numbers']['tgkill'], a['victim'], a['victim'], 0) == 0",
    "signal by tkill": "return call(a['numbers']['tkill'], a['victim'], 0) == 0",
    "queued signal": """
        # a queued signal may not look like one of kill(2): si_code is SI_QUEUE
        info = struct.pack('=iii', signal.SIGCONT, 0, -1) + bytes(128)
        return call(a['numbers']['rt_sigqueueinfo'], a['victim'], int(signal.SIGCONT), info) == 0
    """,
    "signal by descriptor": "return signal.pidfd_send_signal(os.pidfd_open(a['victim']), 0) is None",
    "owner of a descriptor": """
        reading, writing = os.pipe()
        return fcntl.fcntl(reading, fcntl.F_SETOWN, a['victim']) == 0
    """,
    "tracing": """
        return call(a['numbers']['ptrace'], 0x4206, a['victim'], 0, 0) == 0
    """,
    "reading memory": """
        maps = open(f"/proc/{a['victim']}/maps").readline()
        start = int(maps.split('-')[0], 16)
        space = ctypes.create_string_buffer(4)
        here = struct.pack('=QQ', ctypes.addressof(space), 4)
        return call(a['numbers']['process_vm_readv'], a['victim'], here, 1, struct.pack('=QQ', start, 4), 1, 0) == 4
    """,
    "reading memory blindly": """
        space = ctypes.create_string_buffer(4)
        here = struct.pack('=QQ', ctypes.addressof(space), 4)
        return call(a['numbers']['process_vm_readv'], a['victim'], here, 1, struct.pack('=QQ', a['text'], 4), 1, 0) == 4
    """,
    "limits": "return resource.prlimit(a['victim'], resource.RLIMIT_CORE, (0, 0)) is not None",
    "reading limits": "return resource.prlimit(a['victim'], resource.RLIMIT_CORE) is not None",
    "priority": "return os.setpriority(os.PRIO_PROCESS, a['victim'], 1) is None",
    "processors": "return os.sched_setaffinity(a['victim'], os.sched_getaffinity(0)) is None",
    "comparing": "return call(a['numbers']['kcmp'], os.getpid(), a['victim'], 1, 0, 0) >= 0",
    "taking a descriptor": "return call(a['numbers']['pidfd_getfd'], os.pidfd_open(a['victim']), 0, 0) > 0",
}
STARTING = {
    "fork": """
        if os.fork() == 0:
            os._exit(0)
        return True
    """,
    "vfork": """
        import _posixsubprocess, subprocess
        return subprocess.run(['/bin/true']).returncode == 0
    """,
    "shell": "return os.system('true') == 0",
    "spawn": "return os.posix_spawn('/bin/true', ['true'], {}) > 0",
    "exec": "os.execv(sys.executable, [sys.executable, '-c', 'print(\"succeeded\")'])",
    "exec by descriptor": """
        os.execve(os.open('/bin/echo', os.O_RDONLY), ['echo', 'succeeded'], {})
    """,
    "exec from memory": """
        memory = os.memfd_create('program', 0)  # it has to stay open for the interpreter
        os.write(memory, b'#!/bin/sh\\necho succeeded\\n')
        os.execve(f'/proc/self/fd/{memory}', ['program'], {'PATH': '/bin:/usr/bin'})
    """,
    "clone3": """
        # CLONE_FILES, the exit signal SIGCHLD
        arguments = struct.pack('=11Q', 0x400, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)
        if call(435, arguments, len(arguments)) == 0:
            os._exit(0)
        return True
    """,
}
REACHING = {
    "tcp": "return socket.create_connection(('127.0.0.1', a['port']), 5) is not None",
    "tcp server": """
        server = socket.socket()
        server.bind(('127.0.0.1', 0))
        return server.listen() is None
    """,
    "udp": "return socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', a['port'])) == 1",
    "socket of a path": "return socket.socket(socket.AF_UNIX).connect(a['path']) is None",
    "abstract socket": "return socket.socket(socket.AF_UNIX).connect(chr(0) + a['abstract']) is None",
    "netlink": "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) is not None",
    "raw socket": "return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) is not None",
    # These outlive their makers, so the twin takes away what it made.
    "shared memory": (
        "made = call(a['numbers']['shmget'], 0, 4096, 0o1600); "
        "call(a['numbers']['shmctl'], made, 0, 0); return made >= 0"
    ),
    "message queue": (
        "made = call(a['numbers']['msgget'], 0, 0o1600); call(a['numbers']['msgctl'], made, 0, 0); return made >= 0"
    ),
    "message queue of a name": (
        "made = call(a['numbers']['mq_open'], a['abstract'].encode(), 0o102, 0o600, 0); "
        "call(a['numbers']['mq_unlink'], a['abstract'].encode()); return made >= 0"
    ),
    "semaphores": (
        "made = call(a['numbers']['semget'], 0, 1, 0o1600); "
        "call(a['numbers']['semctl'], made, 0, 0, 0); return made >= 0"
    ),
}


@pytest.mark.parametrize("way", ON_OTHERS)
def test_other_processes_are_left_alone(
    way: str, refused: Callable[..., SandboxRun], victim: int, numbers: dict[str, int]
) -> None:
    text = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[23])  # where our program begins
    is_blind = way == "reading memory blindly"
    refused(ON_OTHERS[way], is_twin_shown=not is_blind, victim=victim, numbers=numbers, text=text)
    os.kill(victim, 0)


@pytest.mark.parametrize("way", STARTING)
def test_nothing_is_started(way: str, refused: Callable[..., SandboxRun], numbers: dict[str, int]) -> None:
    refused(STARTING[way], numbers=numbers)


@pytest.mark.parametrize("way", REACHING)
def test_nobody_is_reached(
    way: str, refused: Callable[..., SandboxRun], numbers: dict[str, int], tmp_path: Path
) -> None:
    name = f"telamon-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        unix.bind(str(tmp_path / "socket"))
        unix.listen()
        abstract.bind("\0" + name)
        abstract.listen()
        is_shown = way not in ROOT_ONLY or os.geteuid() == 0
        port = tcp.getsockname()[1]
        given = {"port": port, "path": str(tmp_path / "socket"), "abstract": name, "numbers": numbers}
        refused(REACHING[way], is_twin_shown=is_shown, **given)


def test_a_thread_bomb_ends_and_leaves_nothing(sandboxed: Callable[..., SandboxRun]) -> None:
    ended = sandboxed("""
        count = 0
        try:
            while count < 100_000:
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                count += 1
        except RuntimeError:
            return count < 2000
    """)
    assert ended.answer is True


def test_the_child_and_its_group_are_gone_when_the_time_is_up(policy: SandboxPolicy) -> None:
    ended = run(Task(program="import time; time.sleep(60)", timeout_s=1.0), policy)
    assert (ended.ending, ended.status) == (Ending.WALL_TIME, -signal.SIGKILL)


def test_who_blocks_and_ignores_signals_is_ended_all_the_same(policy: SandboxPolicy) -> None:
    program = """
import contextlib, signal
for number in range(1, 65):
    with contextlib.suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_IGN)
while True:
    pass
"""
    ended = run(Task(program=program, timeout_s=30), policy)
    assert (ended.ending, ended.status) == (Ending.SIGNALLED, -signal.SIGKILL)

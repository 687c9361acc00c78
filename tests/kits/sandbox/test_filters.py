"""The programs of filters, run by an interpreter of classic BPF written from its documentation, on both machines."""

from __future__ import annotations

import errno
import os
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.sandbox import NULL, SandboxPolicy
from telamon.kits.sandbox.calls import filter_of, numbers_of
from telamon.kits.sandbox.seccomp import ALLOW, ARCHITECTURES, KILL_PROCESS, TRAP, Condition, Rule, assemble, refuse

if TYPE_CHECKING:
    from pathlib import Path

EPERM, ENOSYS = refuse(errno.EPERM), refuse(errno.ENOSYS)
LOADING = SandboxPolicy(writable=(NULL,))
PROGRAMS = SandboxPolicy(may_exec=True, processes=8)
MACHINES = sorted(ARCHITECTURES)


def answer(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What a filter answers to a call (Documentation/networking/filter.rst, `struct seccomp_data`)."""
    values = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=iIQ6Q", number, architecture, 0, *[value & (1 << 64) - 1 for value in values])
    accumulator, at = 0, 0
    while True:
        code, jump_true, jump_false, operand = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        match code:
            case 0x20:  # BPF_LD | BPF_W | BPF_ABS
                (accumulator,) = struct.unpack_from("=I", data, operand)
            case 0x54:  # BPF_ALU | BPF_AND | BPF_K
                accumulator &= operand
            case 0x05:  # BPF_JMP | BPF_JA
                at += operand
            case 0x15:  # BPF_JMP | BPF_JEQ | BPF_K
                at += jump_true if accumulator == operand else jump_false
            case 0x35:  # BPF_JMP | BPF_JGE | BPF_K
                at += jump_true if accumulator >= operand else jump_false
            case _:  # BPF_RET | BPF_K
                assert code == 0x06
                return int(operand)


def asked(machine: str, policy: SandboxPolicy, name: str, *arguments: int) -> int:
    program = filter_of(policy, machine, 4242)
    return answer(program, ARCHITECTURES[machine], numbers_of(machine)[name], *arguments)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("read", (), ALLOW),
        ("mmap", (), ALLOW),
        ("futex", (), ALLOW),
        ("openat", (-100, 0, os.O_RDONLY | os.O_CLOEXEC), ALLOW),
        ("execve", (), EPERM),
        ("execveat", (), EPERM),
        ("socket", (2, 1, 0), EPERM),
        ("fchmodat", (), EPERM),
        ("mkdirat", (), EPERM),
        ("unlinkat", (), EPERM),
        ("kill", (4242, 9), ALLOW),
        ("kill", (1, 9), EPERM),
        ("kill", (-1, 9), EPERM),
        ("kill", (0, 9), EPERM),
        ("tgkill", (4242, 4243, 6), ALLOW),
        ("tgkill", (4243, 4243, 6), EPERM),
        ("clone", (0x3D0F00,), ALLOW),  # what pthread_create asks for
        ("clone", (17,), EPERM),  # what fork asks for
        ("clone", (0x3D0F00 | 0x10000000,), EPERM),
        ("clone3", (), ENOSYS),
        ("prctl", (15,), ALLOW),
        ("prctl", (22,), EPERM),
        ("prctl", (4,), EPERM),
        ("fcntl", (3, 2, 1), ALLOW),
        ("fcntl", (3, 8, 1), EPERM),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), EPERM),
        ("ioctl", (0, 0x5412 | 1 << 32), EPERM),  # the kernel does not look at the upper half
        ("ioctl", (0, 0x5401 | 1 << 32), ALLOW),
        ("prlimit64", (0, 9, 0, 1), ALLOW),
        ("prlimit64", (0, 9, 1 << 40, 0), EPERM),
        ("prlimit64", (1, 9, 0, 1), EPERM),
        ("ptrace", (), TRAP),
        ("bpf", (), TRAP),
        ("io_uring_setup", (), TRAP),
        ("open_by_handle_at", (), TRAP),
    ],
)
def test_what_a_load_may_ask_of_the_kernel(machine: str, name: str, arguments: tuple[int, ...], expected: int) -> None:
    assert asked(machine, LOADING, name, *arguments) == expected


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("execve", (), ALLOW),
        ("clone", (17,), ALLOW),
        ("clone", (17 | 0x10000000,), EPERM),
        ("clone", (17 | 0x20000,), EPERM),
        ("clone3", (), ENOSYS),
        ("execveat", (), EPERM),
        ("memfd_create", (), EPERM),
        ("fchmodat", (), EPERM),
        ("socket", (1, 1, 0), EPERM),
        ("socketpair", (1, 1, 0), ALLOW),
        ("ioctl", (0, 0x5412), EPERM),
        ("ioctl", (0, 0x5401), ALLOW),
        ("unshare", (), TRAP),
        ("mkdirat", (), ALLOW),
    ],
)
def test_what_programs_may_ask_of_the_kernel(
    machine: str, name: str, arguments: tuple[int, ...], expected: int
) -> None:
    assert asked(machine, PROGRAMS, name, *arguments) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_only_tcp_and_udp_are_opened_where_connecting_is_allowed(machine: str) -> None:
    policy = SandboxPolicy(may_connect=True)
    wanted = {(2, 1): ALLOW, (10, 2 | 0o2000000): ALLOW, (2, 3): EPERM, (1, 1): EPERM, (16, 3): EPERM, (38, 5): EPERM}
    assert {pair: asked(machine, policy, "socket", *pair) for pair in wanted} == wanted


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, 0o20000000, os.O_ACCMODE])
def test_nothing_is_opened_for_writing_where_nothing_is_writable(machine: str, flags: int) -> None:
    assert asked(machine, SandboxPolicy(), "openat", -100, 0, flags) == EPERM
    assert asked(machine, SandboxPolicy(), "openat", -100, 0, os.O_RDONLY) == ALLOW


def test_folders_are_changed_only_where_one_is_writable(tmp_path: Path) -> None:
    assert asked("x86_64", SandboxPolicy(writable=(tmp_path,)), "mkdir") == ALLOW


@pytest.mark.parametrize("policy", [LOADING, PROGRAMS])
@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_machine_end_the_process(machine: str, policy: SandboxPolicy) -> None:
    program = filter_of(policy, machine, 1)
    others = {0x40000003, 0x40000028, *ARCHITECTURES.values()} - {ARCHITECTURES[machine]}  # i386, arm
    assert {answer(program, other, 0) for other in others} == {KILL_PROCESS}


@pytest.mark.parametrize("policy", [LOADING, PROGRAMS])
def test_calls_of_x32_end_the_process(policy: SandboxPolicy) -> None:
    program = filter_of(policy, "x86_64", 1)
    assert {answer(program, ARCHITECTURES["x86_64"], 0x40000000 | number) for number in range(600)} == {KILL_PROCESS}


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_that_nobody_listed_are_those_of_an_older_kernel(machine: str) -> None:
    assert answer(filter_of(LOADING, machine, 1), ARCHITECTURES[machine], 999) == ENOSYS


@given(
    rules=st.dictionaries(st.integers(0, 600), st.sampled_from([ALLOW, EPERM, TRAP]), max_size=500),
    number=st.integers(0, 700),
)
def test_each_call_gets_the_answer_of_its_rule(rules: dict[int, int], number: int) -> None:
    program = assemble("aarch64", [Rule(each, wanted) for each, wanted in rules.items()], ENOSYS)
    assert answer(program, ARCHITECTURES["aarch64"], number) == rules.get(number, ENOSYS)


@given(argument=st.integers(0, 2**64 - 1), value=st.integers(0, 2**64 - 1), is_equal=st.booleans())
def test_pointers_are_compared_whole(argument: int, value: int, is_equal: bool) -> None:  # noqa: FBT001  # a case
    wanted = argument if is_equal else value
    rule = Rule(7, ALLOW, EPERM, ((Condition(2, wanted, is_pointer=True),),))
    program = assemble("x86_64", [rule], ENOSYS)
    assert answer(program, ARCHITECTURES["x86_64"], 7, 0, 0, argument) == (ALLOW if argument == wanted else EPERM)

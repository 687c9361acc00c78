"""Filters of system calls: an assembler of classic BPF programs, and their installation (seccomp(2))."""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from telamon.kits.sandbox.kernel import PR_GET_SECCOMP, PR_SET_SECCOMP, Kernel
from telamon.kits.sandbox.records import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterable

# What a filter answers (include/uapi/linux/seccomp.h).
ALLOW: Final = 0x7FFF0000
TRAP: Final = 0x00030000
KILL_PROCESS: Final = 0x80000000
_ERRNO: Final = 0x00050000

# AUDIT_ARCH_* (include/uapi/linux/audit.h).
ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT: Final = 0x40000000  # x32 calls share the architecture's name, with numbers of their own from here on

_LOAD, _AND, _EQUAL, _AT_LEAST, _JUMP, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x05, 0x06
_FARTHEST: Final = 200  # a conditional jump spans 255 instructions
_NUMBER_OFFSET, _ARCH_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
_MODE_FILTER: Final = 2
_LONGEST: Final = 4096  # BPF_MAXINSNS

Instruction = tuple[int, int, int, int]


def refuse(error_number: int) -> int:
    """Return the answer that makes a call fail with an `errno`."""
    return _ERRNO | error_number


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether an argument of a call, masked, has a value.

    The lower 32 bits are compared, which are all that the kernel looks at in an `int`; of a pointer both halves.
    """

    argument: int
    value: int
    mask: int = 0xFFFFFFFF
    is_pointer: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What the filter answers to one call.

    Attributes:
        number: Of the call.
        matched: The answer where all tests of one of the alternatives hold, or where there are no alternatives.
        otherwise: The answer where they do not.
        alternatives: Groups of tests.
    """

    number: int
    matched: int
    otherwise: int = 0
    alternatives: tuple[tuple[Condition, ...], ...] = ()


def assemble(architecture: str, rules: Iterable[Rule], default: int) -> bytes:
    """Return the program of a filter: calls of another architecture, or of x32, end the process.

    Args:
        architecture: A key of `ARCHITECTURES`.
        rules: In the order in which they are tried; the first for a number decides.
        default: The answer to every other call.

    Raises:
        SandboxError: The program is longer than the kernel takes.
    """
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH_OFFSET),
        (_EQUAL, 1, 0, ARCHITECTURES[architecture]),
        (_RETURN, 0, 0, KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
    ]
    if architecture == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, KILL_PROCESS)]
    for (is_plain, answer), group in groupby(rules, key=lambda rule: (not rule.alternatives, rule.matched)):
        if is_plain:
            program += _plain([rule.number for rule in group], answer)
            continue
        for rule in group:
            body = _body(rule)
            program += [(_EQUAL, 0, len(body), rule.number), *body]
    program.append((_RETURN, 0, 0, default))
    if len(program) > _LONGEST:
        raise SandboxError(f"a filter of {len(program)} instructions, {_LONGEST} are taken")
    return b"".join(struct.pack("=HBBI", *each) for each in program)


def _plain(numbers: list[int], answer: int) -> list[Instruction]:
    """Return what gives several calls one answer, whatever their arguments."""
    program: list[Instruction] = []
    for start in range(0, len(numbers), _FARTHEST):
        block = numbers[start : start + _FARTHEST]
        program += [(_EQUAL, len(block) - index, 0, number) for index, number in enumerate(block)]
        program += [(_JUMP, 0, 0, 1), (_RETURN, 0, 0, answer)]
    return program


def _body(rule: Rule) -> list[Instruction]:
    """Return what is run for one call; it always ends with an answer, for it may overwrite the call's number."""
    body: list[Instruction] = []
    for tests in rule.alternatives:
        lengths = [6 if test.is_pointer else 3 for test in tests]
        left = sum(lengths) + 1  # to behind this alternative
        for test, length in zip(tests, lengths, strict=True):
            for half in range(length // 3):
                left -= 3
                value = test.value >> 32 * half & 0xFFFFFFFF
                body += [
                    (_LOAD, 0, 0, _ARGUMENTS_OFFSET + 8 * test.argument + 4 * half),  # little-endian, both of them
                    (_AND, 0, 0, test.mask),
                    (_EQUAL, 0, left, value),
                ]
        body.append((_RETURN, 0, 0, rule.matched))
    return [*body, (_RETURN, 0, 0, rule.otherwise)]


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]  # ctypes' own form


def is_available(kernel: Kernel) -> bool:
    """Return whether filters can be installed: PR_GET_SECCOMP fails where the kernel has none."""
    return kernel.prctl(PR_GET_SECCOMP) >= 0


def install(kernel: Kernel, program: bytes) -> None:
    """Put this thread, and all that it starts, under a filter; this cannot be undone.

    Raises:
        SandboxError: The kernel refuses; without `no_new_privs` it does.
    """
    filled = _Program(len(program) // struct.calcsize("=HBBI"), program)
    address = ctypes.addressof(filled)
    if kernel.prctl(PR_SET_SECCOMP, _MODE_FILTER, address) != 0:
        raise SandboxError(f"the filter of system calls was not taken: {kernel.error()}")

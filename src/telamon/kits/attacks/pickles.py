"""Pickles written opcode by opcode, as an attacker writes them (PEP 307, PEP 3154, PEP 574)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

PROTO = b"\x80"
STOP = b"."
MARK = b"("
TUPLE = b"t"
EMPTY_TUPLE = b")"
REDUCE = b"R"
BUILD = b"b"
OBJ = b"o"
NEWOBJ = b"\x81"
NEWOBJ_EX = b"\x92"
STACK_GLOBAL = b"\x93"
MEMOIZE = b"\x94"
EMPTY_DICT = b"}"
SETITEMS = b"u"
POP = b"0"
NONE = b"N"


@dataclass(frozen=True, slots=True)
class Program:
    r"""A pickle under construction: bytes so far, without the final STOP.

    >>> Program(protocol=2).call("time", "time").finished()
    b'\x80\x02ctime\ntime\n(tR.'
    """

    protocol: int = 2
    body: bytes = b""

    def raw(self, code: bytes) -> Program:
        """Append opcodes as they are."""
        return replace(self, body=self.body + code)

    def text(self, value: str) -> Program:
        """Push a string."""
        data = value.encode("utf-8", "surrogatepass")
        return self.raw(b"X" + struct.pack("<I", len(data)) + data)

    def global_(self, module: str, name: str) -> Program:
        """Push what `module.name` is, by the look-up opcode of the protocol."""
        if self.protocol >= 4:  # noqa: PLR2004  # STACK_GLOBAL came with protocol 4
            return self.text(module).text(name).raw(STACK_GLOBAL)
        return self.raw(b"c" + f"{module}\n{name}\n".encode())

    def call(self, module: str, name: str, *arguments: str | Program) -> Program:
        """Push the result of calling `module.name`; a `Program` as an argument pushes what it computes."""
        program = self.global_(module, name).raw(MARK)
        for argument in arguments:
            program = program.text(argument) if isinstance(argument, str) else program.raw(argument.body)
        return program.raw(TUPLE + REDUCE)

    def finished(self) -> bytes:
        """The whole pickle."""
        head = PROTO + bytes([self.protocol]) if self.protocol >= 2 else b""  # noqa: PLR2004  # PROTO came with 2
        return head + self.body + STOP

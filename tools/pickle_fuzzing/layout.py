"""How opcodes are laid out in the bytes: which have lines, fixed or counted arguments."""

from __future__ import annotations

from typing import Final

LINES: Final = {0x46: 1, 0x49: 1, 0x4C: 1, 0x50: 1, 0x53: 1, 0x56: 1, 0x67: 1, 0x70: 1, 0x63: 2, 0x69: 2}
"""Opcodes with text arguments, and how many lines each has."""
FIXED: Final = {0x4A: 4, 0x4B: 1, 0x4D: 2, 0x47: 8, 0x68: 1, 0x6A: 4, 0x71: 1, 0x72: 4} | {
    0x80: 1, 0x82: 1, 0x83: 2, 0x84: 4, 0x95: 8,
}  # fmt: skip
"""Opcodes with arguments of fixed length."""
COUNTED: Final = {0x54: 4, 0x55: 1, 0x58: 4, 0x42: 4, 0x43: 1, 0x8A: 1, 0x8B: 4} | {
    0x8C: 1, 0x8D: 8, 0x8E: 8, 0x96: 8,
}  # fmt: skip
"""Opcodes with a length before their argument, and the width of the length."""
BARE: Final = b"(.0122NRabd}elo]t)su\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98Q"
OPCODES: Final = tuple(sorted({*LINES, *FIXED, *COUNTED, *BARE}))
"""All opcodes of protocols 0 to 5."""


def boundaries(data: bytes) -> list[tuple[int, int]]:
    """Returns (offset, opcode) of every opcode up to the first STOP, as a reader that knows no frames sees them.

    The list ends where an opcode or an argument is broken; a list that ends in STOP is the program that
    `pickle.loads` executes if it does not raise.
    """
    found = []
    at, end = 0, len(data)
    while at < end:
        code = data[at]
        found.append((at, code))
        at += 1
        if code == ord("."):
            break
        if code in LINES:
            for _ in range(LINES[code]):
                at = data.find(b"\n", at) + 1
                if not at:
                    return found
        elif code in FIXED:
            at += FIXED[code]
        elif code in COUNTED:
            width = COUNTED[code]
            at += width + int.from_bytes(data[at : at + width], "little")
        elif code not in BARE:
            break
    return found

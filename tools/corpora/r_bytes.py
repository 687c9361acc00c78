"""Writes serialised objects of R in its three forms (R Internals, section 1.8)."""

from __future__ import annotations

import struct
from typing import Final, TypeAlias

Words: TypeAlias = tuple[int | bytes, ...]

HEADER: Final[Words] = (2, 0x040501, 0x020300)
NOTHING: Final[Words] = (254,)
GLOBAL: Final[Words] = (253,)
UNBOUND: Final[Words] = (252,)
HAS_TAG: Final = 0x400
ACTIVE: Final = 1 << 15 + 12
MAGICS: Final = {"X": b"RDX2\n", "B": b"RDB2\n", "A": b"RDA2\n"}


def written(words: Words, form: str = "X", *, is_workspace: bool = False) -> bytes:
    """Return an object as `saveRDS` writes it in the form `X`, `B` or `A`, or as `save` does."""
    out = bytearray(MAGICS[form] if is_workspace else b"")
    out += f"{form}\n".encode()
    for word in (*HEADER, *words):
        if form == "A":
            out += word.replace(b" ", b"\\040") + b"\n" if isinstance(word, bytes) else b"%d\n" % word
        else:
            out += word if isinstance(word, bytes) else struct.pack(">i" if form == "X" else "<i", word)
    return bytes(out)


def text(value: str) -> Words:
    """Return a text as it stands in vectors and names."""
    return (0x40009, len(value), value.encode())


def symbol(name: str) -> Words:
    """Return a symbol that has not stood before."""
    return (1, *text(name))


def texts(*values: str) -> Words:
    """Return a vector of texts."""
    return (16, len(values), *(word for value in values for word in text(value)))


def numbers(*values: int) -> Words:
    """Return a vector of whole numbers."""
    return (13, len(values), *values)


def listed(*items: Words) -> Words:
    """Return a list, which R calls a vector."""
    return (19, len(items), *(word for item in items for word in item))


def call(function: str, *arguments: Words) -> Words:
    """Return a call of a function by its name."""
    words: Words = NOTHING
    for argument in reversed(arguments):
        words = (2, *argument, *words)
    return (6, *symbol(function), *words)


def promise(code: Words) -> Words:
    """Return a promise that has not been evaluated."""
    return (5 | HAS_TAG, *GLOBAL, *UNBOUND, *code)


def closure(body: Words) -> Words:
    """Return a function without arguments."""
    return (3 | HAS_TAG, *GLOBAL, *NOTHING, *body)


def bound(name: str, value: Words, *, is_active: bool = False) -> Words:
    """Return a list of one named value, as workspaces and frames of environments are."""
    return (2 | HAS_TAG | (ACTIVE if is_active else 0), *symbol(name), *value, *NOTHING)


def environment(frame: Words) -> Words:
    """Return an environment inside the global one."""
    return (4, 0, *GLOBAL, *frame, *NOTHING, *NOTHING)

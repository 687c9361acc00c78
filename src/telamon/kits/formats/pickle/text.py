"""The text forms of protocol 0 as the C unpickler reads them: strtol, PyLong_FromString, strtod and escapes."""

from __future__ import annotations

import re
from typing import Final

_STRTOL: Final = re.compile(rb"[ \t\n\v\f\r]*+([+-]?)(?:0[xX]([0-9a-fA-F]++)|(0[0-7]*+)|([1-9][0-9]*+))(?=[\n\0])")
_DOUBLE: Final = re.compile(rb"[+-]?(?:(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|(?i:inf(?:inity)?|nan))")
_ESCAPE: Final = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|(x)|([^0-7x])|\Z)", re.DOTALL)
_SIMPLE: Final = {
    b"\n": b"",
    b"\\": b"\\",
    b"'": b"'",
    b'"': b'"',
    b"b": b"\b",
    b"f": b"\f",
    b"t": b"\t",
    b"n": b"\n",
    b"r": b"\r",
    b"v": b"\v",
    b"a": b"\a",
}
_LONG_MAX: Final = 2**63 - 1
_BOOLEAN_LINE: Final = 3


def read_int(line: bytes) -> int | bool:
    """Returns the value of an INT line (newline included) by the rules of `load_int`.

    `strtol` with base 0 is tried first, so `010` is 8; a line of three bytes that makes 0 or 1 is a boolean.
    What `strtol` does not take whole goes to `PyLong_FromString`.

    Raises:
        ValueError: Neither of the two takes the line.
    """
    value = _strtol(line)
    if value is None:
        return read_long(line, 0)
    if len(line) == _BOOLEAN_LINE and value in {0, 1}:
        return value == 1
    return value


def _strtol(line: bytes) -> int | None:
    """Returns what `strtol(line, &end, 0)` yields if it stops at the end of the line or a NUL in range."""
    if line[:1] == b"\0":
        return 0  # no conversion: end points to the NUL, which load_int takes for the end
    matched = _STRTOL.match(line)
    if matched is None:
        return None
    sign, hexadecimal, octal, decimal = matched.groups()
    if hexadecimal:
        value = int(hexadecimal, 16) if len(hexadecimal.lstrip(b"0")) <= 16 else None  # noqa: PLR2004 - 64 bits
    elif octal:
        value = int(octal, 8) if len(octal.lstrip(b"0")) <= 22 else None  # noqa: PLR2004 - 64 bits in base 8
    else:
        value = int(decimal) if len(decimal) <= 19 else None  # noqa: PLR2004 - digits of 2**63
    if value is None or value > _LONG_MAX + (sign == b"-"):
        return None  # ERANGE
    return -value if sign == b"-" else value


def read_long(line: bytes, base: int) -> int:
    """Returns what `PyLong_FromString(line, NULL, base)` yields; the C string ends at the first NUL.

    Raises:
        ValueError: The text is no integer, or has more digits than the interpreter converts.
    """
    return int(line.partition(b"\0")[0], base)


def read_counted_line_long(line: bytes) -> int:
    """Returns the value of a LONG line (newline included): an `L` before the newline ends the text."""
    if line[-2:-1] == b"L":
        line = line[:-2]
    return read_long(line, 0)


def read_float(line: bytes) -> float:
    """Returns the value of a FLOAT line (newline included) by the rules of `PyOS_string_to_double`.

    Raises:
        ValueError: No number, blanks before it, or anything but a newline or NUL after it.
        OverflowError: The number is beyond a double.
    """
    matched = _DOUBLE.match(line)
    if matched is None or line[matched.end()] not in b"\n\0":
        raise ValueError("could not convert string to float")
    text = matched.group()
    value = float(text)
    if value in {float("inf"), float("-inf")} and b"n" not in text.lower():
        raise OverflowError("value too large to convert to float")
    return value


def read_quoted(line: bytes) -> bytes:
    """Returns the bytes of a STRING line (newline included): quotes stripped, escapes decoded.

    Raises:
        ValueError: The quotes are missing or differ, or an escape is broken.
    """
    text = line[:-1]
    if len(text) < 2 or text[0] != text[-1] or text[0] not in b"'\"":  # noqa: PLR2004 - two quotes
        raise ValueError("the STRING opcode argument must be quoted")
    return unescape(text[1:-1])


def unescape(text: bytes) -> bytes:
    r"""Returns `text` with the escapes of a bytes literal decoded, as `PyBytes_DecodeEscape` does.

    Unknown escapes keep their backslash; no warning is given, other than by `codecs.escape_decode`.

    Raises:
        ValueError: A backslash at the end, or `\x` without two hexadecimal digits.
    """
    return _ESCAPE.sub(_unescape_one, text) if b"\\" in text else text


def _unescape_one(matched: re.Match[bytes]) -> bytes:
    octal, hexadecimal, broken, simple = matched.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal is not None:
        return bytes([int(hexadecimal, 16)])
    if broken is not None:
        raise ValueError("invalid \\x escape")
    if simple is None:
        raise ValueError("trailing \\ in string")
    return _SIMPLE.get(simple, b"\\" + simple)

"""Canonical JSON: one value, one sequence of bytes (RFC 8785, JSON Canonicalization Scheme)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from json.encoder import encode_basestring
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# RFC 7493 (I-JSON), section 2.2: beyond this an integer is no longer exact in an IEEE 754 double.
MAX_INTEGER = 2**53 - 1
# Nesting that no record of ours needs; keeps both directions far from the interpreter's recursion limit.
MAX_DEPTH = 128
# RFC 8785, section 3.2.2.3 (ECMAScript 2019, 7.1.12.1): decimal exponents at which the notation changes.
_PLAIN_UP_TO = 21
_PLAIN_DOWN_TO = -6
_LITERALS: Mapping[object, str] = MappingProxyType({None: "null", True: "true", False: "false"})


class CanonicalJsonError(TelamonError):
    """A value has no canonical JSON form, or bytes are not in that form.

    Remedy: Use finite numbers, whole numbers of up to 53 bits, and texts that are valid Unicode.
    """

    code = "canonical-json"


def encode(value: object) -> bytes:
    """Return the canonical JSON of `value` in UTF-8.

    Takes `None`, booleans, integers up to 2^53 - 1 in magnitude, finite floats, strings, sequences
    (lists and tuples) and mappings with string keys.

    Raises:
        CanonicalJsonError: Anything else stands in `value`, a string holds a lone surrogate, or it is
            nested deeper than 128 levels.
    """
    parts: list[str] = []
    try:
        _write(value, parts.append, 0)
        return "".join(parts).encode()
    except UnicodeEncodeError as error:
        raise CanonicalJsonError("expected Unicode text, found a lone surrogate") from error


def decode(data: bytes) -> object:
    """Return the value of canonical JSON `data`.

    Raises:
        CanonicalJsonError: `data` is not JSON, or is JSON in any but its canonical form (white space, order,
            repeated keys, other spellings of numbers and strings).
    """
    try:
        value: object = json.loads(data.decode(), parse_int=_read_integer, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CanonicalJsonError("expected canonical JSON, found bytes that are not JSON") from error
    if encode(value) != data:
        raise CanonicalJsonError("expected canonical JSON, found JSON in another form")
    return value


def format_number(value: float) -> str:
    """Return `value` as ECMAScript prints it (RFC 8785, section 3.2.2.3).

    Raises:
        CanonicalJsonError: `value` is infinite or not a number.
    """
    if not math.isfinite(value):
        raise CanonicalJsonError(f"expected a finite number, found `{value}`")
    if value == 0:
        return "0"  # also for -0
    # CPython's repr gives the shortest digits that read back as the same double, as ECMAScript asks.
    digits, _, exponent_text = repr(abs(value)).partition("e")
    whole, _, fraction = digits.partition(".")
    fraction = "" if fraction == "0" else fraction
    significand = (whole + fraction).lstrip("0")
    leading_zeros = len(whole + fraction) - len(significand)
    # The value is 0.SIGNIFICAND * 10^point; trailing zeros are not significant.
    point = len(whole) - leading_zeros + int(exponent_text or "0")
    return ("-" if value < 0 else "") + _place_point(significand.rstrip("0"), point)


def _place_point(digits: str, point: int) -> str:
    count = len(digits)
    if count <= point <= _PLAIN_UP_TO:
        return digits + "0" * (point - count)
    if 0 < point <= _PLAIN_UP_TO:
        return f"{digits[:point]}.{digits[point:]}"
    if _PLAIN_DOWN_TO < point <= 0:
        return "0." + "0" * -point + digits
    mantissa = digits if count == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{point - 1:+d}"


def _write(value: object, write: Callable[[str], None], depth: int) -> None:
    if isinstance(value, str):
        write(encode_basestring(value))
    elif value is None or value is True or value is False:
        write(_LITERALS[value])
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise CanonicalJsonError("expected an integer of at most 2^53 - 1 in magnitude, found a larger one")
        write(str(int(value)))
    elif isinstance(value, float):
        write(format_number(value))
    elif depth >= MAX_DEPTH:
        raise CanonicalJsonError(f"expected at most {MAX_DEPTH} levels of nesting, found more")
    elif isinstance(value, Mapping):
        _write_object(value, write, depth)
    elif isinstance(value, list | tuple):
        _write_array(value, write, depth)
    else:
        raise CanonicalJsonError(f"expected a JSON value, found a value of type `{type(value).__name__}`")


def _write_object(value: Mapping[object, object], write: Callable[[str], None], depth: int) -> None:
    separator = "{"
    for key in _sorted_keys(value):
        write(f"{separator}{encode_basestring(key)}:")
        _write(value[key], write, depth + 1)
        separator = ","
    write("}" if value else "{}")


def _write_array(value: Sequence[object], write: Callable[[str], None], depth: int) -> None:
    separator = "["
    for item in value:
        write(separator)
        _write(item, write, depth + 1)
        separator = ","
    write("]" if value else "[]")


def _sorted_keys(value: Mapping[object, object]) -> list[str]:
    keys = [key for key in value if isinstance(key, str)]
    if len(keys) != len(value):
        raise CanonicalJsonError("expected string keys, found a key of another type")
    if all(map(str.isascii, keys)):
        return sorted(keys)
    # RFC 8785, section 3.2.3: by UTF-16 code units, where astral characters sort before U+E000..U+FFFF.
    return sorted(keys, key=lambda key: key.encode("utf-16-be"))


def _read_integer(text: str) -> int | float:
    number = float(text)
    return int(text) if abs(number) <= MAX_INTEGER else number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity, which Python's reader would take

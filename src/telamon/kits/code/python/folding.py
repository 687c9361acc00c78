"""Computes what functions and methods of the standard library give for constants; bounded, and pure."""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import lzma
import operator
import posixpath
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

from telamon.kits.code.python.values import HOLE, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telamon.kits.code.python.values import Constant

MAX_TEXT: Final = 1024 * 1024
"""Longest text that is computed."""

MAX_ITEMS: Final = 20_000
_MAX_NUMBER: Final = 1 << 4096
_WIDTH: Final = re.compile(r"[0-9]{4}")  # in a format: it could ask for any number of blanks

Foldable = Any  # the functions below take the constants that their counterparts in the library take
_BINARY: Final[dict[str, Callable[[Foldable, Foldable], Foldable]]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mod": operator.mod,
    "BitXor": operator.xor,
    "BitAnd": operator.and_,
    "BitOr": operator.or_,
    "FloorDiv": operator.floordiv,
    "RShift": operator.rshift,
}


def _inflate(data: Foldable, window: int = 15) -> bytes:
    return zlib.decompressobj(window).decompress(data, MAX_TEXT)


def _escaped(data: Foldable) -> bytes:
    return data.encode("latin-1") if isinstance(data, str) else data


def _decode(data: Foldable, encoding: str = "utf-8", *_: Foldable) -> Foldable:
    name = encoding.lower().replace("_", "-").removesuffix("-codec")
    if name in {"rot13", "rot-13"}:
        return codecs.decode(data if isinstance(data, str) else data.decode("latin-1"), "rot13")
    if name in {"hex", "base64", "zlib", "zip", "bz2", "uu"}:
        data = _escaped(data)
        table: dict[str, Callable[[bytes], bytes]] = {
            "hex": binascii.unhexlify,
            "base64": base64.b64decode,
            "zlib": _inflate,
            "zip": _inflate,
            "bz2": lambda packed: bz2.BZ2Decompressor().decompress(packed, MAX_TEXT),
        }
        return table[name](data)
    return bytes(_escaped(data)).decode(encoding)


def _join(separator: Foldable, items: Foldable) -> Foldable:
    _check_size(len(separator) * len(items), *items)
    if isinstance(separator, bytes):
        return separator.join(items)
    return separator.join(HOLE if item is UNKNOWN else item for item in items)


def _replace(text: Foldable, old: Foldable, new: Foldable, *_: Foldable) -> Foldable:
    _check_size(text.count(old) * len(new))
    return text.replace(old, new)


def _bytes(value: Foldable = b"", *_: Foldable) -> bytes:
    if isinstance(value, int):
        raise TypeError  # zeros, as many as one likes
    return value.encode() if isinstance(value, str) else bytes(value)


def _text(value: Foldable = "", *rest: Foldable) -> Foldable:
    if rest:
        return _decode(value, *rest)
    return UNKNOWN if isinstance(value, tuple) else str(value)


def _length(item: Foldable) -> int:
    if isinstance(item, tuple):
        return sum(_length(inner) for inner in item[:MAX_ITEMS])
    return len(item) if isinstance(item, str | bytes) else 32


def _check_size(size: int, *items: Foldable) -> None:
    if size + sum(_length(item) for item in items) > MAX_TEXT:
        raise ValueError


def _path(*parts: Foldable) -> str:
    return (
        posixpath.join(*("" if part is None else HOLE if part is UNKNOWN else part for part in parts)) if parts else "."
    )


def _format(text: Foldable, *items: Foldable) -> str:
    shown = [HOLE if item is UNKNOWN else item for item in items]
    _check_size(len(text) * 2, *shown * max(text.count("{"), 1))
    if _WIDTH.search(text):
        return HOLE
    return text.format(*shown) if len(text) < MAX_ITEMS else HOLE


FUNCTIONS: Final[dict[str, Callable[..., Foldable]]] = {
    "base64.b64decode": lambda data, *_: base64.b64decode(data),
    "base64.standard_b64decode": base64.b64decode,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "base64.b32decode": lambda data, *_: base64.b32decode(data),
    "base64.b16decode": lambda data, *_: base64.b16decode(data, casefold=True),
    "base64.b85decode": base64.b85decode,
    "base64.a85decode": lambda data, *_: base64.a85decode(data),
    "base64.decodebytes": base64.decodebytes,
    "base64.b64encode": lambda data, *_: base64.b64encode(data),
    "binascii.a2b_base64": binascii.a2b_base64,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.a2b_hex,
    "zlib.decompress": lambda data, *rest: _inflate(data, *rest[:1]),
    "gzip.decompress": lambda data: _inflate(data, 31),
    "bz2.decompress": lambda data: bz2.BZ2Decompressor().decompress(data, MAX_TEXT),
    "lzma.decompress": lambda data: lzma.LZMADecompressor(memlimit=1 << 25).decompress(data, MAX_TEXT),
    "codecs.decode": _decode,
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytes.fromhex,
    "builtins.chr": chr,
    "builtins.ord": ord,
    "builtins.str": _text,
    "builtins.int": lambda value=0, base=None: int(value) if base is None else int(value, base),
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "builtins.list": tuple,
    "builtins.tuple": tuple,
    "builtins.reversed": lambda value: tuple(reversed(value)),
    "builtins.len": len,
    "operator.add": operator.add,
    "operator.concat": operator.add,
    "os.path.join": _path,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PosixPath": _path,
    "os.path.expanduser": lambda path: path,
    "os.path.expandvars": lambda path: path.replace("${HOME}", "~").replace("$HOME", "~"),
    "os.path.abspath": lambda path: path,
    "os.path.realpath": lambda path: path,
    "os.path.normpath": lambda path: path,
    "os.fspath": lambda path: path,
    "pathlib.Path.home": lambda: "~",
    "os.path.dirname": posixpath.dirname,
    "os.path.basename": posixpath.basename,
    "shlex.split": lambda text: tuple(text.split()),
}
METHODS: Final[dict[str, Callable[..., Foldable]]] = {
    "join": _join,
    "joinpath": _path,
    "format": _format,
    "replace": _replace,
    "lower": lambda text: text.lower(),
    "upper": lambda text: text.upper(),
    "strip": lambda text, *rest: text.strip(*rest),
    "lstrip": lambda text, *rest: text.lstrip(*rest),
    "rstrip": lambda text, *rest: text.rstrip(*rest),
    "swapcase": lambda text: text.swapcase(),
    "split": lambda text, *rest: tuple(text.split(*rest)),
    "decode": _decode,
    "encode": lambda text, *_: text.encode() if isinstance(text, str) else UNKNOWN,
    "hex": lambda data: data.hex(),
    "expanduser": lambda path: path,
    "absolute": lambda path: path,
    "resolve": lambda path, *_: path,
    "as_posix": lambda path: path,
    "copy": lambda value: value,
    "translate": lambda text, table: text.translate(table) if isinstance(table, bytes) else UNKNOWN,
}
# What a callee that is not there, or constants of other types than it takes, raise.
_REFUSALS: Final = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, zlib.error, lzma.LZMAError)
_MORE_REFUSALS: Final = (*_REFUSALS, OSError, EOFError, MemoryError, binascii.Error)


def call(function: Callable[..., Foldable], arguments: Sequence[Constant]) -> Constant:
    """Return what a function of the tables gives, unknown where it gives nothing or too much."""
    try:
        return bounded(function(*arguments))
    except _MORE_REFUSALS:
        return UNKNOWN


def bounded(value: Foldable) -> Constant:
    """Return a constant as it is, unknown where it is too large or of another type."""
    if isinstance(value, bytearray):
        value = bytes(value)
    if isinstance(value, str | bytes):
        return value if len(value) <= MAX_TEXT else UNKNOWN
    if isinstance(value, tuple):
        return value if len(value) <= MAX_ITEMS else UNKNOWN
    if isinstance(value, int):
        return value if abs(value) < _MAX_NUMBER else UNKNOWN
    return value if value is None or isinstance(value, float | complex) else UNKNOWN


def binary(kind: str, left: Constant, right: Constant) -> Constant:  # noqa: PLR0911  # one pair of kinds each
    """Return what an operator gives; texts with an unknown part keep the known one."""
    if isinstance(left, str) and right is UNKNOWN:
        return bounded(left + HOLE) if kind == "Add" else _percent(left, right) if kind == "Mod" else _slash(kind, left)
    if isinstance(right, str) and left is UNKNOWN:
        return bounded(HOLE + right) if kind == "Add" else f"{HOLE}/{right}" if kind == "Div" else UNKNOWN
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if kind == "Mult":
        return _repeat(left, right)
    if kind == "Mod" and isinstance(left, str):
        return _percent(left, right)
    if kind == "Div" and isinstance(left, str) and isinstance(right, str):
        return _path(left, right)
    function = _BINARY.get(kind)
    return UNKNOWN if function is None else call(function, (left, right))


def _slash(kind: str, left: str) -> Constant:
    return f"{left}/{HOLE}" if kind == "Div" else UNKNOWN


def _percent(text: str, right: Constant) -> Constant:
    items = right if isinstance(right, tuple) else (right,)
    if _WIDTH.search(text) or "*" in text or sum(_length(item) for item in items) > MAX_TEXT:
        return UNKNOWN
    if UNKNOWN not in items and "%c" in text:
        return call(operator.mod, (text, right))
    return call(operator.mod, (text, tuple(HOLE if item is UNKNOWN else item for item in items)))


def _repeat(left: Constant, right: Constant) -> Constant:
    sized, times = (right, left) if isinstance(left, int) else (left, right)
    if not isinstance(times, int):
        return UNKNOWN
    if isinstance(sized, int | float):
        return call(operator.mul, (sized, times))
    if not isinstance(sized, str | bytes | tuple) or len(sized) * max(times, 0) > MAX_ITEMS:
        return UNKNOWN
    return call(operator.mul, (sized, times))

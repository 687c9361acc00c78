"""Opcodes that push strings and bytes, kept whole when short and described when long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle import text
from telamon.kits.formats.pickle.constants import read_size
from telamon.kits.formats.pickle.endings import Break, Fault
from telamon.kits.formats.pickle.values import Clipped, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.pickle.machine import Machine

_CHUNK: Final = 2**20
_SAMPLE: Final = 256
_UTF8: Final = "utf-8"
_RAW: Final = "raw-unicode-escape"
_QUOTED: Final = "quoted"  # the form of STRING, in the loader's encoding
_CONTINUATION: Final = range(0x80, 0xC0)


def load_string(machine: Machine) -> None:
    """STRING: a quoted line with the escapes of a bytes literal."""
    try:
        raw = text.read_quoted(machine.read_line())
    except ValueError as error:
        raise Break(Fault.ENCODING, str(error).lower()) from error
    encoding = machine.loader.encoding
    value = raw if encoding == "bytes" else decode(raw, encoding)
    machine.stack.append(_clip(machine, value, _QUOTED))


def load_unicode(machine: Machine) -> None:
    """UNICODE: a line in raw-unicode-escape; an empty one is the empty string."""
    value = decode(machine.read_line()[:-1], _RAW)
    machine.stack.append(_clip(machine, value, _RAW))


def decode(raw: bytes, encoding: str, errors: str = "strict") -> str:
    """Returns decoded text; bytes that do not decode end the stream."""
    try:
        return raw.decode(encoding, errors)
    except UnicodeDecodeError as error:
        raise Break(Fault.ENCODING, f"bytes that are not {encoding}: {raw[:40]!a}") from error


def _clip(machine: Machine, value: str | bytes, encoding: str) -> Value:
    """Returns the value of a line that was just read, or its description if it is long."""
    if len(value) <= machine.limits.value_bytes:
        return value
    stop = machine.position - 1
    start = stop - machine.line_length
    return Clipped(type(value).__name__, value[:_SAMPLE], len(value), start, stop, encoding)


def whole(machine: Machine, value: Clipped) -> str:
    """Returns the whole of a long string; one too long for that ends the scan."""
    size = value.stop - value.start
    if size > machine.limits.line_bytes or not value.encoding:
        raise Break(Fault.MEMORY, f"a name of {value.length} characters")
    raw = machine.data[value.start : value.stop]
    if value.encoding == _QUOTED:
        return decode(text.read_quoted(raw + b"\n"), machine.loader.encoding)
    return decode(raw, value.encoding, "surrogatepass" if value.encoding == _UTF8 else "strict")


def _counted(machine: Machine, width: int, encoding: str, errors: str = "strict") -> None:
    """Pushes `width` bytes of size and a string of that size."""
    size = read_size(machine, width)
    start = machine.read(size)
    if size <= machine.limits.value_bytes:
        machine.stack.append(decode(machine.data[start : start + size], encoding, errors))
    else:
        machine.stack.append(_describe(machine, start, start + size, encoding, errors))


def _describe(machine: Machine, start: int, stop: int, encoding: str, errors: str) -> Clipped:
    """Returns the description of a long string, decoded piece by piece to know its length and validity."""
    length = 0
    sample = ""
    begun = start
    while start < stop:
        cut = min(start + _CHUNK, stop)
        while cut < stop and machine.data[cut] in _CONTINUATION and cut > start + _CHUNK - 4:
            cut -= 1  # never between the bytes of one character
        piece = decode(machine.data[start:cut], encoding, errors)
        sample = sample or piece[:_SAMPLE]
        length += len(piece)
        start = cut
    return Clipped("str", sample, length, begun, stop, encoding)


def _counted_bytes(machine: Machine, width: int) -> None:
    size = read_size(machine, width)
    start = machine.read_into(size)
    if size <= machine.limits.value_bytes:
        machine.stack.append(machine.data[start : start + size])
    else:
        machine.stack.append(Clipped("bytes", machine.data[start : start + _SAMPLE], size, start, start + size))


def _binstring(machine: Machine, width: int) -> None:
    encoding = machine.loader.encoding
    if encoding != "bytes":
        _counted(machine, width, encoding)
        return
    size = read_size(machine, width)
    start = machine.read(size)
    kept = size if size <= machine.limits.value_bytes else _SAMPLE
    raw = machine.data[start : start + kept]
    machine.stack.append(raw if kept == size else Clipped("bytes", raw, size, start, start + size))


def _unicode(width: int) -> Callable[[Machine], None]:
    return lambda machine: _counted(machine, width, _UTF8, "surrogatepass")


def _bytes(width: int) -> Callable[[Machine], None]:
    return lambda machine: _counted_bytes(machine, width)


load_short_binunicode: Final = _unicode(1)
load_binunicode: Final = _unicode(4)
load_binunicode8: Final = _unicode(8)
load_short_binbytes: Final = _bytes(1)
load_binbytes: Final = _bytes(4)
load_binbytes8: Final = _bytes(8)


def load_short_binstring(machine: Machine) -> None:
    """SHORT_BINSTRING: one byte of size."""
    _binstring(machine, 1)


def load_binstring(machine: Machine) -> None:
    """BINSTRING: four bytes of size, unsigned in the C code although pickletools reads them signed."""
    _binstring(machine, 4)


def load_bytearray8(machine: Machine) -> None:
    """BYTEARRAY8: mutable, so it is an object of its own."""
    size = read_size(machine, 8)
    start = machine.read_into(size)
    machine.stack.append(Clipped("bytearray", machine.data[start : min(start + _SAMPLE, start + size)], size))

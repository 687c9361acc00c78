"""Reads the header of an npy file (numpy.lib.format, versions 1.0 to 3.0) without numpy."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.kits.formats.literals import Literal, LiteralSyntaxError, read_literal
from telamon.kits.formats.observations import Observation, ObservationCode
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from telamon.kits.formats.source import Source

MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 64 * 1024
"""Longest header that is read; numpy itself refuses more than 10,000 characters unless told to trust the file."""

_KEYS = {"descr", "fortran_order", "shape"}
_SIMPLE_TYPE = re.compile(r"[<>|=]?([?bBhHiIlLqQpPefdgFDGmMcSaUVOu])(\d{0,9})(\[[^\]]{1,32}\])?\Z")
_CODE_BYTES = {
    **dict.fromkeys("?bBc", 1),
    **dict.fromkeys("hHe", 2),
    **dict.fromkeys("iIf", 4),
    **dict.fromkeys("lLqQpPdFmM", 8),
    **dict.fromkeys("gD", 16),
    "G": 32,
}
_SIZED_CODES = frozenset("?biufcmMSaUV")
_UNSIZED_TEXT = frozenset("SaUV")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemType:
    """What of a dtype matters here.

    Attributes:
        item_bytes: Length of one item, None where it is not known.
        has_object: Whether items hold Python objects, so that the data is a pickle; True in doubt.
    """

    item_bytes: int | None
    has_object: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NpyHeader:
    """The header of an npy file.

    Attributes:
        version: Major and minor version of the format.
        descriptor: The dtype as the header writes it, printable.
        has_object: Whether the data is a pickle stream; True where the header is not understood.
        is_fortran_order: Whether the array is stored column by column.
        shape: Lengths of the dimensions; empty for a scalar and where the header is not understood.
        data_offset: Where the data begins.
        expected_bytes: Length of the data, None for objects and where it is not known.
        is_understood: Whether the header is what the format asks for.
        observations: What is odd.
    """

    version: tuple[int, int]
    descriptor: str
    has_object: bool
    is_fortran_order: bool
    shape: tuple[int, ...]
    data_offset: int
    expected_bytes: int | None
    is_understood: bool
    observations: tuple[Observation, ...]


def read_npy_header(source: Source, member: str = "") -> NpyHeader:
    """Returns the header of the npy file in `source`; a broken one is described as far as it goes.

    Args:
        source: The file.
        member: Its path for observations.

    Raises:
        SourceError: The file cannot be read.
    """
    return _Reader(source, member).header()


class _Reader:
    def __init__(self, source: Source, member: str) -> None:
        self._source = source
        self._member = member
        self._observations: list[Observation] = []

    def _note(self, code: ObservationCode, message: str, offset: int) -> None:
        self._observations.append(Observation(code=code, message=message, member=self._member, offset=offset))

    def header(self) -> NpyHeader:
        head = self._source.read(0, 12)
        if not head.startswith(MAGIC) or len(head) < 10:  # noqa: PLR2004 - magic, version, length
            self._note(ObservationCode.NPY_HEADER, "the header is cut off or begins otherwise", 0)
            return self._not_understood((0, 0), self._source.size, "")
        version = (head[6], head[7])
        if version not in {(1, 0), (2, 0), (3, 0)}:
            self._note(ObservationCode.NPY_VERSION, f"version {version[0]}.{version[1]}", 6)
        start = 10 if version[0] == 1 else 12
        length = int.from_bytes(head[8:start], "little")
        text = self._text(version, start, length)
        if text is None:
            return self._not_understood(version, start + length, "")
        return self._fields(version, start + length, text)

    def _text(self, version: tuple[int, int], start: int, length: int) -> str | None:
        raw = self._source.read(start, min(length, MAX_HEADER_BYTES))
        if length > MAX_HEADER_BYTES:
            self._note(ObservationCode.NPY_HEADER, f"a header of {length} bytes", 8)
        elif len(raw) < length:
            self._note(ObservationCode.NPY_TRUNCATED, "the file ends inside the header", self._source.size)
        else:
            try:
                return raw.decode("utf-8" if version[0] >= 3 else "latin-1")  # noqa: PLR2004 - version 3.0
            except UnicodeDecodeError:
                self._note(ObservationCode.NPY_HEADER, "the header is not valid UTF-8", start)
        return None

    def _fields(self, version: tuple[int, int], data_offset: int, text: str) -> NpyHeader:
        try:
            value = read_literal(text.strip(" \n\0"))
        except LiteralSyntaxError as error:
            self._note(ObservationCode.NPY_HEADER, f"the header is no literal: {printable(str(error))}", 0)
            return self._not_understood(version, data_offset, text)
        if not isinstance(value, dict):
            self._note(ObservationCode.NPY_HEADER, "the header is no dictionary", 0)
            return self._not_understood(version, data_offset, text)
        if value.keys() - _KEYS:
            extra = ", ".join(sorted(printable(key) for key in value.keys() - _KEYS)[:5])
            self._note(ObservationCode.NPY_HEADER_EXTRA, f"the header has keys `{extra}` too", 0)
        shape, order = value.get("shape"), value.get("fortran_order")
        lengths = _lengths(shape)
        if lengths is None or not isinstance(order, bool) or "descr" not in value:
            self._note(ObservationCode.NPY_HEADER, "the header lacks a shape, an order or a type", 0)
            return self._not_understood(version, data_offset, text)
        return self._described(version, data_offset, value["descr"], lengths, is_fortran_order=order)

    def _described(
        self,
        version: tuple[int, int],
        data_offset: int,
        descr: Literal,
        shape: tuple[int, ...],
        *,
        is_fortran_order: bool,
    ) -> NpyHeader:
        item = item_type(descr)
        is_sized = item.item_bytes is not None and not item.has_object
        expected = math.prod(shape) * item.item_bytes if is_sized and item.item_bytes is not None else None
        if not is_sized and not item.has_object:
            self._note(ObservationCode.NPY_HEADER, f"the type `{printable(repr(descr))}` is not known", 0)
        if item.has_object and data_offset >= self._source.size:
            self._note(ObservationCode.NPY_TRUNCATED, "the pickle of the objects is not there", self._source.size)
        self._check_length(data_offset, expected)
        return NpyHeader(
            version=version,
            descriptor=printable(descr if isinstance(descr, str) else repr(descr)),
            has_object=item.has_object,
            is_fortran_order=is_fortran_order,
            shape=shape,
            data_offset=data_offset,
            expected_bytes=expected,
            is_understood=is_sized or item.has_object,
            observations=tuple(self._observations),
        )

    def _check_length(self, data_offset: int, expected: int | None) -> None:
        if expected is None:
            return
        there = self._source.size - data_offset
        if there < expected:
            message = f"{there} of {expected} bytes of the array are there"
            self._note(ObservationCode.NPY_TRUNCATED, message, self._source.size)
        elif there > expected:
            end = data_offset + expected
            self._note(ObservationCode.NPY_TRAILING, f"{there - expected} bytes follow the array", end)

    def _not_understood(self, version: tuple[int, int], data_offset: int, text: str) -> NpyHeader:
        return NpyHeader(
            version=version,
            descriptor=printable(text.strip()),
            has_object=True,
            is_fortran_order=False,
            shape=(),
            data_offset=min(data_offset, self._source.size),
            expected_bytes=None,
            is_understood=False,
            observations=tuple(self._observations),
        )


def item_type(descr: Literal) -> ItemType:
    """Returns what matters of a dtype as npy headers and joblib write it: a code, fields, or a type with a shape."""
    if isinstance(descr, str):
        return _simple_type(descr)
    if isinstance(descr, list):
        return _joined([_field_type(field) for field in descr])
    if isinstance(descr, tuple) and len(descr) == 2:  # noqa: PLR2004 - a type and the shape of its items
        return _repeated(item_type(descr[0]), descr[1])
    return ItemType(item_bytes=None, has_object=True)


def _simple_type(code: str) -> ItemType:
    match = _SIMPLE_TYPE.match(code)
    if match is None:
        # Strings such as `i4,O` or `object` are types to numpy as well, and `T`, numpy 2's strings of any length, has
        # `dtype.hasobject` set, so that `read_array` unpickles the data (numpy/lib/_format_impl.py).
        return ItemType(item_bytes=None, has_object="o" in code.lower() or "T" in code)
    letter, digits = match[1], match[2]
    if letter == "O":
        return ItemType(item_bytes=8, has_object=True)
    if digits and letter in _SIZED_CODES:
        return ItemType(item_bytes=int(digits) * (4 if letter == "U" else 1), has_object=False)
    if letter in _UNSIZED_TEXT:
        return ItemType(item_bytes=0, has_object=False)
    return ItemType(item_bytes=None if digits else _CODE_BYTES.get(letter), has_object=False)


def _field_type(field: Literal) -> ItemType:
    """Returns the type of one field: name, type and, where it is an array, its shape."""
    if not isinstance(field, tuple) or len(field) not in {2, 3}:
        return ItemType(item_bytes=None, has_object=True)
    item = item_type(field[1])
    return _repeated(item, field[2]) if len(field) == 3 else item  # noqa: PLR2004 - with a shape


def _joined(items: list[ItemType]) -> ItemType:
    total = 0
    for item in items:
        if item.item_bytes is None:
            return ItemType(item_bytes=None, has_object=any(i.has_object for i in items))
        total += item.item_bytes
    return ItemType(item_bytes=total, has_object=any(i.has_object for i in items))


def _repeated(item: ItemType, shape: Literal) -> ItemType:
    lengths = _lengths((shape,) if isinstance(shape, int) else shape)
    if lengths is None or item.item_bytes is None:
        return ItemType(item_bytes=None, has_object=item.has_object)
    return ItemType(item_bytes=item.item_bytes * math.prod(lengths), has_object=item.has_object)


def _lengths(shape: Literal) -> tuple[int, ...] | None:
    """Returns a shape of non-negative lengths, or None where it is none."""
    if not isinstance(shape, tuple):
        return None
    lengths = tuple(n for n in shape if isinstance(n, int) and not isinstance(n, bool) and n >= 0)
    return lengths if len(lengths) == len(shape) <= 64 else None  # noqa: PLR2004 - numpy's NPY_MAXDIMS

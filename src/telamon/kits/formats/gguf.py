"""Reads the header of a GGUF file: its keys and values and its tensors, without the library.

The layout is that of ggml's `docs/gguf.md` and of `gguf_init_from_file` in `ggml/src/gguf.cpp`: versions 1 to 3, of
which version 3 exists in both byte orders.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from telamon.kits.formats.source import Source

MAGIC = b"GGUF"
MAX_ITEMS: Final = 4_000_000
"""Strings and arrays that are walked over; the largest published vocabulary has 262,144 words and 514,906 merges."""

MAX_KEYS: Final = 50_000
"""Keys of a header, of which published files have below a hundred."""

MAX_TENSORS: Final = 300_000
"""Tensors of a file, a second of CPU; published files have some thousand."""

MAX_KEPT_BYTES: Final = 64 * 1024 * 1024
"""Strings that are kept of one file, in all."""

MAX_STRING_BYTES: Final = 4 * 1024 * 1024
"""Longest string that is kept; chat templates have up to 20,000 characters."""

MAX_DIMENSIONS: Final = 4  # GGML_MAX_DIMS
MAX_NAME_BYTES: Final = 63  # GGML_MAX_NAME - 1
DEFAULT_ALIGNMENT: Final = 32
LARGEST_TYPE: Final = 63  # ggml_type ends at 40 in 2026; beyond lies nothing for years
_READ_BYTES: Final = 256 * 1024

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9

Value = int | float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key of the header with what is kept of its value.

    Attributes:
        key: As written.
        values: Scalars and strings; of an array its strings where there are at most `kept` of them, else none.
        offset: Where the value begins in the file.
    """

    key: str
    values: tuple[Value, ...]
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    """What a header says.

    Attributes:
        version: 1, 2 or 3.
        is_big_endian: Whether numbers are stored with the high byte first.
        entries: In the order of the file.
        tensor_count: As stated; all of them were read.
        flaws: Numbers that loaders must refuse, in words: counts and sizes that do not fit, keys that stand twice.
        data_offset: Where the tensors' bytes begin.
    """

    version: int
    is_big_endian: bool
    entries: tuple[Entry, ...]
    tensor_count: int
    flaws: tuple[str, ...]
    data_offset: int

    def strings(self, key: str) -> tuple[str, ...]:
        """Returns the strings under a key, none where it is missing or holds something else."""
        for entry in self.entries:
            if entry.key == key:
                return tuple(value for value in entry.values if isinstance(value, str))
        return ()


def read_gguf(source: Source, *, kept: int = 1000) -> GgufHeader:
    """Returns the header of a GGUF file.

    Args:
        source: The file.
        kept: Longest array whose strings are kept; vocabularies are walked over.

    Raises:
        MalformedError: The header breaks off, or asks for what no file of this size can hold.
        SourceError: The file cannot be read.
    """
    return _Reader(source, kept).header()


class _Reader:
    def __init__(self, source: Source, kept: int) -> None:
        self._source = source
        self._kept = kept
        self._position = 0
        self._base = 0
        self._data = b""
        self._order = "<"
        self._is_narrow = False  # version 1 counts with 32 bits
        self._items = 0
        self._kept_bytes = 0
        self._flaws: list[str] = []

    def header(self) -> GgufHeader:
        if self._take(4) != MAGIC:
            raise MalformedError("expected `GGUF`", offset=0)
        version = self._version()
        tensor_count, entry_count = self._count(), self._count()
        entries = [self._entry() for _ in range(self._checked(entry_count, "keys", MAX_KEYS))]
        self._check_keys(entries)
        alignment = self._alignment(entries)
        end = self._tensors(self._checked(tensor_count, "tensors", MAX_TENSORS), alignment)
        data_offset = -(-self._position // alignment) * alignment
        if tensor_count and data_offset + end > self._source.size:
            self._flaws.append(f"the tensors end at byte {data_offset + end}, the file at {self._source.size}")
        return GgufHeader(
            version=version,
            is_big_endian=self._order == ">",
            entries=tuple(entries),
            tensor_count=tensor_count,
            flaws=tuple(self._flaws),
            data_offset=data_offset,
        )

    def _version(self) -> int:
        raw = self._take(4)
        version = int.from_bytes(raw, "little")
        if not version & 0xFFFF:
            self._order = ">"
            version = int.from_bytes(raw, "big")
        if version not in {1, 2, 3}:
            raise MalformedError(f"expected version 1, 2 or 3, found {version}", offset=4)
        self._is_narrow = version == 1
        return version

    def _checked(self, count: int, what: str, limit: int) -> int:
        """Refuse counts that the rest of the file cannot hold at a byte each, before anything loops so often."""
        most = min(self._source.size - self._position, limit)
        if count > most:
            raise MalformedError(f"expected at most {most} {what}, found {count}", offset=self._position)
        return count

    def _entry(self) -> Entry:
        key = self._string("key")
        kind = self._number("I")
        offset = self._position
        values = self._array(0) if kind == _ARRAY else (self._scalar(kind),)
        return Entry(key=key, values=values, offset=offset)

    def _scalar(self, kind: int) -> Value:
        if kind == _STRING:
            return self._string("string")
        code = _SCALARS.get(kind)
        if code is None:
            raise MalformedError(f"expected a type of value, found {kind}", offset=self._position)
        value: Value = self._number(code)
        return value

    def _array(self, depth: int) -> tuple[Value, ...]:
        if depth > 2:  # noqa: PLR2004  # writers nest none; loaders refuse arrays of arrays
            raise MalformedError("expected arrays to nest less deeply", offset=self._position)
        kind, count = self._number("I"), self._count()
        if kind in _SCALARS:
            self._skip(struct.calcsize(_SCALARS[kind]) * count)
            return ()
        self._items += self._checked(count, "items", MAX_ITEMS)
        if self._items > MAX_ITEMS:
            raise MalformedError(f"expected at most {MAX_ITEMS} items in all arrays", offset=self._position)
        if kind == _ARRAY:
            for _ in range(count):
                self._array(depth + 1)
            return ()
        if kind != _STRING:
            raise MalformedError(f"expected a type of items, found {kind}", offset=self._position)
        if count <= self._kept:
            return tuple(self._string("string") for _ in range(count))
        for _ in range(count):
            self._skip(self._count())
        return ()

    def _tensors(self, count: int, alignment: int) -> int:
        """Walk over the tensors' descriptions; return the least place, behind `data_offset`, where the data ends."""
        end = 0
        names: set[bytes] = set()
        for _ in range(count):
            name = self._take(self._count_within(MAX_STRING_BYTES, "a name"))
            shown = printable(name.decode("utf-8", "replace"))
            if len(name) > MAX_NAME_BYTES:
                self._flaw(f"the tensor name `{shown}` has {len(name)} bytes, more than loaders have room for")
            if name in names:
                self._flaw(f"the tensor `{shown}` stands twice")
            names.add(name)
            dimensions = self._number("I")
            if dimensions > MAX_DIMENSIONS:
                raise MalformedError(
                    f"expected at most {MAX_DIMENSIONS} dimensions of `{shown}`, found {dimensions}",
                    offset=self._position,
                )
            self._check_product([self._count() for _ in range(dimensions)], shown)
            kind, offset = self._number("I"), self._number("Q")
            if kind > LARGEST_TYPE:
                self._flaw(f"the tensor `{shown}` has the unknown type {kind}")
            if offset % alignment:
                self._flaw(f"the tensor `{shown}` begins at {offset}, which is no multiple of {alignment}")
            end = max(end, offset)
        return end

    def _check_product(self, lengths: list[int], shown: str) -> None:
        """Element counts beyond 2^63 overflow in native loaders (CVE-2024-23605, CVE-2025-53630 and their kin)."""
        product = 1
        for length in lengths:
            product *= length
        if product >= 1 << 63:
            self._flaw(f"the tensor `{shown}` has {product} elements, which overflows the arithmetic of loaders")

    def _check_keys(self, entries: list[Entry]) -> None:
        seen: set[str] = set()
        for entry in entries:
            if entry.key in seen:
                self._flaw(f"the key `{printable(entry.key)}` stands twice")
            seen.add(entry.key)

    def _alignment(self, entries: list[Entry]) -> int:
        for entry in entries:
            if entry.key == "general.alignment":
                (value,) = entry.values or (None,)
                if isinstance(value, int) and 0 < value <= 1 << 20 and value & (value - 1) == 0:
                    return value
                self._flaw(f"`general.alignment` is {value}, not a small power of two")
        return DEFAULT_ALIGNMENT

    def _flaw(self, text: str) -> None:
        if len(self._flaws) < 100:  # noqa: PLR2004  # a reader has understood by then
            self._flaws.append(text)

    def _string(self, what: str) -> str:
        length = self._count_within(MAX_STRING_BYTES, f"a {what}")
        self._kept_bytes += length
        if self._kept_bytes > MAX_KEPT_BYTES:
            raise MalformedError(f"expected at most {MAX_KEPT_BYTES} bytes of texts", offset=self._position)
        return self._take(length).decode("utf-8", "replace")

    def _count_within(self, most: int, what: str) -> int:
        length = self._count()
        if length > most:
            raise MalformedError(f"expected {what} of at most {most} bytes, found {length}", offset=self._position)
        return length

    def _count(self) -> int:
        return self._number("I" if self._is_narrow else "Q")

    def _number(self, code: str) -> int:
        layout = self._order + code
        (value,) = struct.unpack(layout, self._take(struct.calcsize(layout)))
        return value  # type: ignore[no-any-return]  # struct's types depend on its format

    def _skip(self, length: int) -> None:
        if length > self._source.size - self._position:
            raise MalformedError(f"expected {length} bytes more, the file ends before", offset=self._position)
        self._position += length

    def _take(self, length: int) -> bytes:
        begin = self._position - self._base
        if begin < 0 or begin + length > len(self._data):
            self._base, begin = self._position, 0
            self._data = self._source.read(self._position, max(length, _READ_BYTES))
        taken = self._data[begin : begin + length]
        if len(taken) < length:
            raise MalformedError(f"expected {length} bytes more, the file ends before", offset=self._position)
        self._position += length
        return taken

"""The lowest level of an HDF5 file: the superblock, addresses, and bounded reads at them.

Names and numbers of sections are those of the HDF5 File Format Specification, version 3.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from telamon.kits.formats.source import Source

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
MAX_READ_BYTES: Final = 16 * 1024 * 1024
"""Longest single structure that is read; object headers and heaps of models stay below 1 MiB."""

MAX_TOTAL_BYTES: Final = 64 * 1024 * 1024
"""Bytes of structures that are read of one file, over all of them; of a model with ten thousand arrays some 10 MB."""

_WIDTHS: Final = frozenset({2, 4, 8})


class Cursor:
    """Reads little-endian numbers one after the other out of a block."""

    __slots__ = ("_file", "data", "position")

    def __init__(self, file: File, data: bytes) -> None:
        self._file = file
        self.data = data
        self.position = 0

    @property
    def left(self) -> int:
        """Bytes that were not taken."""
        return len(self.data) - self.position

    def take(self, length: int) -> bytes:
        """Returns the next bytes.

        Raises:
            MalformedError: There are fewer.
        """
        taken = self.data[self.position : self.position + length]
        if length < 0 or len(taken) < length:
            raise MalformedError(f"expected {length} bytes more in a block of {len(self.data)}")
        self.position += length
        return taken

    def number(self, length: int) -> int:
        """Returns the next number."""
        return int.from_bytes(self.take(length), "little")

    def address(self) -> int | None:
        """Returns the next address, `None` for the undefined one (all bits set)."""
        width = self._file.offset_bytes
        value = self.number(width)
        return None if value == (1 << 8 * width) - 1 else value

    def length(self) -> int:
        """Returns the next length."""
        return self.number(self._file.length_bytes)

    def text(self) -> bytes:
        """Returns the bytes up to the next NUL, and steps over it."""
        end = self.data.find(b"\0", self.position)
        if end < 0:
            raise MalformedError("expected a text that ends")
        return self.take(end + 1 - self.position)[:-1]

    def align(self, boundary: int = 8) -> None:
        """Steps to the next multiple of `boundary`, as far as there are bytes."""
        self.position = min(-(-self.position // boundary) * boundary, len(self.data))


class File:
    """An HDF5 file with its superblock read (section II.A).

    Attributes:
        offset_bytes: Width of addresses.
        length_bytes: Width of lengths.
        root: Address of the root group's object header.

    Raises:
        MalformedError: There is no superblock that is understood.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._read_bytes = 0
        self._base = _find_superblock(source)
        self.offset_bytes = self.length_bytes = 8
        head = source.read(self._base, 9)
        version = head[8] if len(head) > 8 else 255  # noqa: PLR2004  # behind the signature
        if version in {0, 1}:
            self.root = self._old(24 if version == 0 else 28)
        elif version in {2, 3}:
            self.root = self._new()
        else:
            raise MalformedError(f"expected a superblock of version 0 to 3, found {version}", offset=self._base + 8)

    def _old(self, start: int) -> int:
        self.offset_bytes, self.length_bytes = self._widths(13)
        cursor = Cursor(self, self._source.read(self._base + start, 6 * self.offset_bytes))
        base = cursor.address()
        for _ in range(4):  # free space, end of file, driver information, name of the root's entry
            cursor.address()
        return self._rooted(base, cursor.address())

    def _new(self) -> int:
        self.offset_bytes, self.length_bytes = self._widths(9)
        cursor = Cursor(self, self._source.read(self._base + 12, 4 * self.offset_bytes))
        base = cursor.address()
        for _ in range(2):  # superblock extension, end of file
            cursor.address()
        return self._rooted(base, cursor.address())

    def _widths(self, at: int) -> tuple[int, int]:
        widths = self._source.read(self._base + at, 2)
        if len(widths) < 2 or not set(widths) <= _WIDTHS:  # noqa: PLR2004  # both
            raise MalformedError("expected addresses of 2, 4 or 8 bytes", offset=self._base + at)
        return widths[0], widths[1]

    def _rooted(self, base: int | None, root: int | None) -> int:
        if base is not None and base not in {0, self._base}:
            raise MalformedError(f"expected the base address {self._base}, found {base}", offset=self._base)
        if root is None:
            raise MalformedError("expected a root group", offset=self._base)
        return root

    def block(self, address: int, length: int) -> Cursor:
        """Returns the `length` bytes at an address.

        Raises:
            MalformedError: They lie outside of the file, or are too many.
        """
        if length > MAX_READ_BYTES:
            raise MalformedError(f"expected a block of at most {MAX_READ_BYTES} bytes, found {length}")
        self._read_bytes += length
        if self._read_bytes > MAX_TOTAL_BYTES:
            raise MalformedError(f"expected structures of at most {MAX_TOTAL_BYTES} bytes in all")
        data = self._source.read(self._base + address, length)
        if len(data) < length:
            raise MalformedError(f"expected {length} bytes at {address}, the file ends before", offset=address)
        return Cursor(self, data)

    def beginning(self, address: int, length: int) -> Cursor:
        """Returns up to `length` bytes at an address, fewer at the end of the file."""
        return Cursor(self, self._source.read(self._base + address, min(length, MAX_READ_BYTES)))


def _find_superblock(source: Source) -> int:
    at = 0
    while at + len(SIGNATURE) <= source.size:
        if source.read(at, len(SIGNATURE)) == SIGNATURE:
            return at
        at = at * 2 or 512
    raise MalformedError("expected the signature of HDF5")

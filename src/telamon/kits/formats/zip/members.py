"""One zip member: how its two headers differ, and every content that a reader could take it to have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.kits.formats.names import decode_name
from telamon.kits.formats.observations import ObservationCode
from telamon.kits.formats.parts import Reading
from telamon.kits.formats.zip.signatures import DESCRIPTOR_MAGIC
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.notes import Notes
    from telamon.kits.formats.source import Source
    from telamon.kits.formats.zip.records import Header

STORED = 0
_LEVEL_FLAGS = 0b110  # how hard the compressor tried; no reader asks

# Names of methods for messages (APPNOTE.TXT 4.4.5).
_METHOD_NAMES = {0: "stored", 8: "deflate", 9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstd", 95: "xz", 99: "aes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A stretch of the archive and how it is to be unpacked.

    Attributes:
        name: Name of the member, printable.
        offset: Where the stretch begins.
        packed_bytes: Its length.
        method: How it is compressed.
        reading: Which header says so.
        crc32: Stated checksum of the content, None where none is.
        unpacked_bytes: Stated length of the content, None where none is.
    """

    name: str
    offset: int
    packed_bytes: int
    method: int
    reading: Reading
    crc32: int | None = None
    unpacked_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of a central directory with the local header that it points to."""

    entry: Header
    local: Header

    @property
    def name(self) -> str:
        """The name in the directory, printable."""
        return self.entry.shown_name

    @property
    def local_packed_bytes(self) -> int:
        """Length of the content by the local header, or by the directory where the local header leaves it open."""
        if self.local.has_descriptor and self.local.packed_bytes == 0:
            return self.entry.packed_bytes
        return self.local.packed_bytes

    @property
    def has_one_stretch(self) -> bool:
        """Whether both headers agree on how the content is compressed and where it ends."""
        return (self.local.method, self.local_packed_bytes) == (self.entry.method, self.entry.packed_bytes)

    @property
    def end(self) -> int:
        """Where the content ends by the directory."""
        return self.local.end + self.entry.packed_bytes

    def covered_end(self, source: Source) -> int:
        """Where the content and its descriptor surely end: by the smaller of the stated sizes."""
        end = self.local.end + min(self.entry.packed_bytes, self.local_packed_bytes)
        if not (self.entry.has_descriptor or self.local.has_descriptor):
            return end
        return end + descriptor_bytes(source, end, self.entry.packed_bytes)

    def streams(self) -> Iterator[Stream]:
        """Yields the contents, by directory first; the same stretch may come more than once."""
        entry, local = self.entry, self.local
        yield self._stream(entry, entry.packed_bytes, Reading.LISTED)
        if not self.has_one_stretch:
            yield self._stream(local, self.local_packed_bytes, Reading.LOCAL)
        for header in (entry, local):
            # Of a stored member miniz, which torch reads with, takes the unpacked size, Python the smaller one.
            if header.method == STORED and header.unpacked_bytes not in {0, header.packed_bytes}:
                yield self._raw(header.unpacked_bytes)
        if entry.is_encrypted or local.is_encrypted:
            yield self._raw(entry.packed_bytes)

    def _stream(self, header: Header, packed_bytes: int, reading: Reading) -> Stream:
        is_open = header.has_descriptor and header.unpacked_bytes == 0
        return Stream(
            name=header.shown_name,
            offset=self.local.end,
            packed_bytes=packed_bytes,
            method=header.method,
            reading=reading,
            crc32=None if is_open else header.crc32,
            unpacked_bytes=None if is_open else header.unpacked_bytes,
        )

    def _raw(self, packed_bytes: int) -> Stream:
        return Stream(
            name=self.name,
            offset=self.local.end,
            packed_bytes=packed_bytes,
            method=STORED,
            reading=Reading.STORED,
        )

    def note(self, notes: Notes, source_bytes: int) -> None:
        """Notes in what the two headers differ, and what is odd about either."""
        for code, message in (*self._differences(), *self._oddities(source_bytes)):
            notes.add(code, message, name=self.name or "(no name)", offset=self.local.offset)

    def _differences(self) -> Iterator[tuple[ObservationCode, str]]:
        entry, local = self.entry, self.local
        if entry.name != local.name:
            message = f"`{entry.shown_name}` is `{local.shown_name}` in its local header"
            yield ObservationCode.ZIP_NAME_DIFFERS, message
        for header in (entry, local):
            if header.unicode_name is not None and header.unicode_name != header.name:
                other = printable(decode_name(header.unicode_name))
                message = f"`{header.shown_name}` is `{other}` in its Unicode extra field"
                yield ObservationCode.ZIP_NAME_DIFFERS, message
        if entry.method != local.method:
            message = f"{method_name(entry.method)} in the directory, {method_name(local.method)} in the header"
            yield ObservationCode.ZIP_METHOD_DIFFERS, message
        if (entry.flags ^ local.flags) & ~_LEVEL_FLAGS:
            message = f"flags {entry.flags:#06x} in the directory, {local.flags:#06x} in the header"
            yield ObservationCode.ZIP_FLAGS_DIFFER, message
        yield from self._number_differences()

    def _number_differences(self) -> Iterator[tuple[ObservationCode, str]]:
        entry, local = self.entry, self.local
        for what, listed, stated in (
            ("packed", entry.packed_bytes, local.packed_bytes),
            ("unpacked", entry.unpacked_bytes, local.unpacked_bytes),
        ):
            if listed != stated and not (local.has_descriptor and stated == 0):
                message = f"{listed} bytes {what} in the directory, {stated} in the header"
                yield ObservationCode.ZIP_SIZE_DIFFERS, message
        if entry.crc32 != local.crc32 and not (local.has_descriptor and local.crc32 == 0):
            message = f"crc {entry.crc32:08x} in the directory, {local.crc32:08x} in the header"
            yield ObservationCode.ZIP_CRC_DIFFERS, message

    def _oddities(self, source_bytes: int) -> Iterator[tuple[ObservationCode, str]]:
        entry = self.entry
        if entry.is_encrypted or self.local.is_encrypted:
            yield ObservationCode.ZIP_ENCRYPTED, "the member is marked as encrypted"
        if entry.method == STORED and entry.packed_bytes != entry.unpacked_bytes:
            message = f"stored as it is, yet {entry.packed_bytes} bytes packed and {entry.unpacked_bytes} unpacked"
            yield ObservationCode.ZIP_STORED_SIZES, message
        if self.end > source_bytes:
            message = f"said to end at byte {self.end} of {source_bytes}"
            yield ObservationCode.ZIP_PAST_END, message
        if entry.is_extra_broken or self.local.is_extra_broken:
            yield ObservationCode.ZIP_EXTRA_BROKEN, "the extra field does not divide into its parts"


def method_name(method: int) -> str:
    """Returns the name of a compression method for a message."""
    return _METHOD_NAMES.get(method, f"method {method}")


def descriptor_bytes(source: Source, offset: int, packed_bytes: int) -> int:
    """Returns the length of the data descriptor at `offset`, 0 where there is none (APPNOTE.TXT 4.3.9)."""
    data = source.read(offset, 24)
    signature = 4 if data.startswith(DESCRIPTOR_MAGIC) else 0
    for width in (4, 8):
        end = signature + 4 + 2 * width
        if len(data) >= end and int.from_bytes(data[signature + 4 : signature + 4 + width], "little") == packed_bytes:
            return end
    return min(len(data), 16) if signature else 0

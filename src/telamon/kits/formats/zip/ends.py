"""Every place where a reader can find the end of a zip archive and, by it, the directory (APPNOTE.TXT 4.3.16)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.kits.formats.zip.echoes import is_echo
from telamon.kits.formats.zip.signatures import END64_MAGIC, END_MAGIC, ENTRY_MAGIC, LOCATOR64_MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.source import Source

END_BYTES = 22
_END64_BYTES = 56
_LOCATOR64_BYTES = 20

SEARCH_BYTES = END_BYTES + 0xFFFF + 4096
"""How much of the tail is searched: the longest comment, and the one block by which block-wise readers overshoot."""

MAX_DIRECTORIES = 16
"""Most different directories that are followed; two already disagree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRecord:
    """One end-of-central-directory record, or the zip64 one that goes with it.

    Attributes:
        offset: Where the record stands.
        length: How many bytes it takes, without a comment.
        tail: Where the plain record stands, or the locator before it where that leads to this one.
        end: Where the plain record ends, its comment included, but not behind the end of the source.
        stated_end: Where it would end with a comment of the stated length.
        disk: Number of this volume.
        entries: Stated number of members.
        directory_bytes: Stated length of the central directory.
        directory_offset: Stated place of the central directory.
        directory_ends: Where readers take the directory to end that go by its length.
        has_zip64: Whether a zip64 record goes with this plain one.
    """

    offset: int
    length: int
    tail: int
    end: int
    stated_end: int
    disk: int
    entries: int
    directory_bytes: int
    directory_offset: int
    directory_ends: tuple[int, ...]
    has_zip64: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A central directory and what to add to the offsets in it, where something stands before the archive."""

    start: int
    shift: int
    record: EndRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """All records found in the tail and the directories that they lead to, the likeliest first."""

    records: tuple[EndRecord, ...]
    directories: tuple[Directory, ...]

    def is_sure(self, source_bytes: int) -> bool:
        """Whether the likeliest directory is that of the last record, and that record lies within the source.

        Readers search backwards: for the last record (Python, miniz), or for the last whose comment reaches no
        further than the end of the file, or right to it (Go, Java). All of them take such a record, unless an
        earlier one has a comment that ends where the file ends.
        """
        last = max(self.records, key=lambda record: record.offset, default=None)
        if last is None or not self.directories:
            return False
        return self.directories[0].record.stated_end == last.stated_end <= source_bytes


def has_directory(source: Source) -> bool:
    """Whether some end record in the tail leads to a central directory with an entry."""
    tail_offset = max(0, source.size - SEARCH_BYTES)
    tail = source.read(tail_offset, SEARCH_BYTES)
    if END_MAGIC not in tail:
        return False
    return bool(find_ends(source).directories)


def find_ends(source: Source) -> Ends:
    """Returns the end records of the tail and the directories with at least one entry.

    A comment may hold thousands of false records. The last, the first and those whose comment ends with the file
    come first, since those are what readers take.
    """
    records: list[EndRecord] = []
    directories: dict[tuple[int, int], Directory] = {}
    echoes: set[tuple[int, int]] = set()
    for record in _records(source):
        records.append(record)
        for directory in _directories(source, record):
            key = (directory.start, directory.shift)
            if key in directories or key in echoes:
                continue
            if record.has_zip64 and is_echo(source, directory, directories.values()):
                echoes.add(key)
            else:
                directories[key] = directory
        if len(directories) >= MAX_DIRECTORIES:
            break
    return Ends(records=tuple(records), directories=tuple(directories.values()))


def _records(source: Source) -> Iterator[EndRecord]:
    tail_offset = max(0, source.size - SEARCH_BYTES)
    tail = source.read(tail_offset, SEARCH_BYTES)
    for place in _ordered(tail):
        fields = struct.unpack_from("<4H2LH", tail, place + 4)
        disk, _, _, entries, directory_bytes, directory_offset, comment_bytes = fields
        offset = tail_offset + place
        stated_end = offset + END_BYTES + comment_bytes
        with_zip64 = tuple(_records64(source, offset, stated_end))
        yield from with_zip64
        yield EndRecord(
            offset=offset,
            length=END_BYTES,
            tail=offset,
            end=min(stated_end, source.size),
            stated_end=stated_end,
            disk=disk,
            entries=entries,
            directory_bytes=directory_bytes,
            directory_offset=directory_offset,
            directory_ends=(offset,),
            has_zip64=bool(with_zip64),
        )


def _ordered(tail: bytes) -> list[int]:
    places: list[int] = []
    place = tail.rfind(END_MAGIC, 0, max(0, len(tail) - END_BYTES + len(END_MAGIC)))
    while place >= 0:
        places.append(place)
        place = tail.rfind(END_MAGIC, 0, place + len(END_MAGIC) - 1)
    exact = [p for p in places if p + END_BYTES + int.from_bytes(tail[p + 20 : p + 22], "little") == len(tail)]
    return list(dict.fromkeys([*places[:1], *exact, *places[-1:], *places]))


def _records64(source: Source, end_offset: int, stated_end: int) -> Iterator[EndRecord]:
    """Yields the zip64 record where the locator says it is, and where Python looks for it: right before that.

    Wherever the record stands, miniz takes the directory of a file that it opens itself to end 76 bytes before the
    plain record (mz_zip_reader_read_central_dir).
    """
    locator = source.read(end_offset - _LOCATOR64_BYTES, _LOCATOR64_BYTES)
    if not locator.startswith(LOCATOR64_MAGIC):
        return
    stated = int.from_bytes(locator[8:16], "little")
    adjacent = end_offset - _LOCATOR64_BYTES - _END64_BYTES
    for offset in dict.fromkeys((stated, adjacent)):
        record = source.read(offset, _END64_BYTES)
        if len(record) < _END64_BYTES or not record.startswith(END64_MAGIC):
            continue
        disk, _, _, entries, directory_bytes, directory_offset = struct.unpack_from("<2L4Q", record, 16)
        yield EndRecord(
            offset=offset,
            length=_END64_BYTES,
            tail=end_offset - _LOCATOR64_BYTES,
            end=min(stated_end, source.size),
            stated_end=stated_end,
            disk=disk,
            entries=entries,
            directory_bytes=directory_bytes,
            directory_offset=directory_offset,
            directory_ends=(offset, adjacent),
        )


def _directories(source: Source, record: EndRecord) -> Iterator[Directory]:
    """Yields the directories that end where readers look by the length, and the one at its stated place."""
    by_length = (end - record.directory_bytes for end in record.directory_ends)
    for start in dict.fromkeys((*by_length, record.directory_offset)):
        if start >= 0 and source.read(start, 4) == ENTRY_MAGIC:
            yield Directory(start=start, shift=start - record.directory_offset, record=record)

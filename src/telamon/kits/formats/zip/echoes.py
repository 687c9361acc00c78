"""Central directories that are only the rest of another one, met by accident between two kinds of end record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.kits.formats.zip.records import read_entry
from telamon.kits.formats.zip.signatures import LOCAL_MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telamon.kits.formats.source import Source
    from telamon.kits.formats.zip.ends import Directory

_FULL32 = 0xFFFFFFFF  # stated where only the zip64 record has the number (APPNOTE.TXT 4.4.24)
_MAX_ECHOED = 100_000  # entries that are looked at; as many members as the budget grants


def is_echo(source: Source, directory: Directory, others: Iterable[Directory]) -> bool:
    """Whether a directory is the rest of another one by accident, and opens nothing that the other does not.

    Writers such as torch's miniz write both kinds of end record. Readers that go by the plain record and the length
    (the `zip` crate of Rust; Java and Go where the other record does not convince them) then look 76 bytes behind the
    start of the directory. If the first entry has just that length, by a name of 30 bytes, they find the second one.
    All entries from there on belong to the true directory too, and by offsets that are shifted likewise they lead to
    nothing. Both records must state the same directory, so that few can be passed over.
    """
    record = directory.record
    for other in others:
        is_same_size = record.directory_bytes == other.record.directory_bytes
        is_same_place = record.directory_offset in {other.record.directory_offset, _FULL32}
        if is_same_size and is_same_place:
            first = read_entry(source, other.start)
            if first is not None and first.end == directory.start:
                return not _opens_something(source, directory)
    return False


def _opens_something(source: Source, directory: Directory) -> bool:
    """Whether an entry leads to a local header by its shifted offset; also where there are too many to tell."""
    position = directory.start
    for _ in range(_MAX_ECHOED):
        entry = read_entry(source, position)
        if entry is None:
            return False
        offset = entry.local_offset + directory.shift
        if offset >= 0 and source.read(offset, 4) == LOCAL_MAGIC:
            return True
        position = entry.end
    return True

"""What of a zip archive is claimed by which member, what by none, and which members only their own headers show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.kits.formats.codecs import codec_of_zip_method
from telamon.kits.formats.observations import ObservationCode
from telamon.kits.formats.parts import Reading
from telamon.kits.formats.source import Extent
from telamon.kits.formats.zip.ends import DESCRIPTOR_MAGIC, ENTRY_MAGIC, LOCAL_MAGIC
from telamon.kits.formats.zip.members import STORED, Member, Stream, descriptor_bytes
from telamon.kits.formats.zip.records import Header, read_local

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telamon.kits.formats.budget import Budget
    from telamon.kits.formats.notes import Notes
    from telamon.kits.formats.source import Source

_SEARCH_STEP = 64 * 1024 * 1024  # between two looks at the clock
_MAX_DESCRIPTOR_TRIES = 1000  # places that look like the descriptor of one stored member
_NAME_LIMIT = 4096  # PATH_MAX; what claims a longer name is no header


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlisted:
    """A member that has a local header and no entry."""

    header: Header
    end: int

    @property
    def stream(self) -> Stream:
        """Its content as its own header says."""
        is_open = self.header.has_descriptor and self.header.unpacked_bytes == 0
        return Stream(
            name=self.header.shown_name,
            offset=self.header.end,
            packed_bytes=self.end - self.header.end,
            method=self.header.method,
            reading=Reading.UNLISTED,
            crc32=None if is_open else self.header.crc32,
            unpacked_bytes=None if is_open else self.header.unpacked_bytes,
        )


def note_overlaps(members: Iterable[Member], notes: Notes) -> None:
    """Notes each member that begins before an earlier one ends."""
    last: Member | None = None
    for member in sorted(members, key=lambda m: m.local.offset):
        if last is not None and member.local.offset < last.end:
            notes.add(
                ObservationCode.ZIP_OVERLAP,
                f"`{member.name}` begins inside `{last.name}`",
                name=member.name,
                offset=member.local.offset,
            )
        if last is None or member.end > last.end:
            last = member


def gaps(regions: Iterable[Extent], size: int) -> Iterator[Extent]:
    """Yields the stretches of `0` to `size` that no region covers, in order."""
    position = 0
    for region in sorted(regions, key=lambda r: r.start):
        if region.start > position:
            yield Extent(start=position, end=min(region.start, size))
        position = max(position, region.end)
        if position >= size:
            return
    if position < size:
        yield Extent(start=position, end=size)


def note_gap(gap: Extent, archive: Extent, notes: Notes) -> None:
    """Notes a gap as what it is by its place: before, behind or within the archive."""
    count = gap.end - gap.start
    if gap.end <= archive.start:
        notes.add(ObservationCode.ZIP_PREPENDED, f"{count} bytes stand before the archive", offset=gap.start)
    elif gap.start >= archive.end:
        notes.add(ObservationCode.ZIP_TRAILING, f"{count} bytes follow the archive", offset=gap.start)
    else:
        notes.add(ObservationCode.ZIP_UNREFERENCED, f"{count} bytes belong to no member", offset=gap.start)


def unlisted_members(source: Source, gap: Extent, budget: Budget) -> Iterator[Unlisted]:
    """Yields the members whose local headers stand in a gap; each counts against the budget."""
    position = gap.start
    while position < gap.end:
        budget.check_time()
        limit = min(gap.end, position + _SEARCH_STEP)
        found = source.find(LOCAL_MAGIC, position, limit)
        if found < 0:
            position = limit if limit == gap.end else limit - len(LOCAL_MAGIC) + 1
            continue
        header = read_local(source, found)
        if header is None or not _is_plausible(header, gap):
            position = found + len(LOCAL_MAGIC)
            continue
        budget.add_member()
        end = _content_end(source, header, gap)
        yield Unlisted(header=header, end=end)
        if end >= gap.end:
            position = header.end  # its end is open or wrong: others may follow
        elif header.has_descriptor:
            position = end + descriptor_bytes(source, end, end - header.end)
        else:
            position = end


def _is_plausible(header: Header, gap: Extent) -> bool:
    is_known = header.method == STORED or codec_of_zip_method(header.method) is not None
    return is_known and 0 < len(header.name) <= _NAME_LIMIT and header.end <= gap.end


def _content_end(source: Source, header: Header, gap: Extent) -> int:
    if header.packed_bytes or not header.has_descriptor:
        return header.end + header.packed_bytes
    if header.method != STORED:
        return gap.end  # the compressed stream ends itself
    place = header.end
    for _ in range(_MAX_DESCRIPTOR_TRIES):
        place = source.find(DESCRIPTOR_MAGIC, place, gap.end)
        if place < 0:
            break
        stated = source.read(place + 8, 8)
        distance = place - header.end
        if distance in {int.from_bytes(stated[:4], "little"), int.from_bytes(stated, "little")}:
            return place
        place += len(DESCRIPTOR_MAGIC)
    ends = [source.find(magic, header.end, gap.end) for magic in (LOCAL_MAGIC, ENTRY_MAGIC)]
    return min((end for end in ends if end >= 0), default=gap.end)

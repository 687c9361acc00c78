"""What of a zip archive is claimed by which member, what by none, and which members only their own headers show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.kits.formats.budget import Budget, BudgetExceededError, BudgetLimit
from telamon.kits.formats.codecs import codec_of_zip_method
from telamon.kits.formats.observations import ObservationCode
from telamon.kits.formats.parts import Reading
from telamon.kits.formats.source import Extent
from telamon.kits.formats.zip.members import STORED, Member, Stream, descriptor_bytes
from telamon.kits.formats.zip.records import Header, read_local
from telamon.kits.formats.zip.signatures import DESCRIPTOR_MAGIC, ENTRY_MAGIC, LOCAL_MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telamon.kits.formats.notes import Notes
    from telamon.kits.formats.source import Source

_SEARCH_STEP = 64 * 1024 * 1024  # between two looks at the clock
_MAX_DESCRIPTOR_TRIES = 10_000  # places that look like descriptors of stored members, in one gap
_MAX_UNLISTED = 10_000  # in one gap; one is already a finding, and honest archives whose end is lost are smaller
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


class _Search:
    """Looks for signatures in one gap from left to right, over no byte twice for the same signature."""

    def __init__(self, source: Source, gap: Extent, budget: Budget) -> None:
        self._source = source
        self._end = gap.end
        self._budget = budget
        self._found: dict[bytes, int] = {}
        self.tries = _MAX_DESCRIPTOR_TRIES

    def next(self, magic: bytes, place: int) -> int:
        """Returns the first place from `place` on where `magic` stands, or the end of the gap."""
        found = self._found.get(magic, -1)
        if found < place:
            found = self._find(magic, place)
            self._found[magic] = found
        return found

    def _find(self, magic: bytes, place: int) -> int:
        while place < self._end:
            self._budget.check_time()
            limit = min(self._end, place + _SEARCH_STEP)
            found = self._source.find(magic, place, limit)
            if found >= 0:
                return found
            place = limit if limit == self._end else limit - len(magic) + 1
        return self._end


def unlisted_members(source: Source, gap: Extent, budget: Budget) -> Iterator[Unlisted]:
    """Yields the members whose local headers stand in a gap; each counts against the budget.

    Raises:
        BudgetExceededError: Time is up, or there are too many members.
    """
    search = _Search(source, gap, budget)
    count = 0
    position = search.next(LOCAL_MAGIC, gap.start)
    while position < gap.end:
        header = read_local(source, position)
        if header is None or not _is_plausible(header, gap):
            position = search.next(LOCAL_MAGIC, position + len(LOCAL_MAGIC))
            continue
        budget.add_member()
        count += 1
        if count > _MAX_UNLISTED:
            raise BudgetExceededError(BudgetLimit.MEMBERS, f"more than {_MAX_UNLISTED} members that are not listed")
        end = _content_end(source, header, gap, search)
        yield Unlisted(header=header, end=end)
        if end >= gap.end:
            position = header.end  # its end is open or wrong: others may follow
        elif header.has_descriptor:
            position = end + descriptor_bytes(source, end, end - header.end)
        else:
            position = end
        position = search.next(LOCAL_MAGIC, position)


def _is_plausible(header: Header, gap: Extent) -> bool:
    is_known = header.method == STORED or codec_of_zip_method(header.method) is not None
    return is_known and 0 < len(header.name) <= _NAME_LIMIT and header.end <= gap.end


def _content_end(source: Source, header: Header, gap: Extent, search: _Search) -> int:
    if header.packed_bytes or not header.has_descriptor:
        return header.end + header.packed_bytes
    if header.method != STORED:
        return gap.end  # the compressed stream ends itself
    place = search.next(DESCRIPTOR_MAGIC, header.end)
    while place < gap.end and search.tries > 0:
        search.tries -= 1
        stated = source.read(place + 8, 8)
        distance = place - header.end
        if distance in {int.from_bytes(stated[:4], "little"), int.from_bytes(stated, "little")}:
            return place
        place = search.next(DESCRIPTOR_MAGIC, place + len(DESCRIPTOR_MAGIC))
    return min(search.next(magic, header.end) for magic in (LOCAL_MAGIC, ENTRY_MAGIC))

"""Reads a zip archive: every content that some reader could take from it, once, and all in which readers differ."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from telamon.kits.formats.budget import Budget, BudgetExceededError, BudgetLimit
from telamon.kits.formats.codecs import ZSTD_MAGIC, codec_of_zip_method, passes_blocks_on
from telamon.kits.formats.compression import BUDGET_CODES, Unpacking
from telamon.kits.formats.member_names import MemberNames
from telamon.kits.formats.names import decode_name
from telamon.kits.formats.notes import Notes
from telamon.kits.formats.observations import Observation, ObservationCode
from telamon.kits.formats.parts import Part
from telamon.kits.formats.source import Extent, NoSpaceError, Source, spool
from telamon.kits.formats.tar_fields import TAR_BLOCK_BYTES, looks_like_header
from telamon.kits.formats.zip.ends import Directory, Ends, find_ends
from telamon.kits.formats.zip.layout import gaps, note_gap, note_overlaps, unlisted_members
from telamon.kits.formats.zip.members import STORED, Member, Stream, method_name
from telamon.kits.formats.zip.records import Header, read_entry, read_local

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MULTI_DISK_UNKNOWN = 0xFFFF
_COUNT_MODULUS = 1 << 16
_LIMITS = frozenset({*BUDGET_CODES.values(), ObservationCode.NO_SPACE})


def read_zip(source: Source, budget: Budget, path: tuple[str, ...] = ()) -> Iterator[Part | Observation]:
    """Yields the contents and observations of a zip archive; stored contents are stretches of `source`.

    Args:
        source: The archive.
        budget: Counts members, unpacked bytes and time.
        path: Path of the archive, printable.

    Raises:
        BudgetExceededError: Time is up, or there are too many members; what was found so far was yielded.
        SourceError: The archive cannot be read.
    """
    ends = find_ends(source)
    archive = _Archive(source, budget, path)
    if not _is_carried(source, ends):
        yield from archive.contents(ends)
        yield from archive.unlisted()
        return
    for met in archive.contents(ends):
        if isinstance(met, Part) or met.code in _LIMITS:
            yield met


def _is_carried(source: Source, ends: Ends) -> bool:
    """Whether the archive shows through a tar, a pickle or a compressed stream, from which it is read in full.

    Compressors pass on what they cannot make smaller as it is, in blocks. Some readers find the last end record
    (Python, in any file) and what it lists; all that looks odd from there is the work of the container around it: the
    other archives in it, and the blocks. An archive that was appended ends with the file.
    """
    head = source.read(0, TAR_BLOCK_BYTES)
    if head.startswith(ZSTD_MAGIC):
        return True  # a frame without checksum ends with its last block
    if any(record.stated_end == source.size for record in ends.records):
        return False
    is_pickle = head[:1] == b"\x80" and head[1:2] <= b"\x05"  # PROTO
    return is_pickle or looks_like_header(head) or passes_blocks_on(head[:64])


def check_crc(part: Part) -> Observation | None:
    """Reads the whole content of a stored part and returns an observation where its checksum is not the stated one."""
    if part.crc32 is None:
        return None
    crc32 = 0
    for chunk in part.source.chunks():
        crc32 = zlib.crc32(chunk, crc32)
    if crc32 == part.crc32:
        return None
    return Observation(
        code=ObservationCode.ZIP_CRC_WRONG,
        message=f"the content has crc {crc32:08x}, {part.crc32:08x} is stated",
        member=part.label,
        offset=part.offset,
    )


class _Archive:
    """The state of reading one archive."""

    def __init__(self, source: Source, budget: Budget, path: tuple[str, ...]) -> None:
        self._source = source
        self._budget = budget
        self._path = path
        self._notes = Notes(path)
        self._regions: list[Extent] = []
        self._directories: list[Directory] = []
        self._given: set[tuple[int, int, int]] = set()
        self._stored_bytes = 0
        self._is_whole = True  # else the budget ended the reading, and what is missing says nothing of the archive

    def contents(self, ends: Ends) -> Iterator[Part | Observation]:
        members: list[Member] = []
        is_sure = ends.is_sure(self._source.size)
        for directory in ends.directories:
            record = directory.record
            has_final_comment = record.stated_end == self._source.size
            if not _is_inside(record.offset, members, is_any_method=is_sure and not has_final_comment):
                self._directories.append(directory)
                members.extend(self._members(directory))
        self._note_directories()
        self._note_members(members)
        yield from self._notes.drain()
        for member in members:
            yield from self._parts(member.streams(), is_folder=member.entry.is_folder)

    def _note_directories(self) -> None:
        if not self._directories:
            self._notes.add(ObservationCode.ZIP_NO_DIRECTORY, "no central directory with an entry was found")
        if len(self._directories) > 1:
            places = ", ".join(str(d.start) for d in self._directories)
            self._notes.add(ObservationCode.ZIP_SEVERAL_DIRECTORIES, f"central directories at bytes {places}")
        for directory in self._directories:
            record = directory.record
            self._regions.append(Extent(start=record.offset, end=record.offset + record.length))
            self._regions.append(Extent(start=record.tail, end=record.end))
            if record.disk not in {0, _MULTI_DISK_UNKNOWN, 0xFFFFFFFF}:
                message = f"the archive says that it ends on volume {record.disk}"
                self._notes.add(ObservationCode.ZIP_MULTI_DISK, message, offset=record.offset)

    def _members(self, directory: Directory) -> Iterator[Member]:
        names = MemberNames(self._notes)
        for entry in self._entries(directory):
            name = decode_name(entry.name)
            names.add(name, entry.offset, is_utf8=_is_utf8(entry.name))
            for local in self._locals(entry, directory):
                yield Member(entry=entry, local=local)

    def _entries(self, directory: Directory) -> Iterator[Header]:
        position, count = directory.start, 0
        # A zip64 record may stand before the directory to which it leads; the plain one follows.
        limit = directory.record.offset if position < directory.record.offset else self._source.size
        while position < limit:
            entry = read_entry(self._source, position)
            if entry is None:
                break
            try:
                self._budget.add_member()
            except BudgetExceededError as error:
                if error.limit is not BudgetLimit.MEMBERS:
                    raise
                self._notes.add(BUDGET_CODES[error.limit], error.message, offset=position)
                self._is_whole = False
                break
            count += 1
            yield entry
            position = entry.end
        self._regions.append(Extent(start=directory.start, end=position))
        if self._is_whole:
            self._note_directory(directory, position, count)

    def _note_directory(self, directory: Directory, end: int, count: int) -> None:
        record = directory.record
        if record.entries not in {count, count % _COUNT_MODULUS}:
            message = f"{record.entries} members are stated, {count} are listed"
            self._notes.add(ObservationCode.ZIP_COUNT_DIFFERS, message, offset=record.offset)
        if end != directory.start + record.directory_bytes:
            message = f"{record.directory_bytes} bytes of directory are stated, {end - directory.start} are there"
            self._notes.add(ObservationCode.ZIP_DIRECTORY_BROKEN, message, offset=end)

    def _locals(self, entry: Header, directory: Directory) -> Iterator[Header]:
        """Yields the local header by the shifted offset, as Python reads, and by the stated one, as others do."""
        is_missing = True
        for offset in dict.fromkeys((entry.local_offset + directory.shift, entry.local_offset)):
            if offset >= 0 and (local := read_local(self._source, offset)) is not None:
                is_missing = False
                yield local
        if is_missing:
            message = f"no local header at byte {entry.local_offset + directory.shift}"
            name = entry.shown_name
            self._notes.add(ObservationCode.ZIP_LOCAL_MISSING, message, name=name, offset=entry.offset)

    def _note_members(self, members: list[Member]) -> None:
        open_ended = [
            m for m in members if m.local.has_descriptor and m.local.packed_bytes == 0 and m.entry.packed_bytes
        ]
        if open_ended:
            message = f"sizes follow the content of {len(open_ended)} members"
            first = open_ended[0]
            self._notes.add(ObservationCode.ZIP_DESCRIPTOR, message, name=first.name, offset=first.local.offset)
        for member in members:
            member.note(self._notes, self._source.size)
            self._regions.append(Extent(start=member.local.offset, end=member.covered_end(self._source)))
        note_overlaps(members, self._notes)

    def unlisted(self) -> Iterator[Part | Observation]:
        if not self._is_whole:
            return
        size = self._source.size
        archive = Extent(start=min((r.start for r in self._regions), default=0), end=self._archive_end())
        for gap in gaps(self._regions, size):
            if self._directories:
                note_gap(gap, archive, self._notes)
            for unlisted in unlisted_members(self._source, gap, self._budget):
                stream = unlisted.stream
                self._notes.add(
                    ObservationCode.ZIP_UNLISTED,
                    f"`{stream.name}` has a local header and is not in the directory",
                    name=stream.name,
                    offset=unlisted.header.offset,
                )
                if unlisted.end > size:
                    self._note(ObservationCode.ZIP_PAST_END, f"said to end at byte {unlisted.end} of {size}", stream)
                yield from self._parts([stream], is_folder=unlisted.header.is_folder)
            yield from self._notes.drain()

    def _archive_end(self) -> int:
        return max((d.record.end for d in self._directories), default=self._source.size)

    def _parts(self, streams: Iterable[Stream], *, is_folder: bool) -> Iterator[Part | Observation]:
        for stream in streams:
            key = (stream.offset, stream.packed_bytes, stream.method)
            if is_folder or key in self._given:
                continue
            self._given.add(key)
            part = self._stored(stream) if stream.method == STORED else self._unpacked(stream)
            yield from self._notes.drain()
            if part is not None:
                yield part

    def _stored(self, stream: Stream) -> Part:
        content = self._source.sub(stream.offset, stream.packed_bytes)
        self._stored_bytes += content.size
        if self._stored_bytes > self._source.size:  # members overlap: each byte is to be read again and again
            self._budget.add_unpacked(content.size)
        return Part(
            path=(*self._path, stream.name or "(no name)"),
            source=content,
            offset=stream.offset,
            reading=stream.reading,
            crc32=stream.crc32,
            is_complete=content.size == stream.packed_bytes,
        )

    def _unpacked(self, stream: Stream) -> Part | None:
        codec = codec_of_zip_method(stream.method)
        if codec is None:
            message = f"compressed by {method_name(stream.method)}, which is not read"
            self._note(ObservationCode.ZIP_METHOD_UNKNOWN, message, stream)
            return None
        unpacking = Unpacking(self._source.sub(stream.offset, stream.packed_bytes), codec, self._budget)
        summed = _Summed(unpacking)
        try:
            content = spool(summed)
        except NoSpaceError as error:
            self._note(ObservationCode.NO_SPACE, error.message, stream)
            return None
        for fault in unpacking.faults:
            self._notes.add(fault.code, fault.message, name=stream.name, offset=stream.offset + fault.offset)
        if unpacking.is_complete:
            self._compare(stream, summed.crc32, content.size)
        return Part(
            path=(*self._path, stream.name or "(no name)"),
            source=content,
            reading=stream.reading,
            is_complete=unpacking.is_complete,
        )

    def _compare(self, stream: Stream, crc32: int, length: int) -> None:
        if stream.unpacked_bytes is not None and stream.unpacked_bytes != length:
            message = f"unpacks to {length} bytes, {stream.unpacked_bytes} are stated"
            self._note(ObservationCode.ZIP_LENGTH_WRONG, message, stream)
        elif stream.crc32 is not None and stream.crc32 != crc32:
            message = f"the content has crc {crc32:08x}, {stream.crc32:08x} is stated"
            self._note(ObservationCode.ZIP_CRC_WRONG, message, stream)

    def _note(self, code: ObservationCode, message: str, stream: Stream) -> None:
        self._notes.add(code, message, name=stream.name, offset=stream.offset)


class _Summed:
    """Passes chunks on and sums them up."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.crc32 = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.crc32 = zlib.crc32(chunk, self.crc32)
            yield chunk


def _is_inside(offset: int, members: Iterable[Member], *, is_any_method: bool) -> bool:
    """Whether an end record belongs to an archive that is itself the content of a member: that is read as a part.

    Compressors pass on what they cannot make smaller as it is, so that an archive shows inside a compressed member
    too; there it is the content only while no reader would take its end record for that of the file.
    """
    return any(
        m.local.end <= offset < m.end and (m.entry.method == STORED or (is_any_method and m.has_one_stretch))
        for m in members
    )


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

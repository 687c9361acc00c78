"""Reads a 7z archive: every content that can be unpacked, and notes on what cannot and on names and links."""

from __future__ import annotations

import stat
import struct
import zlib
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.decoders import WindowError
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.member_names import MemberNames
from telamon.kits.formats.names import link_leaves
from telamon.kits.formats.notes import Notes
from telamon.kits.formats.observations import Observation, ObservationCode
from telamon.kits.formats.parts import Part
from telamon.kits.formats.seven_zip.folders import EncryptedError, ShortError, UnsupportedError, errors, unpack
from telamon.kits.formats.seven_zip.records import Archive, Entry, Streams, read_header
from telamon.kits.formats.source import NoSpaceError, Source, spool
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from telamon.kits.formats.budget import Budget
    from telamon.kits.formats.seven_zip.records import Content, Folder

MAX_HEADER_BYTES: Final = 16 * 1024 * 1024
"""Longest header that is read: of a hundred thousand files with long names."""

MAX_HEADERS: Final = 4
"""Headers packed in one another; 7-Zip packs its header once."""

SIGNATURE_BYTES: Final = 32
MAX_LINK_BYTES: Final = 4096
NAMELESS: Final = Entry(name="", has_content=True, is_folder=False)


def read_seven_zip(source: Source, budget: Budget, path: tuple[str, ...] = ()) -> Iterator[Part | Observation]:
    """Yields the contents and observations of a 7z archive; the reader of a part closes its source.

    Args:
        source: The archive.
        budget: Counts members, unpacked bytes and time.
        path: Path of the archive, printable.

    Raises:
        BudgetExceededError: A limit was reached; what was found so far was yielded.
        SourceError: The archive cannot be read.
    """
    yield from _Reading(source, budget, path).contents()


class _FolderStream:
    """The unpacked bytes of one folder, given out piece by piece; `fault` says why they ended early."""

    def __init__(self, source: Source, budget: Budget, folder: Folder, start: int, sizes: list[int]) -> None:
        self._budget = budget
        self._held = b""
        self._chunks: Iterator[bytes] = iter(())
        self.fault: tuple[ObservationCode, str] | None = None
        self.crc32 = 0
        breaks: tuple[type[Exception], ...] = (EncryptedError, UnsupportedError, WindowError, ShortError, *errors())
        try:
            if len(sizes) != 1:
                raise UnsupportedError(f"{len(sizes)} packed streams")
            if start + sizes[0] > source.size:
                raise ShortError
            self._chunks = unpack(folder, source.chunks(start, sizes[0]))
        except breaks as error:
            self._broken(error)

    def take(self, size: int) -> Iterator[bytes]:
        """Yields the next bytes, fewer where the folder breaks off."""
        self.crc32 = 0
        while size > 0:
            if not self._held:
                self._held = self._next()
                if not self._held:
                    return
            piece, self._held = self._held[:size], self._held[size:]
            size -= len(piece)
            self.crc32 = zlib.crc32(piece, self.crc32)
            self._budget.add_unpacked(len(piece))
            yield piece

    def _next(self) -> bytes:
        if self.fault is not None:
            return b""
        self._budget.check_time()
        breaks: tuple[type[Exception], ...] = (WindowError, ShortError, *errors())
        try:
            return next(self._chunks, b"")
        except breaks as error:
            self._broken(error)
        return b""

    def _broken(self, error: Exception) -> None:
        if isinstance(error, EncryptedError):
            self.fault = ObservationCode.SEVEN_ZIP_ENCRYPTED, "it is encrypted"
        elif isinstance(error, UnsupportedError):
            self.fault = ObservationCode.SEVEN_ZIP_METHOD, f"it is packed by {error}, for which there is no reader"
        elif isinstance(error, WindowError):
            self.fault = ObservationCode.STREAM_WINDOW, f"it asks for {error}"
        elif isinstance(error, ShortError):
            self.fault = ObservationCode.STREAM_TRUNCATED, "its packed bytes end too early"
        else:
            reason = " ".join(str(error).split()) or type(error).__name__
            self.fault = ObservationCode.STREAM_CORRUPT, f"it does not unpack: {reason.lower()}"


class _Reading:
    """The state of reading one archive."""

    def __init__(self, source: Source, budget: Budget, path: tuple[str, ...]) -> None:
        self._source = source
        self._budget = budget
        self._path = path
        self._notes = Notes(path)
        self._names = MemberNames(self._notes)
        self._used: list[tuple[int, int]] = [(0, SIGNATURE_BYTES)]

    def contents(self) -> Iterator[Part | Observation]:
        archive = self._header()
        if archive is not None:
            yield from self._files(archive)
            self._note_unused()
        yield from self._notes.drain()

    def _header(self) -> Archive | None:
        head = self._source.read(0, SIGNATURE_BYTES)
        if len(head) < SIGNATURE_BYTES:
            self._no_header("the archive ends within its signature")
            return None
        crc, offset, size, header_crc = struct.unpack("<IQQI", head[8:])
        if zlib.crc32(head[12:]) != crc:
            self._no_header("the place of the header has a wrong checksum")
        if not size:
            return Archive(streams=Streams())
        start = SIGNATURE_BYTES + offset
        if size > MAX_HEADER_BYTES or start + size > self._source.size:
            self._no_header(f"a header of {size} bytes at byte {start} is not there, or too long")
            return None
        self._used.append((start, start + size))
        return self._parsed(self._source.read(start, size), header_crc)

    def _parsed(self, data: bytes, crc32: int | None) -> Archive | None:
        try:
            for _ in range(MAX_HEADERS):
                if crc32 is not None and zlib.crc32(data) != crc32:
                    self._no_header("the header has a wrong checksum")
                    return None
                archive = read_header(data)
                if not archive.is_encoded:
                    return archive
                unpacked = self._unpacked_header(archive.streams)
                if unpacked is None:
                    return None
                data, crc32 = unpacked, archive.streams.folders[0].crc32
        except MalformedError as error:
            self._no_header(error.message)
            return None
        self._no_header(f"the header is packed more than {MAX_HEADERS} times")
        return None

    def _unpacked_header(self, streams: Streams) -> bytes | None:
        if len(streams.folders) != 1 or not 0 < streams.folders[0].size <= MAX_HEADER_BYTES:
            self._no_header("the packed header is not one stream of bounded length")
            return None
        [stream] = self._folders(streams)
        data = b"".join(stream.take(streams.folders[0].size))
        if stream.fault is not None:
            code, reason = stream.fault
            self._notes.add(code, f"the header cannot be read: {reason}")
            return None
        return data

    def _no_header(self, reason: str) -> None:
        self._notes.add(ObservationCode.SEVEN_ZIP_HEADER, reason)

    def _folders(self, streams: Streams) -> Iterator[_FolderStream]:
        """Yields the folders with their packed streams, which stand one after the other."""
        start, number = SIGNATURE_BYTES + streams.start, 0
        for folder in streams.folders:
            sizes = list(streams.packed_sizes[number : number + len(folder.packed)])
            yield _FolderStream(self._source, self._budget, folder, start, sizes)
            self._used.append((start, start + sum(sizes)))
            start += sum(sizes)
            number += len(folder.packed)

    def _files(self, archive: Archive) -> Iterator[Part | Observation]:
        entries = iter(archive.entries)
        for stream, contents in zip(self._folders(archive.streams), archive.streams.contents, strict=True):
            for content in contents:
                entry = yield from self._until_content(entries)
                yield from self._content(entry, stream, content)
        for left in entries:
            if left.has_content:
                self._no_header(f"`{printable(left.name)}` has no content in the archive")
            yield from self._without_content(left)

    def _until_content(self, entries: Iterator[Entry]) -> Generator[Part | Observation, None, Entry]:
        """Yields the entries without content before the next one with it, and returns that."""
        for entry in entries:
            if entry.has_content:
                return entry
            yield from self._without_content(entry)
        return NAMELESS

    def _without_content(self, entry: Entry) -> Iterator[Part | Observation]:
        shown = self._named(entry)
        yield from self._notes.drain()
        if not entry.is_folder:
            yield Part(path=(*self._path, shown), source=Source.from_bytes(b""))

    def _named(self, entry: Entry) -> str:
        self._budget.add_member()
        self._names.add(entry.name, 0)
        return printable(entry.name) or "(no name)"

    def _content(self, entry: Entry, stream: _FolderStream, content: Content) -> Iterator[Part | Observation]:
        shown = self._named(entry)
        try:
            unpacked = spool(stream.take(content.size))
        except NoSpaceError as error:
            self._notes.add(ObservationCode.NO_SPACE, error.message, name=shown)
            yield from self._notes.drain()
            return
        is_whole = unpacked.size == content.size
        if not is_whole:
            code, reason = stream.fault or (ObservationCode.STREAM_TRUNCATED, "its packed bytes end too early")
            self._notes.add(code, f"`{shown}` cannot be read: {reason}", name=shown)
        elif content.crc32 is not None and content.crc32 != stream.crc32:
            message = f"crc {content.crc32:08x} is stated, {stream.crc32:08x} is true"
            self._notes.add(ObservationCode.SEVEN_ZIP_CRC, message, name=shown)
        self._note_link(entry, unpacked, shown)
        yield from self._notes.drain()
        yield Part(path=(*self._path, shown), source=unpacked, is_complete=is_whole)

    def _note_link(self, entry: Entry, content: Source, shown: str) -> None:
        if stat.S_ISLNK(entry.mode):
            target = content.read(0, MAX_LINK_BYTES).decode("utf-8", "replace")
            message = f"a symbolic link to `{printable(target)}`"
            self._notes.add(ObservationCode.TAR_LINK, message, name=shown)
            if link_leaves(entry.name, target):
                self._notes.add(ObservationCode.TAR_LINK_OUTSIDE, message, name=shown)

    def _note_unused(self) -> None:
        end = 0
        for start, stop in sorted(self._used):
            if start > end:
                message = f"{start - end} bytes belong to no packed stream"
                self._notes.add(ObservationCode.SEVEN_ZIP_UNREFERENCED, message, offset=end)
            end = max(end, stop)
        if end < self._source.size:
            message = f"{self._source.size - end} bytes follow the archive"
            self._notes.add(ObservationCode.SEVEN_ZIP_TRAILING, message, offset=end)

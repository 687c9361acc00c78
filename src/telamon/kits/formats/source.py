"""Random access to untrusted bytes: files, stretches of files and memory, without copies.

How a file is read. `Source.read` uses `pread`, which reports a file that shrinks meanwhile as an error; all
container readers use it alone. `Source.buffer` is for readers that need one contiguous buffer: up to
`COPY_LIMIT_BYTES` it is a private copy, beyond that a mapping, because peak memory must not grow with the file.
A mapped file that another process truncates ends the reading process by SIGBUS, which Python cannot catch:
`check_unchanged` narrows the gap, a scan that must survive it runs in a child process, and
`open_source(..., private=True)` closes it by a copy that nobody else holds.

What lies elsewhere (`from_reader`) is read by requests for just the bytes that are asked for. `is_distant` tells
readers of large data that each look costs one; whoever needs a large contiguous buffer gets a private copy of it.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from telamon.core.errors import TelamonError
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telamon.core.subjects import Reader, Subject

COPY_LIMIT_BYTES = 4 * 1024 * 1024
"""Largest stretch that is copied into memory; a tenth of the 40 MB that a scan may need."""

READ_CHUNK_BYTES = 256 * 1024
"""Stride of sequential reads: large enough that system calls vanish, small enough for the cache."""

_ZEROS = bytes(READ_CHUNK_BYTES)

Buffer = bytes | mmap.mmap


class SourceError(TelamonError):
    """A file cannot be opened or read.

    Remedy: Check that the file is there and that you may read it.
    """

    code: ClassVar[str] = "source-unreadable"


class NotRegularFileError(SourceError):
    """The path names something that is not a file with content.

    Remedy: Name a file; what comes through a pipe is checked as `-`.

    Args:
        path: The path as given.
        file_kind: What it names, in words: `directory`, `fifo`, `socket`, `character device`, ...
    """

    code: ClassVar[str] = "source-not-regular"

    def __init__(self, path: str, file_kind: str) -> None:
        super().__init__(f"expected a regular file, `{printable(path)}` is a {file_kind}")
        self.file_kind = file_kind


class SourceChangedError(SourceError):
    """A file became shorter or was rewritten while it was read.

    Remedy: Run again when nobody writes the file, or check a copy.
    """

    code: ClassVar[str] = "source-changed"


class NoSpaceError(SourceError):
    """There is no room for unpacked content.

    Remedy: Make room in the folder for temporary files, or set `TMPDIR` to another.
    """

    code: ClassVar[str] = "source-no-space"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A contiguous buffer and the stretch `start` to `end` of it that belongs to a source."""

    buffer: Buffer
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A stretch of a source that holds data, where the rest is holes of a sparse file."""

    start: int
    end: int


class _File:
    """An open descriptor, shared by a source and its parts; closed once."""

    __slots__ = ("descriptor", "identity", "mapping", "size")

    def __init__(self, descriptor: int, size: int) -> None:
        self.identity = _identity(descriptor)
        self.descriptor = descriptor
        self.size = size
        self.mapping: mmap.mmap | None = None

    def pread(self, offset: int, length: int) -> bytes:
        try:
            data = os.pread(self.descriptor, length, offset)
            while len(data) < length:
                more = os.pread(self.descriptor, length - len(data), offset + len(data))
                if not more:
                    raise SourceChangedError(f"the file ended at byte {offset + len(data)} of {self.size}")
                data += more
        except OSError as error:
            raise SourceError(f"reading at byte {offset} failed: {error.strerror}") from error
        return data

    def map(self) -> mmap.mmap:
        if self.mapping is None:
            self.check_unchanged()
            try:
                self.mapping = mmap.mmap(self.descriptor, self.size, prot=mmap.PROT_READ, flags=mmap.MAP_SHARED)
            except (OSError, ValueError, OverflowError) as error:
                raise SourceError(f"mapping {self.size} bytes failed: {error}") from error
        return self.mapping

    def check_unchanged(self) -> None:
        if _identity(self.descriptor) != self.identity:
            raise SourceChangedError("the file was changed while it was read")

    def close(self) -> None:
        mapping, self.mapping = self.mapping, None
        if mapping is not None:
            with contextlib.suppress(BufferError):  # a view is held; the mapping goes with the last of them
                mapping.close()
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        if getattr(self, "descriptor", -1) >= 0:
            self.close()


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return (status.st_size, status.st_mtime_ns)


class Source:
    """Read-only bytes of known size with random access; a stretch of a file or of memory.

    `start` and `end` are positions in `buffer`. `offset` is where the source begins in the file or memory
    that it is a stretch of. Create one by `open_source`, `from_bytes`, `spool` or `sub`.
    """

    __slots__ = ("_backing", "_copy", "_owns", "_window", "offset", "size")

    def __init__(self, backing: _File | Reader | bytes, offset: int, size: int, *, owns: bool = False) -> None:
        self._backing = backing
        self._owns = owns
        self.offset = offset
        self.size = size
        self._window: Window | None = None
        self._copy: Source | None = None  # of what lies elsewhere
        if isinstance(backing, bytes):
            self._window = Window(buffer=backing, start=offset, end=offset + size)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Returns a source over `data`, without a copy."""
        return cls(data, 0, len(data))

    @classmethod
    def from_reader(cls, reader: Reader) -> Self:
        """Returns a source over bytes that lie elsewhere; closing it closes the reader."""
        return cls(reader, 0, reader.size, owns=True)

    @property
    def is_distant(self) -> bool:
        """Whether the bytes lie elsewhere, so that each look at new ones costs a request."""
        return self._window is None and not isinstance(self._backing, bytes | _File)

    @property
    def account(self) -> str:
        """How much of what lies elsewhere has been fetched, in words; empty for what lies here."""
        return "" if isinstance(self._backing, bytes | _File) else self._backing.account()

    @property
    def window(self) -> Window:
        """The source as one contiguous buffer; copied or mapped on first use.

        Raises:
            SourceError: It cannot be read or mapped.
        """
        if self._window is None:
            self._window = self._load(self._backing)
        return self._window

    @property
    def buffer(self) -> Buffer:
        """The buffer that `start` and `end` refer to: all of a mapping, or a private copy."""
        return self.window.buffer

    @property
    def start(self) -> int:
        """Position of the first byte in `buffer`."""
        return self.window.start

    @property
    def end(self) -> int:
        """Position behind the last byte in `buffer`."""
        return self.window.end

    def _load(self, backing: _File | Reader | bytes) -> Window:
        if isinstance(backing, bytes):
            return Window(buffer=backing, start=self.offset, end=self.offset + self.size)
        if self.size <= COPY_LIMIT_BYTES:
            return Window(buffer=self.read(0, self.size), start=0, end=self.size)
        if isinstance(backing, _File):
            return Window(buffer=backing.map(), start=self.offset, end=self.offset + self.size)
        self._copy = spool(self.chunks())
        return self._copy.window

    def read(self, offset: int, length: int) -> bytes:
        """Returns `length` bytes from `offset`, fewer at the end, none behind it.

        Raises:
            SourceChangedError: The file has become shorter than it was.
            SourceError: The file system reports an error.
        """
        if offset < 0 or offset >= self.size or length <= 0:
            return b""
        length = min(length, self.size - offset)
        window = self._window
        if window is not None and isinstance(window.buffer, bytes):
            return window.buffer[window.start + offset : window.start + offset + length]
        if isinstance(self._backing, bytes):
            return self._backing[self.offset + offset : self.offset + offset + length]
        if self._copy is not None:
            return self._copy.read(offset, length)
        return self._backing.pread(self.offset + offset, length)

    def sub(self, offset: int, length: int) -> Source:
        """Returns the stretch of `length` bytes at `offset`, cut to what there is, without a copy."""
        offset = min(max(offset, 0), self.size)
        length = min(max(length, 0), self.size - offset)
        part = Source(self._backing, self.offset + offset, length)
        window = self._window
        if window is not None and isinstance(window.buffer, bytes):
            begin = window.start + offset
            part._window = Window(buffer=window.buffer, start=begin, end=begin + length)
        return part

    def chunks(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yields the bytes from `offset` in chunks of `READ_CHUNK_BYTES`."""
        end = self.size if length is None else min(self.size, offset + length)
        while offset < end:
            chunk = self.read(offset, min(READ_CHUNK_BYTES, end - offset))
            yield chunk
            offset += len(chunk)

    def find(self, needle: bytes, start: int = 0, end: int | None = None) -> int:
        """Returns where `needle` first lies wholly between `start` and `end`, or -1; holes are not read."""
        stop = self.size if end is None else min(end, self.size)
        keep = len(needle) - 1
        for extent in self.extents(max(start, 0), stop):
            position = max(start, extent.start - keep)
            limit = min(stop, extent.end + keep)
            while position + len(needle) <= limit:
                chunk = self.read(position, min(READ_CHUNK_BYTES + keep, limit - position))
                found = chunk.find(needle)
                if found >= 0:
                    return position + found
                position += len(chunk) - keep
        return -1

    def extents(self, start: int = 0, end: int | None = None) -> Iterator[Extent]:
        """Yields the stretches between `start` and `end` that hold data, skipping the holes of a sparse file.

        Where the file system cannot tell, everything is one stretch.
        """
        stop = self.size if end is None else min(end, self.size)
        if not isinstance(self._backing, _File) or stop - start <= READ_CHUNK_BYTES:
            if start < stop:
                yield Extent(start=start, end=stop)
            return
        yield from self._file_extents(self._backing.descriptor, start, stop)

    def _file_extents(self, descriptor: int, start: int, stop: int) -> Iterator[Extent]:
        position = start
        while position < stop:
            try:
                begin = os.lseek(descriptor, self.offset + position, os.SEEK_DATA) - self.offset
                finish = os.lseek(descriptor, self.offset + begin, os.SEEK_HOLE) - self.offset
            except OSError as error:
                if error.errno != errno.ENXIO:  # ENXIO: no data behind this place (lseek(2))
                    yield Extent(start=position, end=stop)
                return
            if begin >= stop:
                return
            yield Extent(start=begin, end=min(finish, stop))
            position = finish

    def discard(self, before: int) -> None:
        """Lets the system drop mapped pages wholly before `before`: less resident memory, same content."""
        window = self._window
        if window is None or isinstance(window.buffer, bytes):
            return
        first = -(-window.start // mmap.PAGESIZE) * mmap.PAGESIZE
        last = (window.start + min(before, self.size)) // mmap.PAGESIZE * mmap.PAGESIZE
        if last > first:
            window.buffer.madvise(mmap.MADV_DONTNEED, first, last - first)

    def check_unchanged(self) -> None:
        """Raises `SourceChangedError` where the file's size or time of change has moved since it was opened."""
        if not isinstance(self._backing, bytes):
            self._backing.check_unchanged()

    def close(self) -> None:
        """Closes the file, where this source opened it; parts of it can be read no more."""
        self._window = None
        if self._copy is not None:
            self._copy.close()
            self._copy = None
        if self._owns and not isinstance(self._backing, bytes):
            self._backing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self.size


def open_source(path: str | os.PathLike[str], *, follow_links: bool = False, private: bool = False) -> Source:
    """Opens a regular file for reading; never blocks on a FIFO and never opens a device.

    Args:
        path: The file.
        follow_links: Whether the last component may be a symbolic link.
        private: Whether to read a copy in an unlinked temporary file, which no other process can change.

    Raises:
        NotRegularFileError: The path names a directory, FIFO, socket, device, or a link that is not followed.
        NoSpaceError: There is no room for the private copy.
        SourceError: The file is missing, unreadable or in a loop of links.
    """
    name = os.fspath(path)
    descriptor = _open_regular(name, follow_links=follow_links)
    try:
        source = _from_descriptor(descriptor)
    except OSError as error:
        os.close(descriptor)
        raise SourceError(f"cannot read `{printable(name)}`: {error.strerror}") from error
    if not private:
        return source
    with source:
        return spool(source.chunks())


def open_subject(subject: Subject) -> Source:
    """Opens what a checker is given: a file, through links as loaders do, or what lies elsewhere.

    Raises:
        NotRegularFileError: The path names a directory, FIFO, socket or device.
        SourceError: It is missing or unreadable.
    """
    if subject.connect is None:
        return open_source(subject.path, follow_links=True)
    return Source.from_reader(subject.connect())


def _from_descriptor(descriptor: int) -> Source:
    size = os.fstat(descriptor).st_size
    if size > 0:
        return Source(_File(descriptor, size), 0, size, owns=True)
    # An empty file, or one of /proc, which states no size and makes its content on reading.
    data = os.read(descriptor, COPY_LIMIT_BYTES)
    os.close(descriptor)
    return Source.from_bytes(data)


def _open_regular(name: str, *, follow_links: bool) -> int:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        # Looking first keeps devices from being opened at all (opening a tape rewinds it); looking again at
        # the descriptor closes the race.
        _require_regular(name, Path(name).stat(follow_symlinks=follow_links).st_mode)
        descriptor = os.open(name, flags if follow_links else flags | os.O_NOFOLLOW)
    except OSError as error:
        raise SourceError(f"cannot open `{printable(name)}`: {error.strerror}") from error
    except ValueError as error:  # a NUL in the path
        raise SourceError(f"cannot open `{printable(name)}`: {error}") from error
    try:
        _require_regular(name, os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(name: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise NotRegularFileError(name, _FILE_KINDS.get(stat.S_IFMT(mode), "special file"))


_FILE_KINDS = {
    stat.S_IFDIR: "directory",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
    stat.S_IFLNK: "symbolic link",
}


def spool(chunks: Iterable[bytes]) -> Source:
    """Copies a stream into memory while it is small, else into an unlinked temporary file of mode 0600.

    The caller bounds the stream (`telamon.kits.formats.budget`) and closes the source.

    Raises:
        NoSpaceError: The temporary folder is full or the file would be too large.
    """
    stream = iter(chunks)
    head = bytearray()
    for chunk in stream:
        head += chunk
        if len(head) > COPY_LIMIT_BYTES:
            return _spool_file(head, stream)
    return Source.from_bytes(bytes(head))


def _spool_file(head: bytearray, stream: Iterator[bytes]) -> Source:
    import tempfile  # noqa: PLC0415 - costs 5 ms of start-up that most scans do not need

    descriptor = -1
    try:
        with tempfile.TemporaryFile(prefix="telamon-") as file:
            descriptor = os.dup(file.fileno())
        size = 0
        for chunk in _chain(head, stream):
            size += _write(descriptor, chunk)
        os.ftruncate(descriptor, size)  # a hole at the end
        return Source(_File(descriptor, size), 0, size, owns=True)
    except OSError as error:
        if descriptor >= 0:
            os.close(descriptor)
        raise NoSpaceError(
            f"no room for unpacked content: {error.strerror}", hint="point TMPDIR at a larger file system"
        ) from error
    except BaseException:
        if descriptor >= 0:
            os.close(descriptor)
        raise


def _chain(head: bytearray, stream: Iterator[bytes]) -> Iterator[bytes]:
    yield bytes(head)
    head.clear()
    yield from stream


def _write(descriptor: int, chunk: bytes) -> int:
    """Writes a chunk, or leaves a hole where it is nothing but zeros, as the content of most bombs is."""
    if chunk == _ZEROS[: len(chunk)]:
        os.lseek(descriptor, len(chunk), os.SEEK_CUR)
        return len(chunk)
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]
    return len(chunk)

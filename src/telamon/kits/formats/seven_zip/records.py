"""The header of a 7z archive (7zFormat.txt, section "Archive structure"): what is packed how, and the files' names."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_FOLDERS: Final = 100_000  # streams of packed files; 7-Zip makes one for each kind of file
MAX_FILES: Final = 200_000  # twice the members that a budget grants
MAX_CODERS: Final = 8
MAX_PROPERTIES: Final = 64 * 1024
END, HEADER, PROPERTIES, ADDITIONAL, MAIN, FILES = range(6)
PACK, UNPACK, SUBSTREAMS, SIZE, CRC, FOLDER, CODER_SIZES, COUNTS = range(6, 14)
EMPTY_STREAM, EMPTY_FILE, ANTI, NAMES = range(14, 18)
ATTRIBUTES: Final = 21
DUMMY: Final = 25  # fills up to where a part should begin, as often as needed
ENCODED_HEADER: Final = 23
UNIX_EXTENSION: Final = 0x8000  # attributes whose upper half is a mode of Unix (p7zip)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coder:
    """One step of unpacking: its method's number, its properties, and how many streams it takes and gives."""

    method: bytes
    properties: bytes
    inputs: int = 1
    outputs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Coders that stand in one another, and the packed streams that they read.

    Attributes:
        coders: In the order in which they are listed.
        binds: Pairs of an input and the output that feeds it.
        packed: Inputs that read packed streams, in the order of the streams.
        sizes: Unpacked bytes of each output.
        crc32: Of the whole content, where stated.
    """

    coders: tuple[Coder, ...]
    binds: tuple[tuple[int, int], ...]
    packed: tuple[int, ...]
    sizes: tuple[int, ...] = ()
    crc32: int | None = None

    @property
    def size(self) -> int:
        """Unpacked bytes: of the output that feeds no input."""
        bound = {output for _, output in self.binds}
        return next((size for at, size in enumerate(self.sizes) if at not in bound), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One content of a folder: its length, and its checksum where stated."""

    size: int
    crc32: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What is packed where: packed streams one after the other, the folders that read them, and their contents."""

    start: int = 0
    packed_sizes: tuple[int, ...] = ()
    folders: tuple[Folder, ...] = ()
    contents: tuple[tuple[Content, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file or folder of the archive.

    Attributes:
        has_content: Whether it takes the next content.
        is_folder: Whether it is one.
        mode: Of Unix, 0 where none is stated.
    """

    name: str
    has_content: bool
    is_folder: bool
    mode: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A whole header, or the streams that hold the header itself (`is_encoded`)."""

    streams: Streams
    entries: tuple[Entry, ...] = ()
    is_encoded: bool = False


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) < count:
            raise MalformedError("expected more of the 7z header, found its end", offset=self.at)
        self.at += count
        return taken

    def number(self) -> int:
        """A number whose first byte says by its leading ones how many bytes follow."""
        first = self.byte()
        value, mask = 0, 0x80
        for at in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << (8 * at)
            value |= self.byte() << (8 * at)
            mask >>= 1
        return value

    def count(self, most: int) -> int:
        value = self.number()
        if value > most:
            raise MalformedError(
                f"expected at most {most} of something in the 7z header, found {value}", offset=self.at
            )
        return value

    def bits(self, count: int) -> list[bool]:
        packed = self.take(-(-count // 8))
        return [bool(packed[at // 8] & 0x80 >> at % 8) for at in range(count)]

    def defined(self, count: int) -> list[bool]:
        return [True] * count if self.byte() else self.bits(count)

    def digests(self, count: int) -> list[int | None]:
        return [struct.unpack("<I", self.take(4))[0] if is_there else None for is_there in self.defined(count)]

    def parts(self) -> Iterator[int]:
        """Yields the kinds of parts up to the end; none stands twice, or each would cost what the first one did."""
        met: set[int] = set()
        while (kind := self.byte()) != END:
            if kind in met and kind != DUMMY:
                raise MalformedError(f"expected part {kind} of the 7z header once", offset=self.at)
            met.add(kind)
            yield kind

    def expect(self, kind: int) -> None:
        found = self.byte()
        if found != kind:
            raise MalformedError(f"expected part {kind} of the 7z header, found {found}", offset=self.at)


def read_header(data: bytes) -> Archive:
    """Returns what a header says.

    Raises:
        MalformedError: It breaks off, or breaks a rule of the format.
    """
    reader = _Reader(data)
    kind = reader.byte()
    if kind == ENCODED_HEADER:
        return Archive(streams=_streams(reader), is_encoded=True)
    if kind != HEADER:
        raise MalformedError(f"expected a 7z header, found part {kind}")
    streams = Streams()
    entries: tuple[Entry, ...] = ()
    for kind in reader.parts():
        if kind == PROPERTIES:
            while reader.byte() != END:
                reader.take(reader.count(MAX_PROPERTIES))
        elif kind == ADDITIONAL:
            raise MalformedError("expected no additional streams in the 7z header", offset=reader.at)
        elif kind == MAIN:
            streams = _streams(reader)
        elif kind == FILES:
            entries = _entries(reader)
        else:
            raise MalformedError(f"expected a part of the 7z header, found {kind}", offset=reader.at)
    return Archive(streams=streams, entries=entries)


def _streams(reader: _Reader) -> Streams:
    start = 0
    packed: tuple[int, ...] = ()
    folders: tuple[Folder, ...] = ()
    contents: tuple[tuple[Content, ...], ...] | None = None
    for kind in reader.parts():
        if kind == PACK:
            start, packed = _packed(reader)
        elif kind == UNPACK:
            folders = _folders(reader)
        elif kind == SUBSTREAMS:
            contents = _contents(reader, folders)
        else:
            raise MalformedError(f"expected streams in the 7z header, found part {kind}", offset=reader.at)
    if contents is None:
        contents = tuple((Content(size=folder.size, crc32=folder.crc32),) for folder in folders)
    if len(contents) != len(folders):
        raise MalformedError("expected contents for each folder of the 7z archive", offset=reader.at)
    return Streams(start=start, packed_sizes=packed, folders=folders, contents=contents)


def _packed(reader: _Reader) -> tuple[int, tuple[int, ...]]:
    start = reader.number()
    count = reader.count(min(MAX_FOLDERS, len(reader.data)))
    sizes: tuple[int, ...] = ()
    for kind in reader.parts():
        if kind == SIZE:
            sizes = tuple(reader.number() for _ in range(count))
        elif kind == CRC:
            reader.digests(count)
        else:
            raise MalformedError(f"expected packed streams in the 7z header, found part {kind}", offset=reader.at)
    return start, sizes


def _folders(reader: _Reader) -> tuple[Folder, ...]:
    reader.expect(FOLDER)
    count = reader.count(min(MAX_FOLDERS, len(reader.data)))
    if reader.byte():
        raise MalformedError("expected the folders within the 7z header", offset=reader.at)
    shapes = [_folder(reader) for _ in range(count)]
    reader.expect(CODER_SIZES)
    sizes = [tuple(reader.number() for coder in shape.coders for _ in range(coder.outputs)) for shape in shapes]
    digests: list[int | None] = [None] * count
    for kind in reader.parts():
        if kind != CRC:
            raise MalformedError(f"expected checksums in the 7z header, found part {kind}", offset=reader.at)
        digests = reader.digests(count)
    return tuple(
        Folder(coders=shape.coders, binds=shape.binds, packed=shape.packed, sizes=size, crc32=crc)
        for shape, size, crc in zip(shapes, sizes, digests, strict=True)
    )


def _folder(reader: _Reader) -> Folder:
    coders = tuple(_coder(reader) for _ in range(reader.count(MAX_CODERS)))
    inputs, outputs = sum(coder.inputs for coder in coders), sum(coder.outputs for coder in coders)
    if not outputs:
        raise MalformedError("expected coders in the 7z header, found none", offset=reader.at)
    binds = tuple((reader.number(), reader.number()) for _ in range(outputs - 1))
    free = inputs - len(binds)
    if free < 1:
        raise MalformedError("expected a coder that reads what is packed in the 7z header", offset=reader.at)
    bound = {into for into, _ in binds}
    if free == 1:
        packed = tuple(at for at in range(inputs) if at not in bound)[:1]
    else:
        packed = tuple(reader.number() for _ in range(free))
    return Folder(coders=coders, binds=binds, packed=packed)


def _coder(reader: _Reader) -> Coder:
    flags = reader.byte()
    method = reader.take(flags & 0x0F)
    inputs = outputs = 1
    if flags & 0x10:
        inputs, outputs = reader.count(MAX_CODERS), reader.count(MAX_CODERS)
    properties = reader.take(reader.count(MAX_PROPERTIES)) if flags & 0x20 else b""
    if flags & 0x80:
        raise MalformedError("expected one way to unpack a folder of the 7z archive", offset=reader.at)
    return Coder(method=method, properties=properties, inputs=inputs, outputs=outputs)


def _contents(reader: _Reader, folders: Sequence[Folder]) -> tuple[tuple[Content, ...], ...]:
    counts = [1] * len(folders)
    kind = reader.byte()
    if kind == COUNTS:
        counts = [reader.count(MAX_FILES) for _ in folders]
        kind = reader.byte()
    if sum(counts) > MAX_FILES:
        raise MalformedError(f"expected at most {MAX_FILES} contents in the 7z archive, found {sum(counts)}")
    sizes = _content_sizes(reader, folders, counts, is_stated=kind == SIZE)
    if kind == SIZE:
        kind = reader.byte()
    digests: list[list[int | None]] = [
        [folder.crc32] if count == 1 else [None] * count for folder, count in zip(folders, counts, strict=True)
    ]
    if kind != END:
        if kind != CRC:
            raise MalformedError(f"expected contents in the 7z header, found part {kind}", offset=reader.at)
        missing = [(at, number) for at, known in enumerate(digests) for number, crc in enumerate(known) if crc is None]
        for (at, number), digest in zip(missing, reader.digests(len(missing)), strict=True):
            digests[at][number] = digest
        reader.expect(END)
    return tuple(
        tuple(Content(size=size, crc32=crc) for size, crc in zip(each, known, strict=True))
        for each, known in zip(sizes, digests, strict=True)
    )


def _content_sizes(
    reader: _Reader, folders: Sequence[Folder], counts: Sequence[int], *, is_stated: bool
) -> list[list[int]]:
    """Returns the sizes of contents; that of the last in a folder is what is left."""
    sizes = []
    for folder, count in zip(folders, counts, strict=True):
        stated = [reader.number() for _ in range(count - 1)] if is_stated else [0] * (count - 1)
        left = folder.size - sum(stated)
        if left < 0:
            raise MalformedError("expected contents that fit their folder in the 7z header", offset=reader.at)
        sizes.append([*stated, left] if count else [])
    return sizes


def _entries(reader: _Reader) -> tuple[Entry, ...]:
    count = reader.count(min(MAX_FILES, len(reader.data)))
    empty, empty_file, modes = [False] * count, [False] * count, [0] * count
    names: list[str] = [""] * count
    for kind in reader.parts():
        part = _Reader(reader.take(reader.number()))
        if kind == EMPTY_STREAM:
            empty = part.bits(count)
        elif kind == EMPTY_FILE:
            flags = iter(part.bits(sum(empty)))
            empty_file = [is_empty and next(flags) for is_empty in empty]
        elif kind == NAMES:
            names = _names(part, count)
        elif kind == ATTRIBUTES:
            modes = _modes(part, count)
    return tuple(
        Entry(name=names[at], has_content=not empty[at], is_folder=empty[at] and not empty_file[at], mode=modes[at])
        for at in range(count)
    )


def _names(part: _Reader, count: int) -> list[str]:
    if part.byte():
        raise MalformedError("expected the names within the 7z header")
    text = part.data[part.at :].decode("utf-16-le", "replace")
    names = text.split("\0")
    if len(names) <= count:
        raise MalformedError(f"expected {count} names in the 7z header, found {len(names) - 1}")
    return names[:count]


def _modes(part: _Reader, count: int) -> list[int]:
    defined = part.defined(count)
    if part.byte():
        raise MalformedError("expected the attributes within the 7z header")
    attributes = [struct.unpack("<I", part.take(4))[0] if is_there else 0 for is_there in defined]
    return [value >> 16 if value & UNIX_EXTENSION else 0 for value in attributes]

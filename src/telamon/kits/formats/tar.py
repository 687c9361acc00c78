"""Reads tar archives, bounded: every stored content, and notes on links, devices, names and broken headers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from telamon.kits.formats.member_names import MemberNames
from telamon.kits.formats.names import decode_name, folded, is_absolute, leaves_its_folder, link_leaves
from telamon.kits.formats.notes import Notes
from telamon.kits.formats.observations import Observation, ObservationCode
from telamon.kits.formats.parts import Part, Reading
from telamon.kits.formats.tar_fields import TAR_BLOCK_BYTES, looks_like_header
from telamon.kits.formats.tar_headers import TarHeader, read_header, read_pax_records
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.budget import Budget
    from telamon.kits.formats.source import Source

MAX_EXTENSION_BYTES = 1024 * 1024
"""Longest pax header or GNU long name that is read; real ones have a few hundred bytes."""

MAX_RESYNC_BYTES = 16 * 1024 * 1024
"""How far behind a broken header another one is looked for, as GNU tar does."""

_REGULAR = frozenset("0\x007")
_LINKS = {"1": "a hard link", "2": "a symbolic link"}
_SYMBOLIC = "2"
_MAX_FOLDERS = 200  # folders above a link that are looked at; real ones have a dozen
_SPECIAL = {"3": "a character device", "4": "a block device", "6": "a fifo"}
_WITHOUT_CONTENT = frozenset("123456")
_FOLDER = "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extension:
    """What extended headers say of the next member; None where they are silent."""

    name: bytes | None = None
    link: bytes | None = None
    size: int | None = None
    is_sparse: bool = False


_NO_EXTENSION = _Extension()


def read_tar(source: Source, budget: Budget, path: tuple[str, ...] = ()) -> Iterator[Part | Observation]:
    """Yields the contents and observations of a tar archive; contents are stretches of `source`.

    Args:
        source: The archive, unpacked.
        budget: Counts members and time.
        path: Path of the archive, printable.

    Raises:
        BudgetExceededError: Time is up, or there are too many members; what was found so far was yielded.
        SourceError: The archive cannot be read.
    """
    yield from _Archive(source, budget, path).contents()


class _Archive:
    """The state of reading one archive."""

    def __init__(self, source: Source, budget: Budget, path: tuple[str, ...]) -> None:
        self._source = source
        self._budget = budget
        self._path = path
        self._notes = Notes(path)
        self._names = MemberNames(self._notes)
        self._symbolic: set[str] = set()
        self._global = _NO_EXTENSION
        self._next = _NO_EXTENSION
        self._reading = Reading.LISTED
        self._position = 0

    def contents(self) -> Iterator[Part | Observation]:
        while (block := self._next_block()) is not None:
            self._budget.add_member()
            part = self._member(read_header(block))
            yield from self._notes.drain()
            if part is not None:
                yield part
        yield from self._notes.drain()

    def _next_block(self) -> bytes | None:
        """Returns the next header block, past an end mark or damage if another follows, and moves behind it."""
        block = self._source.read(self._position, TAR_BLOCK_BYTES)
        if len(block) < TAR_BLOCK_BYTES:
            message = "the archive ends without its end mark" if not block else "the archive ends inside a header"
            if self._reading is Reading.LISTED:
                self._note(ObservationCode.TAR_TRUNCATED, message)
            return None
        if not any(block):
            return self._behind_end_mark()
        if not looks_like_header(block):
            self._note(ObservationCode.TAR_CHECKSUM, f"the header at byte {self._position} has a wrong checksum")
            return self._resynchronised()
        self._position += TAR_BLOCK_BYTES
        return block

    def _behind_end_mark(self) -> bytes | None:
        from telamon.kits.formats.codecs import skip_zeros  # noqa: PLC0415 - tar alone needs no codecs

        found = skip_zeros(self._source, self._position)
        if found == self._source.size:
            return None
        count = self._source.size - found
        self._note(ObservationCode.TAR_TRAILING, f"{count} bytes follow the end mark", found)
        self._position = found // TAR_BLOCK_BYTES * TAR_BLOCK_BYTES
        return self._resynchronised()

    def _resynchronised(self) -> bytes | None:
        self._reading = Reading.UNLISTED  # most readers stop before what follows
        limit = min(self._source.size, self._position + MAX_RESYNC_BYTES)
        while self._position < limit:
            self._budget.check_time()
            block = self._source.read(self._position, TAR_BLOCK_BYTES)
            self._position += TAR_BLOCK_BYTES
            if looks_like_header(block):
                return block
        return None

    def _member(self, header: TarHeader) -> Part | None:
        size = self._size(header)
        match header.kind:
            case "x" | "X" | "g" | "L" | "K":
                self._extend(header, size)
                return None
            case _:
                return self._content(header, size)

    def _size(self, header: TarHeader) -> int:
        stated = header.size
        if stated is None or stated < 0:
            self._note(ObservationCode.TAR_FIELD, f"the size of `{self._show(header.name)}` is no number of bytes")
            return 0
        return stated

    def _extend(self, header: TarHeader, size: int) -> None:
        data = self._source.read(self._position, min(size, MAX_EXTENSION_BYTES))
        if size > MAX_EXTENSION_BYTES:
            self._note(ObservationCode.TAR_FIELD, f"an extended header of {size} bytes")
        elif len(data) < size:
            self._note(ObservationCode.TAR_TRUNCATED, "the archive ends inside an extended header")
        self._position += -(-size // TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES
        if header.kind == "L":
            self._next = replace(self._next, name=data.split(b"\0", 1)[0])
        elif header.kind == "K":
            self._next = replace(self._next, link=data.split(b"\0", 1)[0])
        else:
            self._take_pax(data, is_global=header.kind == "g")

    def _take_pax(self, data: bytes, *, is_global: bool) -> None:
        records = read_pax_records(data)
        if records is None:
            self._note(ObservationCode.TAR_FIELD, "an extended header does not divide into its records")
            return
        earlier = self._global if is_global else self._next
        merged = _Extension(
            name=records.get("GNU.sparse.name", records.get("path", earlier.name)),
            link=records.get("linkpath", earlier.link),
            size=self._pax_size(records.get("size"), earlier.size),
            is_sparse=earlier.is_sparse or any(key.startswith("GNU.sparse.") for key in records),
        )
        if is_global:
            self._global = merged
        else:
            self._next = merged

    def _pax_size(self, value: bytes | None, earlier: int | None) -> int | None:
        if value is None:
            return earlier
        if not value.isdigit() or len(value) > 20:  # noqa: PLR2004 - digits of 2**64
            self._note(ObservationCode.TAR_FIELD, f"the size `{self._show(value)}` is no number of bytes")
            return earlier
        return int(value)

    def _content(self, header: TarHeader, size: int) -> Part | None:
        extension, self._next = self._next, _NO_EXTENSION
        header_offset = self._position - TAR_BLOCK_BYTES
        raw = _first(extension.name, self._global.name, header.name)
        link = _first(extension.link, self._global.link, header.link)
        name = decode_name(raw)
        self._names.add(name, header_offset, is_utf8=_is_utf8(raw))
        shown = printable(name)
        self._note_kind(header, name, decode_name(link), header_offset)
        is_sparse = header.kind == "S" or extension.is_sparse or self._global.is_sparse
        if is_sparse:
            self._notes.add(ObservationCode.TAR_SPARSE, "stored with holes", name=shown, offset=header_offset)
            self._skip_sparse_map(header)
        size = self._override(size, extension, shown, header_offset)
        is_folder = header.kind == _FOLDER or (header.kind == "\0" and raw.endswith(b"/"))
        if header.kind in _WITHOUT_CONTENT or is_folder:
            if size:
                message = f"{size} bytes of content are stated for what has none"
                self._notes.add(ObservationCode.TAR_FIELD, message, name=shown, offset=header_offset)
            return None
        return self._part(shown, size)

    def _override(self, size: int, extension: _Extension, shown: str, offset: int) -> int:
        override = extension.size if extension.size is not None else self._global.size
        if override is None or override == size:
            return size
        message = f"{size} bytes in its header, {override} in the extended one"
        self._notes.add(ObservationCode.TAR_SIZE_DIFFERS, message, name=shown, offset=offset)
        return override

    def _part(self, shown: str, size: int) -> Part:
        offset = self._position
        content = self._source.sub(offset, size)
        self._position += -(-size // TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES
        if content.size < size:
            message = f"{content.size} of {size} bytes are there"
            self._notes.add(ObservationCode.TAR_TRUNCATED, message, name=shown, offset=offset)
        return Part(
            path=(*self._path, shown or "(no name)"),
            source=content,
            offset=offset,
            reading=self._reading,
            is_complete=content.size == size,
        )

    def _note_kind(self, header: TarHeader, name: str, link: str, offset: int) -> None:
        shown = printable(name)
        if header.kind in _LINKS:
            message = f"{_LINKS[header.kind]} to `{printable(link)}`"
            self._notes.add(ObservationCode.TAR_LINK, message, name=shown, offset=offset)
            if self._leads_outside(header, name, link):
                self._notes.add(ObservationCode.TAR_LINK_OUTSIDE, message, name=shown, offset=offset)
        elif header.kind in _SPECIAL:
            self._notes.add(ObservationCode.TAR_SPECIAL, _SPECIAL[header.kind], name=shown, offset=offset)
        elif header.kind not in _REGULAR and header.kind not in {_FOLDER, "S"}:
            message = f"a member of type `{printable(header.kind)}`"
            self._notes.add(ObservationCode.TAR_SPECIAL, message, name=shown, offset=offset)

    def _leads_outside(self, header: TarHeader, name: str, link: str) -> bool:
        """Whether a link leads out: a hard link names a member, a symbolic one starts from its own folder."""
        if header.kind != _SYMBOLIC:
            return is_absolute(link) or leaves_its_folder(link)
        *folders, last = name.rstrip("/").split("/")
        above = accumulate(folders, "{}/{}".format)
        is_below_link = len(folders) > _MAX_FOLDERS or any(folded(folder) in self._symbolic for folder in above)
        self._symbolic.add(folded("/".join((*folders, last))))
        return link_leaves(name, link) or (is_below_link and leaves_its_folder(link))

    def _skip_sparse_map(self, header: TarHeader) -> None:
        """Moves behind the blocks in which an old GNU sparse map goes on."""
        is_extended = header.is_extended_sparse
        while is_extended:
            self._budget.check_time()
            block = self._source.read(self._position, TAR_BLOCK_BYTES)
            self._position += TAR_BLOCK_BYTES
            is_extended = len(block) == TAR_BLOCK_BYTES and block[504] != 0

    def _note(self, code: ObservationCode, message: str, offset: int | None = None) -> None:
        self._notes.add(code, message, offset=self._position if offset is None else offset)

    @staticmethod
    def _show(raw: bytes) -> str:
        return printable(decode_name(raw))


def _first(*candidates: bytes | None) -> bytes:
    return next((c for c in candidates if c is not None), b"")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

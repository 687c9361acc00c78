"""Reads from an ELF file where its loader looks for libraries: RPATH, RUNPATH, the interpreter, and the names needed.

System V ABI, gabi chapters 4 and 5 (object files; program loading and dynamic linking).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.source import Source

MAGIC: Final = b"\x7fELF"
MOST_SEGMENTS: Final = 4096  # a core file has thousands, a program a dozen
MOST_ENTRIES: Final = 65_536  # of the dynamic section
MOST_TEXT: Final = 65_536  # bytes of one name; paths of the kernel end at 4096
PT_LOAD: Final = 1
PT_DYNAMIC: Final = 2
PT_INTERP: Final = 3
DT_NULL: Final = 0
DT_NEEDED: Final = 1
DT_STRTAB: Final = 5
DT_RPATH: Final = 15
DT_RUNPATH: Final = 29


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What the dynamic loader is told by a program or library.

    Attributes:
        interpreter: Path of the loader; empty in libraries and static programs.
        needed: Names of libraries.
        rpath: Folders that are searched before LD_LIBRARY_PATH, as written: `$ORIGIN` is the file's own folder.
        runpath: Folders that are searched after it.
    """

    interpreter: str = ""
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def read_elf(source: Source) -> Linked:
    """Return what the loader is told; of a file for another word size or byte order as well.

    Args:
        source: The file.

    Raises:
        MalformedError: It is no ELF file, or its tables do not lie where it says.
    """
    ident = source.read(0, min(16, source.size))
    if len(ident) < 16 or not ident.startswith(MAGIC) or ident[4] not in {1, 2} or ident[5] not in {1, 2}:  # noqa: PLR2004  # EI_NIDENT, EI_CLASS and EI_DATA
        raise MalformedError("no header of ELF", offset=0)
    order, is_wide = "<" if ident[5] == 1 else ">", ident[4] == 2  # noqa: PLR2004  # ELFCLASS64
    segments = list(_segments(source, order, is_wide=is_wide))
    interpreter = next((_text_at(source, each.offset, each.size) for each in segments if each.kind == PT_INTERP), "")
    dynamic = next((each for each in segments if each.kind == PT_DYNAMIC), None)
    if dynamic is None:
        return Linked(interpreter=interpreter)
    entries = list(_entries(source, dynamic, order, is_wide=is_wide))
    table = next((value for tag, value in entries if tag == DT_STRTAB), None)
    if table is None:
        return Linked(interpreter=interpreter)

    def named(wanted: int) -> tuple[str, ...]:
        return tuple(
            _text_at(source, _offset_of(table + value, segments), MOST_TEXT) for tag, value in entries if tag == wanted
        )

    return Linked(
        interpreter=interpreter,
        needed=named(DT_NEEDED),
        rpath=_folders(named(DT_RPATH)),
        runpath=_folders(named(DT_RUNPATH)),
    )


def _segments(source: Source, order: str, *, is_wide: bool) -> Iterator[_Segment]:
    form = order + ("QQIHHH" if is_wide else "IIIHHH")  # e_phoff, e_shoff, e_flags, e_ehsize, e_phentsize, e_phnum
    start, _, _, _, width, count = struct.unpack(form, _exactly(source, 32 if is_wide else 28, struct.calcsize(form)))
    entry = order + ("IIQQQQ" if is_wide else "IIIII")
    if count and width < struct.calcsize(entry):
        raise MalformedError("entries of the program header are too short", offset=start)
    for number in range(min(count, MOST_SEGMENTS)):
        fields = struct.unpack(entry, _exactly(source, start + number * width, struct.calcsize(entry)))
        if is_wide:  # p_type, p_flags, p_offset, p_vaddr, p_paddr, p_filesz
            kind, _, offset, address, _, size = fields
        else:  # p_type, p_offset, p_vaddr, p_paddr, p_filesz
            kind, offset, address, _, size = fields
        yield _Segment(kind=kind, offset=offset, address=address, size=size)


def _entries(source: Source, dynamic: _Segment, order: str, *, is_wide: bool) -> Iterator[tuple[int, int]]:
    form = order + ("qQ" if is_wide else "iI")
    width = struct.calcsize(form)
    data = _exactly(source, dynamic.offset, min(dynamic.size, MOST_ENTRIES * width))
    for tag, value in struct.iter_unpack(form, data[: len(data) // width * width]):
        if tag == DT_NULL:
            return
        yield tag, value


def _offset_of(address: int, segments: list[_Segment]) -> int:
    """Return where in the file an address lies that the program will have in memory."""
    for each in segments:
        if each.kind == PT_LOAD and each.address <= address < each.address + each.size:
            return each.offset + address - each.address
    raise MalformedError("a name lies in no segment", offset=0)


def _text_at(source: Source, offset: int, most: int) -> str:
    if not 0 <= offset < source.size:
        raise MalformedError("a name lies behind the end", offset=source.size)
    data = source.read(offset, min(most, MOST_TEXT, source.size - offset))
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _exactly(source: Source, offset: int, length: int) -> bytes:
    if offset + length > source.size:
        raise MalformedError("a table lies behind the end", offset=source.size)
    return source.read(offset, length)


def _folders(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(folder for text in texts for folder in text.split(":"))

"""Builders and readers that the tests of container formats share."""

from __future__ import annotations

import struct
import zlib
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from telamon.kits.formats.budget import Budget, Limits
from telamon.kits.formats.containers import open_parts
from telamon.kits.formats.identify import identify
from telamon.kits.formats.parts import Part
from telamon.kits.formats.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.kinds import Kind


def _opened(
    data: bytes, kind: Kind | None = None, limits: Limits | None = None, path: tuple[str, ...] = ()
) -> SimpleNamespace:
    source = Source.from_bytes(data)
    items = list(open_parts(source, kind or identify(source), Budget(len(data), limits or Limits()), path))
    parts = [item for item in items if isinstance(item, Part)]
    return SimpleNamespace(
        parts=parts,
        observations=[item for item in items if not isinstance(item, Part)],
        codes=[item.code.value for item in items if not isinstance(item, Part)],
        contents=[(part.path, part.source.read(0, part.source.size)) for part in parts],
        readings=[(part.reading.value, part.source.read(0, part.source.size)) for part in parts],
    )


@pytest.fixture(scope="session")
def opened() -> Callable[..., SimpleNamespace]:
    """Opens bytes as a container: parts, observations, codes, contents by path, contents by reading."""
    return _opened


def _deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflater.compress(data) + deflater.flush()


def _local(
    name: bytes,
    packed: bytes,
    *,
    method: int = 0,
    flags: int = 0,
    crc: int = 0,
    sizes: tuple[int, int] | None = None,
    extra: bytes = b"",
) -> bytes:
    packed_bytes, unpacked_bytes = sizes or (len(packed), len(packed))
    head = (b"PK\3\4", 20, flags, method, 0, 0, crc, packed_bytes, unpacked_bytes, len(name), len(extra))
    return struct.pack("<4s5H3L2H", *head) + name + extra + packed


def _entry(
    name: bytes,
    sizes: tuple[int, int] | None,
    *,
    offset: int = 0,
    method: int = 0,
    flags: int = 0,
    crc: int = 0,
    extra: bytes = b"",
) -> bytes:
    head = (b"PK\1\2", 20, 20, flags, method, 0, 0, crc, *sizes, len(name), len(extra), 0, 0, 0, 0, offset)
    return struct.pack("<4s6H3L5H2L", *head) + name + extra


def _end(count: int | None, size: int, offset: int, *, comment: bytes = b"", disk: int = 0) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\5\6", disk, disk, count, count, size, offset, len(comment)) + comment


def _archive(body: bytes, *entries: bytes, comment: bytes = b"", disk: int = 0, count: int | None = None) -> bytes:
    directory = b"".join(entries)
    stated = len(entries) if count is None else count
    return body + directory + _end(stated, len(directory), len(body), comment=comment, disk=disk)


@pytest.fixture(scope="session")
def zips() -> SimpleNamespace:
    """Builds zip archives byte by byte: local headers with content, directory entries, end records."""
    return SimpleNamespace(local=_local, entry=_entry, end=_end, archive=_archive, deflate=_deflate)

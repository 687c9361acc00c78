"""Builders and readers that the tests of container formats share."""

from __future__ import annotations

import struct
import zlib
from types import SimpleNamespace

import pytest

from telamon.kits.formats.budget import Budget, Limits
from telamon.kits.formats.containers import open_parts
from telamon.kits.formats.identify import identify
from telamon.kits.formats.parts import Part
from telamon.kits.formats.source import Source


def _opened(data, kind=None, limits=None, path=()):
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
def opened():
    """Opens bytes as a container: parts, observations, codes, contents by path, contents by reading."""
    return _opened


def _deflate(data):
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflater.compress(data) + deflater.flush()


def _local(name, packed, *, method=0, flags=0, crc=0, sizes=None, extra=b""):
    packed_bytes, unpacked_bytes = sizes or (len(packed), len(packed))
    head = (b"PK\3\4", 20, flags, method, 0, 0, crc, packed_bytes, unpacked_bytes, len(name), len(extra))
    return struct.pack("<4s5H3L2H", *head) + name + extra + packed


def _entry(name, sizes, *, offset=0, method=0, flags=0, crc=0, extra=b""):
    head = (b"PK\1\2", 20, 20, flags, method, 0, 0, crc, *sizes, len(name), len(extra), 0, 0, 0, 0, offset)
    return struct.pack("<4s6H3L5H2L", *head) + name + extra


def _end(count, size, offset, *, comment=b"", disk=0):
    return struct.pack("<4s4H2LH", b"PK\5\6", disk, disk, count, count, size, offset, len(comment)) + comment


def _archive(body, *entries, comment=b"", disk=0, count=None):
    directory = b"".join(entries)
    stated = len(entries) if count is None else count
    return body + directory + _end(stated, len(directory), len(body), comment=comment, disk=disk)


@pytest.fixture(scope="session")
def zips():
    """Builds zip archives byte by byte: local headers with content, directory entries, end records."""
    return SimpleNamespace(local=_local, entry=_entry, end=_end, archive=_archive, deflate=_deflate)

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telamon.kits.formats.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

# What a reader of the world gets out of a damaged archive must be among what is given, whatever else is.


def _archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("m/data.pkl", b"first content")
        archive.writestr("m/b", b"second content " * 9, zipfile.ZIP_DEFLATED)
        archive.writestr("m/c", b"third content")
    return file.getvalue()


ZIP = _archive()


def _positions(magic: bytes, data: bytes) -> list[int]:
    return [i for i in range(len(data)) if data.startswith(magic, i)]


# Bytes of headers, where damage changes what is read, rather than of contents.
HEADER_BYTES = sorted(
    {
        place + index
        for magic, length in ((b"PK\3\4", 45), (b"PK\1\2", 60), (b"PK\5\6", 22))
        for place in _positions(magic, ZIP)
        for index in range(4, min(length, len(ZIP) - place))
    }
)
_EDITS = st.lists(st.tuples(st.sampled_from(HEADER_BYTES), st.integers(0, 255)), min_size=1, max_size=4)
_AROUND = st.tuples(st.sampled_from([b"", b"prefix", ZIP]), st.sampled_from([b"", b"suffix", ZIP, ZIP[-22:]]))


def _damaged(edits: list[tuple[int, int]], around: tuple[bytes, bytes]) -> bytes:
    data = bytearray(ZIP)
    for place, value in edits:
        data[place] = value
    return around[0] + bytes(data) + around[1]


def _read_by_zipfile(data: bytes) -> list[bytes]:
    contents = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                try:
                    contents.append(archive.read(member))
                except (
                    zipfile.BadZipFile,
                    zlib.error,
                    NotImplementedError,
                    RuntimeError,
                    EOFError,
                    OSError,
                    ValueError,
                ):
                    continue
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error):
        return contents
    return contents


@settings(max_examples=300)
@given(_EDITS, _AROUND)
def test_whatever_pythons_zipfile_reads_is_given(
    opened: Callable[..., SimpleNamespace], edits: list[tuple[int, int]], around: tuple[bytes, bytes]
) -> None:
    data = _damaged(edits, around)
    given_contents = {content for _, content in opened(data, Kind.ZIP).contents}
    assert {c for c in _read_by_zipfile(data) if c} <= given_contents


@pytest.fixture(scope="module")
def torch_reader() -> Callable[[io.BytesIO], Any]:  # its type is in a compiled module
    return pytest.importorskip("torch")._C.PyTorchFileReader


@settings(max_examples=300)
@given(edits=_EDITS, around=_AROUND)
def test_whatever_torchs_reader_reads_is_given(
    opened: Callable[..., SimpleNamespace],
    torch_reader: Callable[[io.BytesIO], Any],
    edits: list[tuple[int, int]],
    around: tuple[bytes, bytes],
) -> None:
    data = _damaged(edits, around)
    try:
        reader = torch_reader(io.BytesIO(data))
        names = reader.get_all_records()
    except (RuntimeError, UnicodeDecodeError):
        return
    given_contents = {content for _, content in opened(data, Kind.ZIP).contents}
    for name in names:
        try:
            content = reader.get_record(name)
        except RuntimeError:
            continue
        assert not content or content in given_contents


def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in (("a" * 120, b"first content"), ("b", b"second content")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()[:6144]


TAR = _tar()
_TAR_EDITS = st.lists(
    st.tuples(st.sampled_from(_positions(b"\0", TAR[:4096]) + list(range(4096))), st.integers(0, 255)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=300)
@given(_TAR_EDITS, st.booleans().map(lambda fixed: {"fixed": fixed}))
def test_whatever_pythons_tarfile_reads_is_given(
    opened: Callable[..., SimpleNamespace], edits: list[tuple[int, int]], checksums: dict[str, bool]
) -> None:
    data = bytearray(TAR)
    for place, value in edits:
        data[place] = value
    if checksums["fixed"]:
        for place in [i - 257 for i in _positions(b"ustar", bytes(data)) if i % 512 == 257]:
            data[place + 148 : place + 156] = b" " * 8
            data[place + 148 : place + 156] = b"%06o\0 " % sum(data[place : place + 512])
    contents = set()
    try:
        with tarfile.open(fileobj=io.BytesIO(bytes(data)), mode="r:") as archive:
            for member in archive:
                if member.isreg() and not member.issparse() and (file := archive.extractfile(member)):
                    contents.add(file.read())
    except (tarfile.TarError, ValueError, OSError, OverflowError, EOFError):
        pass
    given_contents = {content for _, content in opened(bytes(data), Kind.TAR).contents}
    assert {c for c in contents if c} <= given_contents

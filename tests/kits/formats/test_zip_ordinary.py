from __future__ import annotations

import gzip
import io
import pickle
import random
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.budget import Budget
from telamon.kits.formats.containers import open_parts
from telamon.kits.formats.kinds import Kind
from telamon.kits.formats.parts import Part
from telamon.kits.formats.source import Source
from telamon.kits.formats.zip.reader import check_crc

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
_NAMES = st.lists(
    st.text(st.characters(categories=["Ll", "Nd"]), min_size=1, max_size=8),
    max_size=5,
    unique_by=lambda name: name.casefold(),
)


class _Unseekable(io.RawIOBase):
    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)


@given(
    _NAMES, st.lists(st.binary(max_size=300), min_size=5, max_size=5), st.sampled_from(METHODS), st.binary(max_size=9)
)
def test_reads_what_pythons_zipfile_writes(
    opened: Callable[..., SimpleNamespace], names: list[str], contents: list[bytes], method: int, comment: bytes
) -> None:
    file = io.BytesIO()
    expected = []
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = comment
        for name, content in zip(names, contents, strict=False):
            archive.writestr(name, content)
            expected.append(((name,), content))
    result = opened(file.getvalue(), Kind.ZIP)
    assert (result.contents, result.codes) == (expected, [] if names else ["zip-no-directory"])


@pytest.mark.parametrize("method", METHODS)
def test_reads_what_was_written_without_seeking(opened: Callable[..., SimpleNamespace], method: int) -> None:
    sink = _Unseekable()
    with zipfile.ZipFile(sink, "w", method) as archive:
        archive.writestr("a", b"first" * 100)
        archive.writestr("b", b"second" * 100)
    result = opened(bytes(sink.data))
    assert result.contents == [(("a",), b"first" * 100), (("b",), b"second" * 100)]
    assert result.codes == ["zip-data-descriptor"]


def test_reads_zip64_members(opened: Callable[..., SimpleNamespace]) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(b"content")
    assert (opened(file.getvalue()).contents, opened(file.getvalue()).codes) == ([(("a",), b"content")], [])


def test_reads_zip64_end_records(opened: Callable[..., SimpleNamespace], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", b"first")
        archive.writestr("b", b"second")
    assert b"PK\6\6" in file.getvalue()
    for prefix in (b"", b"prefix"):
        result = opened(prefix + file.getvalue(), Kind.ZIP)
        assert result.contents == [(("a",), b"first"), (("b",), b"second")]


def test_folders_are_no_parts(opened: Callable[..., SimpleNamespace]) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.mkdir("d")
        archive.writestr("d/a", b"content")
    assert opened(file.getvalue()).contents == [(("d/a",), b"content")]


def test_reads_zstd_members(opened: Callable[..., SimpleNamespace], zips: SimpleNamespace) -> None:
    import zstandard  # noqa: PLC0415 - the one test that needs it

    packed = zstandard.compress(b"content")
    sizes, crc = (len(packed), 7), zlib.crc32(b"content")
    body = zips.local(b"a", packed, method=93, crc=crc, sizes=sizes)
    result = opened(zips.archive(body, zips.entry(b"a", sizes, method=93, crc=crc)))
    assert (result.contents, result.codes) == ([(("a",), b"content")], [])


def test_reads_what_torch_saves(opened: Callable[..., SimpleNamespace]) -> None:
    torch = pytest.importorskip("torch")
    file = io.BytesIO()
    torch.save({"weight": torch.zeros(3, 4), "bias": torch.ones(3)}, file)
    result = opened(file.getvalue())
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
        expected = [((name,), archive.read(name)) for name in archive.namelist()]
    assert result.contents == expected
    assert set(result.codes) <= {"zip-data-descriptor"}


def test_stored_members_are_stretches_of_the_archive(opened: Callable[..., SimpleNamespace]) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", b"content")
    data = file.getvalue()
    (part,) = opened(data).parts
    assert part.source.buffer is data
    assert (data[part.offset : part.offset + 7], part.crc32) == (b"content", zlib.crc32(b"content"))


def test_a_wrong_crc_of_a_stored_member_shows_when_asked_for(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    body = zips.local(b"a", b"content", crc=1)
    (part,) = opened(zips.archive(body, zips.entry(b"a", (7, 7), crc=1))).parts
    observation = check_crc(part)
    assert (observation.code.value, observation.member, observation.offset) == ("zip-crc-wrong", "a", 31)


def test_a_right_crc_is_silent(opened: Callable[..., SimpleNamespace], zips: SimpleNamespace) -> None:
    crc = zlib.crc32(b"content")
    body = zips.local(b"a", b"content", crc=crc)
    (part,) = opened(zips.archive(body, zips.entry(b"a", (7, 7), crc=crc))).parts
    assert check_crc(part) is None


def test_does_not_read_stored_members_that_nobody_asks_for(zips: SimpleNamespace) -> None:
    class Counting(Source):
        read_bytes = 0

        def read(self, offset: int, length: int) -> bytes:
            data = super().read(offset, length)
            Counting.read_bytes += len(data)
            return data

    content = bytes(5_000_000)
    data = zips.archive(zips.local(b"a", content), zips.entry(b"a", (len(content), len(content))))
    source = Counting.from_bytes(data)
    parts = [item for item in open_parts(source, Kind.ZIP, Budget(len(data))) if isinstance(item, Part)]
    assert (len(parts), Counting.read_bytes < 100_000) == (1, True)


def _zip_of_noise(noise_bytes: int) -> bytes:
    """An archive that no compressor can make smaller, as those of trained weights are."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02N.")
        archive.writestr("a/data/0", random.Random(noise_bytes).randbytes(noise_bytes))  # noqa: S311 - noise
    return file.getvalue()


@pytest.mark.parametrize("noise_bytes", [1000, 60_000, 70_000, 200_000])
def test_an_archive_that_shows_through_deflate_is_the_content_of_its_member(
    opened: Callable[..., SimpleNamespace], noise_bytes: int
) -> None:
    inner = _zip_of_noise(noise_bytes)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=0) as archive:
        archive.writestr("model.pt", inner)
        archive.writestr("again.pt", inner)
    result = opened(file.getvalue())
    assert (result.contents, result.codes) == ([(("model.pt",), inner), (("again.pt",), inner)], [])


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
@pytest.mark.parametrize("noise_bytes", [60_000, 200_000])
def test_nothing_odd_is_said_of_an_archive_that_shows_through_a_compressed_stream(
    opened: Callable[..., SimpleNamespace], compress: Callable[[bytes], bytes], noise_bytes: int
) -> None:
    assert opened(compress(_zip_of_noise(noise_bytes), 0), Kind.ZIP).codes == []


def test_nothing_odd_is_said_of_the_archives_in_a_tar(opened: Callable[..., SimpleNamespace]) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in "abc":
            member = tarfile.TarInfo(name)
            inner = _zip_of_noise(1000)
            member.size = len(inner)
            archive.addfile(member, io.BytesIO(inner))
    assert opened(file.getvalue(), Kind.ZIP).codes == []


def test_nothing_odd_is_said_of_the_archives_in_a_pickle(opened: Callable[..., SimpleNamespace]) -> None:
    assert opened(pickle.dumps([_zip_of_noise(1000), _zip_of_noise(2000)], protocol=4), Kind.ZIP).codes == []


def test_nothing_odd_is_said_of_an_archive_in_the_last_block_of_a_zstd_frame(
    opened: Callable[..., SimpleNamespace],
) -> None:
    zstandard = pytest.importorskip("zstandard")
    data = zstandard.compress(_zip_of_noise(140_000))  # its first block holds 128 KiB
    assert data.endswith(b"\0\0")
    assert opened(data, Kind.ZIP).codes == []


def test_what_python_can_read_of_an_archive_in_a_compressed_stream_is_given(
    opened: Callable[..., SimpleNamespace],
) -> None:
    data = gzip.compress(_zip_of_noise(60_000), 0)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        expected = [((name,), archive.read(name)) for name in archive.namelist()]
    assert opened(data, Kind.ZIP).contents == expected


def test_an_archive_behind_a_compressed_stream_is_told_in_full(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    archive = zips.archive(zips.local(b"b", b"content"), zips.entry(b"a", (7, 7)))
    result = opened(gzip.compress(b"N.") + archive, Kind.ZIP)
    assert "zip-name-differs" in result.codes


def test_an_archive_in_a_deflated_member_counts_where_its_comment_ends_with_the_file(
    opened: Callable[..., SimpleNamespace],
) -> None:
    """A reader that looks for a comment that ends with the file takes the inner archive for the whole."""
    inner = _zip_of_noise(70_000)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=0) as archive:
        archive.writestr("model.pt", inner)
    data = file.getvalue()
    record = data.find(b"PK\5\6") + 20
    data = data[:record] + (len(data) - record - 2).to_bytes(2, "little") + data[record + 2 :]
    assert "zip-several-directories" in opened(data).codes

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import zlib
from typing import TYPE_CHECKING

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats import compression
from telamon.kits.formats.budget import Budget, Limits
from telamon.kits.formats.codecs import codec_of_kind
from telamon.kits.formats.compression import Unpacking
from telamon.kits.formats.decoders import ZstdDecoder
from telamon.kits.formats.kinds import COMPRESSED_STREAMS, Kind
from telamon.kits.formats.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace


def _zfile(data: bytes) -> bytes:
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


COMPRESSORS = {
    Kind.GZIP: gzip.compress,
    Kind.ZLIB: zlib.compress,
    Kind.ZFILE: _zfile,
    Kind.BZIP2: bz2.compress,
    Kind.XZ: lzma.compress,
    Kind.LZMA: lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    Kind.LZ4: lambda data: lz4.frame.compress(data, content_checksum=True),
    Kind.ZSTD: _zstd,
}
every_kind = pytest.mark.parametrize("kind", COMPRESSORS)
SEVERAL = [kind for kind in COMPRESSORS if kind is not Kind.ZFILE]


def _unpack(packed: bytes, kind: Kind, limits: Limits | None = None) -> tuple[bytes, list[str], bool]:
    source = Source.from_bytes(packed)
    unpacking = Unpacking(source, codec_of_kind(kind), Budget(len(packed), limits))
    content = b"".join(unpacking)
    return content, [fault.code.value for fault in unpacking.faults], unpacking.is_complete


def test_every_kind_of_compressed_stream_has_a_codec_and_a_test() -> None:
    assert set(COMPRESSORS) == COMPRESSED_STREAMS


@given(st.sampled_from(list(COMPRESSORS)), st.binary(max_size=5000) | st.binary(max_size=20).map(lambda b: b * 10_000))
def test_unpacks_what_its_library_packed(kind: Kind, content: bytes) -> None:
    assert _unpack(COMPRESSORS[kind](content), kind) == (content, [], True)


@every_kind
def test_unpacks_more_than_one_chunk_of_either_side(kind: Kind) -> None:
    content = os.urandom(300_000) + bytes(300_000)
    assert _unpack(COMPRESSORS[kind](content), kind) == (content, [], True)


@pytest.mark.parametrize("kind", SEVERAL)
def test_several_streams_are_one_content(kind: Kind) -> None:
    packed = COMPRESSORS[kind](b"one") + COMPRESSORS[kind](b"two") + COMPRESSORS[kind](b"three")
    assert _unpack(packed, kind) == (b"onetwothree", ["stream-several"], True)


@every_kind
def test_notes_what_follows_the_stream(kind: Kind) -> None:
    assert _unpack(COMPRESSORS[kind](b"content") + b"junk", kind) == (b"content", ["stream-trailing-data"], True)


@pytest.mark.parametrize("kind", [Kind.GZIP, Kind.XZ])
def test_padding_between_streams_is_skipped(kind: Kind) -> None:
    packed = COMPRESSORS[kind](b"one") + bytes(8) + COMPRESSORS[kind](b"two")
    assert _unpack(packed, kind) == (b"onetwo", ["stream-several"], True)


@pytest.mark.parametrize("kind", [Kind.LZ4, Kind.ZSTD])
def test_frames_to_be_skipped_are_skipped(kind: Kind) -> None:
    skippable = b"\x5f\x2a\x4d\x18\3\0\0\0abc"
    packed = skippable + COMPRESSORS[kind](b"one") + skippable + COMPRESSORS[kind](b"two")
    assert _unpack(packed, kind) == (b"onetwo", ["stream-several"], True)


@every_kind
def test_a_cut_at_every_byte_gives_a_beginning_and_a_note(kind: Kind) -> None:
    content = bytes(range(256)) * 3
    packed = COMPRESSORS[kind](content)
    for length in range(len(packed)):
        unpacked, codes, _ = _unpack(packed[:length], kind)
        assert content.startswith(unpacked)
        assert codes or (unpacked, length) == (content, len(packed))
    assert _unpack(packed, kind)[1] == []


@every_kind
def test_a_flipped_bit_never_raises(kind: Kind) -> None:
    packed = COMPRESSORS[kind](b"some content to be packed " * 3)
    for index in range(len(packed)):
        damaged = bytearray(packed)
        damaged[index] ^= 0x10
        _unpack(bytes(damaged), kind)


@given(kind=st.sampled_from(list(COMPRESSORS)), data=st.binary(max_size=200), has_head=st.booleans())
def test_random_bytes_never_raise(kind: Kind, data: bytes, *, has_head: bool) -> None:
    head = COMPRESSORS[kind](b"content")[:12] if has_head else b""
    _unpack(head + data, kind)


@pytest.mark.parametrize("kind", [Kind.GZIP, Kind.ZLIB, Kind.XZ, Kind.LZMA])
def test_a_payload_before_a_broken_tail_is_given(kind: Kind) -> None:
    payload = b"cos\nsystem\n(S'x'\ntR." + bytes(range(200))
    packed = bytearray(COMPRESSORS[kind](payload + os.urandom(2000)))
    packed[-1000:] = b"\xff" * 1000
    content, codes, _ = _unpack(bytes(packed), kind)
    assert content.startswith(payload)
    assert codes[0] in {"stream-corrupt", "stream-checksum"}


def test_salvages_the_bytes_of_the_chunk_in_which_the_stream_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "OUTPUT_BYTES", 100)
    content = os.urandom(1000)
    deflater = zlib.compressobj(0, zlib.DEFLATED, 15)
    packed = deflater.compress(content) + deflater.flush(zlib.Z_FULL_FLUSH) + b"\xff\xff"
    assert _unpack(packed, Kind.ZLIB) == (content, ["stream-corrupt"], False)


def test_a_wrong_checksum_of_gzip_is_noted_and_the_content_given() -> None:
    packed = bytearray(gzip.compress(b"content"))
    packed[-5] ^= 1
    assert _unpack(bytes(packed), Kind.GZIP) == (b"content", ["stream-checksum"], True)


def test_reads_gzip_headers_as_python_does() -> None:
    # Extra field, name, comment, header checksum (wrong), and the reserved flags that zlib refuses.
    packed = gzip.compress(b"content")
    header = b"\x1f\x8b\x08\xfe" + packed[4:10] + b"\2\0ab" + b"name\0" + b"comment\0" + b"\0\0"
    assert gzip.decompress(header + packed[10:]) == b"content"
    assert _unpack(header + packed[10:], Kind.GZIP) == (b"content", [], True)


def test_reads_a_zfile_of_python_2() -> None:
    content = b"content"
    packed = b"ZF" + hex(len(content)).encode().ljust(19) + b" " + zlib.compress(content)
    assert _unpack(packed, Kind.ZFILE) == (content, [], True)


def test_reads_zstd_without_content_size_in_many_blocks() -> None:
    file = io.BytesIO()
    content = os.urandom(500_000)
    with zstandard.ZstdCompressor().stream_writer(file, closefd=False) as writer:
        for start in range(0, len(content), 70_000):
            writer.write(content[start : start + 70_000])
            writer.flush()
    assert _unpack(file.getvalue(), Kind.ZSTD) == (content, [], True)


@pytest.mark.parametrize("descriptor", [b"\x90", b"\xf0"], ids=["256 MiB", "1 TiB"])
def test_a_zstd_window_beyond_the_limit_is_noted_and_not_granted(descriptor: bytes) -> None:
    packed = b"\x28\xb5\x2f\xfd\x00" + descriptor + b"\x01\0\0"  # window descriptor: RFC 8878, 3.1.1.1.2
    assert _unpack(packed, Kind.ZSTD) == (b"", ["stream-window"], False)


def test_an_lzma_dictionary_beyond_the_limit_is_noted_and_not_granted() -> None:
    packed = bytearray(lzma.compress(b"content", lzma.FORMAT_ALONE))
    packed[1:5] = struct.pack("<L", 1 << 31)
    assert _unpack(bytes(packed), Kind.LZMA)[1:] == (["stream-window"], False)


def test_a_gigabyte_of_zeros_is_bounded() -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(1024)) + deflater.flush()
    source = Source.from_bytes(packed)
    budget = Budget(len(packed), Limits(ratio=10, ratio_floor_bytes=1 << 20))
    unpacking = Unpacking(source, codec_of_kind(Kind.GZIP), budget)
    largest = max(len(chunk) for chunk in unpacking)
    assert [fault.code.value for fault in unpacking.faults] == ["budget-ratio"]
    assert (unpacking.length <= 10 * len(packed), largest <= compression.OUTPUT_BYTES) == (True, True)


def test_one_call_never_returns_more_than_a_chunk_of_zstd() -> None:
    # A block of three bytes and a repeated one unpacks to 128 KiB: 4 bytes of input, 131072 of output.
    frame = b"\x28\xb5\x2f\xfd\x00\x58" + (b"\x02\x00\x10\0") * 1000
    source = Source.from_bytes(frame)
    chunks = [len(c) for c in Unpacking(source, codec_of_kind(Kind.ZSTD), Budget(len(frame), Limits()))]
    assert (sum(chunks), max(chunks)) == (131_072 * 1000, compression.OUTPUT_BYTES)


def test_many_tiny_streams_do_not_read_the_file_over_and_over() -> None:
    class Counting(Source):
        read_bytes = 0

        def read(self, offset: int, length: int) -> bytes:
            data = super().read(offset, length)
            Counting.read_bytes += len(data)
            return data

    packed = gzip.compress(b"") * 2000
    content = b"".join(Unpacking(Counting.from_bytes(packed), codec_of_kind(Kind.GZIP), Budget(len(packed))))
    assert (content, Counting.read_bytes < 40 * len(packed)) == (b"", True)


def test_the_deadline_ends_a_stream_of_empty_blocks() -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 1.0
        return now[0]

    packed = zlib.compress(b"")[:2] + b"\0\0\0\xff\xff" * 1_000_000  # empty stored blocks
    unpacking = Unpacking(
        Source.from_bytes(packed), codec_of_kind(Kind.ZLIB), Budget(len(packed), Limits(time_s=20), clock)
    )
    assert b"".join(unpacking) == b""
    assert [fault.code.value for fault in unpacking.faults] == ["budget-deadline"]


def test_streams_count_as_members(opened: Callable[..., SimpleNamespace]) -> None:
    result = opened(gzip.compress(b"N") * 20, limits=Limits(members=10))
    assert (result.contents, result.codes) == (
        [(("[gzip]",), b"N" * 10)],
        ["stream-several", "budget-members"],
    )


@given(st.lists(st.integers(0, 300), max_size=200), st.integers(1, 7))
def test_zstd_blocks_of_any_size_unpack_to_the_same_however_they_come(sizes: list[int], step: int) -> None:
    blocks = b"".join((size << 3).to_bytes(3, "little") + bytes([at % 256]) * size for at, size in enumerate(sizes))
    frame = b"\x28\xb5\x2f\xfd\0\x50" + blocks + b"\x01\0\0"
    decoder, unpacked = ZstdDecoder(), bytearray()
    for start in range(0, len(frame), step):
        unpacked += decoder.decompress(frame[start : start + step], 1000)
        while not decoder.needs_input and not decoder.eof:
            unpacked += decoder.decompress(b"", 1000)
    assert decoder.eof
    assert bytes(unpacked) == b"".join(bytes([at % 256]) * size for at, size in enumerate(sizes))

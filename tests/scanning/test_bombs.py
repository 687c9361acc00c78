"""Files that are made to exhaust their reader: bounded time and memory, a verdict, and never a crash."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MIB = 2**20
CALL = b"cos\nsystem\nX\x02\x00\x00\x00id\x85R"
HOSTILE = b"\x80\x02" + CALL + b"."
MOST_CPU_S = 4.0  # 2 on an idle machine; processors that are shared count some waiting as work
MOST_BYTES = 200 * MIB


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def nested_zips(depth: int) -> bytes:
    content = HOSTILE
    for _ in range(depth):
        content = zipped({"inner.zip": content}, zipfile.ZIP_DEFLATED)
    return content


def nested_gzips(depth: int) -> bytes:
    content = HOSTILE
    for _ in range(depth):
        content = gzip.compress(content, mtime=0)
    return content


def zeros_in(compress: Callable[[], object], mib: int) -> bytes:
    """As many MiB of zeros, compressed piece by piece."""
    compressor = compress()
    return b"".join([*(compressor.compress(bytes(MIB)) for _ in range(mib)), compressor.flush()])


def overlapping_zip(members: int = 2000) -> bytes:
    """All members share one compressed kernel (Fifield, USENIX WOOT 2019): the entries point into one another."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = kernel.compress(bytes(16 * MIB)) + kernel.flush()
    size = 16 * MIB
    crc = zlib.crc32(bytes(size))
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, crc, len(data), size, 1, 0) + b"a" + data
    central = b"".join(
        struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, crc, len(data), size, 5, 0, 0, 0, 0, 0, 0)
        + b"%05d" % number
        for number in range(members)
    )
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, members, members, len(central), len(local), 0)
    return local + central + end


def quoted_zip(members: int) -> bytes:
    """Each member's content begins with the headers of the next in a stored block (Fifield, USENIX WOOT 2019)."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    body, size = deflater.compress(bytes(MIB)) + deflater.flush(), MIB
    crc, entries, parts, packed = zlib.crc32(bytes(MIB)), [], [body], len(body)
    for number in range(members - 1, -1, -1):
        name = b"%06d" % number
        header = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, crc, packed, size, 6, 0) + name
        fields = (0x02014B50, 20, 20, 0, 8, 0, 0, crc, packed, size, 6, 0, 0, 0, 0, 0, number * 41)
        entries.append(struct.pack("<IHHHHHHIIIHHHHHII", *fields) + name)
        quote = struct.pack("<BHH", 0, 36, 36 ^ 0xFFFF) if number else b""
        parts.append(quote + header if number else header)
        packed, size = packed + 41, size + 36
    data, directory = b"".join(reversed(parts)), b"".join(reversed(entries))
    return data + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, members, members, len(directory), len(data), 0)


def sixteen_to_the(power: int) -> bytes:
    """Zips in zips, sixteen in each, around a MiB of zeros, as in `42.zip`."""
    content = zipped({"zeros": bytes(MIB)}, zipfile.ZIP_DEFLATED)
    for _ in range(power):
        content = zipped({f"{number}.zip": content for number in range(16)}, zipfile.ZIP_DEFLATED)
    return content


def local_headers(count: int, *, flags: int = 0, method: int = 0, packed_bytes: int = 0) -> bytes:
    """Nothing but local headers, which a reader without directory looks for."""
    return (struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, flags, method, 0, 0, 0, packed_bytes, 0, 1, 0) + b"a") * count


def tar_header(kind: bytes, size: int, name: str = "a") -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


def xz_with_dictionary(code: int) -> bytes:
    """The code of the dictionary's size stands in the block header (xz file format 1.2.0, 5.3.1)."""
    data = bytearray(lzma.compress(b"N.", check=lzma.CHECK_NONE))
    data[data.index(b"\x21\x01", 12) + 2] = code
    end = 12 + (data[12] + 1) * 4
    data[end - 4 : end] = zlib.crc32(data[12 : end - 4]).to_bytes(4, "little")
    return bytes(data)


def zstd_frame(window: int, blocks: bytes) -> bytes:
    """A frame without content size: magic, an empty descriptor, a window of 2 to the power of `window`."""
    return b"\x28\xb5\x2f\xfd\0" + bytes([(window - 10) << 3]) + blocks + b"\x01\0\0"


def lz4_of_zeros(mib: int) -> bytes:
    import lz4.frame  # noqa: PLC0415  # the one bomb that needs it

    compressor = lz4.frame.LZ4FrameCompressor(block_size=lz4.frame.BLOCKSIZE_MAX4MB)
    return b"".join([compressor.begin(), *(compressor.compress(bytes(MIB)) for _ in range(mib)), compressor.flush()])


def doubled(levels: int) -> bytes:
    """Each level is a tuple of the level below, twice: 2 to the power of `levels` leaves when it is written out."""
    body = b"N" + b"q\x00"
    for level in range(levels):
        body += b"0h" + bytes([level]) + b"h" + bytes([level]) + b"\x86q" + bytes([level + 1])
    return b"\x80\x02" + body + b"."


def called_doubled(levels: int) -> bytes:
    """Likewise, as the argument of a call, which a report would want to show."""
    return doubled(levels)[:-1] + b"0cos\nsystem\nh" + bytes([levels]) + b"\x85R."


BOMBS: dict[str, Callable[[], bytes]] = {
    "memo-index-2**31": lambda: b"\x80\x02Nr\xff\xff\xff\x7f" + CALL + b".",
    "memo-index-2**62-in-text": lambda: b"Np%d\n" % 2**62 + CALL + b".",
    "forty-doublings": lambda: doubled(40),
    "forty-doublings-as-argument": lambda: called_doubled(40),
    "string-of-4-eib": lambda: b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"x" * 100,
    "bytes-of-4-eib-behind-a-call": lambda: b"\x80\x04" + CALL + b"\x8e" + struct.pack("<Q", 2**62) + b"x",
    "bytearray-of-2-eib": lambda: b"\x80\x05\x96" + struct.pack("<Q", 2**61) + b"x",
    "frame-of-8-eib": lambda: b"\x80\x04\x95" + struct.pack("<Q", 2**63 - 1) + CALL + b".",
    "integer-of-ten-million-digits": lambda: b"I" + b"9" * 10_000_000 + b"\n.",
    "long-of-ten-million-digits": lambda: b"L" + b"9" * 10_000_000 + b"L\n.",
    "long-of-eight-million-bytes": lambda: b"\x80\x02\x8b" + struct.pack("<i", 8_000_000) + b"\x7f" * 8_000_000 + b".",
    "long-as-argument": lambda: (
        b"\x80\x02cos\nsystem\n\x8b" + struct.pack("<i", 1_000_000) + b"\x7f" * 1_000_000 + b"\x85R."
    ),
    "ten-million-marks": lambda: b"\x80\x02" + b"(" * 10_000_000 + b".",
    "nested-tuples": lambda: b"\x80\x02)" + b"\x85" * 500_000 + b".",
    "nested-tuples-as-argument": lambda: b"\x80\x02cos\nsystem\n)" + b"\x85" * 500_000 + b"\x85R.",
    "nested-lists": lambda: b"\x80\x02" + b"](" * 500_000 + b"e" * 500_000 + b".",
    "ten-million-duplicates": lambda: b"\x80\x02N" + b"2" * 10_000_000 + b".",
    "two-million-pickles": lambda: b"N." * 2_000_000,
    "hundred-thousand-names": lambda: (
        b"\x80\x02" + b"".join(b"cmodule%d\nname\n0" % number for number in range(100_000)) + b"N."
    ),
    "twenty-thousand-calls": lambda: (
        b"\x80\x02" + b"".join(b"cm%d\nn\n)R0" % number for number in range(20_000)) + b"N."
    ),
    "name-of-ten-million-characters": lambda: b"\x80\x02c" + b"m" * 10_000_000 + b"\nn\n)R.",
    "name-without-an-end": lambda: b"c" + b"m" * 20_000_000,
    "zips-forty-deep": lambda: nested_zips(40),
    "gzips-forty-deep": lambda: nested_gzips(40),
    "overlapping-zip": overlapping_zip,
    "zip-of-twenty-thousand-members": lambda: zipped({f"{number}.pkl": b"N." for number in range(20_000)}),
    "gzip-of-a-gib": lambda: zeros_in(lambda: zlib.compressobj(9, zlib.DEFLATED, 31), 1024),
    "bzip2-of-a-gib": lambda: bz2.compress(bytes(64 * MIB)) * 16,
    "xz-of-a-gib": lambda: zeros_in(lambda: lzma.LZMACompressor(preset=0), 1024),
    "xz-that-asks-for-four-gib-of-dictionary": lambda: b"\x5d" + struct.pack("<IQ", 2**32 - 1, 2**40) + bytes(1000),
    "zip-quoted": lambda: quoted_zip(20_000),
    "zips-16-to-the-6": lambda: sixteen_to_the(6),
    "zip-of-nothing-but-local-headers": lambda: local_headers(200_000),
    "zip-of-open-stored-members": lambda: local_headers(200_000, flags=8),
    "zip-of-open-deflated-members": lambda: local_headers(200_000, flags=8, method=8),
    "zip-of-members-past-the-end": lambda: local_headers(200_000, packed_bytes=2**31 - 1),
    "zip-of-many-end-records": lambda: local_headers(1) + b"PK\5\6" * 17_000,
    "tar-of-fifty-thousand-members": lambda: tar_header(b"0", 0) * 50_000 + bytes(1024),
    "tar-of-huge-pax-headers": lambda: (
        (tar_header(b"x", MIB) + (b"32 comment=" + b"x" * 20 + b"\n") * (MIB // 32) + tar_header(b"0", 0)) * 40
    ),
    "tar-pax-header-of-4-eib": lambda: tar_header(b"x", 2**62) + b"30 path=" + tar_header(b"0", 0),
    "tar-sparse-of-4-eib": lambda: tar_header(b"S", 2**62) + bytes(1024),
    "xz-with-a-dictionary-of-4-gib": lambda: xz_with_dictionary(40),
    "xz-with-a-dictionary-of-1.5-gib": lambda: xz_with_dictionary(37),
    "lzma-that-lies-of-its-size": lambda: (
        b"\x5d" + struct.pack("<IQ", 2**23, 2**37) + lzma.compress(b"N.", format=lzma.FORMAT_ALONE)[13:]
    ),
    "zstd-window-of-2-gib": lambda: zstd_frame(31, b"\x08\0\0N"),
    "zstd-of-one-byte-blocks": lambda: zstd_frame(20, b"\x08\0\0a" * 2_000_000),
    "zstd-of-blocks-of-zeros": lambda: zstd_frame(20, b"\x02\0\x10\0" * 100_000),
    "lz4-of-two-gib": lambda: lz4_of_zeros(2048),
    "gzip-of-hundred-thousand-streams": lambda: gzip.compress(b"", mtime=0) * 150_000,
    "bzip2-of-hundred-thousand-streams": lambda: bz2.compress(b"") * 150_000,
    "npy-of-many-exabytes": lambda: (
        (b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }" % 2**62).ljust(127)
        + b"\n"
    ),
    "npy-header-of-4-gib": lambda: b"\x93NUMPY\x02\x00\xff\xff\xff\xff{" + b" " * 1000,
    "npy-header-of-nested-brackets": lambda: b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535,
    "tar-member-of-8-eib": lambda: (
        (b"model.pkl".ljust(100, b"\0") + b"0000644\0" * 3 + b"\xff" * 12 + b"00000000000\0" + b"        0").ljust(
            512, b"\0"
        )
        + HOSTILE
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_costs_little_and_the_file_beside_it_is_reported(scan: Callable, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "bomb").write_bytes(BOMBS[name]())
    (folder / "hostile").write_bytes(HOSTILE)
    cost = scan(folder)
    assert (cost.code, cost.err) == (1, "")
    assert cost.document["failures"] == []
    verdicts = {entry["path"].rpartition("/")[2]: entry["verdict"] for entry in cost.document["files"]}
    assert verdicts["hostile"] == "malicious"
    assert set(verdicts) == {"bomb", "hostile"}
    assert cost.peak_bytes < MOST_BYTES
    assert cost.cpu_s < MOST_CPU_S


@pytest.mark.parametrize(
    "name",
    [
        "memo-index-2**31",
        "memo-index-2**62-in-text",
        "bytes-of-4-eib-behind-a-call",
        "forty-doublings-as-argument",
        "long-as-argument",
        "nested-tuples-as-argument",
    ],
)
def test_payload_beside_a_bomb_is_found(scan: Callable, tmp_path: Path, name: str) -> None:
    (tmp_path / "bomb").write_bytes(BOMBS[name]())
    cost = scan(tmp_path / "bomb")
    assert cost.code == 1
    assert [entry["verdict"] for entry in cost.document["files"]] == ["malicious"]


@pytest.mark.parametrize(
    "name",
    [
        "zips-forty-deep",
        "gzips-forty-deep",
        "string-of-4-eib",
        "overlapping-zip",
        "zip-quoted",
        "zips-16-to-the-6",
        "zip-of-nothing-but-local-headers",
        "zip-of-open-stored-members",
        "zip-of-open-deflated-members",
        "zip-of-members-past-the-end",
        "tar-of-fifty-thousand-members",
        "tar-pax-header-of-4-eib",
        "tar-sparse-of-4-eib",
        "xz-with-a-dictionary-of-4-gib",
        "lzma-that-lies-of-its-size",
        "zstd-window-of-2-gib",
        "zstd-of-blocks-of-zeros",
        "lz4-of-two-gib",
        "gzip-of-hundred-thousand-streams",
    ],
)
def test_bomb_is_never_clean(scan: Callable, tmp_path: Path, name: str) -> None:
    (tmp_path / "bomb").write_bytes(BOMBS[name]())
    cost = scan(tmp_path / "bomb")
    assert cost.code in {1, 3}
    assert [entry["verdict"] for entry in cost.document["files"]] != ["clean"]

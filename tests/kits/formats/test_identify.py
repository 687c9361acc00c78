from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.identify import TORCH_MAGIC, ZIP_TAIL_BYTES, claims, identify, openable_claims
from telamon.kits.formats.kinds import Kind
from telamon.kits.formats.source import Source
from telamon.kits.formats.zip.ends import SEARCH_BYTES


def _claims(data: bytes) -> tuple[Kind, ...]:
    return claims(Source.from_bytes(data))


def _zip(name: str = "a", data: bytes = b"content") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, data)
    return file.getvalue()


def _tar(name: str = "a", data: bytes = b"content", form: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


_SAFETENSORS_HEADER = json.dumps({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}).encode()

KNOWN = {
    "zip": (_zip(), Kind.ZIP),
    "zip without members": (b"PK\5\6" + bytes(18), Kind.ZIP),
    "zip of one volume": (b"PK\7\x08" + _zip(), Kind.ZIP),
    "zip behind a program": (b"\x7fELF" + _zip(), Kind.ELF),
    "tar": (_tar(), Kind.TAR),
    "tar with a wrong checksum": (_tar()[:257] + bytes(8) + _tar()[265:], Kind.UNKNOWN),
    "gnu tar": (_tar(form=tarfile.GNU_FORMAT), Kind.TAR),
    "gzip": (gzip.compress(b"content"), Kind.GZIP),
    "bzip2": (bz2.compress(b"content"), Kind.BZIP2),
    "xz": (lzma.compress(b"content"), Kind.XZ),
    "lzma": (lzma.compress(b"content", lzma.FORMAT_ALONE), Kind.LZMA),
    "empty lzma": (lzma.compress(b"", lzma.FORMAT_ALONE), Kind.LZMA),
    "zlib": (zlib.compress(b"content"), Kind.ZLIB),
    "zlib, fastest": (zlib.compress(b"content", 1), Kind.ZLIB),
    "zfile of joblib before 0.9.3": (b"ZF" + b"0x7".ljust(19) + zlib.compress(b"content"), Kind.ZFILE),
    "lz4": (lz4.frame.compress(b"content"), Kind.LZ4),
    "zstd": (zstandard.compress(b"content"), Kind.ZSTD),
    "zstd behind a frame to skip": (b"\x50\x2a\x4d\x18\1\0\0\0x" + zstandard.compress(b"content"), Kind.ZSTD),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", Kind.SEVEN_ZIP),
    "rar": (b"Rar!\x1a\7\1\0", Kind.RAR),
    "npy": (b"\x93NUMPY\1\0", Kind.NPY),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(8), Kind.HDF5),
    "hdf5 behind a user block": (bytes(2048) + b"\x89HDF\r\n\x1a\n" + bytes(8), Kind.HDF5),
    "safetensors": (struct.pack("<Q", len(_SAFETENSORS_HEADER)) + _SAFETENSORS_HEADER + b"\0", Kind.SAFETENSORS),
    "gguf": (b"GGUF\3\0\0\0" + bytes(16), Kind.GGUF),
    "ggml": (b"tjgg\3\0\0\0" + bytes(16), Kind.GGML),
    "onnx": (b"\x08\x07\x12\x07pytorch\x3a\x02\x12\x00", Kind.ONNX),
    "protobuf": (b"\x08\x01\x12\x04\x0a\x02\x08\x01", Kind.PROTOBUF),
    "tflite": (b"\x1c\0\0\0TFL3" + bytes(20), Kind.TFLITE),
    "sqlite": (b"SQLite format 3\0" + bytes(84), Kind.SQLITE),
    "parquet": (b"PAR1" + bytes(8) + b"PAR1", Kind.PARQUET),
    "arrow": (b"ARROW1\0\0" + bytes(8), Kind.ARROW),
    "feather": (b"FEA1" + bytes(8), Kind.ARROW),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(8), Kind.PNG),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(8), Kind.JPEG),
    "gif": (b"GIF89a" + bytes(8), Kind.GIF),
    "webp": (b"RIFF\x10\0\0\0WEBPVP8 ", Kind.WEBP),
    "pdf": (b"%PDF-1.7\n\xff\xff", Kind.PDF),
    "apple double": (b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(16), Kind.APPLE_DOUBLE),
    "ds store": (b"\0\0\0\1Bud1\0\0\x10\0" + bytes(16), Kind.DS_STORE),
    "elf": (b"\x7fELF\2\1\1" + bytes(9), Kind.ELF),
    "pe": (b"MZ" + bytes(58) + struct.pack("<L", 64) + b"PE\0\0", Kind.PE),
    "macho": (b"\xcf\xfa\xed\xfe" + bytes(28), Kind.MACHO),
    "fat macho": (b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(20), Kind.MACHO),
    "java class": (b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(20), Kind.UNKNOWN),
    "text": ("Grüße\n".encode(), Kind.TEXT),
    "text cut within a character": (b"x" * 4095 + "ü".encode() * 10, Kind.TEXT),
    "utf-16 text": ("\ufeffGrüße".encode("utf-16-le"), Kind.TEXT),
    "empty": (b"", Kind.EMPTY),
    "zeros": (bytes(10_000), Kind.UNKNOWN),
    "torch legacy": (pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2), Kind.TORCH_LEGACY),
    "torch legacy, protocol 4": (pickle.dumps(0x1950A86A20F9469CFC6C, 4), Kind.TORCH_LEGACY),
    "torch legacy, protocol 0": (pickle.dumps(0x1950A86A20F9469CFC6C, 0), Kind.TORCH_LEGACY),
}


@pytest.mark.parametrize(("data", "kind"), KNOWN.values(), ids=KNOWN.keys())
def test_knows_a_kind_by_its_content(data: bytes, kind: Kind) -> None:
    assert identify(Source.from_bytes(data)) is kind


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner) | st.sets(st.text()),
    max_leaves=20,
)


@given(_PLAIN, st.integers(0, 5))
def test_every_pickle_of_every_protocol_is_known(value: object, protocol: int) -> None:
    assert Kind.PICKLE in _claims(pickle.dumps(value, protocol))


HOSTILE_WITHOUT_MARKER = {
    "global and reduce": b"cos\nsystem\n(S'x'\ntR.",
    "inst": b"(S'x'\nios\nsystem\n.",
    "obj": b"(cos\nsystem\nS'x'\no.",
    "stack global": b"\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.",
    "effect, then a broken tail": b"cos\nsystem\n(S'x'\ntR\xff\xff\xff",
    "import of the standard library alone": b"cantigravity\nfly\n\xff",
    "behind a long text": b"V" + b"x" * 100_000 + b"\n0cos\nsystem\n(S'x'\ntR.",
    "behind many opcodes": b"N0" * 10_000 + b"cos\nsystem\n(S'x'\ntR.",
    "behind a mark that is popped": b"(1cos\nsystem\n)R.",
    "integer ended by NUL": b"I1\0junk\n0cos\nsystem\n)R.",
    "build": b"cos\nsystem\n}b.",
    "persistent": b"Pabc\n0cos\nsystem\n)R.",
    "marker behind a mark": b"(1\x80\x04cos\nsystem\n)R.",
}


@pytest.mark.parametrize("data", HOSTILE_WITHOUT_MARKER.values(), ids=HOSTILE_WITHOUT_MARKER.keys())
def test_knows_a_hostile_pickle_without_marker(data: bytes) -> None:
    assert Kind.PICKLE in _claims(data)


@pytest.mark.parametrize(
    "text",
    [
        "cat\ndog\nbird\n",
        "class Model:\n    pass\n",
        "Some words of text.\n",
        "No.\n",
        "I am text\n",
        "import os\nimport sys\n",
        "Version 1.0\nname: x\n",
        '{"a": 1}\n',
        "[1, 2]\n",
        "(a)\n",
        "x^2 + y\n",
        "# title\n",
        "channels:\n  - defaults\n",
        "certifi==2024.1\nnumpy==2.0\n",
        "P6 file\n",
    ],
)
def test_text_is_no_pickle(text: str) -> None:
    assert _claims(text.encode()) == (Kind.TEXT,)


@pytest.mark.parametrize("content", [b"a\n.", b"\n.", b"\n0cos\nsystem\n)R."])
def test_a_zip_is_no_pickle_because_its_first_letter_is_an_opcode(content: bytes) -> None:
    assert _claims(_zip(data=content)) == (Kind.ZIP,)


def test_a_pickle_with_a_zip_behind_it_is_both() -> None:
    assert _claims(pickle.dumps({"a": 1}) + _zip()) == (Kind.PICKLE, Kind.ZIP)


def test_a_tar_whose_first_name_is_a_pickle_is_both() -> None:
    assert set(_claims(_tar("cos\nsystem\n(S'x'\ntR."))) == {Kind.PICKLE, Kind.TAR}


def test_safetensors_with_a_zip_behind_it_is_both() -> None:
    data = KNOWN["safetensors"][0] + _zip()
    assert _claims(data) == (Kind.SAFETENSORS, Kind.ZIP)


def test_a_picture_with_a_zip_behind_it_is_both() -> None:
    assert _claims(KNOWN["png"][0] + _zip()) == (Kind.PNG, Kind.ZIP)


def test_a_zip_with_the_longest_comment_is_found_behind_other_bytes() -> None:
    data = _zip()
    data = b"\x01" + data[:-2] + b"\xff\xff" + b"c" * 0xFFFF
    assert _claims(data) == (Kind.ZIP,)


SKIPPED = b"\x50\x2a\x4d\x18\1\0\0\0x" + b"\x5f\x2a\x4d\x18\0\0\0\0"


@pytest.mark.parametrize(
    ("behind", "kind"),
    [
        (lz4.frame.compress(b"content"), Kind.LZ4),
        (zstandard.compress(b"content"), Kind.ZSTD),
        (b"", Kind.ZSTD),
        (b"neither", Kind.ZSTD),
    ],
    ids=["lz4", "zstd", "nothing", "neither"],
)
def test_frames_to_be_skipped_belong_to_the_format_of_the_first_other_one(behind: bytes, kind: Kind) -> None:
    data = SKIPPED + behind
    assert (_claims(data), openable_claims(Source.from_bytes(data))) == ((kind,), (kind,))


def test_a_lz4_frame_behind_a_zstd_frame_does_not_count() -> None:
    data = SKIPPED + zstandard.compress(b"content") + SKIPPED + lz4.frame.compress(b"content")
    assert _claims(data) == (Kind.ZSTD,)


def test_endless_frames_to_be_skipped_are_not_followed_to_their_end() -> None:
    class Counting(Source):
        reads = 0

        def read(self, offset: int, length: int) -> bytes:
            Counting.reads += 1
            return super().read(offset, length)

    assert identify(Counting.from_bytes(SKIPPED[-8:] * 50_000)) is Kind.ZSTD
    assert Counting.reads < 11_000


def test_an_end_record_that_leads_nowhere_is_no_zip() -> None:
    assert _claims(b"\xfe" * 100 + b"PK\5\6" + bytes(18)) == (Kind.UNKNOWN,)


def test_the_marker_alone_makes_a_pickle_whatever_follows() -> None:
    assert _claims(b"\x80\x04\xff\xff") == (Kind.PICKLE,)


def test_a_protocol_that_does_not_exist_makes_no_pickle() -> None:
    assert _claims(b"\x80\x06\xff\xff") == (Kind.UNKNOWN,)


def test_the_tail_searched_is_the_tail_that_the_zip_reader_searches() -> None:
    assert ZIP_TAIL_BYTES == SEARCH_BYTES


def test_the_torch_magic_is_the_number_of_its_source() -> None:
    assert int.from_bytes(TORCH_MAGIC, "little") == 0x1950A86A20F9469CFC6C


@given(st.binary(max_size=600))
def test_any_bytes_have_a_claim(data: bytes) -> None:
    assert _claims(data)


@given(st.sampled_from([data for data, _ in KNOWN.values()]), st.data())
def test_any_damage_to_a_known_kind_leaves_a_claim(data: bytes, draw: st.DataObject) -> None:
    cut = data[: draw.draw(st.integers(0, len(data)))]
    damaged = bytearray(cut)
    if damaged:
        damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    assert _claims(bytes(damaged))


@pytest.mark.parametrize(("data", "kind"), KNOWN.values(), ids=KNOWN.keys())
def test_what_loaders_open_is_among_all_that_is_claimed(data: bytes, kind: Kind) -> None:
    found = openable_claims(Source.from_bytes(data))
    assert set(found) <= set(_claims(data))
    assert (kind in found) == (kind.is_container or kind is Kind.NPY)

"""Tells by content what a file is, and every kind it can be taken for: one file, several readers (polyglots)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from telamon.kits.formats.kinds import Kind
from telamon.kits.formats.signatures import is_lzma_alone, is_zlib
from telamon.kits.formats.tar_fields import TAR_BLOCK_BYTES, looks_like_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.source import Source

HEAD_BYTES = 4096
"""What is read of the beginning: enough for every signature and for telling text from bytes."""

ZIP_TAIL_BYTES = 22 + 0xFFFF + 4096
"""Where an end record may stand: `SEARCH_BYTES` of `telamon.kits.formats.zip.ends`."""

MAX_SAFETENSORS_HEADER_BYTES = 100_000_000
"""Largest header that the safetensors library accepts (MAX_HEADER_SIZE in its lib.rs)."""

TORCH_MAGIC = bytes.fromhex("6cfc9c46f9206aa85019")
"""Little-endian 0x1950a86a20f9469cfc6c, the first object of torch's format before 1.6 (torch/serialization.py)."""

_TORCH_MAGIC_TEXT = b"119547037146038801333356"
_TORCH_MAGIC_WITHIN = 64

_SIGNATURES: tuple[tuple[int, bytes, Kind], ...] = (  # offset, bytes, kind
    (0, b"PK\x03\x04", Kind.ZIP),
    (0, b"PK\x05\x06", Kind.ZIP),
    (0, b"PK00PK\x03\x04", Kind.ZIP),
    (0, b"PK\x07\x08PK\x03\x04", Kind.ZIP),
    (0, b"\x1f\x8b", Kind.GZIP),
    (0, b"BZh", Kind.BZIP2),
    (0, b"\xfd7zXZ\0", Kind.XZ),
    (0, b"\x04\x22\x4d\x18", Kind.LZ4),
    (0, b"\x28\xb5\x2f\xfd", Kind.ZSTD),
    (0, b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (0, b"Rar!\x1a\x07", Kind.RAR),
    (0, b"\x93NUMPY", Kind.NPY),
    (0, b"\x00\x05\x16\x07", Kind.APPLE_DOUBLE),  # RFC 1740, appendix B
    (0, b"\x00\x00\x00\x01Bud1", Kind.DS_STORE),
    (0, b"DIRC\0\0\0", Kind.GIT),  # gitformat-index(5), -pack(5), -commit-graph(5) and the files beside packs
    (0, b"PACK\0\0\0", Kind.GIT),
    (0, b"\xfftOc\0\0\0", Kind.GIT),
    (0, b"RIDX\0\0\0", Kind.GIT),
    (0, b"MTME\0\0\0", Kind.GIT),
    (0, b"CGPH\x01", Kind.GIT),
    (0, b"MIDX\x01", Kind.GIT),
    (0, b"BITM\0\x01", Kind.GIT),
    (0, b"crc\x00\x00\x00\x02\x00", Kind.HADOOP_CRC),  # ChecksumFileSystem of Hadoop, a sum for each 512 bytes
    (0, b"GGUF", Kind.GGUF),
    (0, b"lmgg", Kind.GGML),
    (0, b"tjgg", Kind.GGML),
    (0, b"algg", Kind.GGML),
    (4, b"TFL3", Kind.TFLITE),
    (4, b"ET12", Kind.EXECUTORCH),
    (0, b"CBM1", Kind.CATBOOST),
    (0, b"ftrt", Kind.TENSORRT),  # plans of TensorRT, this and the next
    (0, b"ptrt", Kind.TENSORRT),
    (0, b"RKNN", Kind.RKNN),
    (0, b"CYPTRKNN", Kind.RKNN),
    (0, b"B\0C\0N\0\0\0", Kind.CNTK),  # of version 1, in wide characters
    (0, b"ktnc", Kind.CNTK),
    (0, b"\x12\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", Kind.MXNET),
    (0, b"MZqFpD='\n", Kind.APE),  # an Actually Portable Executable, as llamafiles are
    (0, b"jartsr='\n", Kind.APE),
    (0, b"SQLite format 3\0", Kind.SQLITE),
    (0, b"PAR1", Kind.PARQUET),
    (0, b"ARROW1", Kind.ARROW),
    (0, b"FEA1", Kind.ARROW),
    (0, b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (0, b"\xff\xd8\xff", Kind.JPEG),
    (0, b"GIF87a", Kind.GIF),
    (0, b"GIF89a", Kind.GIF),
    (0, b"\x7fELF", Kind.ELF),
    (0, b"\xfe\xed\xfa\xce", Kind.MACHO),
    (0, b"\xfe\xed\xfa\xcf", Kind.MACHO),
    (0, b"\xce\xfa\xed\xfe", Kind.MACHO),
    (0, b"\xcf\xfa\xed\xfe", Kind.MACHO),
)

_OPENABLE = tuple(signature for signature in _SIGNATURES if signature[2].is_container or signature[2] is Kind.NPY)
_GIT_OBJECT = re.compile(rb"(?:blob|tree|commit|tag) (?:0|[1-9]\d{0,18})\0")  # behind the compression of loose ones
_BEGINNINGS = frozenset(b"\3\4\6\7\10RXB\xe3c\0")  # first bytes of formats without a signature
_LENGTHS = (b"i", b"U", b"I", b"l", b"L")  # types of lengths in UBJSON
_HDF5 = b"\x89HDF\r\n\x1a\n"
_SKIPPABLE = frozenset(range(0x184D2A50, 0x184D2A60))


def identify(source: Source) -> Kind:
    """Returns the first of `claims`: the kind that a reader starting at the first byte would see."""
    return claims(source)[0]


def claims(source: Source) -> tuple[Kind, ...]:
    """Returns every kind that some reader would take the source for, the most specific first; never empty.

    `TEXT` is claimed beside a pickle or alone, `PROTOBUF`, `ONNX`, `EMPTY` and `UNKNOWN` only alone.

    Raises:
        SourceError: The source cannot be read.
    """
    if source.size == 0:
        return (Kind.EMPTY,)
    head = source.read(0, HEAD_BYTES)
    found = dict.fromkeys(_strong_claims(source, head))
    if not found or Kind.PICKLE in found:
        found.update(dict.fromkeys(_weak_claims(source, head, is_pickle=Kind.PICKLE in found)))
    return tuple(found) or (Kind.UNKNOWN,)


def openable_claims(source: Source) -> tuple[Kind, ...]:
    """Returns those of `claims` that loaders of the pickle family open by content, but for pickles; cheaper.

    These are arrays, archives and compressed streams. Pictures, models of other formats and text are not looked for.

    Raises:
        SourceError: The source cannot be read.
    """
    head = source.read(0, TAR_BLOCK_BYTES)
    found = dict.fromkeys(kind for offset, magic, kind in _OPENABLE if head.startswith(magic, offset))
    found.update(dict.fromkeys(_stream_claims(source, head)))
    found.update(dict.fromkeys(_archive_claims(source, head)))
    return tuple(found)


def is_torch_legacy(source: Source) -> bool:
    """Whether the source begins as torch's files before 1.6 do; nothing else does, not even by chance.

    Raises:
        SourceError: The source cannot be read.
    """
    return _is_torch_legacy(source.read(0, _TORCH_MAGIC_WITHIN))


def _strong_claims(source: Source, head: bytes) -> Iterator[Kind]:
    yield from (kind for offset, magic, kind in _SIGNATURES if head.startswith(magic, offset))
    yield from _stream_claims(source, head)
    yield from _model_claims(source, head)
    yield from _picture_claims(head)
    if _GIT_OBJECT.match(head):
        yield Kind.GIT
    yield from _pickle_claims(source, head)
    yield from _archive_claims(source, head)
    yield from _hdf5_claims(source, head)


def _archive_claims(source: Source, head: bytes) -> Iterator[Kind]:
    if looks_like_header(head[:TAR_BLOCK_BYTES]):
        yield Kind.TAR
    if b"PK\x05\x06" in source.read(max(0, source.size - ZIP_TAIL_BYTES), ZIP_TAIL_BYTES):
        from telamon.kits.formats.zip.ends import has_directory  # noqa: PLC0415 - few files come so far

        if has_directory(source):
            yield Kind.ZIP


def _stream_claims(source: Source, head: bytes) -> Iterator[Kind]:
    if int.from_bytes(head[:4], "little") in _SKIPPABLE:
        yield _kind_behind_skipped(source)
    if head[:2] == b"ZF" and head[2:4] == b"0x":
        yield Kind.ZFILE
    if is_zlib(head):
        yield Kind.ZLIB
    if is_lzma_alone(head):
        yield Kind.LZMA


def _kind_behind_skipped(source: Source) -> Kind:
    """Frames to be skipped are common to zstd (RFC 8878, 3.1.2) and lz4: the first other frame tells which it is.

    Where there is none, or one of neither, both read nothing.
    """
    from telamon.kits.formats.codecs import LZ4_MAGIC, skip_frames  # noqa: PLC0415 - few files come so far

    return Kind.LZ4 if source.read(skip_frames(source, 0), 4) == LZ4_MAGIC else Kind.ZSTD


def _model_claims(source: Source, head: bytes) -> Iterator[Kind]:
    length = int.from_bytes(head[:8], "little")
    if head[8:9] == b"{" and 2 <= length <= min(source.size - 8, MAX_SAFETENSORS_HEADER_BYTES):  # noqa: PLR2004 - `{}`
        yield Kind.SAFETENSORS
    is_object = head[:1] == b"{" and head[1:2] in _LENGTHS
    if is_object or (head[0] in _BEGINNINGS and b"\0" in head[:24]) or head[2:4] == b"\r\n" or head[:3] == b"RDA":
        from telamon.kits.formats.beginnings import kind_of  # noqa: PLC0415 - few files come so far

        if kind := kind_of(head):
            yield kind


def _picture_claims(head: bytes) -> Iterator[Kind]:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        yield Kind.WEBP
    if b"%PDF-" in head[:1024]:  # readers look for it in the first 1024 bytes (ISO 32000-1, annex H)
        yield Kind.PDF
    pe = int.from_bytes(head[60:64], "little")
    if head[:2] == b"MZ" and len(head) > pe and head[pe : pe + 4] == b"PE\0\0":
        yield Kind.PE
    # Java classes share 0xcafebabe; their version stands where fat binaries count fewer than 40 architectures.
    is_fat = head[:4] in {b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"}
    if is_fat and 0 < int.from_bytes(head[4:8], "big") < 40:  # noqa: PLR2004 - the line above
        yield Kind.MACHO


def _pickle_claims(source: Source, head: bytes) -> Iterator[Kind]:
    if head[0] == 0x80 and len(head) > 1 and head[1] <= 5:  # noqa: PLR2004 - PROTO and a protocol that exists
        # No opcode is 0: a pickle would end there. The length of a safetensors header of 128, 384, ... bytes begins so.
        if head[2:3] != b"\0":
            yield Kind.TORCH_LEGACY if _is_torch_legacy(head) else Kind.PICKLE
        return
    from telamon.kits.formats.pickle_trial import Verdict, try_pickle  # noqa: PLC0415 - a marker needs no trial

    match try_pickle(source):
        case Verdict.PICKLE:
            yield Kind.TORCH_LEGACY if _is_torch_legacy(head) else Kind.PICKLE
        case Verdict.IMPORT_STANDARD:
            yield Kind.PICKLE
        case Verdict.IMPORT_ONLY:
            if not _is_text(head):
                yield Kind.PICKLE
        case Verdict.OTHER:
            pass


def _is_torch_legacy(head: bytes) -> bool:
    beginning = head[:_TORCH_MAGIC_WITHIN]
    return TORCH_MAGIC in beginning or _TORCH_MAGIC_TEXT in beginning


def _hdf5_claims(source: Source, head: bytes) -> Iterator[Kind]:
    """The superblock stands at 0, 512, 1024, 2048, ... (HDF5 file format specification, II.A)."""
    if head.startswith(_HDF5):
        yield Kind.HDF5
        return
    offset = 512
    while offset + len(_HDF5) <= source.size:
        if source.read(offset, len(_HDF5)) == _HDF5:
            yield Kind.HDF5
            return
        offset *= 2


def _weak_claims(source: Source, head: bytes, *, is_pickle: bool) -> Iterator[Kind]:
    if _is_text(head):
        yield Kind.TEXT
    elif not is_pickle:
        from telamon.kits.formats.wire import looks_like_protobuf  # noqa: PLC0415 - few files come so far

        if kind := looks_like_protobuf(source):
            yield kind
        else:
            from telamon.kits.formats.beginnings import weak_kind_of  # noqa: PLC0415 - likewise

            if kind := weak_kind_of(head):
                yield kind


def _is_text(head: bytes) -> bool:
    """Whether the bytes are UTF-8 (the last character may be cut) or UTF-16 with a mark, without control codes."""
    try:
        if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            text = head[: len(head) // 2 * 2].decode("utf-16")
        else:
            text = _decode_cut(head)
    except UnicodeDecodeError:
        return False
    return not any(c < " " and c not in "\t\n\v\f\r\x1b" for c in text)


def _decode_cut(head: bytes) -> str:
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(head) == HEAD_BYTES and error.start >= len(head) - 3:
            return head[: error.start].decode("utf-8")
        raise

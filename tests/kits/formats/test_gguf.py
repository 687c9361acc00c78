"""The header of GGUF files."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.gguf import Entry, GgufHeader, read_gguf
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.source import Source

UINT32, STRING, ARRAY = 4, 8, 9


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def string_entry(key: str, value: str) -> bytes:
    return text(key) + struct.pack("<I", STRING) + text(value)


def number_entry(key: str, value: int) -> bytes:
    return text(key) + struct.pack("<II", UINT32, value)


def array_entry(key: str, kind: int, count: int, items: bytes) -> bytes:
    return text(key) + struct.pack("<IIQ", ARRAY, kind, count) + items


def tensor(name: str, lengths: tuple[int, ...] = (2,), kind: int = 0, offset: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(lengths)}QIQ", len(lengths), *lengths, kind, offset)


def gguf(entries: list[bytes], tensors: list[bytes] | None = None, *, data: bytes = bytes(64)) -> Source:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors or ()), len(entries))
    body = head + b"".join(entries) + b"".join(tensors or ())
    return Source.from_bytes(body + bytes(-len(body) % 32) + data)


def test_an_ordinary_file_is_read_whole() -> None:
    entries = [
        string_entry("general.architecture", "llama"),
        number_entry("general.alignment", 32),
        array_entry("tokenizer.ggml.tokens", STRING, 2, text("a") + text("b")),
        array_entry("tokenizer.ggml.scores", 6, 2, bytes(8)),
    ]
    header = read_gguf(gguf(entries, [tensor("w")]))
    assert header == GgufHeader(
        version=3,
        is_big_endian=False,
        entries=(
            Entry(key="general.architecture", values=("llama",), offset=56),
            Entry(key="general.alignment", values=(32,), offset=98),
            Entry(key="tokenizer.ggml.tokens", values=("a", "b"), offset=135),
            Entry(key="tokenizer.ggml.scores", values=(), offset=198),
        ),
        tensor_count=1,
        flaws=(),
        data_offset=256,
    )
    assert header.strings("tokenizer.ggml.tokens") == ("a", "b")


def test_vocabularies_are_walked_over() -> None:
    tokens = array_entry("tokenizer.ggml.tokens", STRING, 5, text("word") * 5)
    header = read_gguf(gguf([tokens, string_entry("last", "x")]), kept=4)
    assert header.strings("tokenizer.ggml.tokens") == ()
    assert header.strings("last") == ("x",)


def test_version_1_counts_with_32_bits() -> None:
    body = b"GGUF" + struct.pack("<III", 1, 0, 1) + struct.pack("<I", 1) + b"k" + struct.pack("<II", STRING, 2) + b"ab"
    assert read_gguf(Source.from_bytes(body)).strings("k") == ("ab",)


def test_version_3_may_have_the_high_byte_first() -> None:
    body = b"GGUF" + struct.pack(">IQQ", 3, 0, 1) + struct.pack(">Q", 1) + b"k" + struct.pack(">II", UINT32, 7)
    header = read_gguf(Source.from_bytes(body))
    assert (header.is_big_endian, header.entries[0].values) == (True, (7,))


@pytest.mark.parametrize(
    ("entries", "tensors", "flaw"),
    [
        ([string_entry("a", "1"), string_entry("a", "2")], [], "the key `a` stands twice"),
        ([number_entry("general.alignment", 0)], [], "`general.alignment` is 0, not a small power of two"),
        ([], [tensor("w"), tensor("w")], "the tensor `w` stands twice"),
        ([], [tensor("w" * 64)], f"the tensor name `{'w' * 64}` has 64 bytes, more than loaders have room for"),
        ([], [tensor("w", kind=999)], "the tensor `w` has the unknown type 999"),
        ([], [tensor("w", offset=7)], "the tensor `w` begins at 7, which is no multiple of 32"),
        ([], [tensor("w", offset=1 << 20)], f"the tensors end at byte {(1 << 20) + 64}, the file at 128"),
        (
            [],
            [tensor("w", (1 << 32, 1 << 31))],
            f"the tensor `w` has {1 << 63} elements, which overflows the arithmetic of loaders",
        ),
    ],
)
def test_numbers_that_loaders_must_refuse_are_told(entries: list[bytes], tensors: list[bytes], flaw: str) -> None:
    assert read_gguf(gguf(entries, tensors)).flaws == (flaw,)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"GGML", "expected `GGUF`"),
        (b"GGUF" + struct.pack("<I", 9), "expected version 1, 2 or 3, found 9"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60), f"expected at most 0 keys, found {1 << 60}"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), f"expected at most 0 tensors, found {1 << 60}"),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 99),
            "expected 99 bytes more, the file ends before",
        ),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1 << 63),
            f"expected a key of at most 4194304 bytes, found {1 << 63}",
        ),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<I", 77) + bytes(8),
            "expected a type of value, found 77",
        ),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + array_entry("k", UINT32, 1 << 62, b""),
            f"expected {1 << 64} bytes more, the file ends before",
        ),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + array_entry("k", 77, 1, bytes(9)),
            "expected a type of items, found 77",
        ),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + tensor("w", (1,) * 9) + bytes(9),
            "expected at most 4 dimensions of `w`, found 9",
        ),
    ],
)
def test_headers_that_cannot_be_followed_are_malformed(body: bytes, message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_gguf(Source.from_bytes(body))
    assert caught.value.message == message


def test_more_keys_than_a_header_has_are_not_looped_over() -> None:
    body = b"GGUF" + struct.pack("<IQQ", 3, 0, 50_001) + bytes(60_000)
    with pytest.raises(MalformedError, match="expected at most 50000 keys, found 50001"):
        read_gguf(Source.from_bytes(body))


def test_texts_are_kept_up_to_a_bound() -> None:
    entry = string_entry("k", "x" * 4_000_000)
    with pytest.raises(MalformedError, match="expected at most 67108864 bytes of texts"):
        read_gguf(gguf([entry] * 17))


def test_arrays_of_arrays_end_at_a_depth() -> None:
    nested = struct.pack("<IQ", ARRAY, 1) * 5 + struct.pack("<IQ", UINT32, 0)
    with pytest.raises(MalformedError, match="expected arrays to nest less deeply"):
        read_gguf(gguf([text("k") + struct.pack("<I", ARRAY) + nested]))


@given(st.binary(max_size=300))
def test_anything_is_malformed_or_read(rest: bytes) -> None:
    try:
        header = read_gguf(Source.from_bytes(b"GGUF\x03\0\0\0" + rest))
    except MalformedError:
        return
    assert header.version == 3

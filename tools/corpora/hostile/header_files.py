"""GGUF and safetensors: headers that cannot be true, which native loaders have believed."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

from corpora.case import Case, Expectation, Technique

if TYPE_CHECKING:
    from collections.abc import Iterator


def text(value: str) -> bytes:
    """Return a text of GGUF."""
    return struct.pack("<Q", len(value.encode())) + value.encode()


def string(key: str, value: str) -> bytes:
    """Return a key of GGUF with a text."""
    return text(key) + struct.pack("<I", 8) + text(value)


def tensor(name: str, *lengths: int, offset: int = 0, kind: int = 0) -> bytes:
    """Return a tensor of GGUF."""
    return text(name) + struct.pack(f"<I{len(lengths)}QIQ", len(lengths), *lengths, kind, offset)


def gguf(*entries: bytes, tensors: tuple[bytes, ...] = (), counts: tuple[int, int] | None = None) -> bytes:
    """Return a file; `counts` of tensors and keys are stated where they are to be wrong."""
    stated = counts or (len(tensors), len(entries))
    body = b"GGUF" + struct.pack("<IQQ", 3, *stated) + b"".join(entries) + b"".join(tensors)
    return body + bytes(-len(body) % 32) + bytes(64)


def safetensors(header: bytes, data: bytes = bytes(12)) -> bytes:
    """Return a file."""
    return struct.pack("<Q", len(header)) + header + data


def cases() -> Iterator[Case]:
    """Yield numbers that overflow in GGUF, then rules of safetensors that are broken."""
    ordinary = gguf(string("general.architecture", "llama"), tensors=(tensor("w", 4),))
    for name, data in _overflows().items():
        yield Case(name=name, technique=Technique.HEADERS, data=data, twin=ordinary, file_name="model.gguf")
    one = json.dumps({"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}).encode()
    twin = safetensors(b'{"a":' + one + b"}")
    broken = {
        "header-that-breaks-off": safetensors(b'{"a":'),
        "header-longer-than-the-file": struct.pack("<Q", 500) + b'{"a":' + one + b"}",
        "header-of-another-type": safetensors(b"{}", b"")[:8] + b"{",
        "header-that-nests": safetensors(b'{"a":' + b"[" * 100_000),
    }
    for name, data in broken.items():
        yield Case(
            name=name,
            technique=Technique.HEADERS,
            data=data,
            twin=twin,
            expectation=Expectation.REFUSED,
            file_name="model.safetensors",
        )


def _overflows() -> dict[str, bytes]:
    array = text("k") + struct.pack("<II", 9, 4)
    return {
        "count-of-keys (CVE-2024-23605)": gguf(counts=(0, 1 << 60)),
        "count-of-tensors (CVE-2024-21836)": gguf(counts=(1 << 60, 0)),
        "length-of-a-key (CVE-2024-23496)": gguf(struct.pack("<Q", (1 << 64) - 1)),
        "length-of-a-text": gguf(text("k") + struct.pack("<IQ", 8, (1 << 64) - 1)),
        "length-of-an-array (CVE-2024-21825)": gguf(array + struct.pack("<Q", 1 << 62)),
        "elements (CVE-2024-21802)": gguf(tensors=(tensor("w", 1 << 32, 1 << 31),)),
        "dimensions": gguf(tensors=(tensor("w", *[1] * 5),)),
        "name-beyond-its-room": gguf(tensors=(tensor("w" * 64, 1),)),
        "offset-behind-the-file": gguf(tensors=(tensor("w", 1, offset=1 << 40),)),
        "offset-between-blocks": gguf(tensors=(tensor("w", 1, offset=3),)),
        "type-of-no-tensor": gguf(tensors=(tensor("w", 1, kind=9999),)),
        "type-of-no-value": gguf(text("k") + struct.pack("<I", 99)),
        "name-twice": gguf(tensors=(tensor("w", 1), tensor("w", 1))),
        "key-twice": gguf(string("k", "a"), string("k", "b")),
        "alignment-of-nothing": gguf(text("general.alignment") + struct.pack("<II", 4, 0)),
    }

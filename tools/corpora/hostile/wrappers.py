"""Compressed streams and archives around a model, one within the other, and misleading file names."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

import lz4.frame
import zstandard

from corpora.assembly import harmless, model, shell
from corpora.case import Case, Technique
from corpora.hostile.envelopes import npy, tar_of, torch_zip, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LAYERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gz": lambda data: gzip.compress(data, mtime=0),
    "gz-in-two-members": lambda data: gzip.compress(data[:9], mtime=0) + gzip.compress(data[9:], mtime=0),
    "bz2-in-two-streams": lambda data: bz2.compress(data[:9]) + bz2.compress(data[9:]),
    "xz-in-two-streams": lambda data: lzma.compress(data[:9]) + lzma.compress(data[9:]),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "lz4": lambda data: bytes(lz4.frame.compress(data)),
    "zst": zstandard.compress,
    "zip": lambda data: zip_of({"release/model.bin": data}),
    "zip-deflated": lambda data: zip_of({"release/model.bin": data}, method=zipfile.ZIP_DEFLATED),
    "zip-bz2": lambda data: zip_of({"release/model.bin": data}, method=zipfile.ZIP_BZIP2),
    "zip-lzma": lambda data: zip_of({"release/model.bin": data}, method=zipfile.ZIP_LZMA),
    "tar": lambda data: tar_of({"release/model.bin": data}),
    "tar.gz": lambda data: tar_of({"release/model.bin": data}, "w:gz"),
    "tar.bz2": lambda data: tar_of({"release/model.bin": data}, "w:bz2"),
    "tar.xz": lambda data: tar_of({"release/model.bin": data}, "w:xz"),
    "tar-long-name": lambda data: tar_of({"x" * 200 + "/model.bin": data}),
    "wheel": lambda data: zip_of(
        {"pkg/__init__.py": b"", "pkg/weights.bin": data, "pkg-1.0.dist-info/METADATA": b"Name: pkg\n"}
    ),
    "sdist": lambda data: tar_of({"pkg-1.0/setup.py": b"", "pkg-1.0/pkg/weights.bin": data}, "w:gz"),
    "torch": torch_zip,
    "npy": npy,
}
CHAINS: Final = (
    ("gz", "gz"),
    ("gz", "zip"),
    ("tar.gz", "zip"),
    ("zip", "tar.gz"),
    ("zst", "tar"),
    ("zip", "torch"),
    ("tar.xz", "npy"),
    ("zip", "zip", "zip"),
    ("gz", "bz2", "xz"),
    ("tar", "zip", "gz"),
    ("zip", "gz", "torch"),
    ("gz", "gz", "gz", "gz"),
    ("zip", "tar.gz", "zip", "npy"),
    ("tar", "zst", "lz4", "zlib"),
    ("zip", "zip", "zip", "torch"),
)
NAMES: Final = (
    "model",
    "model.txt",
    "model.json",
    "model.safetensors",
    "model.png",
    "model.onnx",
    "model.gguf",
    "model.h5",
    "README.md",
    ".hidden",
    "model.pkl.txt",
    "mo\ndel.pkl",
    "mo\x1b[2Jdel.pkl",
    "mo\u202elkp.del",
    "--help",
    "model.7z",
)


def cases() -> Iterator[Case]:
    """Yield each layer, chains of them, and plain pickles with names that deceive."""
    for chain in [(name,) for name in LAYERS if name not in {"torch", "npy"}] + list(CHAINS):
        yield Case(
            name="-in-".join(reversed(chain)),
            technique=Technique.WRAPPERS,
            data=wrapped(model(shell()), chain),
            twin=wrapped(model(harmless()), chain),
            file_name="release." + chain[0].split("-", maxsplit=1)[0],
        )
    for name in NAMES:
        yield Case(
            name=name.encode("unicode_escape").decode(),
            technique=Technique.FILE_NAMES,
            data=model(shell()),
            twin=model(harmless()),
            file_name=name,
        )


def wrapped(data: bytes, chain: tuple[str, ...]) -> bytes:
    """Return `data` within those layers, the first of them outermost."""
    for name in reversed(chain):
        data = LAYERS[name](data)
    return data

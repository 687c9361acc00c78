"""Files that are a pickle and something else at once."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from corpora.assembly import COMMAND, harmless, model, shell
from corpora.case import Case, Technique
from corpora.hostile.envelopes import Member, npy, tar_of, torch_zip, zipped

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD: Final = model(harmless(2))
BAD: Final = model(shell(2))
TEXT: Final = f"cos\nsystem\n(S'{COMMAND}'\ntR.".encode()
# BINFLOAT takes `G` and eight bytes, so that the signature of a GIF is a number to an unpickler.
GIF: Final = b"GIF89a\x01\x00\x01"
PNG: Final = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(17)
HDF5: Final = b"\x89HDF\r\n\x1a\n"


def cases() -> Iterator[Case]:
    """Yield each construction."""
    for name, data in _constructions():
        yield Case(name=name, technique=Technique.POLYGLOTS, data=data)


def _constructions() -> Iterator[tuple[str, bytes]]:
    archive = zipped(Member(name=b"archive/data.pkl", data=GOOD), Member(name=b"archive/version", data=b"3\n"))
    yield "pickle-before-a-benign-zip", BAD + archive
    yield "benign-pickle-before-a-zip", GOOD + torch_zip(BAD)
    yield "both-pickle-and-zip", BAD + torch_zip(BAD)
    yield "text-that-is-a-pickle", TEXT
    yield "text-with-comment-lines-behind", TEXT + b"\n# model card\nThis is a model.\n"
    yield "json-with-a-pickle-before", TEXT + b'\n{"model": "x"}\n'
    yield "gif-that-is-a-pickle", GIF + b"0" + shell(2).body + b"."
    yield "gguf-that-is-a-pickle", b"GGUF\x03\0\0\0\x00" + b"0" + shell(2).body + b"."
    yield "bitmap-that-is-a-pickle", b"BM\x00\x00\x00" + bytes(0x4D) + b"0" + shell(2).body + b"."
    yield "tar-whose-first-name-is-a-pickle", tar_of({TEXT.decode(): b"x", "b": GOOD})
    yield "pickle-in-the-user-block-of-hdf5", BAD.ljust(512, b"\0") + HDF5 + bytes(64)
    yield "npy-that-ends-in-a-zip", npy(GOOD) + torch_zip(BAD)
    yield "png-with-a-zip-behind", PNG + torch_zip(BAD)
    yield "pdf-with-a-zip-behind", b"%PDF-1.7\n" + torch_zip(BAD)
    yield "program-with-a-zip-behind", b"\x7fELF" + bytes(60) + torch_zip(BAD)
    yield "script-with-a-zip-behind", b"#!/usr/bin/env python3\n" + torch_zip(BAD)
    yield "safetensors-with-a-zip-behind", _safetensors() + torch_zip(BAD)
    yield "pickle-of-protocol-0-with-blanks-behind", TEXT + b"   \n\n\t"
    yield "torch-legacy-before-a-zip", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19." + BAD + archive


def _safetensors() -> bytes:
    header = b'{"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return struct.pack("<Q", len(header)) + header + bytes(4)

"""Pickles within the arguments of calls that unpickle them."""

from __future__ import annotations

import base64
import codecs
import struct
import zlib
from typing import TYPE_CHECKING, Final

from corpora.assembly import call, harmless, model, shell
from corpora.case import Case, Technique
from corpora.hostile.carried_code import MARSHALLED
from corpora.hostile.envelopes import npy, torch_zip
from telamon.kits.attacks.pickles import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

LOADERS: Final = (
    ("pickle", "loads"),
    ("_pickle", "loads"),
    ("cPickle", "loads"),
    ("pickle", "_loads"),
    ("dill", "loads"),
    ("dill._dill", "loads"),
    ("cloudpickle", "loads"),
    ("cloudpickle.cloudpickle", "loads"),
    ("multiprocessing.reduction", "ForkingPickler.loads"),
    ("joblib.externals.cloudpickle", "loads"),
    ("ray.cloudpickle", "loads"),
    ("pyspark.serializers", "CloudPickleSerializer.loads"),
)
STREAM_LOADERS: Final = (
    ("pickle", "load"),
    ("_pickle", "load"),
    ("joblib", "load"),
    ("torch", "load"),
    ("pandas", "read_pickle"),
    ("dill", "load"),
)


def cases() -> Iterator[Case]:
    """Yield each construction."""
    for module, name in LOADERS:
        program = call(module, name, model(shell()), protocol=2 if module == "cPickle" else 4)
        yield Case(name=f"{module}:{name}", technique=Technique.NESTED, data=program.finished())
    for module, name in STREAM_LOADERS:
        program = call(module, name, call("io", "BytesIO", model(shell())))
        yield Case(name=f"{module}:{name}-of-bytes-io", technique=Technique.NESTED, data=program.finished())
    for name, data, twin in _storages():
        yield Case(name=name, technique=Technique.NESTED, data=data, twin=twin)
    for name, program in _encoded():
        yield Case(name=name, technique=Technique.NESTED, data=program.finished())


def _storages() -> Iterator[tuple[str, bytes, bytes | None]]:
    def storage(content: bytes) -> bytes:
        return call("torch.storage", "_load_from_bytes", content).finished()

    yield "torch-storage-bytes-pickle", storage(model(shell())), None
    yield "torch-storage-bytes-zip", storage(torch_zip(model(shell()))), storage(torch_zip(model()))
    yield "torch-storage-bytes-in-protocol-2", _storage_2(shell(2)), _storage_2(harmless(2))
    yield "numpy-load-of-bytes-io", _numpy(shell()), None


def _storage_2(payload: Program) -> bytes:
    return call("torch.storage", "_load_from_bytes", torch_zip(model(payload)), protocol=2).finished()


def _numpy(payload: Program) -> bytes:
    return call("numpy", "load", call("io", "BytesIO", npy(model(payload))), None, True).finished()


def _encoded() -> Iterator[tuple[str, Program]]:
    inner = model(shell(2))
    text = inner.decode("latin-1")
    yield "loads-of-base64", call("pickle", "loads", call("base64", "b64decode", base64.b64encode(inner)))
    yield "loads-of-zlib", call("pickle", "loads", call("zlib", "decompress", zlib.compress(inner)))
    yield "loads-of-codec", call("pickle", "loads", call("_codecs", "decode", codecs.encode(inner, "hex"), "hex"))
    yield "loads-of-latin-1", call("pickle", "loads", call("_codecs", "encode", text, "latin-1"), protocol=2)
    yield "loads-of-bytes-constructor", call("pickle", "loads", call("builtins", "bytes", list(inner)))
    yield "loads-of-bytearray-opcode", call("pickle", "loads", _bytearray(inner))
    yield "loads-of-memoryview", call("pickle", "loads", call("builtins", "memoryview", inner))
    yield "loads-of-a-concatenation", call("pickle", "loads", call("operator", "add", inner[:9], inner[9:]))
    yield (
        "loads-by-keyword",
        Program(protocol=4).raw(
            call("functools", "partial", Program(protocol=4).global_("pickle", "loads"), inner).body + b")R"
        ),
    )
    yield "twice", call("pickle", "loads", call("pickle", "loads", model(shell())).finished())
    yield (
        "three-times",
        call("pickle", "loads", call("pickle", "loads", call("pickle", "loads", model(shell())).finished()).finished()),
    )
    yield (
        "unpickler-load",
        Program(protocol=4).raw(
            call("operator", "methodcaller", "load").body
            + b"("
            + call("pickle", "Unpickler", call("io", "BytesIO", inner)).body
            + b"tR"
        ),
    )
    yield (
        "marshalled-code",
        Program(protocol=4).raw(call("types", "FunctionType", call("marshal", "loads", MARSHALLED), {}).body + b")R"),
    )
    yield "broken-after-the-call", call("pickle", "loads", b"\x80\x04" + shell().body + b"\xff")


def _bytearray(content: bytes) -> Program:
    return Program(protocol=5).raw(b"\x96" + struct.pack("<Q", len(content)) + content)

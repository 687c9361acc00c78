"""joblib files: raw arrays in the stream before, after and around the payload, object arrays, and every codec."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from typing import TYPE_CHECKING, Final

import lz4.frame

from corpora.assembly import call, harmless, model, pushed, shell
from corpora.case import Case, Technique
from telamon.kits.attacks.pickles import BUILD, PROTO, STOP, Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODULE: Final = "joblib.numpy_pickle"
NUMBERS: Final = bytes(range(256)) * 2
HEAD: Final = PROTO + b"\x04"


def cases() -> Iterator[Case]:
    """Yield layouts, each with its twin, then codecs."""
    for name, layout in LAYOUTS.items():
        yield Case(
            name=name,
            technique=Technique.JOBLIB,
            data=layout(shell()),
            twin=layout(harmless()),
            file_name="model.joblib",
        )
    yield Case(
        name="zf",
        technique=Technique.JOBLIB,
        data=zfile(model(shell())),
        twin=zfile(model()),
        file_name="model.pkl.z",
    )
    content, twin = _between(shell()), _between(harmless())
    for name, codec in CODECS.items():
        yield Case(name=name, technique=Technique.JOBLIB, data=codec(content), twin=codec(twin), file_name="model.pkl")


def zfile(data: bytes) -> bytes:
    """Return a file of joblib before 0.10: the length in hexadecimal, in 19 characters, then zlib."""
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)


def dtype(code: str = "f8", *, is_object: bool = False) -> Program:
    """Return a program that pushes a `numpy.dtype` as numpy pickles it."""
    flags = 63 if is_object else 0
    order = "|" if is_object else "<"
    made = Program(protocol=4).global_("numpy", "dtype").raw(b"(" + pushed(code) + b"I00\nI01\ntR")
    return made.raw(pushed((3, order, None, None, None, -1, -1, flags)) + BUILD)


def array(  # one argument for each entry of the wrapper's state that differs
    content: bytes = NUMBERS,
    *,
    of: Program | None = None,
    shape: object = (64,),
    pad: int | None = 3,
    module: str = MODULE,
    order: str = "C",
) -> bytes:
    """Return the opcodes and raw bytes of one array as `joblib.dump` writes them into the pickle's own stream."""
    state: dict[str, object] = {
        "subclass": Program(protocol=4).global_("numpy", "ndarray"),
        "shape": shape,
        "order": order,
        "dtype": of or dtype(),
        "allow_mmap": pad is not None,
    }
    if pad is not None:
        state["numpy_array_alignment_bytes"] = 16
    wrapper = Program(protocol=4).global_(module, "NumpyArrayWrapper").raw(b")\x81" + pushed(state) + BUILD)
    padding = b"" if pad is None else bytes([pad]) + b"\xff" * pad
    return wrapper.body + padding + content


def objects(payload: Program) -> bytes:
    """Return an array of objects: a pickle of its own behind the wrapper."""
    return array(object_array(payload), of=dtype("O8", is_object=True), shape=(1,), pad=None)


def object_array(payload: Program) -> bytes:
    """Return the pickle of a `numpy.ndarray` of one object, which the payload makes."""
    made = call("numpy.core.multiarray", "_reconstruct", Program(protocol=4).global_("numpy", "ndarray"), (0,), b"b")
    state = (1, (1,), dtype("O8", is_object=True), False, [payload])
    return made.raw(pushed(state) + BUILD).finished()


def _list(*parts: bytes) -> bytes:
    return HEAD + b"](" + b"".join(parts) + b"e" + STOP


def _between(payload: Program) -> bytes:
    return _list(array(), payload.body, array())


LAYOUTS: Final[dict[str, Callable[[Program], bytes]]] = {
    "no-array": model,
    "payload-after-an-array": lambda payload: _list(array(), payload.body),
    "payload-before-an-array": lambda payload: _list(payload.body, array()),
    "payload-between-arrays": _between,
    "payload-after-many-arrays": lambda payload: _list(array() * 40, payload.body),
    "payload-after-an-array-without-padding": lambda payload: _list(array(pad=None), payload.body),
    "payload-after-an-array-with-longest-padding": lambda payload: _list(array(pad=255), payload.body),
    "payload-after-an-empty-array": lambda payload: _list(array(b"", shape=(0,)), payload.body),
    "payload-after-a-scalar-array": lambda payload: _list(array(bytes(8), shape=()), payload.body),
    "payload-after-a-fortran-array": lambda payload: _list(array(shape=(8, 8), order="F"), payload.body),
    "payload-after-an-array-of-stops": lambda payload: _list(array(b"." * 512), payload.body),
    "payload-after-an-array-that-is-a-pickle": lambda payload: _list(array(model().ljust(512, b"\0")), payload.body),
    "payload-after-an-array-of-bytes": lambda payload: _list(array(of=dtype("u1"), shape=(512,)), payload.body),
    "payload-after-sklearn-s-own-wrapper": lambda payload: _list(
        array(module="sklearn.externals.joblib.numpy_pickle", pad=None), payload.body
    ),
    "payload-in-an-object-array": lambda payload: _list(objects(payload)),
    "payload-in-an-object-array-after-an-array": lambda payload: _list(array(), objects(payload)),
    "payload-after-an-object-array": lambda payload: _list(objects(harmless()), payload.body),
    "payload-in-the-second-object-array": lambda payload: _list(objects(harmless()), objects(payload)),
    "payload-before-arrays-of-two-dimensions": lambda payload: _list(
        array(shape=(64, 1)), payload.body + b"0", array(), array()
    ),
}
CODECS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "zlib-3": lambda data: zlib.compress(data, 3),
    "zlib-9": lambda data: zlib.compress(data, 9),
    "zlib-stored": lambda data: zlib.compress(data, 0),
    "gzip": lambda data: gzip.compress(data, 3, mtime=0),
    "bz2": lambda data: bz2.compress(data, 3),
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "xz": lzma.compress,
    "lz4": lambda data: bytes(lz4.frame.compress(data)),
}

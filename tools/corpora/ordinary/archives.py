"""Archives around models as Python, GNU tar, Info-ZIP and Java's jar write them, and as packages are built."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import random
import shutil
import subprocess
import tarfile
import tempfile
import zipapp
import zipfile
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import zstandard

from corpora.ordinary.artefact import Artefact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODEL: Final = pickle.dumps({"name": "classifier", "weights": [0.25, -1.5]}, protocol=4)
NOISE_BYTES: Final = 150_000
LONG: Final = "models/" + "a-folder-with-a-long-name/" * 9 + "model.pkl"
METHODS: Final = {
    "stored": zipfile.ZIP_STORED,
    "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}
COMPRESSIONS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zlib": zlib.compress,
    "zst": zstandard.compress,
}
# What each program writes for a folder `models`; those that are not installed are left out.
COMMANDS: Final = {
    "gnu-tar.tar": ("tar", "-cf", "OUT", "models"),
    "gnu-tar-posix.tar": ("tar", "--format=posix", "-cf", "OUT", "models"),
    "gnu-tar-v7.tar": ("tar", "--format=v7", "-cf", "OUT", "models/model.pkl", "models/weights.npy"),
    "gnu-tar.tar.gz": ("tar", "-czf", "OUT", "models"),
    "info-zip.zip": ("zip", "-qr", "OUT", "models"),
    "info-zip-stored.zip": ("zip", "-qr0", "OUT", "models"),
    "info-zip-streamed.zip": ("sh", "-c", 'zip -qr - models > "$0"', "OUT"),
    "java.jar": ("jar", "-cf", "OUT", "models"),
    "java-stored.jar": ("jar", "-c0f", "OUT", "models"),
    "bsd-tar.tar": ("bsdtar", "-cf", "OUT", "models"),
    "seven-zip.zip": ("7z", "a", "-bd", "-tzip", "OUT", "models"),
}


class _Pipe(io.RawIOBase):
    """A sink that cannot seek, so that sizes have to follow contents."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # zipfile writes bytes alone
        self.data += data
        return len(data)


def artefacts() -> Iterator[Artefact]:
    """Yield zips, tars, packages, archives in archives, and what other programs than Python write."""
    for name, data in (*_zips(), *_tars(), *_packages(), *_nested()):
        yield Artefact(name=name, write=partial(_written, data))
    yield Artefact(name="zipapp.pyz", write=_zipapp)
    for form in ("zip", "tar", "gztar", "bztar", "xztar"):
        yield Artefact(name=f"shutil.{form}", write=partial(_shutil, form))
    for name, command in COMMANDS.items():
        if shutil.which(command[0]) and (command[0] != "sh" or shutil.which("zip")):
            yield Artefact(name=name, write=partial(_written_by, command))


def _npy(*numbers: float) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(numbers))
    return file.getvalue()


def _noise() -> bytes:
    file = io.BytesIO()
    np.save(file, np.frombuffer(random.Random(7).randbytes(NOISE_BYTES), dtype="u1"))  # noqa: S311  # weights, not keys
    return file.getvalue()


MEMBERS: Final = {"models/model.pkl": MODEL, "models/weights.npy": _npy(0.5, 1.5), "models/README.md": b"# a model\n"}


def _zip(
    members: dict[str, bytes], method: int = zipfile.ZIP_STORED, *, comment: bytes = b"", sink: _Pipe | None = None
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(sink or file, "w", method) as archive:
        archive.comment = comment
        for name, data in members.items():
            archive.writestr(name, data)
    return bytes(sink.data) if sink else file.getvalue()


def _tar(
    members: dict[str, bytes], form: int = tarfile.PAX_FORMAT, links: dict[str, tuple[bytes, str]] | None = None
) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, (kind, target) in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    return file.getvalue()


def _zips() -> Iterator[tuple[str, bytes]]:
    for name, method in METHODS.items():
        yield f"python-{name}.zip", _zip(MEMBERS, method)
        yield f"python-streamed-{name}.zip", _zip(MEMBERS, method, sink=_Pipe())
    yield "comment.zip", _zip(MEMBERS, comment=b"trained on Monday; see PK\x05\x06 in the specification")
    yield "behind-a-stub.exe.zip", b"#!/bin/sh\necho unpacking\nexit 0\n" + _zip(MEMBERS)
    international = {"mod\u00e8les/\u6a21\u578b.pkl": MODEL}
    yield "utf8-names.zip", _zip(international)
    yield "utf8-names-without-the-flag.zip", _without_flag(_zip(international))
    yield "folders.zip", _zip({"models/": b"", **MEMBERS})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, archive.open("model.pkl", "w", force_zip64=True) as member:
        member.write(MODEL)
    yield "zip64.zip", file.getvalue()


def _without_flag(data: bytes) -> bytes:
    """Return the archive as macOS writes it: names in UTF-8, and no flag that says so."""
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + place
        data = data[:at] + b"\0\0" + data[at + 2 :]
    return data


def _tars() -> Iterator[tuple[str, bytes]]:
    for name, form in (("ustar", tarfile.USTAR_FORMAT), ("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT)):
        yield f"python-{name}.tar", _tar(MEMBERS, form)
    yield "long-name-gnu.tar", _tar({LONG: MODEL}, tarfile.GNU_FORMAT)
    yield "long-name-pax.tar", _tar({LONG: MODEL}, tarfile.PAX_FORMAT)
    links = {
        "models/latest.pkl": (tarfile.SYMTYPE, "model.pkl"),
        "bin/model": (tarfile.SYMTYPE, "../models/model.pkl"),
        "models/copy.pkl": (tarfile.LNKTYPE, "models/model.pkl"),
    }
    yield "links.tar", _tar(MEMBERS, links=links)


def _packages() -> Iterator[tuple[str, bytes]]:
    metadata = b"Metadata-Version: 2.1\nName: model\nVersion: 1.0\n"
    wheel = {
        "model/__init__.py": b"",
        "model/model.pkl": MODEL,
        "model-1.0.dist-info/METADATA": metadata,
        "model-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
        "model-1.0.dist-info/RECORD": b"model/__init__.py,,\nmodel/model.pkl,,\n",
    }
    yield "model-1.0-py3-none-any.whl", _zip(wheel, zipfile.ZIP_DEFLATED)
    conda = {
        "metadata.json": b'{"conda_pkg_format_version": 2}',
        "pkg-model-1.0-0.tar.zst": zstandard.compress(_tar({"site-packages/model/model.pkl": MODEL})),
        "info-model-1.0-0.tar.zst": zstandard.compress(_tar({"info/index.json": b'{"name": "model"}'})),
    }
    yield "model-1.0-0.conda", _zip(conda)
    yield "model-1.0.tar.gz", gzip.compress(_tar({"model-1.0/PKG-INFO": metadata, "model-1.0/model.pkl": MODEL}))


def _nested() -> Iterator[tuple[str, bytes]]:
    inner = _zip({"model/data.pkl": MODEL, "model/weights.npy": _noise()})
    yield "zips-in-a-deflated-zip.zip", _zip({"a.pt": inner, "b.pt": inner}, zipfile.ZIP_DEFLATED)
    yield "zips-in-a-stored-zip.zip", _zip({"a.pt": inner, "b.pt": inner})
    yield "zips-in-a-tar.tar", _tar({"a.pt": inner, "b.pt": inner, "README": b"two models"})
    small = _zip(MEMBERS)
    yield "small-zips-in-a-tar.tar", _tar({f"{number}.npz": small for number in range(8)})
    yield "zips-in-a-pickle.pkl", pickle.dumps([small, small, inner, inner], protocol=4)
    for suffix, compress in COMPRESSIONS.items():
        yield f"zip-of-noise.pt.{suffix}", compress(inner)
        yield f"tar-of-zips.tar.{suffix}", compress(_tar({"a.pt": inner, "b.pt": inner}))


def _folder(parent: Path) -> Path:
    for name, data in MEMBERS.items():
        path = parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    (parent / "models" / "latest.pkl").symlink_to("model.pkl")
    (parent / "models" / "copy.pkl").hardlink_to(parent / "models" / "model.pkl")
    return parent / "models"


def _written(data: bytes, path: Path) -> None:
    path.write_bytes(data)


def _shutil(form: str, path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        parent = Path(name)
        _folder(parent)
        made = shutil.make_archive(str(parent / "made"), form, parent, "models")
        path.write_bytes(Path(made).read_bytes())


def _zipapp(path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = _folder(Path(name))
        (folder / "__main__.py").write_text("print('model')\n")
        zipapp.create_archive(folder, path, interpreter="/usr/bin/env python3")


def _written_by(command: tuple[str, ...], path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        _folder(Path(name))
        out = str(Path(name) / path.name)
        subprocess.run([out if word == "OUT" else word for word in command], cwd=name, check=True, capture_output=True)  # noqa: S603  # programs of the system that we name
        path.write_bytes(Path(out).read_bytes())

"""Images of containers as builders write them, and 7z archives by every method."""

from __future__ import annotations

import io
import pickle
import tarfile
from typing import TYPE_CHECKING, Final

from corpora.hostile.image_files import image, layout, saved
from corpora.hostile.structured_files import tarred, zipped
from corpora.ordinary.artefact import Artefact, written
from corpora.seven_zip import METHODS
from corpora.seven_zip import written as seven_zip

if TYPE_CHECKING:
    from collections.abc import Iterator

PICKLE: Final = pickle.dumps({"weights": [0.25, 0.5]}, 4)
FILES: Final = {
    "app/model.pkl": PICKLE,
    "app/requirements.txt": b"numpy\n",
    "app/.wh.old.pkl": b"",
    "app/cache/.wh..wh..opq": b"",
    "app/m.pt": zipped({"m/data.pkl": pickle.dumps({"w": 1}, 2), "m/version": b"3\n"}),
}


def system() -> bytes:
    """Return a layer with what file systems hold: links from the root, devices, folders."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for name, kind, target in (
            ("bin", tarfile.SYMTYPE, "usr/bin"),
            ("etc/mtab", tarfile.SYMTYPE, "/proc/mounts"),
            ("etc/alternatives/awk", tarfile.SYMTYPE, "/usr/bin/mawk"),
            ("dev/null", tarfile.CHRTYPE, ""),
            ("usr/bin/x", tarfile.SYMTYPE, "../../../lib/x"),
            ("tmp", tarfile.DIRTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            file.addfile(info)
        info = tarfile.TarInfo("app/model.pkl")
        info.size = len(PICKLE)
        file.addfile(info, io.BytesIO(PICKLE))
    return buffer.getvalue()


def artefacts() -> Iterator[Artefact]:
    """Yield images, then 7z archives."""
    for packing in ("gzip", "zstd", ""):
        yield written(f"image-{packing or 'plain'}.tar", image(FILES, packing))
    yield written("system.tar", tarred(layout({"application/vnd.oci.image.layer.v1.tar": system()}), "w"))
    yield written("saved.tar", saved(FILES))
    yield written("model.tar", tarred(layout({"application/vnd.ollama.image.template": b"{{ .Prompt }}"}), "w"))
    for method in METHODS:
        yield written(f"{method}.7z", seven_zip({"d/model.pkl": PICKLE, "readme.txt": b"text " * 50}, method))
        yield written(f"{method}-nested.7z", seven_zip({"m.zip": zipped({"m.pkl": PICKLE})}, method))

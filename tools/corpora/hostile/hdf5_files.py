"""HDF5 files that lead into other files: by links, by external storage and by virtual data sets."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import h5py

from corpora.case import Case, Technique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OUTSIDE: Final = {"absolute": "/etc/passwd", "climbing": "../../secret.h5", "a-home": "~/secret.h5"}


def link(file: h5py.File, name: str) -> None:
    """Link to another file."""
    file["a/b"] = h5py.ExternalLink(name, "/x")


def storage(file: h5py.File, name: str) -> None:
    """Take the bytes of a data set from another file."""
    file.create_dataset("a/b", (4,), dtype="u1", external=[(name, 0, 4)])


def virtual(file: h5py.File, name: str) -> None:
    """Compose a data set of one in another file."""
    layout = h5py.VirtualLayout(shape=(10,), dtype="i4")
    layout[:] = h5py.VirtualSource(name, "d", shape=(10,))
    file.create_virtual_dataset("a", layout)


def many(file: h5py.File, name: str) -> None:
    """Link to another file among so many members that they stand in a tree."""
    for number in range(200):
        file[f"g/{number}"] = h5py.SoftLink("/")
    file["g/x"] = h5py.ExternalLink(name, "/x")


def deep(file: h5py.File, name: str) -> None:
    """Link to another file from far below."""
    file["/".join("g" * 100)] = h5py.ExternalLink(name, "/x")


WAYS: Final[dict[str, Callable[[h5py.File, str], None]]] = {
    "link": link,
    "storage": storage,
    "virtual": virtual,
    "link-among-many": many,
    "link-far-below": deep,
}


def written(way: Callable[[h5py.File, str], None] | None, name: str, libver: str) -> bytes:
    """Return a file that leads to another, or an ordinary one."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=libver) as file:
        file.create_dataset("weights", data=[1.0, 2.0])
        if way is not None:
            way(file, name)
    return buffer.getvalue()


def cases() -> Iterator[Case]:
    """Yield every way to every file, in every form of the format."""
    for libver in ("earliest", "v108", "latest"):
        for label, way in WAYS.items():
            for where, name in OUTSIDE.items():
                yield Case(
                    name=f"{label} {where} {libver}",
                    technique=Technique.HDF5,
                    data=written(way, name, libver),
                    twin=written(None, "", libver),
                    file_name="model.h5",
                )

"""Reads official ATLAS YAML of formats 5 and 6, and keeps its facts as a table in a folder."""

from __future__ import annotations

import hashlib
import re
import stat
from typing import TYPE_CHECKING

from telamon.atlas import format5, format6, table
from telamon.atlas.assembly import Draft, Header, assemble
from telamon.atlas.difference import diff
from telamon.atlas.errors import AtlasFileError, shown
from telamon.atlas.releases import NAME, SHIPPED, SUFFIX, load, release_name
from telamon.atlas.shapes import File
from telamon.atlas.yaml_tree import compose
from telamon.kits.storage.files import FileWriteError, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from telamon.atlas.records import Release
    from telamon.atlas.yaml_tree import Node

MAX_FILE_BYTES = 16 * 1024**2  # 5.6 has 0.45 MB, 2026.08 0.81 MB
LICENCE = "Apache-2.0"  # of mitre-atlas/atlas-data, every release
FORMAT = re.compile(r"(\d{1,3})\.\d{1,3}(\.\d{1,3})?", re.ASCII)


def import_release(path: Path, folder: Path) -> Release:
    """Read an official file and keep its facts in `folder`, where `telamon.atlas.load` finds them.

    A table of the same version in `folder` is replaced as a whole. Of a version that is shipped, only the same facts
    are taken: a file that was cut off or edited would tell another story than all that goes by the shipped ones.

    Raises:
        AtlasFileError: The file is none that can be read, states other facts than the release of its version that is
            shipped, or the folder cannot be written.
    """
    release = read_release(path)
    shipped = SHIPPED / f"{release_name(release.version)}{SUFFIX}"
    if shipped.is_file() and not diff(load(release.version), release).is_empty:
        raise AtlasFileError(
            path.name,
            f"expected the facts of ATLAS {release.version} as they are shipped, found others",
            hint="a file that was cut off or edited is one reason; nothing was kept",
        )
    write_table(release, folder / f"{release_name(release.version)}{SUFFIX}")
    return release


def read_release(path: Path, *, source: str = "") -> Release:
    """Return the facts of an official file of format 5 or 6.

    Args:
        path: A regular file in UTF-8, at most 16 MiB.
        source: Where it comes from; the file's name where nothing is said.

    Raises:
        AtlasFileError: It cannot be read, or is no ATLAS release; the message has the line where there is one.
    """
    return parse_release(_bytes_of(path), name=path.name, source=source)


def parse_release(content: bytes, *, name: str, source: str = "") -> Release:
    """Return the facts of the bytes of an official file of format 5 or 6.

    Args:
        content: YAML in UTF-8.
        name: The file's name, for errors.
        source: Where it comes from; the file's name where nothing is said.

    Raises:
        AtlasFileError: It is no ATLAS release; the message has the line where there is one.
    """
    file = File(name=name)
    root = compose(_decoded(content, file), file.name)
    version, form = _versions(file, root)
    header = Header(
        version=version,
        format=form,
        source=source or name,
        licence=LICENCE,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return assemble(header, _draft(file, root, form))


def write_table(release: Release, path: Path) -> None:
    """Write the table of `release` to `path`, whole or not at all.

    Raises:
        AtlasFileError: The operating system refused.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, table.dump(release).encode())
    except FileWriteError as error:
        raise AtlasFileError(str(path), f"expected to write the table, found: {error.reason}") from error
    except OSError as error:
        raise AtlasFileError(str(path), f"expected to write the table, found: {error.strerror}") from error


def _bytes_of(path: Path) -> bytes:
    try:
        # A device or a FIFO would block or never end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise AtlasFileError(path.name, "expected a regular file, found something else")
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise AtlasFileError(path.name, f"expected to read the file, found: {error.strerror}") from error
    if len(content) > MAX_FILE_BYTES:
        raise AtlasFileError(path.name, f"expected at most {MAX_FILE_BYTES} bytes, found more")
    return content


def _decoded(content: bytes, file: File) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise AtlasFileError(
            f"{file.name}:{line}", f"expected UTF-8, found byte 0x{content[error.start]:02x}"
        ) from error


def _versions(file: File, root: Node) -> tuple[str, str]:
    """Return the versions of the content and of the format; up to 5.6 they were one."""
    entries = file.map(root, "an ATLAS release")
    if "format-version" not in entries:
        version = file.get_text(root, "version", "file")
        return _checked(file, root, version), version
    form = file.text(entries["format-version"], "`format-version`")
    collection = file.get(root, "collection", "file")
    return _checked(file, collection, file.get_text(collection, "version", "collection")), form


def _checked(file: File, node: Node, version: str) -> str:
    if not NAME.fullmatch(version):
        raise AtlasFileError(file.place(node), f"expected a version such as 5.6.0 or 2026.09, found `{shown(version)}`")
    return version


def _draft(file: File, root: Node, form: str) -> Draft:
    match = FORMAT.fullmatch(form)
    major = match.group(1) if match else ""
    if major == "5":
        return format5.read(file, root)
    if major == "6":
        return format6.read(file, root)
    raise AtlasFileError(
        file.place(root),
        f"expected ATLAS format 5 or 6, found `{shown(form)}`",
        hint="releases older than 5.0 lie migrated to format 6 in atlas-data under dist/v6/",
    )

"""The releases at hand: those that are shipped and those that were imported into a folder of the user's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from telamon.atlas import table
from telamon.atlas.errors import AtlasFileError, UnknownReleaseError, shown

if TYPE_CHECKING:
    from telamon.atlas.records import Release

PINNED = "5.6"
SHIPPED = Path(__file__).with_name("releases")
SUFFIX = ".json"
# `5.6`, `5.1.1`, `2026.09`, `2025.11.2`: no name can lead out of the folder.
NAME = re.compile(r"\d{1,4}\.\d{1,2}(\.\d{1,3})?", re.ASCII)
MAX_TABLE_BYTES = 4 * 1024**2  # 5.6 has 46 kB


def load(release: str | None = None, *, folder: Path | None = None) -> Release:
    """Return a release.

    Args:
        release: Its version, such as `5.6`, `5.6.0` or `2026.09`; `None` for the one that is shipped and pinned.
        folder: Where imported releases lie; one there goes before a shipped one of the same version.

    Raises:
        UnknownReleaseError: There is no such release.
        AtlasFileError: Its table is damaged.
    """
    name = release_name(PINNED if release is None else release)
    for place in (folder, SHIPPED):
        path = None if place is None else place / f"{name}{SUFFIX}"
        if path is not None and path.is_file():
            return _read(path)
    raise UnknownReleaseError(
        f"expected one of the ATLAS releases {', '.join(available(folder=folder))}, found `{name}`",
        hint="`telamon atlas import FILE` reads an official release",
    )


def available(*, folder: Path | None = None) -> tuple[str, ...]:
    """Return the versions that `load` knows, oldest first."""
    places = (SHIPPED,) if folder is None or not folder.is_dir() else (SHIPPED, folder)
    names = {path.stem for place in places for path in place.glob(f"*{SUFFIX}") if NAME.fullmatch(path.stem)}
    return tuple(sorted(names, key=lambda name: [int(part) for part in name.split(".")]))


def release_name(version: str) -> str:
    """Return the name that a version goes by: `5.6.0` and `5.6` are the same release, `5.1.1` is its own.

    >>> release_name("5.6.0"), release_name("2025.11.2"), release_name("2026.10")
    ('5.6', '2025.11.2', '2026.10')

    Raises:
        UnknownReleaseError: The text is no version.
    """
    if not NAME.fullmatch(version):
        raise UnknownReleaseError(f"expected an ATLAS version such as `5.6` or `2026.09`, found `{shown(version)}`")
    return version.removesuffix(".0") if version.count(".") > 1 else version


def _read(path: Path) -> Release:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_TABLE_BYTES + 1)
        if len(content) > MAX_TABLE_BYTES:
            raise AtlasFileError(str(path), f"expected at most {MAX_TABLE_BYTES} bytes, found more")
        text = content.decode("utf-8")
    except OSError as error:
        raise AtlasFileError(str(path), f"expected to read the file, found: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AtlasFileError(str(path), f"expected UTF-8, found byte {error.start} that is not") from error
    return table.parse(text, str(path))

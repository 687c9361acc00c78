"""Places: how waivers, baselines and exclusions call a file, wherever telamon was started and whatever was typed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file or folder really is.

    Links to folders are followed, so that one file in one folder has one place. The last component is not: a file may
    be given several names by links, and what is accepted under one of them is not accepted under the others.

    Attributes:
        relative: From the policy's folder, with `/` between folders and `../` outside of it.
        absolute: From the root.
    """

    relative: str
    absolute: str

    def matches(self, glob: str) -> bool:
        """Whether it is called so, literally or as a glob in which `*` crosses `/`; one from `/` on is absolute.

        >>> Place(relative="models/a.pkl", absolute="/srv/models/a.pkl").matches("./models/*")
        True
        """
        name = self.absolute if glob.startswith("/") else self.relative
        glob = plain(glob)
        return name == glob or fnmatchcase(name, glob)

    def child(self, name: str) -> Place:
        """Return the place of an entry of this folder."""
        return Place(
            relative=name if self.relative == "." else f"{self.relative}/{name}",
            absolute=f"{self.absolute.rstrip('/')}/{name}",
        )


def plain(glob: str) -> str:
    """Return a path or glob without what names no folder of its own: empty parts, and `.`.

    >>> plain("./models//a.pkl"), plain("/srv/./models/")
    ('models/a.pkl', '/srv/models')
    """
    root = "/" if glob.startswith("/") else ""
    return root + "/".join(part for part in glob.split("/") if part not in {"", "."})


def place_of(path: Path, root: str) -> Place:
    """Return the place of a file or folder.

    Args:
        path: Absolute, or relative to the working directory.
        root: The policy's folder, as `os.path.realpath` gives it.
    """
    if path.name in {"", ".."}:
        return place_of_folder(path, root)
    return place_of_folder(path.parent, root).child(path.name)


def place_of_folder(folder: Path, root: str) -> Place:
    """Return the place that a folder has where all links are followed; its entries are its children."""
    absolute = os.path.realpath(folder)
    relative = os.path.relpath(absolute, root)
    return Place(relative=relative.replace(os.sep, "/"), absolute=absolute.replace(os.sep, "/"))


def lies_within(file: Path, root: Path) -> bool:
    """Whether a file lies in a folder or below it, by the place of its name or of the file that a link leads to."""
    folder = os.path.realpath(root)
    places = (os.path.join(os.path.realpath(file.parent), file.name), os.path.realpath(file))  # noqa: PTH118  # text
    return any(place == folder or place.startswith(f"{folder.rstrip('/')}/") for place in places)


def named_place(name: str) -> Place:
    """Return the place of what is no file, such as standard input."""
    return Place(relative=name, absolute=name)

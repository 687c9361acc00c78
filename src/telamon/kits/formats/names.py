"""What archive member names hide: control characters, traversal, and names that file systems take for one."""

from __future__ import annotations

import posixpath
import unicodedata


def decode_name(raw: bytes) -> str:
    """Returns a member name as text: UTF-8 where valid, else code page 437 (APPNOTE.TXT 6.3.10, D.1)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")


def has_control_characters(name: str) -> bool:
    """Tells whether the name holds control, format or unpaired surrogate characters (Unicode Cc, Cf, Cs)."""
    if name.isprintable():
        return False
    return any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in name)


def is_absolute(name: str) -> bool:
    r"""Tells whether the name starts at a root: a slash, a backslash or a drive letter.

    >>> is_absolute("C:/x"), is_absolute("x/C:")
    (True, False)
    """
    return name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":" and name[0].isalpha())


def leaves_its_folder(name: str) -> bool:
    """Tells whether a component of the name is the parent folder.

    >>> leaves_its_folder("a/../b"), leaves_its_folder("a/..b")
    (True, False)
    """
    return ".." in name.replace("\\", "/").split("/")


def link_leaves(name: str, target: str) -> bool:
    """Tells whether a symbolic link called `name` leads out of the folder in which its archive is unpacked.

    Parent folders may come first in the target, as many as the link's own folders; further on they may lead
    anywhere, because what comes before them may be another link.

    >>> link_leaves("a/bin/x", "../lib/x"), link_leaves("bin/x", "../../lib/x"), link_leaves("a/x", "b/../c")
    (False, True, True)
    """
    folders = [part for part in name.replace("\\", "/").rstrip("/").split("/")[:-1] if part not in {"", "."}]
    parts = [part for part in target.replace("\\", "/").split("/") if part not in {"", "."}]
    parents = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
    return is_absolute(target) or ".." in folders or ".." in parts[parents:] or parents > len(folders)


def folded(name: str) -> str:
    """Returns the form under which lenient readers and file systems take two names for one.

    A NUL ends the name (as in Python's zipfile and in C readers), backslashes are slashes, `.` and doubled
    slashes vanish, and case and Unicode composition do not count (miniz, which torch reads with, compares
    without case).
    """
    ended = name.split("\0", 1)[0].replace("\\", "/")
    is_folder = ended.endswith("/")
    normal = posixpath.normpath("/" + ended).lstrip("/")
    composed = unicodedata.normalize("NFC", normal).casefold()
    return composed + "/" if is_folder else composed

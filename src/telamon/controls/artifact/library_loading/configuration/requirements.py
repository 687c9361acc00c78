"""Finds out which versions of torch a deployment allows: before 2.6, `torch.load` restricts nothing by itself."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.source import SourceError, open_source

if TYPE_CHECKING:
    from pathlib import Path

MAX_PARENTS: Final = 4  # folders above a program in which its requirements may stand
MAX_FILES: Final = 16
MAX_BYTES: Final = 4 * 1024 * 1024
NAMES: Final = ("pyproject.toml", "setup.cfg", "setup.py", "environment.yml", "environment.yaml", "conda.yaml")
LOCKS: Final = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock")
REQUIREMENT: Final = re.compile(r"""(?m)^[ \t"'\-\[(,]*torch[ \t]*(?:\[[^\]]*\])?[ \t]*(=?[=<>!~][^"'#;\n\]]*)""")
LOCKED: Final = re.compile(
    r"""(?m)^name = "torch"\s*\nversion = "([^"]+)"|"torch":\s*\{[^}]*"version":\s*"==([^"]+)\""""
)
# Releases on both sides of 2.6 (torch 2.6 release notes: `weights_only` is true by default).
BEFORE: Final = ("1.4.0", "1.8.1", "1.13.1", "2.0.1", "2.1.2", "2.2.2", "2.3.1", "2.4.1", "2.5.1")
AFTER: Final = ("2.6.0", "2.7.1", "2.8.0", "2.9.1", "2.12.0", "3.0.0")


class TorchRelease(Enum):
    """Which releases of torch the requirements allow."""

    BEFORE = "before 2.6"
    EITHER = "before and after 2.6"
    AFTER = "2.6 or later"
    UNKNOWN = "unknown"


def torch_release(program: Path) -> TorchRelease:
    """Return what the requirements nearest to a program allow; files that cannot be read state nothing."""
    folder = program.parent
    for _ in range(MAX_PARENTS):
        found = _stated(folder)
        if found is not TorchRelease.UNKNOWN:
            return found
        if folder == folder.parent or (folder / ".git").exists():
            break
        folder = folder.parent
    return TorchRelease.UNKNOWN


def _stated(folder: Path) -> TorchRelease:
    try:
        listed = sorted([*folder.glob("*requirements*.txt"), *folder.glob("constraints*.txt")])[:MAX_FILES]
    except OSError:
        return TorchRelease.UNKNOWN
    for path in (*(folder / name for name in LOCKS), *listed, *(folder / name for name in NAMES)):
        try:
            if not path.is_file():
                continue
            with open_source(path, follow_links=True) as source:
                text = source.read(0, MAX_BYTES).decode("utf-8", "replace")
        except (SourceError, OSError):
            continue
        release = release_of(text)
        if release is not TorchRelease.UNKNOWN:
            return release
    return TorchRelease.UNKNOWN


def release_of(text: str) -> TorchRelease:
    """Return what a file of requirements allows."""
    if "torch" not in text:
        return TorchRelease.UNKNOWN
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415  # 10 ms, few programs need it

    stated = [f"=={match[1] or match[2]}" for match in LOCKED.finditer(text)]
    stated += [match[1].strip().rstrip(",") for match in REQUIREMENT.finditer(text)]
    for specifier in stated[:MAX_FILES]:
        # conda writes `=2.1`, which is `==2.1.*`
        plain = f"={specifier}.*" if re.fullmatch(r"=[\d.]+", specifier) else re.sub(r"\+\w+", "", specifier)
        try:
            allowed = SpecifierSet(plain)
        except InvalidSpecifier:
            continue
        if (pin := re.fullmatch(r"={2,3}\s*([\d.]+)\w*", plain)) is not None:
            numbers = [int(part) for part in pin[1].strip(".").split(".")[:2] if part]
            return TorchRelease.BEFORE if numbers < [2, 6] else TorchRelease.AFTER
        has_old = any(allowed.contains(version) for version in BEFORE)
        has_new = any(allowed.contains(version) for version in AFTER)
        if has_old or has_new:
            return {
                (True, False): TorchRelease.BEFORE, (True, True): TorchRelease.EITHER, (False, True): TorchRelease.AFTER
            }[has_old, has_new]  # fmt: skip
    return TorchRelease.UNKNOWN

"""Baselines: the findings that were there before, by fingerprint."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from telamon import __version__
from telamon.kits.storage.files import FileWriteError, replace_file
from telamon.kits.text.display import well_formed
from telamon.policy.errors import BaselineError
from telamon.policy.files import UnreadableError, read_start

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from telamon.core.records import Finding

VERSION: Final = 1
MAX_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The fingerprints of known findings.

    >>> "0" * 32 in Baseline(fingerprints=frozenset())
    False
    """

    fingerprints: frozenset[str]

    def __contains__(self, fingerprint: str) -> bool:
        return fingerprint in self.fingerprints


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    fingerprint: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    version: Annotated[int, msgspec.Meta(ge=VERSION, le=VERSION)]
    findings: tuple[_Known, ...]


def read(path: Path) -> Baseline:
    """Return the baseline in a file.

    Raises:
        BaselineError: The file is missing, too large, or no baseline of a known version.
    """
    try:
        content = read_start(path, limit=MAX_BYTES)
    except UnreadableError as error:
        raise BaselineError(f"cannot read the baseline `{path}`: {error.message}") from error
    if len(content) > MAX_BYTES:
        raise BaselineError(f"expected a baseline of at most {MAX_BYTES} bytes in `{path}`, found more")
    try:
        written = msgspec.json.decode(content, type=_Written)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BaselineError(
            f"expected a baseline of version {VERSION} in `{path}`, found something else",
            hint="`telamon check --write-baseline` writes one",
        ) from error
    return Baseline(fingerprints=frozenset(finding.fingerprint for finding in written.findings))


def write(path: Path, findings: Iterable[Finding]) -> None:
    """Write the findings as a baseline, whole or not at all.

    Raises:
        BaselineError: The file cannot be written; what was there is untouched.
    """
    rows = [
        {
            "fingerprint": f.fingerprint,
            "rule": f.rule,
            "location": well_formed(str(f.location)),
            "message": well_formed(f.message),
        }
        for f in sorted(findings, key=lambda f: (f.location.path, f.location.member, f.rule, f.fingerprint))
    ]
    document = {"version": VERSION, "written_by": f"telamon {__version__}", "findings": rows}
    text = json.dumps(document, indent=2, ensure_ascii=True) + "\n"
    if os.path.exists(path) and not (path.is_file() or path.is_dir()):  # noqa: PTH110  # `exists` raises for long names
        raise BaselineError(f"expected a file for the baseline, found something else: `{path}`")
    try:
        replace_file(path, text.encode("ascii"))
    except FileWriteError as error:
        raise BaselineError(f"cannot write the baseline `{path}`: {error.reason}") from error

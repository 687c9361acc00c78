"""Baselines: the findings that were there before, by fingerprint."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from telamon import __version__
from telamon.policy.errors import BaselineError

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def read(path: Path) -> Baseline:
    """Return the baseline in a file.

    Raises:
        BaselineError: The file is missing, too large, or no baseline of a known version.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BaselineError(f"cannot read the baseline `{path}`: {error.strerror}") from error
    try:
        document = json.loads(content) if len(content) <= MAX_BYTES else None
        if not isinstance(document, dict) or document.get("version") != VERSION:
            raise BaselineError(f"expected a baseline of version {VERSION} in `{path}`")
        fingerprints = frozenset(finding["fingerprint"] for finding in document["findings"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BaselineError(
            f"expected a baseline in `{path}`, found something else", hint="`telamon check --write-baseline` writes one"
        ) from error
    return Baseline(fingerprints=fingerprints)


def write(path: Path, findings: Iterable[Finding]) -> None:
    """Write the findings as a baseline, whole or not at all.

    Raises:
        BaselineError: The file cannot be written; what was there is untouched.
    """
    rows = [
        {"fingerprint": f.fingerprint, "rule": f.rule, "location": str(f.location), "message": f.message}
        for f in sorted(findings, key=lambda f: (f.location.path, f.location.member, f.rule, f.fingerprint))
    ]
    document = {"version": VERSION, "written_by": f"telamon {__version__}", "findings": rows}
    text = json.dumps(document, indent=2, ensure_ascii=True) + "\n"
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise BaselineError(f"cannot write the baseline `{path}`: {error.strerror}") from error

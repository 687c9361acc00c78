"""The ATLAS catalogue as versioned data: ids, names, tactics and mitigates-pairs, and no sentences.

`load` gives the pinned release, or one that was imported. What only one command needs stands apart, so that the others
start fast: `telamon.atlas.official.import_release` reads an official file, `telamon.atlas.difference.diff` compares two
releases.
"""

from __future__ import annotations

from telamon.atlas.errors import AtlasError, AtlasFileError, UnknownIdError, UnknownReleaseError
from telamon.atlas.records import (
    CaseStudy,
    Entry,
    Maturity,
    Mitigation,
    Pair,
    Release,
    Repair,
    Tactic,
    Technique,
)
from telamon.atlas.releases import PINNED, available, load, release_name

__all__ = [
    "PINNED",
    "AtlasError",
    "AtlasFileError",
    "CaseStudy",
    "Entry",
    "Maturity",
    "Mitigation",
    "Pair",
    "Release",
    "Repair",
    "Tactic",
    "Technique",
    "UnknownIdError",
    "UnknownReleaseError",
    "available",
    "load",
    "release_name",
]

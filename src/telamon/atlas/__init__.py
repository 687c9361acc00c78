"""The ATLAS catalogue as versioned data: ids, names, tactics and mitigates-pairs, and no sentences.

`load` gives the pinned release, or one that was imported; `diff` compares two. `telamon.atlas.official.import_release`
reads an official file; it stands apart because it needs a YAML parser.
"""

from __future__ import annotations

from telamon.atlas.difference import Change, Changes, Difference, diff
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
    "Change",
    "Changes",
    "Difference",
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
    "diff",
    "load",
    "release_name",
]

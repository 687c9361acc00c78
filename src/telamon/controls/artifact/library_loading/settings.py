"""Settings of library-loading."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from telamon.core.settings import Settings
from telamon.kits.profiles import Profile, require_distinct


class Requirement(StrEnum):
    """What a load must have."""

    NOTHING = "nothing"
    SANDBOX = "sandbox"


class LibraryLoadingSettings(Settings, frozen=True, kw_only=True):
    """How models are loaded."""

    require: Annotated[
        Requirement,
        msgspec.Meta(
            description="sandbox: refuse to load where this machine cannot enforce all of it; nothing: say so.",
            extra={"looser": "lower"},
        ),
    ] = Requirement.NOTHING
    profiles: Annotated[
        tuple[Profile, ...],
        msgspec.Meta(
            description="What single files may name, each bound to its file's digest, as `telamon profile` writes it.",
            extra={"looser": "added"},
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Refuse two profiles of one file."""
        require_distinct(self.profiles)

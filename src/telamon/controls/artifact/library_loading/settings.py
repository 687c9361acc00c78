"""Settings of library-loading."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from telamon.core.settings import Settings


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

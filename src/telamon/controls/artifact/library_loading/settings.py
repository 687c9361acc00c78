"""Settings of library-loading."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from telamon.core.settings import Settings
from telamon.kits.callables.allowing import AllowedGlobal
from telamon.kits.profiles import Profile, require_distinct


class Requirement(StrEnum):
    """What a load must have."""

    NOTHING = "nothing"
    SANDBOX = "sandbox"


class Unknown(StrEnum):
    """What becomes of classes and functions of which nothing is known."""

    PERMIT = "permit"
    DENY = "deny"


class Children(StrEnum):
    """What Python processes that a guarded program starts must have."""

    FREE = "free"
    GUARDED = "guarded"


class Processes(StrEnum):
    """What is made of what processes of one program send each other."""

    TRUSTED = "trusted"
    GUARDED = "guarded"


class LibraryLoadingSettings(Settings, frozen=True, kw_only=True):
    """How models are loaded."""

    require: Annotated[
        Requirement,
        msgspec.Meta(
            description="sandbox: refuse to load where this machine cannot enforce all of it; nothing: say so.",
            extra={"looser": "lower"},
        ),
    ] = Requirement.NOTHING
    allow: Annotated[
        tuple[AllowedGlobal, ...],
        msgspec.Meta(description="Classes and functions of your own that guarded loads may fetch."),
    ] = ()
    unknown: Annotated[
        Unknown,
        msgspec.Meta(
            description="deny: guarded loads fetch what is known to make data or is allowed; permit: the unknown too.",
            extra={"looser": "higher"},
        ),
    ] = Unknown.DENY
    children: Annotated[
        Children,
        msgspec.Meta(
            description="guarded: Python processes that a guarded program starts are guarded too, or not started.",
            extra={"looser": "lower"},
        ),
    ] = Children.GUARDED
    processes: Annotated[
        Processes,
        msgspec.Meta(
            description="trusted: what processes of one program send each other is not judged; guarded: it is.",
            extra={"looser": "higher"},
        ),
    ] = Processes.TRUSTED
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

"""What a user vouches for by its exact name, in policies."""

from __future__ import annotations

from typing import Annotated

import msgspec


class AllowedGlobal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One callable that the user vouches for, by its exact name."""

    name: Annotated[
        str,
        msgspec.Meta(
            description="Module, a colon and the qualified name, such as `mypackage.models:Net`.",
            pattern=r"^[^\s:]+:[^\s:]+$",
        ),
    ]
    reason: Annotated[str, msgspec.Meta(description="Why it is safe.", min_length=1)]
    can_call: Annotated[
        bool,
        msgspec.Meta(description="Whether calling it is allowed too, or only naming and instantiating it."),
    ] = False

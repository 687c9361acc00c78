"""Settings of a control: one frozen struct each, read from the policy and never changed."""

from __future__ import annotations

from typing import Annotated

import msgspec

from telamon.core.records import Mode, Severity


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every control's settings have; unknown keys are refused when the policy is read."""

    mode: Annotated[
        Mode,
        msgspec.Meta(description="off: does nothing; shadow: only records; enforce: decides and stops."),
    ] = Mode.ENFORCE
    fail_at: Annotated[
        Severity,
        msgspec.Meta(description="The gate: findings of this severity or above fail `check` (exit code 1)."),
    ] = Severity.HIGH

"""What the judges of configuration give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from telamon.core.records import Rule, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A place that configures loading riskily.

    Attributes:
        rule: Which.
        severity: How bad.
        message: What it says and what that does, in one line.
        subject: For fingerprints, free of lines.
        line: One-based; `None` where it is about the file itself.
        column: One-based.
        remedy: The exact safe form.
        member: Which part of the file, such as `cell 3`.
    """

    rule: Rule
    severity: Severity
    message: str
    subject: str
    line: int | None = None
    column: int | None = None
    remedy: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that could not be followed.

    Attributes:
        reason: Why.
    """

    reason: str


Judged: TypeAlias = Hit | Gap

"""What a verification says of a ledger."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Damage(StrEnum):
    """What is wrong with a ledger."""

    EDITED = "edited"
    MISSING = "missing"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    ROLLED_BACK = "rolled-back"
    REWRITTEN = "rewritten"
    ADDED = "added"
    BODY_EDITED = "body-edited"
    BODY_MISSING = "body-missing"
    UNREADABLE = "unreadable"
    CHECKPOINT = "checkpoint"
    SECOND_PLACE = "second-place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """The first thing that is wrong.

    Attributes:
        index: The first bad entry; `None` where only a checkpoint or the second place is bad.
        is_exact: Whether it is that very entry; else damage begins there or behind it, and the entries before
            it are good.
        reason: In words, one line.
    """

    damage: Damage
    index: int | None
    reason: str
    is_exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a verification found.

    Attributes:
        size: Entries found good, from the first on; all there are if there is no flaw.
        root: Root of the tree over all entries; `None` if there is a flaw.
        covered: How many entries the newest agreeing checkpoint vouches for; later ones could still be replaced
            without a trace.
        checkpoints: How many checkpoints agree with the entries.
        are_signatures_checked: Whether there was a verifier key to check checkpoints with.
        erased: Bodies that are gone and whose erasure is recorded.
        flaw: The first thing that is wrong, if anything is.
    """

    size: int
    root: bytes | None
    covered: int = 0
    checkpoints: int = 0
    are_signatures_checked: bool = False
    erased: int = 0
    flaw: Flaw | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.flaw is None

    @property
    def first_bad_index(self) -> int | None:
        """The index of the first bad entry; `None` if there is none."""
        return self.flaw.index if self.flaw else None

    @property
    def reason(self) -> str:
        """What is wrong, in words; empty if nothing is."""
        return self.flaw.reason if self.flaw else ""

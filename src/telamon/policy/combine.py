"""Combines the decisions of several controls about one operation: deny-overrides (XACML 3.0, appendix C.2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.core.records import Decision, Effect, Mode

if TYPE_CHECKING:
    from collections.abc import Iterable

WHOLE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one control decided.

    Attributes:
        mode: In shadow mode the decision is recorded and changes nothing; off decides nothing.
    """

    control: str
    mode: Mode
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """What all controls together decided.

    Attributes:
        effect: Of the operation as a whole; `indeterminate` stops it like `deny`.
        reason: Of the deciding control, with its name; empty where nothing decided.
        rulings: All of them, in order, for the record.
        replacement: The last transformation, where the effect is `transform`.
    """

    effect: Effect
    reason: str
    rulings: tuple[Ruling, ...]
    replacement: object = None

    @property
    def is_stopping(self) -> bool:
        """Whether the operation must not go on."""
        return self.effect in {Effect.DENY, Effect.INDETERMINATE}


# The first effect that any enforcing control reached decides.
ORDER: Final = (Effect.DENY, Effect.INDETERMINATE, Effect.TRANSFORM, Effect.PERMIT)


def combine(rulings: Iterable[Ruling]) -> Combined:
    """Return the combined decision; without an enforcing control that applies it is `not-applicable`.

    Transformations do not compose by themselves: a stage hands on what it replaced, so that the last one holds.
    """
    every = tuple(rulings)
    enforcing = [ruling for ruling in every if ruling.mode is Mode.ENFORCE]
    for effect in ORDER:
        deciding = [ruling for ruling in enforcing if ruling.decision.effect is effect]
        if deciding:
            chosen = deciding[-1] if effect is Effect.TRANSFORM else deciding[0]
            return Combined(
                effect=effect,
                reason=f"{chosen.control}: {chosen.decision.reason}",
                rulings=every,
                replacement=chosen.decision.replacement if effect is Effect.TRANSFORM else None,
            )
    return Combined(effect=Effect.NOT_APPLICABLE, reason="", rulings=every)


def is_in_rollout(key: str, control: str, percent: float) -> bool:
    """Whether an operation falls into the share of a control that is rolled out to `percent` of operations.

    The same key always falls the same way, and keys that are in stay in when the share grows.

    >>> is_in_rollout("user-1", "guardrails", 100), is_in_rollout("user-1", "guardrails", 0)
    (True, False)
    """
    digest = hashlib.sha256(f"{control}\0{key}".encode("utf-8", "surrogatepass")).digest()
    share = (int.from_bytes(digest[:8], "big") >> 11) / 2**53  # exact in a double, so that it stays below 1
    return share * WHOLE < percent

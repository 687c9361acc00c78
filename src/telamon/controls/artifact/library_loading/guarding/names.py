"""Decides what a loader may fetch by name: default deny, with the table of callables as the measure.

The event of a look-up does not say what will become of the callable. So one that is dangerous in any use is refused,
and what only makes data, or calls what was fetched under the same rules, is not.
"""

from __future__ import annotations

from typing import Final

from telamon.controls.artifact.library_loading.guarding.records import GuardRules, LoadRefusedError
from telamon.kits.callables import Effect, Known, lookup

# What runs code or reaches out, and what makes code or attributes out of what a file says.
REFUSED: Final = frozenset(Effect) - {
    Effect.DATA,
    Effect.CALLS_ARGUMENT,  # of what was itself fetched
    Effect.INSTANTIATES_ARGUMENT,
    Effect.UNPICKLES_ARGUMENT,  # whose look-ups are events of their own
    Effect.EVALUATES_TEXT,  # evaluation is an event of its own
}
UNKNOWN: Final = "nothing is known about it"
OWN: Final = f"{LoadRefusedError.__module__}:{LoadRefusedError.__qualname__}"  # a child's refusal, told to its parent


def objection_under(rules: GuardRules, module: str, name: str) -> str:
    """Return why rules do not let a loader fetch a name; empty where they do.

    Args:
        rules: What the user vouches for, and whether the unknown may be fetched.
        module: As a pickle spells it.
        name: Likewise; dotted for what stands in a class.
    """
    named = f"{module}:{name}"
    if named in rules.allowed or named == OWN:
        return ""
    found = objection(module, name)
    return "" if found == UNKNOWN and rules.may_unknown else found


def objection(module: str, name: str) -> str:
    """Return why a loader must not fetch a name; empty where it may, `UNKNOWN` where nothing is known about it.

    Args:
        module: As a pickle spells it.
        name: Likewise; dotted for what stands in a class.
    """
    known = lookup(module, name)
    if known is None or not known.referenced:
        return UNKNOWN
    return f"it {known.does}" if _effects(known) & REFUSED else ""


def _effects(known: Known) -> frozenset[Effect]:
    """What may come of any use. Where calls are known, they say what the capability is to call it later."""
    uses = known.called | known.instantiated | known.built | known.filled
    return uses | (known.referenced - {Effect.CAPABILITY} if known.called else known.referenced)

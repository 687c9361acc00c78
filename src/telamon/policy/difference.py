"""What changed between two policies, and whether it loosens or tightens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from telamon.core.records import Mode, Severity
from telamon.policy.compiler import path_text

if TYPE_CHECKING:
    from telamon.policy.compiler import Policy
    from telamon.policy.nodes import Path, Plain


class Direction(StrEnum):
    """Which way a change goes."""

    LOOSENS = "loosens"
    TIGHTENS = "tightens"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that two policies have differently.

    Attributes:
        path: As it is shown, such as `controls.vulnerability-scanning.mode`.
        before: The value, or `None` where there is none.
        after: Likewise.
        origin: Where the new value comes from.
    """

    path: str
    before: Plain
    after: Plain
    direction: Direction
    origin: str


# From tight to loose.
MODES: Final = tuple(str(mode) for mode in (Mode.ENFORCE, Mode.SHADOW, Mode.OFF))
GATES: Final = tuple(str(severity) for severity in Severity)
# What each permits something more, and what each asks for something more; a star is any control.
PERMISSIONS: Final = (("waivers",), ("exclude",), ("baseline",), ("controls", "*", "allow"))
DUTIES: Final = (("ledger",),)
EMPTY: Final[tuple[Plain, ...]] = (None, [], {})


def diff(before: Policy, after: Policy) -> tuple[Change, ...]:
    """Return every effective value that differs, sorted by path; nothing and an empty list are the same."""
    old, new = ({path: value for path, value in policy.leaves() if value not in EMPTY} for policy in (before, after))
    changes = [
        Change(
            path=path_text(path),
            before=old.get(path),
            after=new.get(path),
            direction=direction(path, old.get(path), new.get(path)),
            origin=after.origin(path),
        )
        for path in old.keys() | new.keys()
        if not _is_same(old.get(path), new.get(path))
    ]
    return tuple(sorted(changes, key=lambda change: change.path))


def direction(path: Path, old: Plain, new: Plain) -> Direction:
    """Return which way a change goes, as far as the value's place tells; `None` is no value."""
    for name, order in (("mode", MODES), ("fail_at", GATES)):
        if path[-1] == name and old in order and new in order:
            return _towards(is_looser=order.index(str(new)) > order.index(str(old)))
    if path[-1] == "expires" and isinstance(old, str) and isinstance(new, str):
        return _towards(is_looser=new > old)
    if (old is None) != (new is None):
        if _is_below(path, PERMISSIONS):
            return _towards(is_looser=old is None)
        if _is_below(path, DUTIES):
            return _towards(is_looser=new is None)
    return Direction.CHANGES


def _towards(*, is_looser: bool) -> Direction:
    return Direction.LOOSENS if is_looser else Direction.TIGHTENS


def _is_below(path: Path, places: tuple[tuple[str, ...], ...]) -> bool:
    return any(
        len(path) >= len(place) and all(part in {"*", own} for part, own in zip(place, path, strict=False))
        for place in places
    )


def _is_same(old: Plain, new: Plain) -> bool:
    return type(old) is type(new) and old == new  # 1 is not true

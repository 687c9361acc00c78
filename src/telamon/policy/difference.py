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
# Lists whose entries each permit something more.
PERMISSIONS: Final = frozenset({"waivers", "exclude", "allow"})


def diff(before: Policy, after: Policy) -> tuple[Change, ...]:
    """Return every effective value that differs, sorted by path."""
    old, new = dict(before.leaves()), dict(after.leaves())
    changes = [
        Change(
            path=path_text(path),
            before=old.get(path),
            after=new.get(path),
            direction=direction(path, old.get(path), new.get(path), is_new=path not in old),
            origin=after.origin(path),
        )
        for path in old.keys() | new.keys()
        if (path in old) != (path in new) or old[path] != new[path]
    ]
    return tuple(sorted(changes, key=lambda change: change.path))


def direction(path: Path, old: Plain, new: Plain, *, is_new: bool) -> Direction:
    """Return which way a change goes, as far as the value's place tells."""
    last = path[-1] if path else ""
    if PERMISSIONS & {part for part in path if isinstance(part, str)}:
        return Direction.LOOSENS if is_new else Direction.TIGHTENS if new is None else Direction.CHANGES
    for name, order in (("mode", MODES), ("fail_at", GATES)):
        if last == name and old in order and new in order:
            is_looser = order.index(str(new)) > order.index(str(old))
            return Direction.LOOSENS if is_looser else Direction.TIGHTENS
    return Direction.CHANGES

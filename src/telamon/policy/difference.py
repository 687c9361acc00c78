"""What changed between two policies, and whether it loosens or tightens."""

from __future__ import annotations

import types
import typing
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Meta, Struct, structs

from telamon.core.records import Mode, Severity
from telamon.kits.text import canonical_json
from telamon.policy.compiler import path_text
from telamon.policy.document import PolicyFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from telamon.policy.compiler import Policy
    from telamon.policy.nodes import Path, Plain

Identity: TypeAlias = tuple[bytes, int]


class Direction(StrEnum):
    """Which way a change goes.

    Only what a field declares is known; what nobody declared is `UNKNOWN`, and may loosen as well as anything else.
    """

    LOOSENS = "loosens"
    TIGHTENS = "tightens"
    NEITHER = "neither"
    UNKNOWN = "unknown"

    @property
    def may_loosen(self) -> bool:
        """Whether a change of this direction has to be looked at before it is let in."""
        return self in {Direction.LOOSENS, Direction.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that two policies have differently, or one entry of a list that only one of them has.

    Attributes:
        path: As it is shown, such as `controls.vulnerability-scanning.mode`; in the old policy for what is gone.
        before: The value, or `None` where there is none.
        after: Likewise.
        origin: Where the new value comes from; of an entry that is gone, where it stood.
    """

    path: str
    before: Plain
    after: Plain
    direction: Direction
    origin: str


# From tight to loose.
MODES: Final = tuple(str(mode) for mode in (Mode.ENFORCE, Mode.SHADOW, Mode.OFF))
GATES: Final = tuple(str(severity) for severity in Severity)
# A field says its own direction in `Meta(extra={"looser": ...})`: "higher" or "lower" of its values, "added" or
# "removed" of its entries and of all that is in them, "never" of what decides about nothing, such as a name for people,
# and "unknown" of what depends on more than the policy. What controls permit more, where they do not say so themselves:
ALLOW: Final = ("controls", "*", "allow")
LOOSER: Final = "looser"
# A permission's switches, such as `can_call`, permit more when they are on.
SWITCH: Final = "can_"
# The keys that make an entry of a list the same one in both policies, wherever it stands. Replacing what is allowed
# by something else is a permission more and one less, and never a mere change.
IDENTITIES: Final = (("name",), ("rule", "path"), ("digest",))
# What `check` without paths looks at, instead of everything below the policy's folder.
SYSTEM: Final = ("models", "datasets")
EMPTY: Final[tuple[Plain, ...]] = (None, [], {})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """What stands at the same place of two policies; `was` and `path` differ where an entry moved in a list."""

    old: Plain
    new: Plain
    was: Path
    path: Path


def diff(before: Policy, after: Policy) -> tuple[Change, ...]:
    """Return every effective value that differs, sorted by path; nothing and an empty list are the same.

    The first path under `models` or `datasets` may loosen: what was checked until then is the whole folder.
    """
    kinds = {name: type(settings) for name, settings in (*before.controls.items(), *after.controls.items())}
    is_narrowed = bool(after.paths) and not before.paths

    def is_first(pair: _Pair) -> bool:
        return is_narrowed and pair.path[0] in SYSTEM and pair.old is None

    changes = [
        Change(
            path=path_text(pair.path),
            before=pair.old,
            after=pair.new,
            direction=Direction.UNKNOWN if is_first(pair) else direction(pair.path, pair.old, pair.new, kinds),
            origin=before.origin(pair.was) if _is_gone(pair) else after.origin(pair.path),
        )
        for pair in _differing(_Pair(old=before.effective, new=after.effective, was=(), path=()))
    ]
    return tuple(sorted(changes, key=lambda change: change.path))


def direction(path: Path, old: Plain, new: Plain, controls: Mapping[str, type[Struct]]) -> Direction:
    """Return which way a change goes, as far as the value's place and its field tell; `None` is no value.

    Args:
        path: Where the value stands.
        old: The value there in the old policy.
        new: And in the new one.
        controls: The settings structs of controls.
    """
    for name, order in (("mode", MODES), ("fail_at", GATES)):
        if path[-1] == name and old in order and new in order:
            return _towards(is_looser=order.index(str(new)) > order.index(str(old)))
    is_allowance = len(path) >= len(ALLOW) and all(part in {"*", own} for part, own in zip(ALLOW, path, strict=False))
    if is_allowance and str(path[-1]).startswith(SWITCH) and isinstance(new, bool):
        return _towards(is_looser=new)
    declared = [*(["added"] if is_allowance else []), *_declared(path, controls)]
    own = declared[-1] if declared else "unknown"
    if own == "never" or (own in {"added", "removed"} and isinstance(old, list) and isinstance(new, list)):
        return Direction.NEITHER  # lists that differ in their order only, of entries that each count by themselves
    if (old is None) != (new is None) and own != "unknown":
        ways = [looser for looser in declared if looser in {"added", "removed"}]
        return _towards(is_looser=(old is None) == (ways[-1] == "added")) if ways else Direction.UNKNOWN
    way = _comparison(old, new) if own in {"higher", "lower"} else 0
    return _towards(is_looser=(way > 0) == (own == "higher")) if way else Direction.UNKNOWN


def _comparison(old: Plain, new: Plain) -> int:
    """Return 1 where the new value is the higher one, -1 where the old one is, and 0 where that is no question."""
    if isinstance(old, int | float) and isinstance(new, int | float):
        return (new > old) - (new < old)
    if isinstance(old, str) and isinstance(new, str):  # days, as RFC 3339 writes them
        return (new > old) - (new < old)
    return 0


def _declared(path: Path, controls: Mapping[str, type[Struct]]) -> Iterator[str]:
    """Yield what the fields on the way to a value declare; the value's own field last."""
    kind: object = PolicyFile
    parts = list(path)
    if len(parts) > 1 and parts[0] == "controls":
        kind = controls.get(str(parts[1]))
        parts = parts[2:]
    for part in parts:
        kind, own = _inside(kind, part)
        yield from own


def _inside(kind: object, part: str | int) -> tuple[object, list[str]]:
    """Return the type of what stands under a name or number in a value of that type, and what its field declares."""
    for arm in _arms(kind):
        if isinstance(arm, type) and issubclass(arm, Struct):
            own = next((field.type for field in structs.fields(arm) if field.encode_name == part), None)
            metas = [meta for meta in _annotations(own) if isinstance(meta, Meta)]
            return own, [meta.extra[LOOSER] for meta in metas if meta.extra and LOOSER in meta.extra]
        if arguments := typing.get_args(arm):
            return arguments[1 if typing.get_origin(arm) is dict else 0], []
    return None, []


def _arms(kind: object) -> tuple[object, ...]:
    while typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return tuple(arm for each in typing.get_args(kind) for arm in _arms(each) if arm is not type(None))
    return (kind,)


def _annotations(kind: object) -> tuple[object, ...]:
    return typing.get_args(kind)[1:] if typing.get_origin(kind) is typing.Annotated else ()


def _differing(pair: _Pair) -> Iterator[_Pair]:
    """Yield the values and entries below a pair that differ."""
    old, new = pair.old, pair.new
    if old in EMPTY and new in EMPTY:
        return
    if isinstance(old, dict | None) and isinstance(new, dict | None):
        before, after = old or {}, new or {}
        for key in before.keys() | after.keys():
            inner = _Pair(old=before.get(key), new=after.get(key), was=(*pair.was, key), path=(*pair.path, key))
            yield from _differing(inner)
    elif isinstance(old, list | None) and isinstance(new, list | None):
        yield from _differing_lists(old or [], new or [], pair)
    elif type(old) is not type(new) or old != new:  # 1 is not true
        yield pair


def _differing_lists(old: list[Plain], new: list[Plain], pair: _Pair) -> Iterator[_Pair]:
    before, after = _by_identity(old), _by_identity(new)
    for identity, index in before.items():
        if identity not in after:
            yield _Pair(old=old[index], new=None, was=(*pair.was, index), path=(*pair.path, index))
    for identity, index in after.items():
        was = before.get(identity)
        if was is None:
            yield _Pair(old=None, new=new[index], was=(*pair.was, index), path=(*pair.path, index))
        else:
            yield from _differing(_Pair(old=old[was], new=new[index], was=(*pair.was, was), path=(*pair.path, index)))
    if [one for one in before if one in after] != [one for one in after if one in before]:
        yield pair


def _by_identity(items: list[Plain]) -> dict[Identity, int]:
    """Return the index of each entry by what it is, and which of several alike it is."""
    seen: Counter[bytes] = Counter()
    found: dict[Identity, int] = {}
    for index, item in enumerate(items):
        identity = _identity(item)
        found[identity, seen[identity]] = index
        seen[identity] += 1
    return found


def _identity(item: Plain) -> bytes:
    if isinstance(item, dict):
        for names in IDENTITIES:
            if item.keys() >= set(names):
                return canonical_json.encode([item[name] for name in names])
    return canonical_json.encode(item)


def _is_gone(pair: _Pair) -> bool:
    return pair.new is None and isinstance(pair.path[-1], int)


def _towards(*, is_looser: bool) -> Direction:
    return Direction.LOOSENS if is_looser else Direction.TIGHTENS

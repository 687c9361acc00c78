"""What a policy puts in force that is looser than the defaults, or may be, for whoever reads a report made under it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from telamon.core.records import Mode
from telamon.policy.difference import Change, Direction, diff
from telamon.policy.document import PolicyFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telamon.core.settings import Settings
    from telamon.policy.compiler import Policy

# What decides about findings and about what is looked at; who may use a model, say, is nothing to a scan.
DECIDING: Final = ("waivers", "baseline", "exclude", "controls")
COUNTED: Final = (("waivers", "waiver"), ("exclude", "exclusion"), ("baseline", "baseline"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Loosening:
    """All that a policy loosens, or may loosen, against the defaults.

    Attributes:
        changes: From the defaults to the policy, sorted by path; of known and of unknown direction.
    """

    changes: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __str__(self) -> str:
        """One line: what is counted, the controls that are off or in shadow mode, and the settings of the others."""
        known = [change for change in self.changes if change.direction is Direction.LOOSENS]
        unknown = [change for change in self.changes if change.direction is Direction.UNKNOWN]
        parts = [*_counts(known), *_modes(known)]
        parts += [f"looser: {settings}"] if (settings := _settings(known)) else []
        parts += [f"perhaps looser: {settings}"] if (settings := _settings(unknown)) else []
        return "; ".join(parts)


def loosening(policy: Policy) -> Loosening:
    """Return what a policy loosens against the same controls with their defaults and no waiver, baseline or exclusion.

    The default exclusion, telamon's own state, is no loosening.
    """
    if policy.file is None:
        return Loosening()
    plain = replace(
        policy,
        document=PolicyFile(version=1),
        controls=MappingProxyType(dict(_defaults(policy))),
        marks=MappingProxyType({}),
    )
    changes = (change for change in diff(plain, policy) if change.direction.may_loosen)
    return Loosening(changes=tuple(change for change in changes if _head(change) in DECIDING))


def _defaults(policy: Policy) -> Iterator[tuple[str, Settings]]:
    """Yield the controls with their defaults; one of another package that has no defaults is compared with nothing."""
    for name, settings in policy.controls.items():
        try:
            yield name, type(settings)()
        except TypeError:  # msgspec's word for a field without a value
            continue


def _head(change: Change) -> str:
    return change.path.partition(".")[0].partition("[")[0]


def _counts(changes: Iterable[Change]) -> Iterator[str]:
    counts = Counter(map(_head, changes))
    for head, noun in COUNTED:
        if counts[head]:
            yield f"{counts[head]} {noun}{'' if counts[head] == 1 else 's'}"


def _modes(changes: Iterable[Change]) -> Iterator[str]:
    modes = {change.path.split(".")[1]: change.after for change in changes if _is_mode(change)}
    for mode, words in ((Mode.OFF, "off"), (Mode.SHADOW, "in shadow mode")):
        if names := [name for name, chosen in modes.items() if chosen == mode]:
            yield f"{words}: {', '.join(names)}"


def _settings(changes: Iterable[Change]) -> str:
    """Return the settings of controls that differ, each once, by `control.setting`."""
    paths = [change.path for change in changes if _head(change) == "controls" and not _is_mode(change)]
    return ", ".join(dict.fromkeys(".".join(path.split(".")[1:3]).partition("[")[0] for path in paths))


def _is_mode(change: Change) -> bool:
    """Whether a control that would decide by default does not."""
    return change.direction is Direction.LOOSENS and change.path.split(".")[0::2] == ["controls", "mode"]

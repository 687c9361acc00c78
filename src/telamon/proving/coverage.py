"""Coverage: which (mitigation, technique) pairs of the ATLAS release have a fresh, passed proof and are enforced."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from telamon.core.errors import MissingExtraError
from telamon.core.records import Mode
from telamon.proving.basis import basis_of
from telamon.proving.standing import Standing, standings

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from telamon.atlas import Mitigation, Release
    from telamon.catalog import Catalog
    from telamon.core.control import Control
    from telamon.ledger.log import Log
    from telamon.policy import Policy

SCOPE: Final = tuple(f"AML.M{number:04}" for number in range(26))  # what this version of telamon sets out to cover


class State(StrEnum):
    """How a mitigation stands; only pairs of the first two count as proved."""

    PROVED = "proved"
    PARTLY_PROVED = "partly proved"
    NOT_PROVED = "on, not proved"
    STALE = "stale"
    SHADOW_PROVED = "proved, but in shadow: stops nothing"
    SHADOW_PARTLY_PROVED = "partly proved, but in shadow: stops nothing"
    SHADOW = "in shadow, not proved"
    OFF = "off"
    NOTHING = "nothing to enforce yet"
    NOT_BUILT = "not built yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One mitigation.

    Attributes:
        control: The control's name; empty where there is none.
        proved: Techniques of its pairs that count: with a fresh, passed proof, and enforced.
        passed: Techniques of its pairs with a fresh, passed proof, whatever the mode.
        pairs: How many techniques ATLAS lists for it.
        notes: Why pairs do not count and what to do, one line each.
    """

    mitigation: str
    name: str
    control: str
    state: State
    proved: tuple[str, ...]
    passed: tuple[str, ...]
    pairs: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """A mitigation of the release that this version of telamon does not set out to cover."""

    mitigation: str
    name: str
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What is covered of a release.

    Attributes:
        release: Of ATLAS.
        rows: One for each mitigation in scope, in order.
        beyond: Those that are not in scope yet, in order.
    """

    release: str
    rows: tuple[Row, ...]
    beyond: tuple[Beyond, ...]

    @property
    def proved(self) -> int:
        """How many pairs count as proved."""
        return sum(len(row.proved) for row in self.rows)

    @property
    def pairs(self) -> int:
        """How many pairs the mitigations in scope have."""
        return sum(row.pairs for row in self.rows)

    @property
    def all_pairs(self) -> int:
        """How many pairs the release has."""
        return self.pairs + sum(each.pairs for each in self.beyond)


def coverage(catalog: Catalog, policy: Policy, release: Release, log: Log | None, *, now: dt.datetime) -> Coverage:
    """Return how the mitigations of a release stand.

    Args:
        catalog: The controls.
        policy: Whose settings proofs must have been made with, and whose modes decide what counts.
        release: Of ATLAS.
        log: The ledger with the proofs, if there is one.
        now: From which the age of proofs is taken.
    """
    every = catalog.every(policy)
    built = {listed.control.mitigation: listed.control for listed in every}
    bases = {listed.control.name: basis_of(policy.settings(listed.control.name), release) for listed in every}
    found = standings(log, bases, now=now)
    rows = [
        _row(mitigation, built.get(mitigation.id), policy, found)
        for mitigation in release.mitigations
        if mitigation.id in SCOPE
    ]
    beyond = [
        Beyond(mitigation=each.id, name=each.name, pairs=len(each.techniques))
        for each in release.mitigations
        if each.id not in SCOPE
    ]
    return Coverage(release=release.version, rows=tuple(rows), beyond=tuple(beyond))


def _row(mitigation: Mitigation, control: Control | None, policy: Policy, found: dict[str, Standing]) -> Row:
    mode = Mode.OFF if control is None else policy.mode(control.name)
    known = {each: found.get(f"{mitigation.id}/{each}", Standing()) for each in mitigation.techniques}
    passed = tuple(technique for technique, standing in known.items() if standing.is_passed)
    state = State.NOT_BUILT if control is None else _state(control, mode, len(mitigation.techniques), known.values())
    is_idle = state in {State.NOT_BUILT, State.NOTHING, State.OFF}
    return Row(
        mitigation=mitigation.id,
        name=mitigation.name,
        control="" if control is None else control.name,
        state=state,
        proved=passed if mode is Mode.ENFORCE and not is_idle else (),
        passed=passed,
        pairs=len(mitigation.techniques),
        notes=() if is_idle else tuple(_notes(mitigation.id, known)),
    )


def _state(control: Control, mode: Mode, pairs: int, known: Iterable[Standing]) -> State:
    if not _has_parts(control):
        return State.NOTHING
    if mode is Mode.OFF:
        return State.OFF
    each = tuple(known)
    passed = sum(standing.is_passed for standing in each)
    is_shadow = mode is Mode.SHADOW
    if passed:
        if passed == pairs:
            return State.SHADOW_PROVED if is_shadow else State.PROVED
        return State.SHADOW_PARTLY_PROVED if is_shadow else State.PARTLY_PROVED
    if any(standing.is_stale for standing in each):
        return State.STALE
    return State.SHADOW if is_shadow else State.NOT_PROVED


def _has_parts(control: Control) -> bool:
    """Whether the control can check or stop anything; one whose extra is missing could."""
    try:
        return control.guard() is not None or control.checker() is not None
    except MissingExtraError:
        return True


def _notes(mitigation: str, known: dict[str, Standing]) -> list[str]:
    """One line for each reason that some pairs do not count, with the pairs where it is not all of them."""
    techniques: dict[str, list[str]] = {}
    for technique, standing in known.items():
        if standing.reason:
            techniques.setdefault(standing.reason, []).append(technique)
    notes = []
    for reason, which in techniques.items():
        place = "" if len(which) == len(known) else f" ({', '.join(which)})"
        notes.append(f"{reason}{place}; run `telamon prove {mitigation}`")
    return notes

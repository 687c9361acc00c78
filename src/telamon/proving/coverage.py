"""Coverage: which (mitigation, technique) pairs of the ATLAS release have a fresh, passed proof in the ledger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from telamon.core.records import Mode, ProofVerdict
from telamon.ledger.entry import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telamon.atlas import Release
    from telamon.catalog import Catalog
    from telamon.ledger.log import Log
    from telamon.policy import Policy

FRESH_DAYS: Final = 30  # a month: libraries and attacks change, and a proof is of one day
CLASSIC: Final = 26  # AML.M0000 to AML.M0025


class State(StrEnum):
    """How a mitigation stands."""

    PROVED = "proved"
    PARTLY_PROVED = "partly proved"
    NOT_PROVED = "on, not proved"
    SHADOW = "in shadow, stops nothing"
    OFF = "off"
    NOT_BUILT = "not built yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One mitigation.

    Attributes:
        control: The control's name; empty where there is none.
        proved: Techniques of its pairs with a fresh, passed proof, where the control is in enforce mode.
        pairs: How many techniques ATLAS lists for it.
    """

    mitigation: str
    name: str
    control: str
    state: State
    proved: tuple[str, ...]
    pairs: int


def proved_pairs(log: Log | None, *, bases: Mapping[str, str], now: dt.datetime) -> frozenset[str]:
    """Return the pairs that are proved for the settings in force, as `AML.M…/AML.T…`.

    Of each experiment the newest fresh proof counts, and all experiments of a pair must have passed.

    Args:
        log: The ledger, `None` where there is none.
        bases: What proofs must hold for, by control: `Policy.basis`.
        now: For the age of proofs.
    """
    newest: dict[str, dict[str, bool]] = {}
    oldest = now - dt.timedelta(days=FRESH_DAYS)
    for recorded in log.entries() if log is not None else ():
        entry = recorded.entry
        if entry.kind is not EntryKind.PROOF or recorded.is_erased:
            continue
        details = recorded.details()
        if not isinstance(details, dict) or details.get("basis") != bases.get(entry.control):
            continue
        if dt.datetime.fromisoformat(entry.time) >= oldest:
            pair = f"{details.get('mitigation')}/{details.get('technique')}"
            newest.setdefault(pair, {})[f"{details.get('experiment')}"] = entry.outcome == ProofVerdict.PASSED
    return frozenset(pair for pair, passed in newest.items() if all(passed.values()))


def coverage(catalog: Catalog, policy: Policy, release: Release, proved: Iterable[str]) -> tuple[Row, ...]:
    """Return one row for each of the 26 classic mitigations, in order."""
    built = {listed.control.mitigation: listed.control.name for listed in catalog}
    fresh = set(proved)
    rows = []
    for mitigation in release.mitigations[:CLASSIC]:
        name = built.get(mitigation.id, "")
        is_enforced = bool(name) and policy.mode(name) is Mode.ENFORCE
        done = tuple(each for each in mitigation.techniques if is_enforced and f"{mitigation.id}/{each}" in fresh)
        rows.append(
            Row(
                mitigation=mitigation.id,
                name=mitigation.name,
                control=name,
                state=_state(name, policy, done, len(mitigation.techniques)),
                proved=done,
                pairs=len(mitigation.techniques),
            )
        )
    return tuple(rows)


def _state(control: str, policy: Policy, done: tuple[str, ...], pairs: int) -> State:
    if not control:
        return State.NOT_BUILT
    if policy.mode(control) is not Mode.ENFORCE:
        return State.OFF if policy.mode(control) is Mode.OFF else State.SHADOW
    if len(done) == pairs:
        return State.PROVED
    return State.PARTLY_PROVED if done else State.NOT_PROVED

"""How pairs stand by the proofs in the ledger: passed and fresh, or why not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.core.proofs import Basis
from telamon.core.records import ProofVerdict
from telamon.ledger.entry import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from telamon.ledger.log import Log

FRESH_DAYS: Final = 30  # a month: libraries and attacks change, and a proof is of one day


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one pair stands.

    Attributes:
        is_passed: Whether every experiment of it that was recorded has a fresh, passed proof.
        is_stale: Whether it has proofs that no longer count.
        reason: Why it does not count, in words; empty where it does, and where there is no proof at all.
    """

    is_passed: bool = False
    is_stale: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A proof in the ledger.

    Attributes:
        time: When it was recorded.
        basis: What it depends on; `None` where that was not recorded.
    """

    pair: str
    experiment: str
    control: str
    outcome: str
    time: dt.datetime
    basis: Basis | None


def standings(log: Log | None, bases: Mapping[str, Basis], *, now: dt.datetime) -> dict[str, Standing]:
    """Return how each pair stands that has a proof, as `AML.M…/AML.T…`.

    Of each experiment the newest proof with what is in force now decides; where there is none, the newest is stale.
    All experiments of a pair must have passed.

    Args:
        log: The ledger, if there is one.
        bases: What the controls' proofs must depend on, by the control's name.
        now: From which the age is taken.
    """
    newest: dict[str, dict[str, Recorded]] = {}
    for proof in _proofs(log):
        if proof.control in bases:
            held = newest.setdefault(proof.pair, {}).get(proof.experiment)
            if held is None or _is_current(proof, bases) or not _is_current(held, bases):
                newest[proof.pair][proof.experiment] = proof
    return {pair: _standing(list(proofs.values()), bases, now) for pair, proofs in newest.items()}


def _standing(proofs: list[Recorded], bases: Mapping[str, Basis], now: dt.datetime) -> Standing:
    stale = [reason for proof in proofs if (reason := _staleness(proof, bases[proof.control], now))]
    if stale:
        return Standing(is_stale=True, reason=f"stale: {stale[0]}")
    for proof in proofs:
        if proof.outcome != ProofVerdict.PASSED:
            return Standing(reason=f"the proof of {proof.time:%Y-%m-%d} was {proof.outcome}")
    return Standing(is_passed=True)


def _is_current(proof: Recorded, bases: Mapping[str, Basis]) -> bool:
    return proof.basis == bases[proof.control]


def _staleness(proof: Recorded, basis: Basis, now: dt.datetime) -> str:
    """Why the proof does not count any more, in words; empty where it does."""
    since = f"since {proof.time:%Y-%m-%d}"
    if proof.basis is None:
        return f"the proof of {proof.time:%Y-%m-%d} does not say what settings it was made with"
    if proof.basis.settings != basis.settings:
        return f"settings changed {since}"
    if proof.basis.telamon != basis.telamon:
        return f"telamon changed from {proof.basis.telamon} to {basis.telamon} {since}"
    if proof.basis.atlas != basis.atlas:
        return f"ATLAS changed from {proof.basis.atlas} to {basis.atlas} {since}"
    if proof.time < now - dt.timedelta(days=FRESH_DAYS):
        return f"the proof of {proof.time:%Y-%m-%d} is more than {FRESH_DAYS} days old"
    return ""


def _proofs(log: Log | None) -> Iterator[Recorded]:
    for recorded in log.entries() if log is not None else ():
        if recorded.entry.kind is not EntryKind.PROOF or recorded.is_erased:
            continue
        details = recorded.details()
        if isinstance(details, dict):
            yield Recorded(
                pair=f"{details.get('mitigation')}/{details.get('technique')}",
                experiment=f"{details.get('experiment')}",
                control=recorded.entry.control,
                outcome=recorded.entry.outcome,
                time=dt.datetime.fromisoformat(recorded.entry.time),
                basis=_basis(details.get("basis")),
            )


def _basis(value: object) -> Basis | None:
    if not isinstance(value, dict):
        return None
    return Basis(settings=f"{value.get('settings')}", telamon=f"{value.get('telamon')}", atlas=f"{value.get('atlas')}")

"""Coverage: which proofs count, for how long, with which settings, and in which mode."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from telamon import atlas
from telamon import catalog as catalogue
from telamon.catalog import Catalog, Listed
from telamon.core.control import Control
from telamon.core.errors import MissingExtraError
from telamon.core.records import Mode
from telamon.core.settings import Settings
from telamon.ledger.entry import EntryKind, Event
from telamon.ledger.log import open_log
from telamon.policy.compiler import Policy
from telamon.policy.document import PolicyFile
from telamon.proving.basis import basis_of
from telamon.proving.coverage import Coverage, Row, State, coverage
from telamon.proving.standing import FRESH_DAYS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telamon.core.proofs import Basis

NOW = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
NAME = "vulnerability-scanning"
TECHNIQUES = ("AML.T0011", "AML.T0011.000", "AML.T0011.001")
RUN = "run `telamon prove AML.M0016`"


# As if there were no other control.
CATALOG = Catalog(own=(catalogue.load().find(NAME),))


def settings(**fields: object) -> Settings:
    return CATALOG.find(NAME).control.settings()(**fields)


BASIS = basis_of(settings(), atlas.load())
OTHER = replace(BASIS, settings="sha256:" + "b" * 64)


def proof(
    days: int,
    outcome: str = "passed",
    basis: Basis | None = BASIS,
    *,
    experiment: str = "first",
    technique: str = TECHNIQUES[0],
    kind: EntryKind = EntryKind.PROOF,
    policy: str = "sha256:" + "a" * 64,
) -> Event:
    body = {"mitigation": "AML.M0016", "technique": technique, "experiment": experiment}
    return Event(
        kind=kind,
        control=NAME,
        mode=Mode.ENFORCE,
        outcome=outcome,
        policy=policy,
        actor="test",
        body=body | ({} if basis is None else {"basis": asdict(basis)}),
        time_ns=int((NOW - dt.timedelta(days=days)).timestamp()) * 10**9,
    )


def every(days: int = 0, basis: Basis | None = BASIS) -> list[Event]:
    return [proof(days, basis=basis, technique=technique) for technique in TECHNIQUES]


def covered_by(log: object, **fields: object) -> Coverage:
    policy = Policy(file=None, document=PolicyFile(version=1), controls={NAME: settings(**fields)})
    return coverage(CATALOG, policy, atlas.load(), log, now=NOW)


@pytest.fixture
def scanning(tmp_path: Path) -> Callable[..., Row]:
    """The row of AML.M0016 after these events, with these settings in the policy."""

    def call(*events: Event, **fields: object) -> Row:
        with open_log(tmp_path / "ledger.db") as log:
            for event in events:
                log.append([event])
        with open_log(tmp_path / "ledger.db") as log:
            covered = covered_by(log, **fields)
        return next(row for row in covered.rows if row.mitigation == "AML.M0016")

    return call


def test_fresh_passed_proof_counts(scanning: Callable) -> None:
    row = scanning(proof(0))
    assert (row.state, row.proved, row.notes) == (State.PARTLY_PROVED, ("AML.T0011",), ())


def test_all_pairs_passed_prove_the_mitigation(scanning: Callable) -> None:
    row = scanning(*every())
    assert (row.state, row.proved, row.pairs, row.notes) == (State.PROVED, TECHNIQUES, 3, ())


def test_proof_counts_on_its_last_day_and_not_after(scanning: Callable) -> None:
    assert scanning(proof(FRESH_DAYS)).proved == ("AML.T0011",)


def test_old_proof_is_stale(scanning: Callable) -> None:
    row = scanning(*every(FRESH_DAYS + 1))
    assert (row.state, row.proved) == (State.STALE, ())
    assert row.notes == (f"stale: the proof of 2026-05-30 is more than 30 days old; {RUN}",)


def test_edit_elsewhere_in_the_policy_makes_nothing_stale(scanning: Callable) -> None:
    assert scanning(proof(0, policy="sha256:" + "c" * 64)).proved == ("AML.T0011",)


def test_proof_with_other_settings_of_the_control_is_stale(scanning: Callable) -> None:
    row = scanning(*every(3), fail_at="critical")
    assert (row.state, row.proved, row.passed) == (State.STALE, (), ())
    assert row.notes == (f"stale: settings changed since 2026-06-27; {RUN}",)


@pytest.mark.parametrize(
    ("basis", "reason"),
    [
        (replace(BASIS, telamon="0.0.1"), f"telamon changed from 0.0.1 to {BASIS.telamon} since 2026-06-29"),
        (replace(BASIS, atlas="5.5"), f"ATLAS changed from 5.5 to {BASIS.atlas} since 2026-06-29"),
        (None, "the proof of 2026-06-29 does not say what settings it was made with"),
    ],
)
def test_proof_with_another_basis_is_stale(scanning: Callable, basis: Basis | None, reason: str) -> None:
    row = scanning(*every(1, basis))
    assert (row.state, row.notes) == (State.STALE, (f"stale: {reason}; {RUN}",))


def test_note_names_the_pairs_where_it_is_not_all(scanning: Callable) -> None:
    row = scanning(proof(0), proof(1, basis=OTHER, technique="AML.T0011.001"))
    assert row.state is State.PARTLY_PROVED
    assert row.notes == (f"stale: settings changed since 2026-06-29 (AML.T0011.001); {RUN}",)


@pytest.mark.parametrize("outcome", ["failed", "inconclusive"])
def test_newest_proof_decides(scanning: Callable, outcome: str) -> None:
    row = scanning(proof(2), proof(1, outcome))
    assert (row.state, row.proved) == (State.NOT_PROVED, ())
    assert row.notes == (f"the proof of 2026-06-29 was {outcome} (AML.T0011); {RUN}",)


def test_proof_that_passes_again_counts(scanning: Callable) -> None:
    assert scanning(proof(2, "failed"), proof(1)).proved == ("AML.T0011",)


def test_failure_with_other_settings_takes_nothing_away(scanning: Callable) -> None:
    assert scanning(proof(2), proof(1, "failed", OTHER)).proved == ("AML.T0011",)


def test_every_experiment_of_a_pair_must_have_passed(scanning: Callable) -> None:
    assert scanning(proof(2, "failed"), proof(1, experiment="second")).proved == ()
    assert scanning(proof(0)).proved == ("AML.T0011",)


def test_checks_are_no_proofs(scanning: Callable) -> None:
    assert scanning(proof(0, kind=EntryKind.CHECK)).state is State.NOT_PROVED


def test_control_in_shadow_counts_for_nothing(scanning: Callable) -> None:
    row = scanning(*every(), mode=Mode.SHADOW)
    assert (row.state, row.proved, row.passed) == (State.SHADOW_PROVED, (), TECHNIQUES)
    assert row.state == "proved, but in shadow: stops nothing"


def test_control_in_shadow_with_some_proofs_or_none(scanning: Callable) -> None:
    assert scanning(proof(0, kind=EntryKind.CHECK), mode=Mode.SHADOW).state is State.SHADOW
    row = scanning(proof(0), mode=Mode.SHADOW)
    assert (row.state, row.proved) == (State.SHADOW_PARTLY_PROVED, ())


def test_control_that_is_off_counts_for_nothing(scanning: Callable) -> None:
    row = scanning(*every(), mode=Mode.OFF)
    assert (row.state, row.proved, row.notes) == (State.OFF, (), ())


def test_turning_a_control_on_again_needs_no_new_proof(scanning: Callable) -> None:
    assert scanning(*every(), mode=Mode.SHADOW).proved == ()
    assert scanning(mode=Mode.ENFORCE).proved == TECHNIQUES


def test_without_a_ledger_nothing_is_proved() -> None:
    covered = covered_by(None)
    assert (covered.proved, {row.state for row in covered.rows}) == (0, {State.NOT_PROVED, State.NOT_BUILT})


def test_scope_is_the_26_mitigations_and_the_others_are_named() -> None:
    covered, release = covered_by(None), atlas.load()
    assert [row.mitigation for row in covered.rows] == [f"AML.M{number:04}" for number in range(26)]
    rest = [mitigation for mitigation in release.mitigations if mitigation.id > "AML.M0025"]
    assert [(each.mitigation, each.name) for each in covered.beyond] == [(each.id, each.name) for each in rest]
    assert (len(covered.beyond), covered.pairs, covered.all_pairs) == (9, 202, len(release.pairs))


class Stub(Control):
    name = "stub"
    mitigation = "AML.M0003"


class Unloadable(Stub):
    def guard(self) -> None:
        raise MissingExtraError("torch", needed_by="stub")


@pytest.mark.parametrize(("control", "state"), [(Stub(), State.NOTHING), (Unloadable(), State.NOT_PROVED)])
def test_control_without_parts_has_nothing_to_enforce(control: Control, state: State) -> None:
    catalog = Catalog(own=(Listed(control=control, wing="model", origin=__name__),))
    policy = Policy(file=None, document=PolicyFile(version=1), controls={"stub": Settings()})
    covered = coverage(catalog, policy, atlas.load(), None, now=NOW)
    assert next(row.state for row in covered.rows if row.mitigation == "AML.M0003") is state

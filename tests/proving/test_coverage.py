"""Coverage: which proofs count, for how long, and under which policy."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from telamon import atlas
from telamon import catalog as catalogue
from telamon.core.records import Mode
from telamon.ledger.entry import EntryKind, Event
from telamon.ledger.log import open_log
from telamon.policy.compiler import Policy
from telamon.policy.document import PolicyFile
from telamon.proving.coverage import FRESH_DAYS, State, coverage, proved_pairs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
POLICY = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
PAIR = "AML.M0016/AML.T0011"


@pytest.fixture
def pairs(tmp_path: Path) -> Callable[..., frozenset[str]]:
    """The pairs that are proved after events of so many days ago, each with outcome, policy and kind."""

    def call(
        *events: tuple[int, str, str] | tuple[int, str, str, str], kind: EntryKind = EntryKind.PROOF
    ) -> frozenset[str]:
        for days, outcome, policy, *named in events:
            experiment = named[0] if named else "first"
            event = Event(
                kind=kind,
                control="vulnerability-scanning",
                mode=Mode.ENFORCE,
                outcome=outcome,
                policy=policy,
                actor="test",
                body={
                    "mitigation": "AML.M0016",
                    "technique": "AML.T0011",
                    "experiment": experiment,
                    "basis": policy,
                },
                time_ns=int((NOW - dt.timedelta(days=days)).timestamp()) * 10**9,
            )
            with open_log(tmp_path / "ledger.db") as log:
                log.append([event])
        with open_log(tmp_path / "ledger.db") as log:
            return proved_pairs(log, bases={"vulnerability-scanning": POLICY}, now=NOW)

    return call


def test_fresh_passed_proof_counts(pairs: Callable) -> None:
    assert pairs((0, "passed", POLICY)) == {PAIR}


def test_proof_counts_on_its_last_day_and_not_after(pairs: Callable) -> None:
    assert pairs((FRESH_DAYS, "passed", POLICY)) == {PAIR}


def test_old_proof_does_not_count(pairs: Callable) -> None:
    assert pairs((FRESH_DAYS + 1, "passed", POLICY)) == frozenset()


def test_proof_for_other_settings_does_not_count(pairs: Callable) -> None:
    assert pairs((0, "passed", OTHER)) == frozenset()


@pytest.mark.parametrize("outcome", ["failed", "inconclusive"])
def test_newest_proof_decides(pairs: Callable, outcome: str) -> None:
    assert pairs((2, "passed", POLICY), (1, outcome, POLICY)) == frozenset()


def test_proof_that_passes_again_counts(pairs: Callable) -> None:
    assert pairs((2, "failed", POLICY), (1, "passed", POLICY)) == {PAIR}


def test_failure_for_other_settings_takes_nothing_away(pairs: Callable) -> None:
    assert pairs((2, "passed", POLICY), (1, "failed", OTHER)) == {PAIR}


def test_every_experiment_of_a_pair_must_have_passed(pairs: Callable) -> None:
    assert pairs((2, "failed", POLICY, "first"), (1, "passed", POLICY, "second")) == frozenset()


def test_all_experiments_of_a_pair_that_passed_prove_it(pairs: Callable) -> None:
    assert pairs((2, "passed", POLICY, "first"), (1, "passed", POLICY, "second")) == {PAIR}


def test_checks_are_no_proofs(pairs: Callable) -> None:
    assert pairs((0, "passed", POLICY), kind=EntryKind.CHECK) == frozenset()


def test_without_a_ledger_nothing_is_proved() -> None:
    assert proved_pairs(None, bases={}, now=NOW) == frozenset()


def states(mode: Mode, proved: set[str]) -> dict[str, State]:
    catalog = catalogue.load()
    kind = catalog.find("vulnerability-scanning").control.settings()
    policy = Policy(file=None, document=PolicyFile(version=1), controls={"vulnerability-scanning": kind(mode=mode)})
    return {row.mitigation: row.state for row in coverage(catalog, policy, atlas.load(), proved)}


def test_there_is_a_row_for_each_of_the_26_mitigations() -> None:
    rows = states(Mode.ENFORCE, set())
    assert list(rows) == [f"AML.M{number:04}" for number in range(26)]


def test_state_follows_mode_and_proofs() -> None:
    every = {f"AML.M0016/{one}" for one in atlas.load().mitigation("AML.M0016").techniques}
    assert states(Mode.ENFORCE, set())["AML.M0016"] is State.NOT_PROVED
    assert states(Mode.ENFORCE, {PAIR})["AML.M0016"] is State.PARTLY_PROVED
    assert states(Mode.ENFORCE, every)["AML.M0016"] is State.PROVED
    assert states(Mode.OFF, every)["AML.M0016"] is State.OFF
    assert states(Mode.ENFORCE, every)["AML.M0018"] is State.NOT_BUILT


def test_proofs_of_other_mitigations_do_not_count() -> None:
    assert states(Mode.ENFORCE, {"AML.M0003/AML.T0011"})["AML.M0016"] is State.NOT_PROVED


@pytest.mark.parametrize(("mode", "state"), [(Mode.SHADOW, State.SHADOW), (Mode.OFF, State.OFF)])
def test_a_control_that_stops_nothing_has_proved_nothing(mode: Mode, state: State) -> None:
    assert states(mode, {PAIR})["AML.M0016"] is state


def test_a_proof_holds_for_the_settings_of_its_control_and_no_longer() -> None:
    kind = catalogue.load().find("vulnerability-scanning").control.settings()
    bases = [
        Policy(file=None, document=document, controls={"vulnerability-scanning": settings}).basis(
            "vulnerability-scanning"
        )
        for document, settings in [
            (PolicyFile(version=1), kind()),
            (PolicyFile(version=1, system="another"), kind(mode=Mode.SHADOW)),
            (PolicyFile(version=1), kind(max_depth=1)),
        ]
    ]
    assert bases[0] == bases[1] != bases[2]

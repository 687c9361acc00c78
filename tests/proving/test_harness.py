"""The harness: what passes, what fails, what proves nothing, and that a proof can be red."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.core.control import Attacker, Trial
from telamon.core.records import ProofVerdict, Strength
from telamon.core.settings import Settings
from telamon.proving.harness import Arm, paired_drop, run, trials_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telamon.core.control import Experiment
    from telamon.core.proofs import Proof


@pytest.fixture
def prove(make_catalog: Callable) -> Callable[..., Proof]:
    def call(experiment: type[Experiment], *, seed: int = 1, **catalog: object) -> Proof:
        control = make_catalog(experiment, **catalog).own[0].control
        return run(control, experiment, settings=Settings(), seed=seed)

    return call


def test_attack_that_only_works_with_the_control_off_passes(prove: Callable, make_experiment: Callable) -> None:
    proof = prove(make_experiment())
    assert (proof.verdict, proof.off.value, proof.on.value) == (ProofVerdict.PASSED, 1.0, 0.0)
    assert (proof.off.trials, proof.on.trials, proof.benign_cost.trials) == (20, 20, 10)
    assert proof.drop.low >= proof.floor
    assert proof.strength is Strength.EMPIRICALLY_ROBUST
    assert (proof.pair, proof.control, proof.seed) == ("AML.M0016/AML.T0011", "made-up-control", 1)


def test_attack_that_does_not_work_proves_nothing(prove: Callable, make_experiment: Callable) -> None:
    proof = prove(make_experiment(lambda _trial: 0.0))
    assert (proof.verdict, proof.strength) == (ProofVerdict.INCONCLUSIVE, Strength.NO_EFFECT)
    assert proof.reason == "the attack works in only 0% of trials with the control off"


def test_attack_that_still_works_fails(prove: Callable, make_experiment: Callable) -> None:
    proof = prove(make_experiment(lambda _trial: 1.0))
    assert (proof.verdict, proof.strength) == (ProofVerdict.FAILED, Strength.NO_EFFECT)
    assert proof.on.value == 1.0


def test_control_without_a_guard_fails(prove: Callable, make_experiment: Callable) -> None:
    assert prove(make_experiment(), guard=None).verdict is ProofVerdict.FAILED


def test_drop_that_a_few_trials_cannot_show_fails(prove: Callable, make_experiment: Callable) -> None:
    proof = prove(make_experiment(trials=3))
    assert (proof.off.value, proof.on.value) == (1.0, 0.0)
    assert proof.verdict is ProofVerdict.FAILED


def test_honest_cost_above_the_ceiling_fails(prove: Callable, make_experiment: Callable) -> None:
    proof = prove(make_experiment(benign=lambda trial: trial.guard is None or trial.number > 0, benign_ceiling=0.05))
    assert (proof.verdict, proof.benign_cost.value) == (ProofVerdict.FAILED, 0.1)
    assert proof.reason == "honest users lose 10.0% of operations, above the ceiling of 5.0%"


def test_honest_cost_at_the_ceiling_passes(prove: Callable, make_experiment: Callable) -> None:
    proof = prove(make_experiment(benign=lambda trial: trial.guard is None or trial.number > 0, benign_ceiling=0.1))
    assert proof.verdict is ProofVerdict.PASSED


def test_what_never_worked_proves_nothing(prove: Callable, make_experiment: Callable) -> None:
    proof = prove(make_experiment(benign=lambda _trial: False))
    assert (proof.verdict, proof.benign_cost.value) == (ProofVerdict.INCONCLUSIVE, 0.0)
    assert proof.reason == "only 0% of honest operations work with the control off"


def test_adaptive_attacker_decides(prove: Callable, make_experiment: Callable, disguised_attack: Callable) -> None:
    proof = prove(make_experiment(disguised_attack, has_adaptive=True))
    assert (proof.on.value, proof.adaptive.value) == (0.0, 1.0)
    assert proof.verdict is ProofVerdict.FAILED
    assert proof.drop.high < proof.floor


def test_adaptive_attacker_who_does_no_better_changes_nothing(prove: Callable, make_experiment: Callable) -> None:
    proof = prove(make_experiment(has_adaptive=True))
    assert (proof.verdict, proof.adaptive.value) == (ProofVerdict.PASSED, 0.0)


def test_adaptive_attack_that_never_works_proves_nothing(
    prove: Callable, make_experiment: Callable, blocked_attack: Callable
) -> None:
    def attack(trial: Trial) -> float:
        return blocked_attack(trial) if trial.attacker is Attacker.NAIVE else 0.0

    assert prove(make_experiment(attack, has_adaptive=True)).verdict is ProofVerdict.INCONCLUSIVE


def test_metric_that_is_no_rate_gets_a_bootstrapped_interval(prove: Callable, make_experiment: Callable) -> None:
    def queries(trial: Trial) -> float:
        return random.Random(trial.seed).uniform(90, 110) if trial.guard is None else 10.0  # noqa: S311  # made up

    proof = prove(make_experiment(queries, metric="queries answered", floor=50.0))
    assert proof.verdict is ProofVerdict.PASSED
    assert 70 < proof.drop.low < proof.drop.high < 100
    assert proof.off.interval.low < proof.off.value < proof.off.interval.high
    assert (proof.on.interval.low, proof.on.interval.high) == (10.0, 10.0)


def test_one_seed_makes_the_same_trials_in_every_arm_and_run(prove: Callable, make_experiment: Callable) -> None:
    met: list[tuple[bool, int, int]] = []

    def attack(trial: Trial) -> float:
        met.append((trial.guard is not None, trial.number, trial.seed))
        return float(trial.guard is None)

    experiment = make_experiment(attack, trials=5, benign_trials=1)
    prove(experiment, seed=7)
    off = [(number, seed) for is_on, number, seed in met if not is_on]
    on = [(number, seed) for is_on, number, seed in met if is_on]
    assert off == on
    assert len({seed for _, seed in off}) == 5
    first = list(met)
    met.clear()
    prove(experiment, seed=7)
    assert met == first
    met.clear()
    prove(experiment, seed=8)
    assert met != first


def test_workspaces_are_private_empty_and_removed(prove: Callable, make_experiment: Callable) -> None:
    places: list[Path] = []

    def attack(trial: Trial) -> float:
        assert list(trial.workspace.iterdir()) == []
        assert trial.workspace.stat().st_mode & 0o777 == 0o700
        (trial.workspace / "canary").touch()
        places.append(trial.workspace)
        return float(trial.guard is None)

    prove(make_experiment(attack, trials=3))
    assert len(set(places)) == 6
    assert not any(place.exists() or place.parent.exists() for place in places)


def test_workspaces_are_removed_when_an_attack_raises(prove: Callable, make_experiment: Callable) -> None:
    places: list[Path] = []

    def attack(trial: Trial) -> float:
        places.append(trial.workspace)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        prove(make_experiment(attack))
    assert not places[0].parent.exists()


@pytest.mark.parametrize(("has_adaptive", "expected"), [(False, 60), (True, 100)])
def test_number_of_trials_is_told_before_and_kept(
    make_catalog: Callable, make_experiment: Callable, *, has_adaptive: bool, expected: int
) -> None:
    ended: list[None] = []
    experiment = make_experiment(has_adaptive=has_adaptive)
    control = make_catalog(experiment).own[0].control
    run(control, experiment, settings=Settings(), seed=1, on_trial=lambda: ended.append(None))
    assert trials_of(experiment) == len(ended) == expected


RATES = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(pairs=RATES)
def test_drop_of_rates_lies_in_its_interval(pairs: list[tuple[bool, bool]]) -> None:
    off = Arm(values=tuple(float(a) for a, _ in pairs))
    on = Arm(values=tuple(float(b) for _, b in pairs))
    interval = paired_drop(off, on)
    assert -1 <= interval.low <= off.measurement.value - on.measurement.value <= interval.high <= 1


@given(pairs=RATES)
def test_measurement_of_a_rate_lies_in_its_interval(pairs: list[tuple[bool, bool]]) -> None:
    measurement = Arm(values=tuple(float(a) for a, _ in pairs)).measurement
    assert 0 <= measurement.interval.low <= measurement.value <= measurement.interval.high <= 1

"""Variants of an attack: each is judged, none hides in the mean, and what did not run is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telamon.core.control import Attacker, Trial
from telamon.core.proofs import Skipped, Variant
from telamon.core.records import ProofVerdict
from telamon.core.settings import Settings
from telamon.proving.harness import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from telamon.core.control import Experiment
    from telamon.core.proofs import Proof

TARGETS = {"plain": "first (1.0)", "odd": "second (2.0)"}


@pytest.fixture
def prove(make_catalog: Callable, make_experiment: Callable) -> Callable[..., Proof]:
    """Proves an experiment with variants; its attack is told the trial."""

    def call(attack: Callable[[Trial], float], variants: Mapping[str, str] = TARGETS, **declared: object) -> Proof:
        declared = {"variants": lambda _self, _attacker: variants} | declared
        experiment: type[Experiment] = make_experiment(attack, **declared)
        return run(make_catalog(experiment).own[0].control, experiment, settings=Settings(), seed=1)

    return call


@pytest.fixture
def stopped(blocked_attack: Callable[[Trial], float]) -> Callable[[Trial], float]:
    return blocked_attack


def test_each_variant_has_its_own_numbers_and_denials(prove: Callable, stopped: Callable) -> None:
    proof = prove(stopped)
    plain = Variant(name="plain", target="first (1.0)", is_adaptive=False, trials=10, off=10.0, on=0.0, denied=10)
    assert proof.variants == (plain, replace(plain, name="odd", target="second (2.0)"))
    assert proof.verdict is ProofVerdict.PASSED


def test_variants_of_the_adaptive_attacker_stand_apart(prove: Callable, disguised_attack: Callable) -> None:
    proof = prove(disguised_attack, has_adaptive=True)
    assert [(each.name, each.is_adaptive, each.on, each.denied) for each in proof.variants] == [
        ("plain", False, 0.0, 10),
        ("odd", False, 0.0, 10),
        ("plain", True, 10.0, 0),
        ("odd", True, 10.0, 0),
    ]


def test_attack_made_in_one_way_is_one_variant(prove: Callable, stopped: Callable) -> None:
    (variant,) = prove(stopped, {}).variants
    assert (variant.name, variant.target, variant.trials, variant.denied) == ("made-up", "", 20, 20)


def test_variant_that_gets_past_the_control_fails_though_the_mean_is_above_the_floor(
    prove: Callable, stopped: Callable
) -> None:
    names = {f"v{number}": "one" for number in range(20)}

    def attack(trial: Trial) -> float:
        return 1.0 if trial.variant == "v7" else stopped(trial)

    proof = prove(attack, names, trials=40)
    assert proof.drop.low > proof.floor
    assert proof.verdict is ProofVerdict.FAILED
    assert proof.reason == "the control is passed by v7 on one (2 over 2 trials, 2 with the control off)"


def test_variant_that_never_works_with_the_control_off_leaves_the_proof_open(
    prove: Callable, stopped: Callable
) -> None:
    names = {f"v{number}": "one" for number in range(10)}
    proof = prove(lambda trial: 0.0 if trial.variant == "v3" else stopped(trial), names, trials=40)
    assert proof.drop.low > proof.floor
    assert proof.verdict is ProofVerdict.INCONCLUSIVE
    assert proof.reason == "with the control off the attack never works as v3 on one"


def test_variant_that_is_passed_goes_before_one_that_never_works(prove: Callable, stopped: Callable) -> None:
    fixed = {"v3": 0.0, "v4": 1.0}
    names = {f"v{number}": "one" for number in range(10)}
    assert prove(lambda trial: fixed.get(trial.variant, stopped(trial)), names).verdict is ProofVerdict.FAILED


def test_variant_that_works_once_in_many_trials_is_named(prove: Callable, stopped: Callable) -> None:
    proof = prove(lambda trial: 1.0 if trial.number == 0 else stopped(trial), trials=40)
    assert proof.verdict is ProofVerdict.PASSED
    assert proof.reason.endswith(
        "; the attack sometimes works as plain on first (1.0) (1 over 20 trials, 20 with the control off)"
    )


def test_value_of_another_metric_is_no_success(prove: Callable) -> None:
    proof = prove(lambda trial: 100.0 if trial.guard is None else 10.0 + trial.number % 2, floor=50.0)
    assert proof.verdict is ProofVerdict.PASSED
    assert proof.reason == "the drop is at least 89.30, the floor is 50.00"


def test_account_names_what_ran_and_what_did_not(prove: Callable, stopped: Callable) -> None:
    proof = prove(stopped, skipped=lambda _self: {"third": "third is not installed"})
    assert proof.skipped == (Skipped(name="third", reason="third is not installed"),)
    assert proof.attack == (
        "A made-up attack. Run with first (1.0) in 10 trials, second (2.0) in 10 trials of each arm. "
        "Not run: third (third is not installed)."
    )


def test_variant_that_no_trial_is_left_for_is_said_to_be_skipped(prove: Callable, stopped: Callable) -> None:
    proof = prove(stopped, {f"v{number}": "one" for number in range(21)}, trials=20)
    assert proof.skipped == (Skipped(name="v20", reason="20 trials are too few for it"),)


def test_honest_users_take_the_variants_of_the_naive_attacker_in_turn(prove: Callable, stopped: Callable) -> None:
    met: list[tuple[str, Attacker]] = []

    def benign(trial: Trial) -> bool:
        met.append((trial.variant, trial.attacker))
        return True

    prove(stopped, benign=benign, benign_trials=3)
    assert met == [("plain", Attacker.NAIVE), ("odd", Attacker.NAIVE), ("plain", Attacker.NAIVE)] * 2


def test_guard_of_a_trial_has_what_the_controls_own_has(prove: Callable, stopped: Callable) -> None:
    kinds = []

    def attack(trial: Trial) -> float:
        if trial.guard is not None:
            kinds.append(trial.guard.kinds)
        return stopped(trial)

    prove(attack)
    assert set(map(len, kinds)) == {1}

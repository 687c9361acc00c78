"""A control with a guard that can be anything, and experiments whose targets are plain functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pytest

from telamon.catalog import Catalog, Listed
from telamon.core.control import Attacker, Control, Experiment, Guard, Trial
from telamon.core.records import Decision, Effect
from telamon.core.subjects import Operation, OperationKind, Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable


class Wall(Guard):
    """Denies whatever is called `attack`."""

    kinds: ClassVar = frozenset({OperationKind.LOAD})

    def enforce(self, operation: Operation) -> Decision:
        effect = Effect.DENY if operation.subject.name == "attack" else Effect.PERMIT
        return Decision(effect=effect, reason="by name")


@dataclass(frozen=True, kw_only=True)
class Passes:
    """Lets an operation through unless the trial's guard stops it."""

    trial: Trial

    def __call__(self, name: str) -> bool:
        if self.trial.guard is None:
            return True
        subject = Subject(kind=SubjectKind.FILE, name=name, path=self.trial.workspace)
        return not self.trial.guard.enforce(Operation(kind=OperationKind.LOAD, subject=subject)).is_stopping


def honest(trial: Trial) -> bool:
    return Passes(trial=trial)("honest")


def blocked(trial: Trial) -> float:
    return float(Passes(trial=trial)("attack"))


def disguised_when_adaptive(trial: Trial) -> float:
    name = "attack" if trial.attacker is Attacker.NAIVE else "looks honest"
    return float(Passes(trial=trial)(name))


@pytest.fixture
def make_experiment() -> Callable[..., type[Experiment]]:
    """Makes an experiment from its two functions and its declarations."""

    def make(
        attack: Callable[[Trial], float] = blocked, benign: Callable[[Trial], bool] = honest, **declared: object
    ) -> type[Experiment]:
        body = {
            "name": "made-up",
            "technique": "AML.T0011",
            "description": "A made-up attack.",
            "floor": 0.5,
            "trials": 20,
            "benign_trials": 10,
            "attack": lambda _self, trial: attack(trial),
            "benign": lambda _self, trial: benign(trial),
        }
        return type("MadeUp", (Experiment,), body | declared)

    return make


@pytest.fixture
def make_catalog() -> Callable[..., Catalog]:
    """Makes a catalogue of one control, with a guard and experiments."""

    def make(*experiments: type[Experiment], guard: type[Guard] | None = Wall) -> Catalog:
        body = {
            "name": "made-up-control",
            "mitigation": "AML.M0016",
            "guard": lambda _self: guard,
            "experiments": lambda _self: experiments,
        }
        control = type("MadeUpControl", (Control,), body)()
        return Catalog(own=(Listed(control=control, wing="artifact", origin=__name__),))

    return make


@pytest.fixture
def blocked_attack() -> Callable[[Trial], float]:
    return blocked


@pytest.fixture
def disguised_attack() -> Callable[[Trial], float]:
    return disguised_when_adaptive

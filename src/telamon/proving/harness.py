"""The harness: paired arms with the same seeds, intervals, and a verdict that the control has no part in."""

from __future__ import annotations

import random
import shutil
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon import atlas
from telamon.core.control import Attacker, Experiment, Guard, Trial
from telamon.core.proofs import Interval, Measurement, Proof
from telamon.core.records import ProofVerdict, Strength
from telamon.kits import stats
from telamon.proving.basis import basis_of
from telamon.proving.variants import Tried, account, bypassing, idle, leaking, tally, untried
from telamon.proving.witness import Witness
from telamon.proving.workspaces import workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from telamon.core.control import Control
    from telamon.core.proofs import Basis, Variant
    from telamon.core.settings import Settings

LEVEL = 0.95
RESAMPLES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """The values of one metric over the trials of one arm, in the order of the trials.

    Attributes:
        denials: For each trial whether a guard stopped something in it; empty where nobody looked.
    """

    values: tuple[float, ...]
    denials: tuple[bool, ...] = ()

    @property
    def measurement(self) -> Measurement:
        """Mean and interval: Wilson's for rates, a bootstrap of the mean for other metrics."""
        mean = statistics.fmean(self.values)
        if self.is_rate:
            bounds = stats.wilson(int(sum(self.values)), len(self.values), level=LEVEL)
        else:
            bounds = _bootstrapped_mean(self.values)
        return Measurement(value=mean, interval=_interval(bounds), trials=len(self.values))

    @property
    def is_rate(self) -> bool:
        """Whether every value is 0 or 1."""
        return all(value in {0.0, 1.0} for value in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """The two arms of one attacker."""

    attacker: Attacker
    off: Arm
    on: Arm

    @property
    def gain(self) -> float:
        """How far the control brings the metric down."""
        return statistics.fmean(self.off.values) - statistics.fmean(self.on.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What an experiment runs with.

    Attributes:
        guard: The control, switched on.
        seed: All trials' seeds come from it.
        folder: Where the trials' workspaces are made and removed.
        basis: What the proof depends on.
        on_trial: Called after each trial, for progress.
    """

    guard: Guard[Settings] | None
    seed: int
    folder: Path
    basis: Basis
    on_trial: Callable[[], None]


def trials_of(experiment: type[Experiment]) -> int:
    """How many trials `run` makes of this experiment, over all arms."""
    attacks = experiment.trials * (4 if experiment.has_adaptive else 2)
    return attacks + 2 * experiment.benign_trials


def run(
    control: Control,
    kind: type[Experiment],
    *,
    settings: Settings,
    seed: int,
    on_trial: Callable[[], None] = lambda: None,
) -> Proof:
    """Run the experiment with the control off and on, and return the proof.

    Args:
        control: Whose guard stands in the on arms.
        kind: The experiment.
        settings: The control's settings, as the policy has them.
        seed: Two runs with one seed make the same attacks.
        on_trial: Called after each trial.
    """
    guard_type = control.guard()
    guard = None if guard_type is None else guard_type(settings)
    basis = basis_of(settings, atlas.load())
    with workspace() as folder:
        return _prove(control, kind(), Bench(guard=guard, seed=seed, folder=folder, basis=basis, on_trial=on_trial))


def _prove(control: Control, experiment: Experiment, bench: Bench) -> Proof:
    attackers = tuple(Attacker) if experiment.has_adaptive else (Attacker.NAIVE,)
    duels = [_duel(experiment, bench, attacker) for attacker in attackers]
    # The verdict is that of the attacker against whom the control does worse; of equals, the one who knows it.
    strongest = min(reversed(duels), key=lambda duel: duel.gain)
    variants = tuple(variant for duel in duels for variant in _variants(experiment, duel))
    skipped = untried(experiment, attackers)
    cost, served, latency_ms = _benign(experiment, bench)
    drop = paired_drop(strongest.off, strongest.on)
    verdict, reason = judge(experiment, strongest.off.measurement, drop, cost, variants)
    if served < 1 - experiment.benign_ceiling:  # what does not work without the control cannot be lost by it
        verdict = ProofVerdict.INCONCLUSIVE
        reason = f"only {served:.0%} of honest operations work with the control off"
    if all(duel.on.is_rate for duel in duels):  # other metrics, such as queries answered, are rarely nought
        reason += leaking(variants, experiment.floor, before="; the attack sometimes works as ")
    return Proof(
        control=control.name,
        experiment=experiment.name,
        mitigation=control.mitigation,
        technique=experiment.technique,
        attack=account(experiment, variants, skipped),
        metric=experiment.metric,
        off=duels[0].off.measurement,
        on=duels[0].on.measurement,
        adaptive=duels[1].on.measurement if len(duels) > 1 else None,
        drop=drop,
        floor=experiment.floor,
        benign_cost=cost,
        benign_ceiling=experiment.benign_ceiling,
        latency_ms=latency_ms,
        seed=bench.seed,
        strength=experiment.strength if verdict is ProofVerdict.PASSED else Strength.NO_EFFECT,
        verdict=verdict,
        reason=reason,
        variants=variants,
        skipped=skipped,
        basis=bench.basis,
    )


def paired_drop(off: Arm, on: Arm) -> Interval:
    """The interval of the mean drop, off minus on, paired by trial.

    Newcombe's method 10 for rates (Statistics in Medicine 17, 1998, 2635-2650); a bootstrap of the mean of the
    differences for other metrics.
    """
    if off.is_rate and on.is_rate:
        pairs = list(zip(off.values, on.values, strict=True))
        bounds = stats.newcombe_paired(
            both=sum(a == 1 and b == 1 for a, b in pairs),
            only_first=sum(a == 1 and b == 0 for a, b in pairs),
            only_second=sum(a == 0 and b == 1 for a, b in pairs),
            neither=sum(a == 0 and b == 0 for a, b in pairs),
            level=LEVEL,
        )
        return _interval(bounds)
    differences = [a - b for a, b in zip(off.values, on.values, strict=True)]
    return _interval(_bootstrapped_mean(differences))


def judge(
    experiment: Experiment, off: Measurement, drop: Interval, cost: Measurement, variants: Sequence[Variant] = ()
) -> tuple[ProofVerdict, str]:
    """Return the verdict and its reason in one line.

    Args:
        experiment: Which declares the floor and the ceiling.
        off: The attack with the control off; below the floor there is nothing to prove.
        drop: Interval of the drop; its lower bound is compared.
        cost: Share of honest operations lost.
        variants: The ways in which the attack was made; a mean over them must not hide one that gets past the control,
            or one that never worked.
    """
    if off.value < experiment.floor:
        reason = f"the attack works in only {off.value:.0%} of trials with the control off"
        return ProofVerdict.INCONCLUSIVE, reason + idle(variants, before=": it never works as ")
    fallen = _shortfall(experiment, drop, cost)
    if bypass := bypassing(variants, experiment.floor):
        return ProofVerdict.FAILED, "; ".join(each for each in (f"the control is passed by {bypass}", fallen) if each)
    if fallen:
        return ProofVerdict.FAILED, fallen
    if never := idle(variants, before="with the control off the attack never works as "):
        return ProofVerdict.INCONCLUSIVE, never
    return ProofVerdict.PASSED, f"the drop is at least {drop.low:.2f}, the floor is {experiment.floor:.2f}"


def _shortfall(experiment: Experiment, drop: Interval, cost: Measurement) -> str:
    """What keeps the proof from passing over all trials; empty where nothing does."""
    if drop.low < experiment.floor:
        return f"the drop is at least {drop.low:.2f}, below the floor of {experiment.floor:.2f}"
    if cost.value > experiment.benign_ceiling:
        return f"honest users lose {cost.value:.1%} of operations, above the ceiling of {experiment.benign_ceiling:.1%}"
    return ""


def _interval(bounds: stats.Bounds) -> Interval:
    return Interval(low=bounds.low, high=bounds.high, level=LEVEL)


def _bootstrapped_mean(values: Sequence[float]) -> stats.Bounds:
    generator = random.Random(RESAMPLES)  # noqa: S311  # the same resamples in every run
    return stats.bootstrap(values, statistics.fmean, generator=generator, resamples=RESAMPLES, level=LEVEL)


def _duel(experiment: Experiment, bench: Bench, attacker: Attacker) -> Duel:
    off, on = (_attacks(experiment, bench, attacker, is_on=is_on) for is_on in (False, True))
    return Duel(attacker=attacker, off=off, on=on)


def _attacks(experiment: Experiment, bench: Bench, attacker: Attacker, *, is_on: bool) -> Arm:
    values, denials = [], []
    for trial in _trials(experiment, bench, attacker, is_on=is_on, purpose="attack"):
        values.append(float(experiment.attack(trial)))
        denials.append(isinstance(trial.guard, Witness) and trial.guard.has_denied)
        _end(trial, bench)
    return Arm(values=tuple(values), denials=tuple(denials))


def _variants(experiment: Experiment, duel: Duel) -> tuple[Variant, ...]:
    trials = [
        Tried(off=off, on=on, is_denied=is_denied)
        for off, on, is_denied in zip(duel.off.values, duel.on.values, duel.on.denials, strict=True)
    ]
    return tally(experiment, duel.attacker, trials)


def _benign(experiment: Experiment, bench: Bench) -> tuple[Measurement, float, float]:
    """Return the shares of honest operations lost and working without the control, and the milliseconds added."""
    served: dict[bool, list[bool]] = {False: [], True: []}
    spent: dict[bool, list[float]] = {False: [], True: []}
    for is_on in (False, True):
        for trial in _trials(experiment, bench, Attacker.NAIVE, is_on=is_on, purpose="benign"):
            start = time.process_time()
            served[is_on].append(experiment.benign(trial))
            spent[is_on].append(time.process_time() - start)
            _end(trial, bench)
    lost = Arm(values=tuple(float(a and not b) for a, b in zip(served[False], served[True], strict=True)))
    added = statistics.median(b - a for a, b in zip(spent[False], spent[True], strict=True))
    return lost.measurement, statistics.fmean(served[False]), max(0.0, added * 1000)


def _trials(experiment: Experiment, bench: Bench, attacker: Attacker, *, is_on: bool, purpose: str) -> Iterator[Trial]:
    """Yield the trials of one arm, each with a workspace and, where the control is on, a witness of its own."""
    generator = random.Random(f"{bench.seed}/{purpose}/{attacker}")  # noqa: S311  # reproducible, not secret
    count = experiment.trials if purpose == "attack" else experiment.benign_trials
    names = tuple(experiment.variants(attacker)) or ("",)
    for number in range(count):
        yield Trial(
            number=number,
            seed=generator.getrandbits(32),
            workspace=_workspace(bench.folder, f"{purpose}-{attacker}-{'on' if is_on else 'off'}-{number}"),
            guard=None if bench.guard is None or not is_on else Witness(bench.guard),
            attacker=attacker,
            variant=names[number % len(names)],
        )


def _workspace(folder: Path, name: str) -> Path:
    workspace = folder / name
    workspace.mkdir(mode=0o700)
    return workspace


def _end(trial: Trial, bench: Bench) -> None:
    shutil.rmtree(trial.workspace, ignore_errors=True)
    bench.on_trial()

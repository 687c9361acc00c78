"""The harness: paired arms with the same seeds, intervals, and a verdict that the control has no part in."""

from __future__ import annotations

import random
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from telamon.core.control import Attacker, Experiment, Guard, Trial
from telamon.core.records import Interval, Measurement, Proof, ProofVerdict, Strength
from telamon.kits import stats

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telamon.core.control import Control
    from telamon.core.settings import Settings

LEVEL = 0.95
RESAMPLES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """The values of one metric over the trials of one arm, in the order of the trials."""

    values: tuple[float, ...]

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
class Bench:
    """What an experiment runs with.

    Attributes:
        guard: The control, switched on.
        seed: All trials' seeds come from it.
        folder: Where the trials' workspaces are made and removed.
        on_trial: Called after each trial, for progress.
    """

    guard: Guard[Settings] | None
    seed: int
    folder: Path
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
    folder = Path(tempfile.mkdtemp(prefix="telamon-proof-"))
    try:
        bench = Bench(guard=guard, seed=seed, folder=folder, on_trial=on_trial)
        return _prove(control, kind(), bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prove(control: Control, experiment: Experiment, bench: Bench) -> Proof:
    off = _attacks(experiment, bench, Attacker.NAIVE, is_on=False)
    on = _attacks(experiment, bench, Attacker.NAIVE, is_on=True)
    strongest_off, strongest_on, adaptive = off, on, None
    if experiment.has_adaptive:
        adaptive_off = _attacks(experiment, bench, Attacker.ADAPTIVE, is_on=False)
        adaptive = _attacks(experiment, bench, Attacker.ADAPTIVE, is_on=True)
        # The verdict is that of the attacker against whom the control does worse.
        if _gain(adaptive_off, adaptive) <= _gain(off, on):
            strongest_off, strongest_on = adaptive_off, adaptive
    cost, served, latency_ms = _benign(experiment, bench)
    drop = paired_drop(strongest_off, strongest_on)
    verdict, reason = judge(experiment, strongest_off.measurement, drop, cost, served)
    return Proof(
        control=control.name,
        experiment=experiment.name,
        mitigation=control.mitigation,
        technique=experiment.technique,
        attack=experiment.description,
        metric=experiment.metric,
        off=off.measurement,
        on=on.measurement,
        adaptive=None if adaptive is None else adaptive.measurement,
        drop=drop,
        floor=experiment.floor,
        benign_cost=cost,
        benign_ceiling=experiment.benign_ceiling,
        latency_ms=latency_ms,
        seed=bench.seed,
        strength=experiment.strength if verdict is ProofVerdict.PASSED else Strength.NO_EFFECT,
        verdict=verdict,
        reason=reason,
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
    experiment: Experiment, off: Measurement, drop: Interval, cost: Measurement, served: float
) -> tuple[ProofVerdict, str]:
    """Return the verdict and its reason in one line.

    Args:
        experiment: Which declares the floor and the ceiling.
        off: The attack with the control off; below the floor there is nothing to prove.
        drop: Interval of the drop; its lower bound is compared.
        cost: Share of honest operations lost.
        served: Share of honest operations that work with the control off; where they do not, nobody could lose any.
    """
    if served < 1 - experiment.benign_ceiling:
        return ProofVerdict.INCONCLUSIVE, f"only {served:.0%} of honest operations work with the control off"
    if off.value < experiment.floor:
        return ProofVerdict.INCONCLUSIVE, f"the attack works in only {off.value:.0%} of trials with the control off"
    if drop.low < experiment.floor:
        return ProofVerdict.FAILED, f"the drop is at least {drop.low:.2f}, below the floor of {experiment.floor:.2f}"
    if cost.value > experiment.benign_ceiling:
        return (
            ProofVerdict.FAILED,
            f"honest users lose {cost.value:.1%} of operations, above the ceiling of {experiment.benign_ceiling:.1%}",
        )
    reason = f"the drop is at least {drop.low:.2f}, the floor is {experiment.floor:.2f}"
    excluded = f"{cost.trials} honest operations exclude only a loss above {cost.interval.high:.0%}"
    return ProofVerdict.PASSED, f"{reason}; {excluded}"


def _interval(bounds: stats.Bounds) -> Interval:
    return Interval(low=bounds.low, high=bounds.high, level=LEVEL)


def _bootstrapped_mean(values: Sequence[float]) -> stats.Bounds:
    generator = random.Random(RESAMPLES)  # noqa: S311  # the same resamples in every run
    return stats.bootstrap(values, statistics.fmean, generator=generator, resamples=RESAMPLES, level=LEVEL)


def _gain(off: Arm, on: Arm) -> float:
    return statistics.fmean(off.values) - statistics.fmean(on.values)


def _attacks(experiment: Experiment, bench: Bench, attacker: Attacker, *, is_on: bool) -> Arm:
    values = []
    for trial in _trials(bench, experiment.trials, attacker, is_on=is_on, purpose="attack"):
        values.append(float(experiment.attack(trial)))
        _end(trial, bench)
    return Arm(values=tuple(values))


def _benign(experiment: Experiment, bench: Bench) -> tuple[Measurement, float, float]:
    """Return the shares of honest operations lost and working without the control, and the milliseconds added."""
    served: dict[bool, list[bool]] = {False: [], True: []}
    spent: dict[bool, list[float]] = {False: [], True: []}
    for is_on in (False, True):
        for trial in _trials(bench, experiment.benign_trials, Attacker.NAIVE, is_on=is_on, purpose="benign"):
            start = time.process_time()
            served[is_on].append(experiment.benign(trial))
            spent[is_on].append(time.process_time() - start)
            _end(trial, bench)
    lost = Arm(values=tuple(float(a and not b) for a, b in zip(served[False], served[True], strict=True)))
    added = statistics.median(b - a for a, b in zip(spent[False], spent[True], strict=True))
    return lost.measurement, statistics.fmean(served[False]), max(0.0, added * 1000)


def _trials(bench: Bench, count: int, attacker: Attacker, *, is_on: bool, purpose: str) -> Sequence[Trial]:
    generator = random.Random(f"{bench.seed}/{purpose}/{attacker}")  # noqa: S311  # reproducible, not secret
    seeds = [generator.getrandbits(32) for _ in range(count)]
    return [
        Trial(
            number=number,
            seed=seed,
            workspace=_workspace(bench.folder, f"{purpose}-{attacker}-{'on' if is_on else 'off'}-{number}"),
            guard=bench.guard if is_on else None,
            attacker=attacker,
        )
        for number, seed in enumerate(seeds)
    ]


def _workspace(folder: Path, name: str) -> Path:
    workspace = folder / name
    workspace.mkdir(mode=0o700)
    return workspace


def _end(trial: Trial, bench: Bench) -> None:
    shutil.rmtree(trial.workspace, ignore_errors=True)
    bench.on_trial()

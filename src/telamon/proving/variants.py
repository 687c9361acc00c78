"""The ways in which an attack was made: their own numbers, and words for those that a mean would hide."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from telamon.core.control import Attacker
from telamon.core.proofs import Skipped, Variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from telamon.core.control import Experiment


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One trial in both arms: the metric, and whether the guard stopped something."""

    off: float
    on: float
    is_denied: bool


def tally(experiment: Experiment, attacker: Attacker, trials: Sequence[Tried]) -> tuple[Variant, ...]:
    """Return the attacker's variants that had a trial; an attack that is made in one way only is one variant."""
    named = experiment.variants(attacker) or {experiment.name: ""}
    shares = [(name, target, trials[at :: len(named)]) for at, (name, target) in enumerate(named.items())]
    return tuple(
        Variant(
            name=name,
            target=target,
            is_adaptive=attacker is Attacker.ADAPTIVE,
            trials=len(share),
            off=sum(each.off for each in share),
            on=sum(each.on for each in share),
            denied=sum(each.is_denied for each in share),
        )
        for name, target, share in shares
        if share
    )


def untried(experiment: Experiment, attackers: Iterable[Attacker]) -> tuple[Skipped, ...]:
    """Return what the proof says nothing about: what cannot run here, and variants that no trial was left for."""
    skipped = [Skipped(name=name, reason=reason) for name, reason in experiment.skipped().items()]
    reason = f"{experiment.trials} trials are too few for it"
    for attacker in attackers:
        rest = islice(experiment.variants(attacker), experiment.trials, None)
        skipped += [Skipped(name=name, reason=reason) for name in rest]
    return tuple(skipped)


def account(experiment: Experiment, variants: Sequence[Variant], skipped: Sequence[Skipped]) -> str:
    """Return the experiment's description with the targets that were attacked and what was not run."""
    targets: dict[str, int] = {}
    for variant in variants:
        targets[variant.target] = targets.get(variant.target, 0) + variant.trials
    text = experiment.description
    if ran := ", ".join(f"{target} in {trials} trials" for target, trials in targets.items() if target):
        text += f" Run with {ran} of each arm."
    if not_run := "; ".join(f"{each.name} ({each.reason})" for each in skipped):
        text += f" Not run: {not_run}."
    return text


def idle(variants: Sequence[Variant], *, before: str) -> str:
    """Name the variants that never worked with the control off; empty where all did, or none."""
    if all(each.off <= 0 for each in variants):
        return ""
    return _named((_shown(each) for each in variants if each.off <= 0), before)


def bypassing(variants: Sequence[Variant], floor: float) -> str:
    """Name the variants that get past the control and that it does not bring down by the floor.

    Of so few trials as one variant has, the mean is compared; the interval is that of all trials together.
    """
    return _named((_worked(each) for each in variants if each.on > 0 and not _is_held(each, floor)), "")


def leaking(variants: Sequence[Variant], floor: float, *, before: str) -> str:
    """Name the variants that sometimes worked with the control on, though it brings them down by the floor."""
    return _named((_worked(each) for each in variants if each.on > 0 and _is_held(each, floor)), before)


def _is_held(variant: Variant, floor: float) -> bool:
    return variant.off - variant.on >= floor * variant.trials


def _shown(variant: Variant) -> str:
    return f"{variant.name} on {variant.target}" if variant.target else variant.name


def _worked(variant: Variant) -> str:
    return f"{_shown(variant)} ({variant.on:g} over {variant.trials} trials, {variant.off:g} with the control off)"


def _named(names: Iterable[str], before: str) -> str:
    listed = ", ".join(names)
    return f"{before}{listed}" if listed else ""

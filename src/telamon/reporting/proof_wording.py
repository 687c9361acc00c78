"""How proofs are worded in the formats that people read: off and on, with intervals, for each way of the attack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.core.proofs import Interval, Measurement, Proof, Variant

PROOF_HEADINGS: Final = ("pair", "off", "on", "adaptive", "drop", "floor", "benign cost", "verdict", "attack")
VARIANT_HEADINGS: Final = ("variant", "target", "attacker", "off", "on", "denied")


def proof_cells(proof: Proof) -> tuple[str, ...]:
    """One row of the table of proofs, under `PROOF_HEADINGS`, printable."""
    cost = f"{_number(proof.benign_cost.value)} (at most {_number(proof.benign_ceiling)})"
    return (
        printable(proof.pair),
        _mean(proof.off),
        _mean(proof.on),
        "-" if proof.adaptive is None else _mean(proof.adaptive),
        _interval(proof.drop),
        _number(proof.floor),
        cost,
        proof.verdict.value,
        printable(proof.attack),
    )


def proof_facts(proof: Proof) -> dict[str, str]:
    """What the table leaves out, by name."""
    facts = {
        "experiment": f"{proof.experiment} of {proof.control}, seed {proof.seed}",
        "measured": f"{proof.metric} over {proof.off.trials} trials, intervals at {_number(100 * proof.drop.level)} %",
        "honest users": f"{_mean(proof.benign_cost)} of {proof.benign_cost.trials} operations fail; "
        f"{_number(proof.latency_ms)} ms CPU are added to each",
        "strength": proof.strength.value,
    }
    if proof.basis is not None:
        facts["holds for"] = (
            f"telamon {proof.basis.telamon}, ATLAS {proof.basis.atlas}, settings {proof.basis.settings}"
        )
    return facts


def variant_rows(proof: Proof, *, is_grouped: bool = False) -> Iterator[tuple[str, ...]]:
    """Yield a row for each way of the attack, or for all against one target, under `VARIANT_HEADINGS`; printable.

    Args:
        proof: Whose.
        is_grouped: Whether the variants of one attacker against one target are counted together.
    """
    groups: dict[tuple[object, ...], list[Variant]] = {}
    for index, variant in enumerate(proof.variants):
        groups.setdefault((variant.target, variant.is_adaptive) if is_grouped else (index,), []).append(variant)
    for group in groups.values():
        trials = sum(each.trials for each in group)
        yield (
            printable(group[0].name) if len(group) == 1 else f"{len(group)} variants",
            printable(group[0].target) or "-",
            "adaptive" if group[0].is_adaptive else "naive",
            _share(sum(each.off for each in group), trials, proof),
            _share(sum(each.on for each in group), trials, proof),
            f"{sum(each.denied for each in group)}/{trials}",
        )


def _share(total: float, trials: int, proof: Proof) -> str:
    """Return successes of trials with Wilson's interval, or the mean of what is no rate; its spread is not kept."""
    if "rate" not in proof.metric.split() or not float(total).is_integer() or not 0 <= total <= trials or not trials:
        return f"mean {_number(total / trials)}" if trials else "-"
    from telamon.kits.stats.proportions import wilson  # noqa: PLC0415  # no other report needs statistics

    low, high = wilson(int(total), trials, level=proof.drop.level)
    return f"{total:.0f}/{trials} ({_number(low)}..{_number(high)})"


def _mean(measurement: Measurement) -> str:
    return f"{_number(measurement.value)} ({_interval(measurement.interval)})"


def _interval(interval: Interval) -> str:
    return f"{_number(interval.low)}..{_number(interval.high)}"


def _number(value: float) -> str:
    return f"{value:.3g}"

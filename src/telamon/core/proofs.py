"""Records of experiments: what an attack did with a control off and on, and what that proves.

They stand apart from `records`, which every command imports: making a dataclass costs a third of a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telamon.core.records import ProofVerdict, Strength


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A two-sided confidence interval.

    Attributes:
        level: Coverage, such as 0.95.
    """

    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A mean over trials in one arm, with its interval.

    Attributes:
        value: The mean, in the metric's unit (a rate lies in 0..1).
        trials: How many trials it was taken over.
    """

    value: float
    interval: Interval
    trials: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way in which an attack was made, and what came of it in each arm.

    Attributes:
        name: Kebab-case, unique within the experiment.
        target: What was attacked and in which version, such as `joblib.load (1.5.2)`; empty where there is one only.
        is_adaptive: Whether it is the attacker's who knows the defence.
        trials: In each arm.
        off: Sum of the metric with the control off; of a rate, the trials in which the attack worked.
        on: The same with the control on.
        denied: Trials with the control on in which its guard stopped something.
    """

    name: str
    target: str
    is_adaptive: bool
    trials: int
    off: float
    on: float
    denied: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A way or a target of an attack that could not be run, so that the proof says nothing about it."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a proof depends on: where one of these changes, it is stale.

    Attributes:
        settings: `sha256:...` over the control's own settings, without its mode.
        telamon: The version of telamon.
        atlas: The release of ATLAS.
    """

    settings: str
    telamon: str
    atlas: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The result of one experiment: the attack with the control off and on, and what honest users pay.

    Attributes:
        attack: What was done, in words: against which targets, and which could not be run.
        metric: What is measured; lower is better for the defender.
        off: With the control off.
        on: With the control on, against the strongest attacker that was run.
        adaptive: With the control on, against an attacker who knows the defence; `None` where none was run.
        drop: Interval of `off - on`, paired by seed.
        floor: The least drop that passes, declared by the experiment.
        benign_cost: Share of honest operations that fail because the control is on.
        benign_ceiling: The highest benign cost that passes.
        latency_ms: Median CPU milliseconds that the control adds to an honest operation.
        verdict: Whether the drop's lower bound is at or above the floor, at or below the benign ceiling.
        reason: Why, in one line.
        variants: The ways in which the attack was made, each with its own numbers.
        skipped: What could not be run, and is not proved.
        basis: What it depends on; `None` where that was not recorded.
    """

    control: str
    experiment: str
    mitigation: str
    technique: str
    attack: str
    metric: str
    off: Measurement
    on: Measurement
    adaptive: Measurement | None
    drop: Interval
    floor: float
    benign_cost: Measurement
    benign_ceiling: float
    latency_ms: float
    seed: int
    strength: Strength
    verdict: ProofVerdict
    reason: str
    variants: tuple[Variant, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    basis: Basis | None = None

    @property
    def pair(self) -> str:
        """The (mitigation, technique) pair as `AML.M0016/AML.T0011`."""
        return f"{self.mitigation}/{self.technique}"

"""The contract of a control: a manifest that is cheap to import, and the parts that it loads when asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from telamon.core.records import Strength
from telamon.core.subjects import SubjectKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from telamon.core.commands import CommandReference
    from telamon.core.records import Decision, Finding, Outcome, Rule
    from telamon.core.settings import Settings
    from telamon.core.subjects import Operation, OperationKind, Subject

S_co = TypeVar("S_co", bound="Settings", covariant=True)


class Checker(ABC, Generic[S_co]):
    """Checks what lies still.

    A checker holds its settings and nothing that changes, so that one can be made in each worker process.

    Args:
        settings: The control's settings from the policy.
    """

    kinds: ClassVar[frozenset[SubjectKind]] = frozenset({SubjectKind.FILE})

    def __init__(self, settings: S_co) -> None:
        self._settings = settings

    @property
    def settings(self) -> S_co:
        """The control's settings from the policy."""
        return self._settings

    def basis(self) -> str | None:
        """Return what results go by beside the file's bytes and name, the settings and this installation's code.

        It is part of the name under which results are cached; `None`, the default, if they must not be.
        """
        return None

    def takes(self, subject: Subject) -> bool:  # noqa: ARG002  # for those that tell by the name
        """Whether there may be anything for it in the subject, by its name and mode; nothing is opened.

        What it does not take gets no outcome of it, and is not digested for it.
        """
        return True

    @abstractmethod
    def check(self, subject: Subject) -> Iterator[Finding | Outcome]:
        """Yield the findings in `subject`, then exactly one outcome.

        Whatever the subject holds, nothing is raised: what could not be read is an outcome with its reason.
        """


class Guard(ABC, Generic[S_co]):
    """Guards what moves.

    Args:
        settings: The control's settings from the policy.
    """

    kinds: ClassVar[frozenset[OperationKind]]

    def __init__(self, settings: S_co) -> None:
        self._settings = settings

    @property
    def settings(self) -> S_co:
        """The control's settings from the policy."""
        return self._settings

    @abstractmethod
    def enforce(self, operation: Operation) -> Decision:
        """Decide about `operation`; a guard that cannot decide answers `indeterminate`, which denies."""


class Attacker(StrEnum):
    """Who attacks: one who takes the system as it comes, or one who knows the defence."""

    NAIVE = "naive"
    ADAPTIVE = "adaptive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One repetition of an experiment; the same trial is run in every arm.

    Attributes:
        number: Zero-based.
        seed: All randomness of the trial comes from it.
        workspace: An empty private folder of this trial and arm.
        guard: The control, or `None` in the arm that has it off.
        variant: Name of the way in which it is made, one of `Experiment.variants`; empty where there is one only.
    """

    number: int
    seed: int
    workspace: Path
    guard: Guard[Settings] | None
    attacker: Attacker = Attacker.NAIVE
    variant: str = ""


class Experiment(ABC):
    """A real attack on a real target, run with the control off and on with the same seeds.

    Attributes:
        name: Kebab-case, unique within the control.
        technique: The ATLAS technique id of the pair that it proves.
        description: The attack, the target and how success is observed, in one or two sentences; what depends on the
            machine, such as which loaders are installed, is for `variants` and `skipped` to say.
        metric: What `attack` measures; lower is better for the defender.
        floor: The least drop of the metric, off minus on, that passes.
        benign_ceiling: The highest share of honest operations that may fail because of the control.
        trials: Attacks in each arm.
        benign_trials: Honest operations in each arm.
        has_adaptive: Whether `attack` also plays the attacker who knows the defence.
        strength: What a pass lets one say.
    """

    name: ClassVar[str]
    technique: ClassVar[str]
    description: ClassVar[str]
    metric: ClassVar[str] = "attack success rate"
    floor: ClassVar[float]
    benign_ceiling: ClassVar[float] = 0.0
    trials: ClassVar[int]
    benign_trials: ClassVar[int]
    has_adaptive: ClassVar[bool] = False
    strength: ClassVar[Strength] = Strength.EMPIRICALLY_ROBUST

    def variants(self, attacker: Attacker) -> Mapping[str, str]:  # noqa: ARG002  # for those that have several
        """Return the ways in which this attacker can attack on this machine: name to target, in order.

        Trials take them in turn, honest operations those of the naive attacker. Each is judged on its own: it must
        work with the control off, and one that gets past the control is named.
        """
        return MappingProxyType({})

    def skipped(self) -> Mapping[str, str]:
        """Return what cannot be run on this machine and is therefore not proved: name to reason."""
        return MappingProxyType({})

    @abstractmethod
    def attack(self, trial: Trial) -> float:
        """Run the attack once and return what the target shows: 1.0 for success, 0.0 for none."""

    @abstractmethod
    def benign(self, trial: Trial) -> bool:
        """Do one honest operation and return whether the user got what they came for."""


class Control:
    """The manifest of a control: cheap to import; its methods load the parts.

    Attributes:
        name: Key in the policy, the CLI, the ledger and the docs, such as `vulnerability-scanning`.
        mitigation: The ATLAS mitigation id, such as `AML.M0016`.
        extra: The optional dependency set that its parts need, if any.
        declared: Techniques that ATLAS lists for the mitigation and no experiment covers, with the reason.
    """

    name: ClassVar[str]
    mitigation: ClassVar[str]
    extra: ClassVar[str | None] = None
    declared: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def settings(self) -> type[Settings]:
        """The struct that the policy's section is read into."""
        from telamon.core.settings import Settings

        return Settings

    def rules(self) -> Sequence[Rule]:
        """Every rule that a finding of this control can carry."""
        return ()

    def checker(self) -> type[Checker[Settings]] | None:
        """The part that checks what lies still, if the control has one."""
        return None

    def guard(self) -> type[Guard[Settings]] | None:
        """The part that guards what moves, if the control has one."""
        return None

    def experiments(self) -> Sequence[type[Experiment]]:
        """The attacks that prove the control."""
        return ()

    def commands(self) -> Sequence[CommandReference]:
        """The commands that the control adds to the CLI; see `telamon.core.commands`."""
        return ()

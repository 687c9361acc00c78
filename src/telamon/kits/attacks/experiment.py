"""Experiments with trojaned artefacts: a victim loads one, and what it does is seen in the victim's folder."""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from telamon.core.control import Attacker, Experiment, Trial
from telamon.core.records import Strength
from telamon.core.subjects import Operation, OperationKind, Subject, SubjectKind
from telamon.kits.attacks import artefacts
from telamon.kits.attacks.artefacts import Recipe, write_artefact
from telamon.kits.attacks.loading import Availability, Loaded, Loader, availability, load_in_child

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from telamon.kits.attacks.pickles import Program


# The adaptive attacker has read the scanner and the guard: names that no list has, names that are computed or hide
# behind others, callables that are results, loads within the load, and streams that break after the payload.
PAYLOADS: Final[Mapping[Attacker, Sequence[Callable[[str], Program]]]] = MappingProxyType(
    {
        Attacker.NAIVE: (artefacts.shell, artefacts.evaluated, artefacts.old_instance),
        Attacker.ADAPTIVE: (
            artefacts.computed_name,
            artefacts.dotted_name,
            artefacts.unlisted,
            artefacts.getattr_chain,
            artefacts.nested,
            artefacts.broken_tail,
            artefacts.partial_call,
        ),
    }
)


class ArtefactExperiment(Experiment):
    """A user loads a trojaned artefact; success is the payload's canary file in the victim's folder.

    Attributes:
        loaders: What victims load with, where it is installed.
    """

    loaders: ClassVar[tuple[Loader, ...]]
    floor: ClassVar[float] = 0.7
    benign_ceiling: ClassVar[float] = 0.0
    trials: ClassVar[int] = 28
    benign_trials: ClassVar[int] = 12
    has_adaptive: ClassVar[bool] = True
    strength: ClassVar[Strength] = Strength.EMPIRICALLY_ROBUST

    @cached_property
    def available(self) -> Mapping[Loader, Availability]:
        """Which of the loaders victims on this machine have."""
        with tempfile.TemporaryDirectory(prefix="telamon-loaders-") as folder:
            return {loader: availability(loader, workspace=Path(folder)) for loader in self.loaders}

    def variants(self, attacker: Attacker) -> Mapping[str, str]:
        """Return the recipes whose loader is installed, with the loader and its version."""
        return {
            recipe.name: f"{recipe.loader} ({self.available[recipe.loader].version})"
            for recipe in self._runnable(attacker)
        }

    def skipped(self) -> Mapping[str, str]:
        """Return the loaders that are not installed."""
        return {loader.value: each.reason for loader, each in self.available.items() if each.reason}

    def attack(self, trial: Trial) -> float:
        """Deliver a trojaned artefact, let the victim load it if nothing stops them, and look for the canary."""
        canary = trial.workspace / "canary"
        self._deliver(trial, canary)
        return float(canary.exists())

    def benign(self, trial: Trial) -> bool:
        """Deliver the twin without a payload and return whether the victim got their model."""
        loaded = self._deliver(trial, None)
        return loaded is not None and loaded.ok

    @abstractmethod
    def recipes(self, attacker: Attacker) -> Sequence[Recipe]:
        """Return the artefacts that this attacker makes, for all of the loaders."""

    def load(self, loader: Loader, path: Path, trial: Trial) -> Loaded | None:
        """Load what was delivered as the victim does, or return `None` where the control stands before it."""
        if trial.guard is not None:
            subject = Subject(kind=SubjectKind.FILE, name=path.name, path=path)
            if trial.guard.enforce(Operation(kind=OperationKind.LOAD, subject=subject)).is_stopping:
                return None
        return load_in_child(loader, self.open_delivery(path, trial.workspace), workspace=trial.workspace)

    def open_delivery(self, path: Path, workspace: Path) -> Path:  # noqa: ARG002  # for those who unpack
        """Return what the victim loads of what was delivered."""
        return path

    def _runnable(self, attacker: Attacker) -> Sequence[Recipe]:
        return [recipe for recipe in self.recipes(attacker) if not self.available[recipe.loader].reason]

    def _deliver(self, trial: Trial, canary: Path | None) -> Loaded | None:
        recipe = next(each for each in self._runnable(trial.attacker) if each.name == trial.variant)
        path = write_artefact(recipe, trial.workspace, canary=canary, seed=trial.seed)
        return self.load(recipe.loader, path, trial)

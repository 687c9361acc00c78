"""Experiments of library-loading: trojaned artefacts and packages, and loaders that are restricted in what they do."""

from __future__ import annotations

import tarfile
import zipfile
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

from telamon.controls.artifact.library_loading.guarding.children import guarded_environment
from telamon.controls.artifact.library_loading.guarding.installing import rules_of
from telamon.controls.artifact.library_loading.guarding.records import read_refusals
from telamon.controls.artifact.library_loading.launching import Boundary, sandboxed
from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings
from telamon.core.control import Attacker
from telamon.core.subjects import Operation, OperationKind, Subject, SubjectKind
from telamon.kits.attacks import artefacts
from telamon.kits.attacks.artefacts import Recipe, recipes
from telamon.kits.attacks.experiment import PAYLOADS, ArtefactExperiment
from telamon.kits.attacks.loading import Loaded, Loader, Start, load_in_child
from telamon.kits.sandbox import SandboxPolicy, available

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from telamon.core.control import Trial


class GuardedLoad(ArtefactExperiment):
    """The victim's own loader loads the artefact; with the control on, in a process that `telamon run` has started."""

    def load(self, loader: Loader, path: Path, trial: Trial) -> Loaded | None:
        """Load what was delivered as the victim does, and tell the control's guard what its hook refused."""
        opened = self.open_delivery(path, trial.workspace)
        if trial.guard is None:
            return load_in_child(loader, opened, workspace=trial.workspace)
        report = trial.workspace / "private" / "refusals"
        report.parent.mkdir()
        loaded = load_in_child(loader, opened, workspace=trial.workspace, start=self.start(trial, report))
        subject = Subject(kind=SubjectKind.FILE, name=path.name, path=path)
        for refusal in read_refusals(report):
            kind = OperationKind.LOOK_UP if ":" in refusal.name else OperationKind.ACT
            trial.guard.enforce(Operation(kind=kind, subject=subject, detail=refusal.name))
        return loaded

    def start(self, trial: Trial, report: Path) -> Start:
        """Return how the victim's process is started."""
        settings = trial.guard.settings if trial.guard is not None else None
        if not isinstance(settings, LibraryLoadingSettings):
            raise TypeError("expected the settings of library-loading")
        return Start(environment=guarded_environment(replace(rules_of(settings), report=str(report)), {}))


class UnsafeArtefact(GuardedLoad):
    """AML.T0011.000: the artefact is a model file."""

    name: ClassVar[str] = "unsafe-artefact"
    technique: ClassVar[str] = "AML.T0011.000"
    description: ClassVar[str] = (
        "Trojaned model files are loaded by the own loader of each format whose library is installed; the payload "
        "creates a file. The control restricts what the loader fetches and does."
    )
    loaders: ClassVar[tuple[Loader, ...]] = (Loader.PICKLE, Loader.JOBLIB, Loader.NUMPY, Loader.TORCH)

    def recipes(self, attacker: Attacker) -> Sequence[Recipe]:
        """Return the payloads in every format."""
        payloads = PAYLOADS[attacker]
        return (
            *recipes(Loader.PICKLE, payloads, pkl=artefacts.bare),
            *recipes(Loader.JOBLIB, payloads, joblib=artefacts.joblib_zlib),
            *recipes(Loader.NUMPY, payloads, npy=artefacts.numpy_objects),
            *recipes(Loader.TORCH, payloads[:2], pt=artefacts.torch_zip, pth=artefacts.torch_zip_wrong_crc),
        )


class MaliciousPackage(GuardedLoad):
    """AML.T0011.001: a package loads trojaned weights when it is imported, or runs the payload itself."""

    name: ClassVar[str] = "malicious-package"
    technique: ClassVar[str] = "AML.T0011.001"
    description: ClassVar[str] = (
        "A wheel carries a trojaned model that its own code loads when the package is imported, or has the payload in "
        "its code or in a module of another name; the victim unpacks the wheel and imports it. With the control on, "
        "the victim's process is guarded and in the sandbox of `telamon run --sandbox`."
    )
    loaders: ClassVar[tuple[Loader, ...]] = (Loader.IMPORT,)

    def recipes(self, attacker: Attacker) -> Sequence[Recipe]:
        """Return a wheel for each payload among the weights, and for each place of code."""
        ways = (artefacts.at_import,) if attacker is Attacker.NAIVE else (artefacts.at_exit, artefacts.in_native_call)
        return (
            *recipes(Loader.IMPORT, PAYLOADS[attacker], whl=artefacts.wheel),
            *(() if self._missing else artefacts.package_recipes(ways)),
        )

    def skipped(self) -> Mapping[str, str]:
        """Return what this machine cannot confine, beside the loaders that are not installed."""
        missing = {"code of packages": f"no sandbox: {'; '.join(self._missing)}"} if self._missing else {}
        return {**super().skipped(), **missing}

    @cached_property
    def _missing(self) -> tuple[str, ...]:
        return available().missing(SandboxPolicy(may_exec=True))

    def open_delivery(self, path: Path, workspace: Path) -> Path:
        """Unpack the wheel as an installer does and return the folder to import from."""
        site = workspace / "site"
        with zipfile.ZipFile(path) as archive:
            archive.extractall(site)  # noqa: S202  # made by us a moment ago
        return site

    def start(self, trial: Trial, report: Path) -> Start:
        """Return how the victim's process is started: within the sandbox, where it may read the package."""
        boundary = Boundary(readable=(trial.workspace,))
        within = partial(_within, boundary, report.parent)
        return Start(environment=super().start(trial, report).environment, within=within)


class UserExecution(GuardedLoad):
    """AML.T0011: the user unpacks a release archive and loads the model in it."""

    name: ClassVar[str] = "user-execution"
    technique: ClassVar[str] = "AML.T0011"
    description: ClassVar[str] = (
        "A gzipped tar of a release holds a trojaned model under a neutral name; the victim unpacks the archive "
        "and loads the model with pickle, in a process whose loads the control restricts."
    )
    loaders: ClassVar[tuple[Loader, ...]] = (Loader.PICKLE,)

    def recipes(self, attacker: Attacker) -> Sequence[Recipe]:
        """Return one archive for each payload."""
        return recipes(Loader.PICKLE, PAYLOADS[attacker], gz=artefacts.tarball)

    def open_delivery(self, path: Path, workspace: Path) -> Path:
        """Unpack the archive and return the model in it."""
        with tarfile.open(path) as archive:
            archive.extractall(workspace, filter="data")
        return workspace / "release" / "model.bin"


def _within(boundary: Boundary, folder: Path, words: Sequence[str], environment: Mapping[str, str]) -> Sequence[str]:
    return sandboxed(words, environment, boundary, folder)[0]

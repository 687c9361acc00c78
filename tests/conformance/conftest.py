"""The release that controls are held against, and a specimen of a control in which one thing can be replaced."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Protocol

import pytest

from telamon import atlas
from telamon.catalog import Listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from telamon.atlas import Release

MANIFEST = '''"""Keeps watch over models.

## What it does

Watches.

## Why it matters

It matters.

## How it decides

1. It looks.

## Example

None.

## Limits

Many.

## References

* MITRE ATLAS AML.M0011.
"""

from types import MappingProxyType

from telamon.core.commands import CommandReference
from telamon.core.control import Control

WATCH = CommandReference(name="watch", target="PACKAGE.commands:watch", summary="Watch a file.")


class Specimen(Control):
    name = "keeps-watch"
    mitigation = "AML.M0011"
    declared = MappingProxyType({"AML.T0011": "covered later", "AML.T0011.000": "likewise"})

    def settings(self):
        from PACKAGE.parts import SpecimenSettings
        return SpecimenSettings

    def rules(self):
        from PACKAGE.parts import RULES
        return RULES

    def checker(self):
        from PACKAGE.parts import SpecimenChecker
        return SpecimenChecker

    def guard(self):
        from PACKAGE.parts import SpecimenGuard
        return SpecimenGuard

    def experiments(self):
        from PACKAGE.parts import SpecimenExperiment
        return (SpecimenExperiment,)

    def commands(self):
        return (WATCH,)
'''
COMMANDS = '''import click

from telamon.core.commands import Result

LATER = 0


@click.group(name="watch")
def watch():
    """Watch."""


@watch.command(name="once")
@click.option("--for", "-f", "seconds")
def once(**words):
    """Watch once."""
    return Result(values=words)
'''
PARTS = """import os
import stat
from typing import Annotated

from msgspec import Meta, Struct

from telamon.core.control import Checker, Experiment, Guard
from telamon.core.records import Confidence, Decision, Effect, Finding, Location, Outcome, Rule, Severity, Verdict
from telamon.core.secrets import SecretReference
from telamon.core.settings import Settings
from telamon.core.subjects import OperationKind

RULES = (
    Rule(
        id="M0011/hostile-bytes",
        summary="Hostile bytes",
        severity=Severity.HIGH,
        description="They are hostile.",
        remedy="Delete them.",
        techniques=("AML.T0011",),
    ),
)


class Nested(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    depth: Annotated[Annotated[int, Meta(ge=0, le=9)] | None, Meta(description="How deep.")] = None


class Keyed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="from", tag="vault"):
    token: Annotated[SecretReference | None, Meta(description="Reference to it.")] = None


class SpecimenSettings(Settings, frozen=True, kw_only=True):
    key: Annotated[Keyed, Meta(description="Where the key is.")] = Keyed()
    limit: Annotated[int, Meta(description="How far.", ge=0, le=9)] = 3
    nested: Annotated[tuple[Nested, ...], Meta(description="Within.")] = ()


class SpecimenChecker(Checker):
    def check(self, subject):
        here = Location(path=subject.name)
        try:
            with open(subject.path, "rb", opener=nonblocking) as file:
                content = file.read(10_000)
        except OSError as error:
            reason = str(error.strerror)
            yield Outcome(control="keeps-watch", location=here, verdict=Verdict.NOT_UNDERSTOOD, reason=reason)
            return
        if b"canary" in content:
            yield Finding(
                rule="M0011/hostile-bytes",
                message="holds hostile bytes",
                severity=Severity.HIGH,
                confidence=Confidence.HIGH,
                location=here,
                remedy="Delete them.",
            )
        yield Outcome(control="keeps-watch", location=here, verdict=Verdict.CLEAN)


def nonblocking(path, flags):
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "no regular file")
    return descriptor


class SpecimenGuard(Guard):
    kinds = frozenset({OperationKind.LOAD})

    def enforce(self, operation):
        results = list(SpecimenChecker(self.settings).check(operation.subject))
        if results[-1].verdict is not Verdict.CLEAN:
            return Decision(effect=Effect.INDETERMINATE, reason=results[-1].reason)
        return Decision(effect=Effect.DENY if len(results) > 1 else Effect.PERMIT, reason="looked")


class SpecimenExperiment(Experiment):
    name = "watching"
    technique = "AML.T0011.001"
    description = "Watches."
    floor = 0.5
    trials = 10
    benign_trials = 10

    def attack(self, trial):
        return 1.0

    def benign(self, trial):
        return True
"""


class Replacing(Protocol):
    """What is replaced in the specimen, and the wing that it then stands in."""

    old: str
    new: str
    also: tuple[str, str]
    wing: str


@pytest.fixture(scope="session")
def release() -> Release:
    return atlas.load()


@pytest.fixture
def specimen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Replacing | None], Listed]]:
    """Write a specimen as a package and import it."""
    package = f"specimen_{tmp_path.name.replace('-', '_')}"

    def write(broken: Replacing | None) -> Listed:
        files = {"__init__": MANIFEST, "parts": PARTS, "commands": COMMANDS, "light": ""}
        for name, source in files.items():
            for old, new in ((broken.old, broken.new), broken.also) if broken else ():
                source = source.replace(old, new) if old else source  # noqa: PLW2901  # one step of several
            file = tmp_path / package / f"{name}.py"
            file.parent.mkdir(exist_ok=True)
            file.write_text(source.replace("PACKAGE", package).replace("GUESS", "Verdict.CLEAN"))
        monkeypatch.syspath_prepend(tmp_path)
        control = importlib.import_module(package).Specimen()
        return Listed(control=control, wing=broken.wing if broken else "third-party", origin=package)

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]

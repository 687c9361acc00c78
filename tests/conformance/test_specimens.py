"""Each check is shown on a sound specimen, where it is green, and on broken ones, each of which turns it red alone."""

from __future__ import annotations

import importlib
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from telamon import conformance
from telamon.catalog import Listed
from telamon.conformance import CHECKS, SECTIONS, Case

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

from telamon.core.control import Control


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
'''
PARTS = """import os
import stat
from typing import Annotated

from msgspec import Meta, Struct

from telamon.core.control import Checker, Experiment, Guard
from telamon.core.records import Confidence, Decision, Effect, Finding, Location, Outcome, Rule, Severity, Verdict
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


class SpecimenSettings(Settings, frozen=True, kw_only=True):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A specimen with one thing replaced, and what the one check that minds says of it.

    Attributes:
        also: A second replacement, where one alone would turn two checks red.
        problems: In order; `PACKAGE` and `VERSION` stand for the specimen's and the release's.
        wing: Of a control of telamon itself, where that matters.
    """

    check: str
    old: str
    new: str
    problems: tuple[str, ...]
    also: tuple[str, str] = ("", "")
    wing: str = "third-party"


FILES = (
    "empty",
    "text.txt",
    "noise.bin",
    "data.pkl",
    "hostile.pkl",
    "broken.pkl",
    "unknown.pkl",
    "hostile.zip",
    "hostile.joblib",
)
BROKEN = (
    Broken(
        check="check_names",
        old="keeps-watch",
        new="Keeps_Watch",
        problems=("the name `Keeps_Watch` is not kebab-case",),
    ),
    Broken(
        check="check_names",
        old="",
        new="",
        problems=("the folder `PACKAGE` is not called like the control `keeps-watch`",),
        wing="artifact",
    ),
    Broken(
        check="check_names",
        old="M0011",
        new="M9999",
        problems=("ATLAS VERSION has no mitigation `AML.M9999`",),
    ),
    Broken(
        check="check_purity",
        old="from telamon.core.control import Control",
        new="import typing_extensions\nfrom telamon.core.control import Control",
        problems=("importing the manifest imports `typing_extensions`",),
    ),
    Broken(
        check="check_purity",
        old="from telamon.core.control import Control",
        new="import telamon.kits\nfrom telamon.core.control import Control",
        problems=("importing the manifest imports `telamon.kits`",),
    ),
    Broken(
        check="check_purity",
        old="from telamon.core.control import Control",
        new="import PACKAGE.light\nfrom telamon.core.control import Control",
        problems=("importing the manifest imports `PACKAGE.light`",),
    ),
    Broken(
        check="check_purity",
        old="from telamon.core.control import Control",
        new="import sys\nfrom telamon.core.control import Control\nif 'pytest' not in sys.modules: raise OSError('no')",
        problems=("the manifest does not import: OSError: no",),
    ),
    Broken(
        check="check_page",
        old="## Limits\n\nMany.",
        new="",
        problems=(f"the page has the sections {[*SECTIONS[:4], SECTIONS[5]]}, expected {[*SECTIONS]}",),
    ),
    Broken(
        check="check_page",
        old="Keeps watch over models.",
        new="Keeps watch",
        problems=("the first line of the page is not a sentence",),
    ),
    Broken(check="check_page", old="Many.", new="", problems=("the section `Limits` is empty",)),
    Broken(
        check="check_page",
        old="ATLAS AML.M0011.",
        new="ATLAS.",
        problems=("the references do not name `AML.M0011`",),
    ),
    Broken(
        check="check_settings",
        old="class SpecimenSettings(Settings, frozen=True",
        new="class SpecimenSettings(Struct, frozen=True",
        problems=("`SpecimenSettings` is not derived from `Settings`",),
    ),
    Broken(
        check="check_settings",
        old="class SpecimenSettings(Settings, frozen=True, kw_only=True",
        new="class SpecimenSettings(Settings, frozen=True, kw_only=True, forbid_unknown_fields=False",
        problems=("`SpecimenSettings` is not frozen, or takes unknown keys",),
    ),
    Broken(
        check="check_settings",
        old='"How far.", ge=0, le=9)] = 3',
        new='"How far.", ge=0, le=9)] = 10',
        problems=("the policy refuses the defaults: expected a whole number at least 0 and at most 9, found `10`",),
    ),
    Broken(
        check="check_settings",
        old='"How far.", ge=0, le=9)] = 3',
        new='"How far.", ge=0, le=9)]',
        problems=("there are no defaults: Missing required argument 'limit'",),
    ),
    Broken(
        check="check_settings",
        old='"How far.", ge=0, le=9)]',
        new='"", ge=0, le=9)]',
        problems=("the setting `SpecimenSettings.limit` has no description",),
    ),
    Broken(
        check="check_settings",
        old='"How far.", ge=0, le=9)]',
        new='"How far.", ge=0)]',
        problems=("the setting `SpecimenSettings.limit` is a number without bounds",),
    ),
    Broken(
        check="check_settings",
        old="Annotated[int, Meta(ge=0, le=9)] | None",
        new="float | None",
        problems=("the setting `Nested.depth` is a number without bounds",),
    ),
    Broken(
        check="check_settings",
        old='Meta(description="How deep.")',
        new="Meta()",
        problems=("the setting `Nested.depth` has no description",),
    ),
    Broken(
        check="check_rules",
        old="    ),\n)\n\n\nclass Nested",
        new="    ),\n) * 2\n\n\nclass Nested",
        problems=("the rule id `M0011/hostile-bytes` is used twice",),
    ),
    Broken(
        check="check_rules",
        old="M0011/hostile-bytes",
        new="M0016/Hostile",
        problems=("the rule id `M0016/Hostile` is not `M0011/kebab-case`",),
    ),
    Broken(
        check="check_rules",
        old='description="They are hostile."',
        new='description=""',
        problems=("the rule `M0011/hostile-bytes` lacks a summary, a description or a remedy",),
    ),
    Broken(
        check="check_rules",
        old='"Hostile bytes"',
        new='"Hostile bytes."',
        problems=("the summary of the rule `M0011/hostile-bytes` is not one line without a full stop",),
    ),
    Broken(
        check="check_rules",
        old='techniques=("AML.T0011",)',
        new='techniques=("AML.T9999",)',
        problems=("the rule `M0011/hostile-bytes` names `AML.T9999`, which ATLAS VERSION does not have",),
    ),
    Broken(
        check="check_rules",
        old="return RULES",
        new="return ()",
        also=('b"canary" in content', "False"),
        problems=("there is a checker, but no rule",),
    ),
    Broken(
        check="check_coverage",
        old='"AML.T0011": "covered later", ',
        new="",
        problems=("`AML.T0011` has neither an experiment nor a declared reason",),
    ),
    Broken(
        check="check_coverage",
        old='"AML.T0011": "covered later"',
        new='"AML.T0011": " "',
        problems=("`AML.T0011` is declared without a reason",),
    ),
    Broken(
        check="check_coverage",
        old='"AML.T0011": "covered later"',
        new='"AML.T0011": "covered later", "AML.T0011.001": "covered"',
        problems=("`AML.T0011.001` is declared as not covered, but has an experiment",),
    ),
    Broken(
        check="check_coverage",
        old='"AML.T0011": "covered later"',
        new='"AML.T0011": "covered later", "AML.T0020": "another\'s"',
        problems=("`AML.T0020` is not listed for `AML.M0011` in ATLAS VERSION",),
    ),
    Broken(
        check="check_experiments",
        old="    floor = 0.5\n    trials = 10\n",
        new="",
        problems=("the experiment `SpecimenExperiment` lacks floor, trials",),
    ),
    Broken(
        check="check_experiments",
        old="    def benign(self, trial):\n        return True\n",
        new="",
        problems=("the experiment `SpecimenExperiment` lacks benign",),
    ),
    Broken(
        check="check_experiments",
        old='name = "watching"',
        new='name = "Watching it"',
        problems=("the experiment name `Watching it` is not kebab-case",),
    ),
    Broken(
        check="check_experiments",
        old="return (SpecimenExperiment,)",
        new="return (SpecimenExperiment,) * 2",
        problems=("the experiment name `watching` is used twice",),
    ),
    Broken(
        check="check_experiments",
        old='description = "Watches."',
        new='description = ""',
        problems=("the experiment `watching` has no description",),
    ),
    Broken(
        check="check_experiments",
        old="floor = 0.5",
        new="floor = 0",
        problems=("the experiment `watching` has a floor that no drop can miss or reach",),
    ),
    Broken(
        check="check_experiments",
        old="floor = 0.5",
        new="floor = 1.5",
        problems=("the experiment `watching` has a floor that no drop can miss or reach",),
    ),
    Broken(
        check="check_experiments",
        old="floor = 0.5",
        new="floor = 0.5\n    benign_ceiling = 1",
        problems=("the experiment `watching` has a benign ceiling that no cost can exceed",),
    ),
    Broken(
        check="check_experiments",
        old="benign_trials = 10",
        new="benign_trials = 9",
        problems=("the experiment `watching` has fewer than 10 trials",),
    ),
    Broken(
        check="check_experiments",
        old="return SpecimenGuard",
        new="return None",
        problems=("there are experiments, but no guard to switch on",),
    ),
    Broken(
        check="check_findings",
        old='                rule="M0011/hostile-bytes"',
        new='                rule="M0011/other"',
        problems=("a finding names the rule `M0011/other`, which the control does not have",) * 3,
    ),
    Broken(
        check="check_findings",
        old='remedy="Delete them.",\n            )',
        new='remedy="",\n            )',
        problems=("a finding of `M0011/hostile-bytes` has no remedy, or no message of one line",) * 3,
    ),
    Broken(
        check="check_findings",
        old='message="holds hostile bytes"',
        new='message="holds\\nhostile bytes"',
        problems=("a finding of `M0011/hostile-bytes` has no remedy, or no message of one line",) * 3,
    ),
    Broken(
        check="check_findings",
        old="location=here,\n                remedy",
        new='location=Location(path="elsewhere"),\n                remedy',
        problems=(
            "a finding of `M0011/hostile-bytes` in `hostile.pkl` is located in `elsewhere`",
            "a finding of `M0011/hostile-bytes` in `broken.pkl` is located in `elsewhere`",
            "a finding of `M0011/hostile-bytes` in `hostile.zip` is located in `elsewhere`",
        ),
    ),
    Broken(
        check="check_findings",
        old='yield Outcome(control="keeps-watch", location=here, verdict=Verdict.CLEAN)',
        new='yield Outcome(control="other", location=here, verdict=Verdict.CLEAN)',
        problems=tuple(f"the outcome of `{name}` is for `other` and `{name}`" for name in FILES),
    ),
    Broken(
        check="check_findings",
        old="verdict=Verdict.CLEAN)\n\n\ndef",
        new='verdict=Verdict.SUSPICIOUS if subject.name == "empty" else Verdict.CLEAN)\n\n\ndef',
        problems=("`empty` is suspicious without a reason",),
    ),
    Broken(
        check="check_findings",
        old='        if b"canary" in content:',
        new='        if subject.name == "empty":\n            return\n        if b"canary" in content:',
        problems=("`empty` gets 0 outcomes, or findings after it",),
    ),
    Broken(
        check="check_findings",
        old='        if b"canary" in content:',
        new='        if subject.name == "empty":\n            raise KeyError\n        if b"canary" in content:',
        problems=("checking `empty` raises KeyError",),
    ),
    Broken(
        check="check_findings",
        old='        if b"canary" in content:',
        new='        while subject.name == "empty":\n            pass\n        if b"canary" in content:',
        problems=("checking `empty` takes more than 1 s",),
    ),
    Broken(
        check="check_findings",
        old="location=here, verdict=Verdict.CLEAN)",
        new='location=here, verdict=Verdict.CLEAN, digest=os.urandom(8).hex() if subject.name == "empty" else "")',
        problems=("`empty` gets other results when it is checked again",),
    ),
    Broken(
        check="check_faults",
        old="verdict=Verdict.NOT_UNDERSTOOD, reason",
        new="verdict=GUESS if (error.errno, subject.name) == (5, 'data.pkl') else Verdict.NOT_UNDERSTOOD, reason",
        problems=(
            "`data.pkl` is clean, when call 0 of the system fails (open)",
            "a load of `data.pkl` is decided as permit: `looked`, when call 0 of the system fails (open)",
        ),
    ),
    Broken(
        check="check_faults",
        old=", opener=nonblocking",
        new="",
        problems=(
            "checking `a FIFO` takes more than 1 s",
            "guarding a load of `a FIFO` takes more than 1 s",
            "`a device` is clean",
            "a load of `a device` is decided as permit: `looked`",
        ),
    ),
    Broken(
        check="check_faults",
        old="except OSError as error:",
        new="except OSError as error:\n            if error.errno == 2:\n                raise",
        problems=(
            "checking `a missing file` raises FileNotFoundError",
            "guarding a load of `a missing file` raises FileNotFoundError",
        ),
    ),
    Broken(
        check="check_faults",
        old="except OSError as error:",
        new="except OSError as error:\n            if error.errno == 2:\n                return",
        problems=(
            "`a missing file` is not-applicable",
            "guarding a load of `a missing file` raises IndexError",
        ),
    ),
    Broken(
        check="check_faults",
        old="reason=results[-1].reason",
        new='reason=results[-1].reason.replace("No such file or directory", "")',
        problems=("a load of `a missing file` is decided as indeterminate: ``",),
    ),
)


@pytest.fixture
def specimen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Broken | None], Listed]]:
    """Write a specimen as a package and import it."""
    package = f"specimen_{tmp_path.name.replace('-', '_')}"

    def write(broken: Broken | None) -> Listed:
        files = {"__init__": MANIFEST, "parts": PARTS, "light": ""}
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


def test_a_sound_specimen_passes_every_check(specimen: Callable[..., Listed], release: Release) -> None:
    case = Case(listed=specimen(None), release=release)
    assert {check.__name__: list(check(case)) for check in CHECKS} == {check.__name__: [] for check in CHECKS}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.check}: {broken.problems[0]}")
def test_a_broken_specimen_turns_one_check_red(
    broken: Broken, specimen: Callable[..., Listed], release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    if any("takes more" in problem for problem in broken.problems):
        monkeypatch.setattr(conformance, "TIME_LIMIT_S", 1.0)
    case = Case(listed=specimen(broken), release=release)
    words = {"PACKAGE": case.listed.origin, "VERSION": release.version}
    expected = [
        problem.replace("PACKAGE", words["PACKAGE"]).replace("VERSION", words["VERSION"]) for problem in broken.problems
    ]
    found = {check.__name__: list(check(case)) for check in CHECKS}
    assert found == {check.__name__: [] for check in CHECKS} | {broken.check: expected}


def test_every_check_is_shown_red() -> None:
    assert {broken.check for broken in BROKEN} == {check.__name__ for check in CHECKS}


def test_a_control_without_parts_passes_the_checks_of_parts(specimen: Callable[..., Listed], release: Release) -> None:
    listed = specimen(None)
    kind = type(listed.control)
    for name in ("rules", "experiments", "checker", "guard"):
        delattr(kind, name)
    case = Case(listed=listed, release=release)
    assert list(conformance.check_findings(case)) == []
    assert list(conformance.check_faults(case)) == []
    assert list(conformance.check_rules(case)) == []


def test_a_time_limit_holds_in_the_main_thread_only() -> None:
    done: list[str] = []

    def work() -> None:
        with conformance.time_limit(0.001):
            done.append("worked")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["worked"]

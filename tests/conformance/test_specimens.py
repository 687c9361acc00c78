"""Each check is shown on a sound specimen, where it is green, and on broken ones, each of which turns it red alone."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from telamon import conformance
from telamon.conformance import CHECKS, SECTIONS, Case

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.atlas import Release
    from telamon.catalog import Listed


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


COMMANDS = MappingProxyType({"check": "telamon itself", "gaze": "`gazing`"})
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
        check="check_settings",
        old='Meta(description="Reference to it.")',
        new="Meta()",
        problems=("the setting `Keyed.token` has no description",),
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
        check="check_commands",
        old="return (WATCH,)",
        new="return (WATCH, WATCH)",
        problems=("the command `watch` is there twice",),
    ),
    Broken(
        check="check_commands",
        old='"watch"',
        new='"Watch_It"',
        problems=("the name of the command `Watch_It` is not kebab-case",),
    ),
    Broken(
        check="check_commands",
        old='"watch"',
        new='"check"',
        problems=("the command `check` is also one of telamon itself",),
    ),
    Broken(
        check="check_commands",
        old='"watch"',
        new='"gaze"',
        problems=("the command `gaze` is also one of `gazing`",),
    ),
    Broken(
        check="check_commands",
        old='summary="Watch a file."',
        new='summary="Watch a file"',
        problems=("the summary of the command `watch` is not one line with a full stop",),
    ),
    Broken(
        check="check_commands",
        old="PACKAGE.commands:watch",
        new="PACKAGE_other:watch",
        problems=("the command `watch` is not in the control's own package, but in `PACKAGE_other`",),
    ),
    Broken(
        check="check_commands",
        old="PACKAGE.commands:watch",
        new="PACKAGE.nothing:watch",
        problems=("the command `watch` does not load: ModuleNotFoundError",),
    ),
    Broken(
        check="check_commands",
        old="PACKAGE.commands:watch",
        new="PACKAGE.commands:LATER",
        problems=("`PACKAGE.commands:LATER` is no command of the name `watch`",),
    ),
    Broken(
        check="check_commands",
        old='@click.group(name="watch")',
        new='@click.group(name="gaze")',
        problems=("`PACKAGE.commands:watch` is no command of the name `watch`",),
    ),
    Broken(
        check="check_commands",
        old='@click.group(name="watch")',
        new='@click.group(name="watch", invoke_without_command=True)',
        problems=("the group `watch` does work without a command, for which it is given no context",),
    ),
    Broken(
        check="check_commands",
        old='"""Watch once."""',
        new="",
        problems=("the command `watch once` has no help",),
    ),
    Broken(
        check="check_commands",
        old='"--for", "-f"',
        new='"--for", "-o"',
        problems=("the command `watch once` has `-o`, which the CLI adds to every command",),
    ),
    Broken(
        check="check_commands",
        old='"-f", "seconds"',
        new='"-f", "output"',
        problems=("the command `watch once` has `output`, which the CLI adds to every command",),
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


def test_a_sound_specimen_passes_every_check(specimen: Callable[..., Listed], release: Release) -> None:
    case = Case(listed=specimen(None), release=release, commands=COMMANDS)
    assert {check.__name__: list(check(case)) for check in CHECKS} == {check.__name__: [] for check in CHECKS}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.check}: {broken.problems[0]}")
def test_a_broken_specimen_turns_one_check_red(
    broken: Broken, specimen: Callable[..., Listed], release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    if any("takes more" in problem for problem in broken.problems):
        monkeypatch.setattr(conformance, "TIME_LIMIT_S", 1.0)
    case = Case(listed=specimen(broken), release=release, commands=COMMANDS)
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
    for name in ("rules", "experiments", "checker", "guard", "commands"):
        delattr(kind, name)
    case = Case(listed=listed, release=release)
    assert list(conformance.check_findings(case)) == []
    assert list(conformance.check_faults(case)) == []
    assert list(conformance.check_rules(case)) == []
    assert list(conformance.check_commands(case)) == []


def test_a_time_limit_holds_in_the_main_thread_only() -> None:
    done: list[str] = []

    def work() -> None:
        with conformance.time_limit(0.001):
            done.append("worked")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["worked"]

"""The conformance suite: what every control keeps, whoever wrote it; each check yields what is wrong, in words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from telamon.core.records import Effect, Finding, Outcome, Verdict
from telamon.core.subjects import Operation, Subject, SubjectKind
from telamon.kits.attacks import artefacts
from telamon.kits.attacks.pickles import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.atlas import Release
    from telamon.catalog import Listed
    from telamon.core.control import Checker, Control, Guard
    from telamon.core.settings import Settings

SECTIONS: Final = ("What it does", "Why it matters", "How it decides", "Example", "Limits", "References")
KEBAB: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LEAST_TRIALS: Final = 10  # fewer cannot show a drop of 0.5 with 95 % confidence (Newcombe, method 10)
# What a manifest may import beside the standard library (house rule 3).
PURE: Final = ("click", "telamon")
IMPURE_PARTS: Final = ("telamon.kits", "telamon.ledger", "telamon.atlas", "telamon.core.settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A control under check, and the release of ATLAS that it is held against."""

    listed: Listed
    release: Release

    @property
    def control(self) -> Control:
        """The manifest."""
        return self.listed.control


def check_names(case: Case) -> Iterator[str]:
    """The name is kebab-case, the folder is called like it, and the mitigation exists."""
    control = case.control
    if not KEBAB.fullmatch(control.name):
        yield f"the name `{control.name}` is not kebab-case"
    folder = case.listed.origin.rpartition(".")[2]
    if case.listed.wing != "third-party" and folder != control.name.replace("-", "_"):
        yield f"the folder `{folder}` is not called like the control `{control.name}`"
    if control.mitigation not in {mitigation.id for mitigation in case.release.mitigations}:
        yield f"ATLAS {case.release.version} has no mitigation `{control.mitigation}`"


def check_purity(case: Case) -> Iterator[str]:
    """Importing the manifest imports the standard library, click and telamon's own light modules only."""
    program = f"import sys; before = set(sys.modules); import {case.listed.origin}; print(*set(sys.modules) - before)"
    done = subprocess.run(  # noqa: S603  # our own interpreter and our own words
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    if done.returncode:
        yield f"the manifest does not import: {done.stderr.strip().splitlines()[-1:]}"
    own = case.listed.origin
    for module in sorted(done.stdout.split()):
        top = module.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in {*PURE, own.partition(".")[0]}:
            yield f"importing the manifest imports `{module}`"
        elif module.startswith(IMPURE_PARTS) or (module.startswith(own + ".") and module != own):
            yield f"importing the manifest imports the part `{module}`"


def check_page(case: Case) -> Iterator[str]:
    """The module's docstring is the control's page, with its sections in order and something in each."""
    page = case.listed.page
    if not case.listed.summary.endswith("."):
        yield "the first line of the page is not a sentence"
    found = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    if found != list(SECTIONS):
        yield f"the page has the sections {found}, expected {list(SECTIONS)}"
    for title, _, text in (part.partition("\n") for part in page.split("\n## ")[1:]):
        if not text.strip():
            yield f"the section `{title}` is empty"


def check_settings(case: Case) -> Iterator[str]:
    """The defaults are valid, unknown keys are refused, and every field has a description."""
    kind = case.control.settings()
    if not kind.__struct_config__.frozen or not kind.__struct_config__.forbid_unknown_fields:
        yield f"`{kind.__name__}` is not frozen, or takes unknown keys"
    try:
        msgspec.convert({}, kind)
        msgspec.convert(msgspec.to_builtins(kind()), kind)
    except (msgspec.ValidationError, TypeError) as error:
        yield f"the defaults are not valid: {error}"
    schema = msgspec.json.schema(kind)
    properties = schema["$defs"][kind.__name__]["properties"]
    for name, field in properties.items():
        if not field.get("description"):
            yield f"the setting `{name}` has no description"


def check_rules(case: Case) -> Iterator[str]:
    """Rules have ids of the mitigation, unique, with all their texts, and techniques that exist."""
    number = case.control.mitigation.removeprefix("AML.")
    seen: set[str] = set()
    techniques = {technique.id for technique in case.release.techniques}
    for rule in case.control.rules():
        head, _, tail = rule.id.partition("/")
        if head != number or not KEBAB.fullmatch(tail):
            yield f"the rule id `{rule.id}` is not `{number}/kebab-case`"
        if rule.id in seen:
            yield f"the rule id `{rule.id}` is used twice"
        seen.add(rule.id)
        if not (rule.summary and rule.description and rule.remedy):
            yield f"the rule `{rule.id}` lacks a summary, a description or a remedy"
        for technique in set(rule.techniques) - techniques:
            yield f"the rule `{rule.id}` names `{technique}`, which ATLAS {case.release.version} does not have"
    if case.control.checker() is not None and not seen:
        yield "there is a checker, but no rule"


def check_coverage(case: Case) -> Iterator[str]:
    """Every technique that ATLAS lists for the mitigation has an experiment, or is declared with its reason."""
    control = case.control
    listed = {pair.technique for pair in case.release.pairs if pair.mitigation == control.mitigation}
    proved = {experiment.technique for experiment in control.experiments()}
    for technique in sorted(listed - proved - set(control.declared)):
        yield f"`{technique}` has neither an experiment nor a declared reason"
    for technique in sorted((proved | set(control.declared)) - listed):
        yield f"`{technique}` is not listed for `{control.mitigation}` in ATLAS {case.release.version}"
    for technique, reason in control.declared.items():
        if technique in proved:
            yield f"`{technique}` is declared as not covered, but has an experiment"
        if not reason.strip():
            yield f"`{technique}` is declared without a reason"


def check_experiments(case: Case) -> Iterator[str]:
    """Experiments declare a name, a description, a floor that can fail and enough trials."""
    names = [experiment.name for experiment in case.control.experiments()]
    for name in {name for name in names if names.count(name) > 1 or not KEBAB.fullmatch(name)}:
        yield f"the experiment name `{name}` is used twice or is not kebab-case"
    for experiment in case.control.experiments():
        if not experiment.description:
            yield f"the experiment `{experiment.name}` has no description"
        if not 0 < experiment.floor <= 1 and experiment.metric.endswith("rate"):
            yield f"the experiment `{experiment.name}` has a floor that a rate cannot fail or reach"
        if min(experiment.trials, experiment.benign_trials) < LEAST_TRIALS:
            yield f"the experiment `{experiment.name}` has fewer than {LEAST_TRIALS} trials"
        if case.control.guard() is None:
            yield f"the experiment `{experiment.name}` has no guard to switch on"


def check_findings(case: Case) -> Iterator[str]:
    """Findings name a rule of the control, a place and a remedy; each subject gets exactly one outcome."""
    kind = case.control.checker()
    if kind is None:
        return
    rules = {rule.id for rule in case.control.rules()}
    checker = kind(case.control.settings()())
    with specimens() as subjects:
        for subject in subjects:
            if subject.kind in checker.kinds:
                yield from _results(checker, subject, rules)


def _results(checker: Checker[Settings], subject: Subject, rules: set[str]) -> Iterator[str]:
    results = list(checker.check(subject))
    outcomes = [result for result in results if isinstance(result, Outcome)]
    if len(outcomes) != 1:
        yield f"`{subject.name}` got {len(outcomes)} outcomes"
    for outcome in outcomes:
        if outcome.verdict not in {Verdict.CLEAN, Verdict.NOT_APPLICABLE} and not outcome.reason:
            yield f"`{subject.name}` is {outcome.verdict} without a reason"
    for finding in (result for result in results if isinstance(result, Finding)):
        if finding.rule not in rules:
            yield f"a finding names the rule `{finding.rule}`, which the control does not have"
        if not finding.remedy or not finding.message:
            yield f"a finding of `{finding.rule}` has no message or no remedy"
        if finding.location.path != subject.name:
            yield f"a finding of `{finding.rule}` in `{subject.name}` is located in `{finding.location.path}`"


def check_faults(case: Case) -> Iterator[str]:
    """What cannot be read is never clean and never permitted, and nothing is raised."""
    settings = case.control.settings()()
    checker_kind, guard_kind = case.control.checker(), case.control.guard()
    with faults() as subjects:
        for subject in subjects:
            if checker_kind is not None:
                yield from _faulty_check(checker_kind(settings), subject)
            if guard_kind is not None:
                yield from _faulty_operation(guard_kind(settings), subject)


def _faulty_check(checker: Checker[Settings], subject: Subject) -> Iterator[str]:
    if subject.kind not in checker.kinds:
        return
    try:
        results = list(checker.check(subject))
    except Exception as error:  # noqa: BLE001  # that nothing is raised is what is checked
        yield f"checking {subject.name} raises {type(error).__name__}"
        return
    for result in results:
        if isinstance(result, Outcome) and result.verdict in {Verdict.CLEAN, Verdict.NOT_APPLICABLE}:
            yield f"{subject.name} is {result.verdict}"


def _faulty_operation(guard: Guard[Settings], subject: Subject) -> Iterator[str]:
    for kind in guard.kinds:
        try:
            decision = guard.enforce(Operation(kind=kind, subject=subject))
        except Exception as error:  # noqa: BLE001  # that nothing is raised is what is checked
            yield f"guarding a {kind} of {subject.name} raises {type(error).__name__}"
            continue
        if not decision.is_stopping or not decision.reason:
            yield f"a {kind} of {subject.name} is decided as {Effect(decision.effect)}: `{decision.reason}`"


CHECKS: Final[tuple[Callable[[Case], Iterator[str]], ...]] = (
    check_names,
    check_purity,
    check_page,
    check_settings,
    check_rules,
    check_coverage,
    check_experiments,
    check_findings,
    check_faults,
)


@contextmanager
def specimens() -> Iterator[tuple[Subject, ...]]:
    """Yield small subjects of many kinds, hostile and ordinary, in a temporary folder."""
    contents = {
        "empty": b"",
        "text.txt": b"plain text\n",
        "noise.bin": bytes(range(256)) * 8,
        "hostile.pkl": artefacts.shell("canary").finished(),
        "broken.pkl": artefacts.broken_tail("canary").finished()[:-3],
        "unknown.pkl": Program(protocol=4).call("some.module", "some_function", "x").finished(),
        "hostile.zip": artefacts.wheel(artefacts.evaluated("canary").finished()),
        "hostile.joblib": artefacts.joblib_zlib(artefacts.shell("canary").finished()),
    }
    with tempfile.TemporaryDirectory(prefix="telamon-conformance-") as folder:
        for name, content in contents.items():
            Path(folder, name).write_bytes(content)
        files = tuple(Subject(kind=SubjectKind.FILE, name=name, path=Path(folder, name)) for name in contents)
        yield (*files, Subject(kind=SubjectKind.FOLDER, name="folder", path=Path(folder)))


@contextmanager
def faults() -> Iterator[tuple[Subject, ...]]:
    """Yield subjects that cannot be read: missing, a FIFO, a link loop, a folder in place of a file."""
    with tempfile.TemporaryDirectory(prefix="telamon-conformance-") as folder:
        os.mkfifo(Path(folder, "fifo"))
        Path(folder, "loop").symlink_to("loop")
        paths = {"a missing file": "missing", "a FIFO": "fifo", "a link loop": "loop", "a folder as a file": "."}
        yield tuple(Subject(kind=SubjectKind.FILE, name=name, path=Path(folder, path)) for name, path in paths.items())

"""The conformance suite: what every control keeps, whoever wrote it; each check yields what is wrong, in words."""

from __future__ import annotations

import builtins
import errno
import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from telamon.core.commands import SHARED_OPTIONS, SHARED_PARAMETERS
from telamon.core.records import Effect, Finding, Outcome, Verdict
from telamon.core.settings import Settings
from telamon.core.subjects import Operation, Subject, SubjectKind
from telamon.kits.attacks import artefacts
from telamon.kits.attacks.pickles import Program
from telamon.policy.nodes import Document
from telamon.policy.schema import schema_hook
from telamon.policy.validation import problems_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from telamon.atlas import Release
    from telamon.catalog import Listed
    from telamon.core.commands import CommandReference
    from telamon.core.control import Checker, Control, Experiment, Guard
    from telamon.core.records import Rule

SECTIONS: Final = ("What it does", "Why it matters", "How it decides", "Example", "Limits", "References")
KEBAB: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LEAST_TRIALS: Final = 10  # fewer cannot show a drop of 0.5 with 95 % confidence (Newcombe, method 10)
# What a manifest may import beside the standard library, click and itself (house rule 3).
LIGHT: Final = frozenset(
    {"telamon", "telamon.controls", "telamon.core"}
    | {f"telamon.core.{name}" for name in ("commands", "control", "errors", "records", "subjects")}
)
DECLARED_BY_EXPERIMENTS: Final = ("name", "technique", "description", "floor", "trials", "benign_trials")
TIME_LIMIT_S: Final = 20.0  # for one small subject; a loaded machine takes a hundredth of it
MAX_FAULTS: Final = 32  # calls of the operating system that are made to fail in turn, per subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A control under check, and what it is held against.

    Attributes:
        release: Of ATLAS.
        commands: The names of the commands that there are beside the control's own, with whose they are.
    """

    listed: Listed
    release: Release
    commands: Mapping[str, str] = field(default_factory=dict)

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
    own = case.listed.origin
    program = f"import sys; before = set(sys.modules); import {own}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(  # noqa: S603  # our own interpreter and our own words
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    if done.returncode:
        yield f"the manifest does not import: {done.stderr.strip().splitlines()[-1]}"
    parts = own.split(".")
    allowed = LIGHT | {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
    for module in done.stdout.split():
        top = module.partition(".")[0]
        if top not in sys.stdlib_module_names and top != "click" and module not in allowed:
            yield f"importing the manifest imports `{module}`"


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
        if title == "References" and case.control.mitigation not in text:
            yield f"the references do not name `{case.control.mitigation}`"


def check_settings(case: Case) -> Iterator[str]:
    """The defaults are what the policy takes, unknown keys are refused, fields are described and numbers bounded."""
    kind = case.control.settings()
    if Settings not in kind.__mro__:
        yield f"`{kind.__name__}` is not derived from `Settings`"
        return
    if not kind.__struct_config__.frozen or not kind.__struct_config__.forbid_unknown_fields:
        yield f"`{kind.__name__}` is not frozen, or takes unknown keys"
    try:
        defaults = msgspec.json.decode(msgspec.json.encode(kind(), enc_hook=str))
    except TypeError as error:
        yield f"there are no defaults: {error}"
    else:
        document = Document(file="defaults", value=defaults, marks={})
        for problem in problems_of(document, defaults, kind, ()):
            yield f"the policy refuses the defaults: {problem.message}"
    components = msgspec.json.schema_components([kind], schema_hook=schema_hook)[1]
    for struct, schema in components.items():
        for name, value in schema.get("properties", {}).items():
            if len(value.get("enum", ())) != 1 or name not in schema.get("required", ()):  # a tag has no choice
                yield from _setting(f"{struct}.{name}", value)


def _setting(name: str, schema: dict[str, Any]) -> Iterator[str]:  # JSON Schema has no narrower type
    if not schema.get("description"):
        yield f"the setting `{name}` has no description"
    for kind in schema.get("anyOf", [schema]):
        if kind.get("type") in {"integer", "number"}:
            low = kind.keys() & {"minimum", "exclusiveMinimum"}
            if not low or not kind.keys() & {"maximum", "exclusiveMaximum"}:
                yield f"the setting `{name}` is a number without bounds"


def check_rules(case: Case) -> Iterator[str]:
    """Rules have ids of the mitigation, unique, with all their texts, and techniques that exist."""
    rules = case.control.rules()
    ids = [rule.id for rule in rules]
    for rule_id in sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1}):
        yield f"the rule id `{rule_id}` is used twice"
    for rule in rules:
        yield from _rule(case, rule)
    if case.control.checker() is not None and not rules:
        yield "there is a checker, but no rule"


def _rule(case: Case, rule: Rule) -> Iterator[str]:
    number = case.control.mitigation.removeprefix("AML.")
    head, _, tail = rule.id.partition("/")
    if head != number or not KEBAB.fullmatch(tail):
        yield f"the rule id `{rule.id}` is not `{number}/kebab-case`"
    if not (rule.summary and rule.description and rule.remedy):
        yield f"the rule `{rule.id}` lacks a summary, a description or a remedy"
    if "\n" in rule.summary or rule.summary.endswith("."):
        yield f"the summary of the rule `{rule.id}` is not one line without a full stop"
    for technique in sorted(set(rule.techniques) - {technique.id for technique in case.release.techniques}):
        yield f"the rule `{rule.id}` names `{technique}`, which ATLAS {case.release.version} does not have"


def check_coverage(case: Case) -> Iterator[str]:
    """Every technique that ATLAS lists for the mitigation has an experiment, or is declared with its reason."""
    control = case.control
    if control.mitigation not in {mitigation.id for mitigation in case.release.mitigations}:
        return  # which `check_names` says
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
    """Experiments are whole, and declare a name, a description, a floor that can fail and enough trials."""
    experiments = case.control.experiments()
    for experiment in experiments:
        missing = [name for name in DECLARED_BY_EXPERIMENTS if not hasattr(experiment, name)]
        missing += sorted(getattr(experiment, "__abstractmethods__", ()))
        if missing:
            yield f"the experiment `{experiment.__name__}` lacks {', '.join(missing)}"
        else:
            yield from _experiment(experiment)
    names = [getattr(experiment, "name", "") for experiment in experiments]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        yield f"the experiment name `{name}` is used twice"
    if experiments and case.control.guard() is None:
        yield "there are experiments, but no guard to switch on"


def _experiment(experiment: type[Experiment]) -> Iterator[str]:
    name = experiment.name
    if not KEBAB.fullmatch(name):
        yield f"the experiment name `{name}` is not kebab-case"
    if not experiment.description.strip():
        yield f"the experiment `{name}` has no description"
    if experiment.floor <= 0 or (experiment.metric.endswith("rate") and experiment.floor > 1):
        yield f"the experiment `{name}` has a floor that no drop can miss or reach"
    if not 0 <= experiment.benign_ceiling < 1:
        yield f"the experiment `{name}` has a benign ceiling that no cost can exceed"
    if min(experiment.trials, experiment.benign_trials) < LEAST_TRIALS:
        yield f"the experiment `{name}` has fewer than {LEAST_TRIALS} trials"


def _defaults(case: Case) -> Settings | None:
    """Return the settings without a section in the policy; none where there are none, which `check_settings` says."""
    try:
        return case.control.settings()()
    except TypeError:
        return None


def check_commands(case: Case) -> Iterator[str]:
    """Commands have names of their own, say what they do, load, and leave the shared options to the CLI."""
    references = case.control.commands()
    names = [reference.name for reference in references]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"the command `{name}` is there twice"
    for reference in references:
        if not KEBAB.fullmatch(reference.name):
            yield f"the name of the command `{reference.name}` is not kebab-case"
        if reference.name in case.commands:
            yield f"the command `{reference.name}` is also one of {case.commands[reference.name]}"
        if not reference.summary.endswith(".") or "\n" in reference.summary:
            yield f"the summary of the command `{reference.name}` is not one line with a full stop"
        yield from _loaded_command(case, reference)


def _loaded_command(case: Case, reference: CommandReference) -> Iterator[str]:
    module = reference.target.partition(":")[0]
    if module != case.listed.origin and not module.startswith(f"{case.listed.origin}."):
        yield f"the command `{reference.name}` is not in the control's own package, but in `{module}`"
        return
    try:
        command = reference.load()
    except Exception as error:  # noqa: BLE001  # that it loads is what is checked
        yield f"the command `{reference.name}` does not load: {type(error).__name__}"
        return
    if not isinstance(command, click.Command) or command.name != reference.name:
        yield f"`{reference.target}` is no command of the name `{reference.name}`"
        return
    yield from _command(command, reference.name)


def _command(command: click.Command, name: str) -> Iterator[str]:
    if not (command.help or "").strip():
        yield f"the command `{name}` has no help"
    if isinstance(command, click.Group):
        if command.invoke_without_command:
            yield f"the group `{name}` does work without a command, for which it is given no context"
        for inner_name, inner in command.commands.items():
            yield from _command(inner, f"{name} {inner_name}")
        return
    for parameter in command.params:
        words = {parameter.name, *parameter.opts, *parameter.secondary_opts}
        for word in sorted(words & (SHARED_OPTIONS | SHARED_PARAMETERS), key=str):
            yield f"the command `{name}` has `{word}`, which the CLI adds to every command"


def check_findings(case: Case) -> Iterator[str]:
    """Findings name a rule, a place and a remedy; each subject gets one outcome, the same each time, and no error."""
    kind, settings = case.control.checker(), _defaults(case)
    if kind is None or settings is None:
        return
    checker = kind(settings)
    with specimens() as subjects:
        for subject in subjects:
            if subject.kind not in checker.kinds:
                continue
            first = _results(checker, subject)
            if isinstance(first, str):
                yield first
                continue
            if first != _results(checker, subject):
                yield f"`{subject.name}` gets other results when it is checked again"
            for result in first:
                if isinstance(result, Finding):
                    yield from _finding(case.control, result, subject)
                else:
                    yield from _outcome(case.control, result, subject)
            count = sum(isinstance(result, Outcome) for result in first)
            if count != 1 or not isinstance(first[-1], Outcome):
                yield f"`{subject.name}` gets {count} outcomes, or findings after it"


def _results(checker: Checker[Settings], subject: Subject) -> list[Finding | Outcome] | str:
    """Return what a checker says of a subject, or that it says nothing."""
    try:
        with time_limit(TIME_LIMIT_S):
            return list(checker.check(subject))
    except TooSlow:
        return f"checking `{subject.name}` takes more than {TIME_LIMIT_S:g} s"
    except Exception as error:  # noqa: BLE001  # that nothing is raised is what is checked
        return f"checking `{subject.name}` raises {type(error).__name__}"


def _finding(control: Control, finding: Finding, subject: Subject) -> Iterator[str]:
    if finding.rule not in {rule.id for rule in control.rules()}:
        yield f"a finding names the rule `{finding.rule}`, which the control does not have"
    if not finding.remedy or not finding.message or "\n" in finding.message:
        yield f"a finding of `{finding.rule}` has no remedy, or no message of one line"
    if finding.location.path != subject.name:
        yield f"a finding of `{finding.rule}` in `{subject.name}` is located in `{finding.location.path}`"


def _outcome(control: Control, outcome: Outcome, subject: Subject) -> Iterator[str]:
    if (outcome.control, outcome.location.path) != (control.name, subject.name):
        yield f"the outcome of `{subject.name}` is for `{outcome.control}` and `{outcome.location.path}`"
    if outcome.verdict not in {Verdict.CLEAN, Verdict.NOT_APPLICABLE} and not outcome.reason:
        yield f"`{subject.name}` is {outcome.verdict} without a reason"


def check_faults(case: Case) -> Iterator[str]:
    """What cannot be read is never clean and never permitted, and nothing is raised."""
    checker_kind, guard_kind, settings = case.control.checker(), case.control.guard(), _defaults(case)
    if settings is None:
        return
    probes: list[Callable[[Subject], Iterator[str]]] = []
    if checker_kind is not None:
        probes.append(partial(_faulty_check, checker_kind(settings)))
    if guard_kind is not None:
        probes.append(partial(_faulty_operation, guard_kind(settings)))
    with faults() as subjects:
        for subject, probe in product(subjects, probes):
            yield from probe(subject)
    with specimens() as subjects:
        for subject, probe in product(subjects, probes):
            yield from _interrupted(probe, subject)


def _interrupted(probe: Callable[[Subject], Iterator[str]], subject: Subject) -> Iterator[str]:
    """Let each call by which the subject is read fail in turn, until there is none left to fail."""
    for number in range(MAX_FAULTS):
        with failing_call(subject.path, number) as fault:
            problems = list(probe(subject))
        if not fault.call:
            return
        if problems:
            yield from (f"{problem}, when call {number} of the system fails ({fault.call})" for problem in problems)
            return


def _faulty_check(checker: Checker[Settings], subject: Subject) -> Iterator[str]:
    if subject.kind not in checker.kinds:
        return
    results = _results(checker, subject)
    if isinstance(results, str):
        yield results
        return
    verdicts = [result.verdict for result in results if isinstance(result, Outcome)]
    for verdict in verdicts or [Verdict.NOT_APPLICABLE]:
        if verdict in {Verdict.CLEAN, Verdict.NOT_APPLICABLE}:
            yield f"`{subject.name}` is {verdict}"


def _faulty_operation(guard: Guard[Settings], subject: Subject) -> Iterator[str]:
    for kind in sorted(guard.kinds) if subject.kind is SubjectKind.FILE else ():
        try:
            with time_limit(TIME_LIMIT_S):
                decision = guard.enforce(Operation(kind=kind, subject=subject))
        except TooSlow:
            yield f"guarding a {kind} of `{subject.name}` takes more than {TIME_LIMIT_S:g} s"
            continue
        except Exception as error:  # noqa: BLE001  # that nothing is raised is what is checked
            yield f"guarding a {kind} of `{subject.name}` raises {type(error).__name__}"
            continue
        if not decision.is_stopping or not decision.reason:
            yield f"a {kind} of `{subject.name}` is decided as {Effect(decision.effect)}: `{decision.reason}`"


CHECKS: Final[tuple[Callable[[Case], Iterator[str]], ...]] = (
    check_names,
    check_purity,
    check_page,
    check_settings,
    check_rules,
    check_coverage,
    check_experiments,
    check_commands,
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
        "data.pkl": b"\x80\x02]q\x00(K\x01K\x02e.",
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
    """Yield subjects that cannot be read, by no fault of the checker, and for root as for anybody else."""
    with tempfile.TemporaryDirectory(prefix="telamon-conformance-") as folder, socket.socket(socket.AF_UNIX) as endless:
        os.mkfifo(Path(folder, "fifo"))
        Path(folder, "loop").symlink_to("loop")
        Path(folder, "device").symlink_to("/dev/zero")
        endless.bind(str(Path(folder, "socket")))
        paths = {
            "a missing file": "missing",
            "a FIFO": "fifo",
            "a link loop": "loop",
            "a folder as a file": ".",
            "a device": "device",
            "a socket": "socket",
            "a file in a FIFO": "fifo/file",
            "a name that is too long": "n" * 300,
        }
        yield tuple(Subject(kind=SubjectKind.FILE, name=name, path=Path(folder, path)) for name, path in paths.items())


class TooSlow(BaseException):  # no error of telamon: what is checked may catch those
    """What is checked took longer than it may."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` in the block after so many seconds, also where it waits; no limit but in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(slots=True, kw_only=True)
class Fault:
    """A call of the operating system that is made to fail.

    Attributes:
        call: The function that failed; empty as long as none did.
    """

    path: str
    number: int
    call: str = ""
    descriptors: set[int] = field(default_factory=set)

    def replace(self, module: Any, name: str) -> Callable[[], None]:  # a module's functions have no common type
        """Put a function in place of one that opens or reads files, and return what puts it back."""
        original = getattr(module, name)

        def function(first: Any, *rest: Any, **named: Any) -> Any:  # whatever the original takes and returns
            is_path = isinstance(first, (str, bytes, os.PathLike))
            if (os.fsdecode(first) == self.path) if is_path else first in self.descriptors:
                self.number -= 1
                if self.number < 0:
                    self.call = self.call or name
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
            answer = original(first, *rest, **named)
            if name == "open" and isinstance(answer, int) and is_path and os.fsdecode(first) == self.path:
                self.descriptors.add(answer)
            return answer

        setattr(module, name, function)
        return lambda: setattr(module, name, original)


@contextmanager
def failing_call(path: Path, number: int) -> Iterator[Fault]:
    """Let the call with that number (from zero) by which `path` is opened or read fail, and all that follow.

    Permissions would not do: they do not hold for root. What is opened by `open` fails when it is opened, or not at
    all; what is opened by `os.open` fails at each read too.
    """
    fault = Fault(path=str(path), number=number)
    with ExitStack() as stack:
        for module, name in ((builtins, "open"), (io, "open"), (os, "open"), (os, "read"), (os, "pread")):
            stack.callback(fault.replace(module, name))
        yield fault

"""The contract of a control: what a manifest answers that says nothing, and what its parts hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec
import pytest

from telamon.core.control import Attacker, Checker, Control, Guard, Trial
from telamon.core.records import Decision, Effect, Finding, Location, Mode, Outcome, Severity, Verdict
from telamon.core.settings import Settings
from telamon.core.subjects import Operation, OperationKind, Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Iterator

SUBJECT = Subject(kind=SubjectKind.FILE, name="a", path=Path("a"))


class Plain(Control):
    name: ClassVar[str] = "plain"
    mitigation: ClassVar[str] = "AML.M0000"


class CleanChecker(Checker[Settings]):
    def check(self, subject: Subject) -> Iterator[Finding | Outcome]:
        yield Outcome(control="plain", location=Location(path=subject.name), verdict=Verdict.CLEAN)


class PermittingGuard(Guard[Settings]):
    kinds: ClassVar[frozenset[OperationKind]] = frozenset({OperationKind.LOAD})

    def enforce(self, operation: Operation) -> Decision:
        return Decision(effect=Effect.PERMIT, reason=operation.actor)


def test_a_manifest_that_says_nothing_has_no_parts() -> None:
    control = Plain()
    assert (control.rules(), control.checker(), control.guard()) == ((), None, None)
    assert (control.experiments(), control.commands()) == ((), ())
    assert (control.extra, dict(control.declared)) == (None, {})
    assert control.settings() is Settings


def test_what_is_declared_cannot_be_changed_for_all_controls() -> None:
    with pytest.raises(TypeError):
        Plain.declared["AML.T0000"] = "reason"


def test_parts_hold_the_settings_of_the_policy() -> None:
    settings = Settings(mode=Mode.SHADOW)
    checker, guard = CleanChecker(settings), PermittingGuard(settings)
    assert checker.settings is settings
    assert guard.settings is settings
    assert checker.kinds == {SubjectKind.FILE}
    assert list(checker.check(SUBJECT)) == [
        Outcome(control="plain", location=Location(path="a"), verdict=Verdict.CLEAN)
    ]
    operation = Operation(kind=OperationKind.LOAD, subject=SUBJECT, actor="ci")
    assert guard.enforce(operation) == Decision(effect=Effect.PERMIT, reason="ci")


def test_a_trial_has_the_naive_attacker_unless_it_says_so() -> None:
    trial = Trial(number=0, seed=1, workspace=Path("w"), guard=None)
    assert trial.attacker is Attacker.NAIVE


def test_settings_enforce_and_fail_at_high_unless_they_say_so() -> None:
    assert msgspec.convert({}, Settings) == Settings(mode=Mode.ENFORCE, fail_at=Severity.HIGH)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"unknown": 1}, Settings)


def test_the_contract_imports_the_standard_library_only() -> None:
    program = "import sys; import telamon.core.control; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=False)  # noqa: S603  # this interpreter
    imported = set(done.stdout.split()) - set(sys.stdlib_module_names)
    assert imported <= {"telamon", "__main__"}

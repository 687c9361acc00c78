"""A run of `prove`: what is chosen, and what an experiment that raises does to the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telamon import catalog as catalogue
from telamon.catalog import UnknownControlError
from telamon.core.errors import UsageError
from telamon.core.records import ExitCode, Mode, ProofVerdict
from telamon.core.settings import Settings
from telamon.policy.compiler import Policy
from telamon.policy.document import PolicyFile
from telamon.proving.run import choose, prove

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.core.control import Trial


def policy(**settings: object) -> Policy:
    return Policy(file=None, document=PolicyFile(version=1), controls={"made-up-control": Settings(**settings)})


def test_experiment_that_raises_is_an_internal_failure_and_the_others_go_on(
    make_catalog: Callable, make_experiment: Callable
) -> None:
    def crash(_trial: Trial) -> float:
        raise ZeroDivisionError("on purpose")

    catalog = make_catalog(make_experiment(crash, name="crashing"), make_experiment(name="sound"))
    report = prove(choose((), catalog), policy=policy())
    assert [(proof.experiment, proof.verdict) for proof in report.proofs] == [("sound", ProofVerdict.PASSED)]
    assert [(failure.subject, failure.reason, failure.is_internal) for failure in report.failures] == [
        ("crashing", "ZeroDivisionError: on purpose", True)
    ]
    assert report.exit_code is ExitCode.INTERNAL


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        (lambda trial: float(trial.guard is None), ExitCode.CLEAN),
        (lambda _trial: 1.0, ExitCode.FINDINGS),
        (lambda _trial: 0.0, ExitCode.NOT_RUN),
    ],
)
def test_exit_code_is_that_of_the_worst_proof(
    make_catalog: Callable, make_experiment: Callable, attack: Callable, code: ExitCode
) -> None:
    catalog = make_catalog(make_experiment(attack), make_experiment(name="other"))
    assert prove(choose((), catalog), policy=policy()).exit_code is code


def test_control_in_shadow_is_proved_as_it_would_enforce(make_catalog: Callable, make_experiment: Callable) -> None:
    modes: list[Mode] = []

    def attack(trial: Trial) -> float:
        if trial.guard is not None:
            modes.append(trial.guard.settings.mode)
        return float(trial.guard is None)

    report = prove(choose((), make_catalog(make_experiment(attack))), policy=policy(mode=Mode.SHADOW))
    assert set(modes) == {Mode.ENFORCE}
    assert report.proofs[0].verdict is ProofVerdict.PASSED


def test_progress_is_told(make_catalog: Callable, make_experiment: Callable) -> None:
    totals: list[int] = []
    steps: list[None] = []
    catalog = make_catalog(make_experiment())
    prove(choose((), catalog), policy=policy(), begin=totals.append, advance=lambda: steps.append(None))
    assert totals == [len(steps)] == [60]


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ((), ["user-execution", "unsafe-artefact", "malicious-package"]),
        (("vulnerability-scanning",), ["user-execution", "unsafe-artefact", "malicious-package"]),
        (("AML.M0016",), ["user-execution", "unsafe-artefact", "malicious-package"]),
        (("M0016/T0011.000",), ["unsafe-artefact"]),
        (("AML.M0016/AML.T0011.001", "AML.M0016/AML.T0011"), ["user-execution", "malicious-package"]),
        (("AML.M0016/AML.T0011", "AML.M0016/AML.T0011"), ["user-execution"]),
    ],
)
def test_selectors_choose_each_experiment_once_in_order(selectors: tuple[str, ...], expected: list[str]) -> None:
    chosen = choose(selectors, catalogue.load())
    scanning = [one.experiment.name for one in chosen if one.listed.control.name == "vulnerability-scanning"]
    assert scanning == expected


def test_selector_of_nothing_is_an_error() -> None:
    with pytest.raises(UnknownControlError):
        choose(("nothing",), catalogue.load())
    with pytest.raises(UsageError, match=r"no experiment proves `AML\.M0016/AML\.T0000`"):
        choose(("AML.M0016/AML.T0000",), catalogue.load())


def test_a_control_of_another_package_is_proved_when_it_is_named(
    make_catalog: Callable, make_experiment: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = make_catalog(make_experiment(name="foreign"))
    empty = catalogue.Catalog(own=())
    monkeypatch.setitem(vars(empty), "third_party", foreign.own)  # as if an installed distribution offered it
    assert choose((), empty) == ()
    assert [chosen.experiment.name for chosen in choose(("made-up-control",), empty)] == ["foreign"]

"""A run of `prove`: chooses experiments, runs each, and returns the report."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from telamon import __version__
from telamon.core.errors import UsageError
from telamon.core.records import Mode
from telamon.proving.harness import run, trials_of
from telamon.reporting.report import Failure, FailureKind, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from telamon.catalog import Catalog, Listed
    from telamon.core.control import Experiment
    from telamon.policy import Policy

DEFAULT_SEED = 20260101


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One experiment and the control that it proves."""

    listed: Listed
    experiment: type[Experiment]


def choose(selectors: Sequence[str], catalog: Catalog) -> tuple[Chosen, ...]:
    """Return the experiments that the selectors name, each once, in the order of the catalogue.

    Args:
        selectors: Controls, mitigations or pairs such as `AML.M0016/AML.T0011.000`; none for all.
        catalog: The controls.

    Raises:
        UnknownControlError: A selector names no control.
        UsageError: A pair has no experiment.
    """
    heads = [catalog.find(selector.partition("/")[0]) for selector in selectors]
    listed = dict.fromkeys((*catalog, *heads))  # of other packages those that are named
    every = [Chosen(listed=one, experiment=each) for one in listed for each in one.control.experiments()]
    wanted = [_matching(selector, catalog, every) for selector in selectors]
    if not wanted:
        return tuple(every)
    return tuple(chosen for chosen in every if any(chosen in group for group in wanted))


def _matching(selector: str, catalog: Catalog, every: list[Chosen]) -> list[Chosen]:
    head, _, technique = selector.partition("/")
    control = catalog.find(head).control
    technique = technique if technique.startswith("AML.") or not technique else f"AML.{technique}"
    found = [
        chosen
        for chosen in every
        if chosen.listed.control.name == control.name and technique in {"", chosen.experiment.technique}
    ]
    if not found:
        raise UsageError(f"no experiment proves `{selector}`", hint=f"`telamon explain {control.name}` says what does")
    return found


def prove(
    chosen: Iterable[Chosen],
    *,
    policy: Policy,
    seed: int = DEFAULT_SEED,
    begin: Callable[[int], None] = lambda _total: None,
    advance: Callable[[], None] = lambda: None,
) -> Report:
    """Run the experiments and return the report; one that raises is a failure, and the others go on.

    Args:
        chosen: What to run.
        policy: Whose settings the controls have; the mode is `enforce` in the arm that has the control on.
        seed: Of all trials.
        begin: Told how many trials there will be.
        advance: Called after each.
    """
    start = time.perf_counter()
    chosen = tuple(chosen)
    begin(sum(trials_of(each.experiment) for each in chosen))
    proofs, failures = [], []
    for each in chosen:
        control = each.listed.control
        settings = msgspec.structs.replace(policy.settings(control.name), mode=Mode.ENFORCE)
        try:
            proofs.append(run(control, each.experiment, settings=settings, seed=seed, on_trial=advance))
        except Exception as error:  # noqa: BLE001  # the experiment entry is a border (house rule 12)
            reason = f"{type(error).__name__}: {error}"
            failures.append(
                Failure(
                    control=control.name,
                    subject=each.experiment.name,
                    reason=reason,
                    kind=FailureKind.INTERNAL_ERROR,
                )
            )
    return Report(
        command="prove",
        version=__version__,
        policy=policy,
        proofs=tuple(sorted(proofs, key=lambda proof: (proof.pair, proof.experiment))),
        failures=tuple(failures),
        elapsed_s=time.perf_counter() - start,
    )

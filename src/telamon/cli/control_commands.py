"""The commands that controls add: found by reference, given the shared options, and answered for."""

from __future__ import annotations

import copy
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from telamon.catalog import BrokenControlError
from telamon.cli.options import policy_option, report_options
from telamon.core.errors import MissingExtraError
from telamon.core.records import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from telamon.catalog import Listed
    from telamon.cli.command_context import GivenContext
    from telamon.core.commands import CommandReference, Result
    from telamon.core.records import Rule
    from telamon.reporting.report import Failure, Report, Reported


class BrokenCommandError(BrokenControlError):
    """A control's command is no command, or answered with something else than a result.

    Remedy: Update or remove the package that brings the command, and tell its authors.
    """

    code = "broken-command"
    exit_code = ExitCode.INTERNAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A command that a control offers."""

    owner: Listed
    reference: CommandReference

    def load(self) -> click.Command:
        """Import the command, with the shared options added to it and to the commands within it.

        Raises:
            BrokenCommandError: The reference leads nowhere or to something else, or the command has an option of its
                own that is a shared one.
            MissingExtraError: What the control needs is not installed.
        """
        control = self.owner.control
        try:
            found = self.reference.load()
        except ImportError as error:
            if control.extra is None or (error.name or "telamon").partition(".")[0] == "telamon":
                raise BrokenCommandError(f"the command `{self.reference.name}` does not load: {error}") from error
            raise MissingExtraError(control.extra, f"`telamon {self.reference.name}`") from error
        except AttributeError as error:
            raise BrokenCommandError(f"the command `{self.reference.name}` does not load: {error}") from error
        if not isinstance(found, click.Command):
            raise BrokenCommandError(f"expected a command at `{self.reference.target}`, found something else")
        return _dressed(found, self.owner)


def offered(controls: Iterable[Listed], own: Iterable[str]) -> dict[str, Offered]:
    """Return the commands of controls by name.

    Args:
        controls: Whose.
        own: The names of the CLI's own commands.

    Raises:
        BrokenControlError: Two commands have one name.
    """
    owners = dict.fromkeys(own, "telamon itself")
    found: dict[str, Offered] = {}
    for listed in controls:
        for reference in listed.control.commands():
            if reference.name in owners:
                raise BrokenControlError(
                    f"the command `{reference.name}` of `{listed.control.name}` is also one of {owners[reference.name]}"
                )
            owners[reference.name] = f"`{listed.control.name}`"
            found[reference.name] = Offered(owner=listed, reference=reference)
    return found


def shared_parameters() -> list[click.Parameter]:
    """Return what every command of a control has: `--policy`, and the options of a report."""

    @click.command
    @policy_option
    @report_options
    def shared() -> None:
        """Has the options and does nothing."""

    return shared.params


def _dressed(command: click.Command, owner: Listed) -> click.Command:
    """Return a copy of the command that is given a context and whose result is answered for."""
    dressed = copy.copy(command)
    if isinstance(dressed, click.Group):
        dressed.commands = {name: _dressed(inner, owner) for name, inner in dressed.commands.items()}
        return dressed
    shared = shared_parameters()
    taken = {word for each in shared for word in (each.name, *each.opts, *each.secondary_opts)}
    for parameter in command.params:
        clash = taken & {parameter.name, *parameter.opts, *parameter.secondary_opts}
        if clash:
            raise BrokenCommandError(
                f"the command `{command.name}` of `{owner.control.name}` has a shared option of its own: "
                f"`{min(str(word) for word in clash)}`"
            )
    dressed.params = [*command.params, *shared]
    dressed.callback = partial(_run, command.callback or _nothing, owner)
    return dressed


def _nothing() -> None:
    """What a command without a callback does, which is no answer."""


def _run(
    callback: Callable[..., object],
    owner: Listed,
    *,
    policy_file: Path | None,
    format_name: str,
    output: Path | None,
    verbose: bool,
    color: bool | None,
    **words: Any,  # the command's own parameters, of any type
) -> None:
    """Give the command its context, and answer for its result: write it, record it, and end by it."""
    from telamon.cli.answers import exit_code, show
    from telamon.cli.command_context import given_context
    from telamon.cli.output import Output, check_place

    ctx = click.get_current_context()
    context = given_context(owner, policy_file)
    check_place(output)
    ctx.obj = context
    with context.log or nullcontext():
        result, failures = _called(partial(callback, **words), ctx, context)
        report = _report(ctx, owner, context, result, failures)
    show(result, report, Output(format_name=format_name, file=output, is_verbose=verbose, color=color))
    ctx.exit(exit_code(result, report))


def _called(
    callback: Callable[[], object], ctx: click.Context, context: GivenContext
) -> tuple[Result, tuple[Failure, ...]]:
    """Return the command's result, and why it could not run where that is what it says."""
    from telamon.cli.command_context import reason_of
    from telamon.core.commands import Result
    from telamon.core.errors import TelamonError
    from telamon.reporting.report import Failure

    try:
        result = callback()
    except TelamonError as error:
        if error.exit_code is not ExitCode.NOT_RUN:
            raise
        return Result(), (Failure(control=context.control, subject="", reason=reason_of(error)),)
    if not isinstance(result, Result):
        raise BrokenCommandError(
            f"expected a result from the command `{ctx.info_name}` of `{context.control}`, "
            f"found `{type(result).__name__}`"
        )
    return result, ()


def _report(
    ctx: click.Context, owner: Listed, context: GivenContext, result: Result, failures: tuple[Failure, ...]
) -> Report:
    """Set the findings against the gate, and record what there is to record."""
    from telamon import __version__
    from telamon.reporting.report import Report

    report = Report(
        command=ctx.command_path.partition(" ")[2],
        version=__version__,
        policy=context.policy,
        findings=tuple(_gated(owner, context, result)) if result.findings else (),
        outcomes=result.outcomes,
        failures=failures,
        rules=_rules(owner, result),
    )
    if context.log is not None and (report.outcomes or report.failures):
        from telamon.reporting.evidence import recorded

        report = recorded(report, context.policy, context.log)
    if context.unrecorded:
        report = replace(report, failures=(*report.failures, *context.unrecorded))
    return report


def _gated(owner: Listed, context: GivenContext, result: Result) -> Iterator[Reported]:
    from pathlib import Path

    from telamon.checking.run import Gate
    from telamon.reporting.report import Reported

    control, policy = owner.control.name, context.policy
    gate = Gate(policy=policy, baseline=None, today=context.clock().date())
    for finding in result.findings:
        place = policy.place(Path(finding.location.path))
        standing, note = gate.stand(finding, control, place)
        yield Reported(finding=finding, control=control, standing=standing, note=note, place=place.relative)


def _rules(owner: Listed, result: Result) -> dict[str, Rule]:
    used = {finding.rule for finding in result.findings}
    return {rule.id: rule for rule in owner.control.rules() if rule.id in used} if used else {}

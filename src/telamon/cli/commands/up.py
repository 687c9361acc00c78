"""`telamon up`: the main job, from nothing to an attack seen working and then stopped."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from telamon import catalog as catalogue
from telamon.cli.output import say
from telamon.core.records import ExitCode
from telamon.reporting.report import Standing

if TYPE_CHECKING:
    from telamon.catalog import Catalog
    from telamon.cli.demo import Demo
    from telamon.policy import Policy
    from telamon.reporting.report import Report

# As `Report.exit_code` ranks them.
_GRAVEST_LAST = (ExitCode.CLEAN, ExitCode.NOT_RUN, ExitCode.FINDINGS, ExitCode.INTERNAL)


@click.command(name="up")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("telamon-demo"))
@click.option("--once", is_flag=True, help="End here; later releases go on with the gateway and the console.")
@click.pass_context
def command(ctx: click.Context, folder: Path, *, once: bool) -> None:
    """Make a demo system in FOLDER, check it, and show an attack working and then blocked."""
    del once  # the gateway and the console start from here when they are built; until then every run is one
    from telamon.cli.demo import make_demo
    from telamon.policy import load

    catalog = catalogue.load()
    _say("1. A demo system")
    demo = make_demo(folder)
    for name, what in demo.files:
        say(f"   {folder / name}: {what}")
    say(f"   {demo.policy}: the policy, with comments")
    policy = load(demo.policy, catalog)
    checked = _check(policy, catalog, demo)
    proved = _prove(policy, catalog)
    _coverage(policy, catalog)
    _next(demo)
    ctx.exit(max(checked, proved, key=_GRAVEST_LAST.index))


def _check(policy: Policy, catalog: Catalog, demo: Demo) -> ExitCode:
    """Show the check; it must find the trojan, and may find nothing else to complain of but that."""
    from telamon.checking.run import check
    from telamon.cli.progress import progress
    from telamon.reporting import evidence

    _say("2. The check: what would run if these models were loaded?")
    with progress("checking") as bar:
        today = dt.datetime.now(dt.UTC).date()
        paths = {path: path.as_posix() for path in policy.paths[-1:]}
        report = check(paths, policy=policy, catalog=catalog, today=today, progress=bar)
    report = evidence.recorded(report, policy, evidence.open_evidence(policy))
    click.echo(_text(report, is_verbose=True))
    failing = {item.finding.location.path for item in report.findings if item.standing is Standing.FAILING}
    if demo.trojan.as_posix() not in failing:
        say(f"   error: expected the check to stop `{demo.trojan}`, which would run a command; it did not")
        return max(report.exit_code, ExitCode.FINDINGS, key=_GRAVEST_LAST.index)
    return ExitCode.CLEAN if report.exit_code is ExitCode.FINDINGS else report.exit_code


def _prove(policy: Policy, catalog: Catalog) -> ExitCode:
    from telamon.cli.progress import progress
    from telamon.proving.run import choose, prove
    from telamon.reporting import evidence

    _say("3. The proof, of one pair of each control: real loaders, inert payloads, the control off and on")
    chosen = choose(_firsts(catalog), catalog)
    with progress("proving") as bar:
        report = prove(chosen, policy=policy, begin=bar.begin, advance=bar.advance)
    report = evidence.recorded(report, policy, evidence.open_evidence(policy))
    click.echo(_text(report, is_verbose=False))
    if not chosen or len(report.proofs) < len(chosen):
        say(f"   error: expected a proof from each experiment ({len(chosen)}), found {len(report.proofs)}")
        return max(report.exit_code, ExitCode.NOT_RUN, key=_GRAVEST_LAST.index)
    return report.exit_code


def _firsts(catalog: Catalog) -> tuple[str, ...]:
    """The pair of each control that its first experiment proves: all would take minutes."""
    controls = [listed.control for listed in catalog if listed.control.experiments()]
    return tuple(f"{control.mitigation}/{control.experiments()[0].technique}" for control in controls)


def _coverage(policy: Policy, catalog: Catalog) -> None:
    from telamon.cli.commands.coverage import coverage_rows
    from telamon.cli.tables import coverage_table

    _say("4. Coverage: the mitigations of MITRE ATLAS")
    for line in coverage_table(coverage_rows(policy, catalog)):
        click.echo(f"   {line}")


def _next(demo: Demo) -> None:
    _say("5. Where to look next")
    option = f"--policy {demo.policy}"
    for text in (
        f"telamon prove --all {option}    every attack on every control that is built (minutes)",
        f"telamon check {option}          the check again, as CI would run it (exit 1: the trojan is there)",
        "telamon explain M0016/dangerous-call     what a rule means and what to do",
        f"telamon ledger verify {option}  the evidence is what was recorded",
        "telamon check PATH                       your own models; `telamon init` writes your own policy",
    ):
        say(f"   {text}")


def _say(title: str) -> None:
    click.echo(f"\n{title}\n")


def _text(report: Report, *, is_verbose: bool) -> str:
    import sys

    from telamon.cli.options import is_coloured
    from telamon.reporting.formats import Format, Style, render

    style = Style(color=is_coloured(None, is_terminal=sys.stdout.isatty()), verbose=is_verbose)
    return "\n".join(f"   {line}" if line else "" for line in render(report, Format.TEXT, style=style).splitlines())

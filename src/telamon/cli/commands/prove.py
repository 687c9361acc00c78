"""`telamon prove`: run the experiments of controls, off and on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from telamon import catalog as catalogue
from telamon.cli.options import load_policy, policy_option, report_options
from telamon.core.errors import UsageError
from telamon.core.records import Mode

if TYPE_CHECKING:
    from pathlib import Path

MAX_SEED = 2**53 - 1  # what every reader of JSON keeps exact (RFC 8259, section 6): the seed is recorded


@click.command(name="prove")
@click.argument("selectors", nargs=-1, metavar="[CONTROL | AML.Mxxxx | AML.Mxxxx/AML.Txxxx]...")
@click.option("--all", "is_all", is_flag=True, help="Run every experiment of every control.")
@click.option(
    "--seed",
    type=click.IntRange(0, MAX_SEED),
    default=20260101,
    show_default=True,
    help="Two runs with one seed do the same.",
)
@click.option("--no-record", is_flag=True, help="Do not write the proofs to the policy's ledger.")
@policy_option
@report_options
@click.pass_context
def command(
    ctx: click.Context,
    selectors: tuple[str, ...],
    *,
    is_all: bool,
    seed: int,
    no_record: bool,
    policy_file: Path | None,
    format_name: str,
    output: Path | None,
    verbose: bool,
    color: bool | None,
) -> None:
    """Show each attack working with the control off and not working with it on.

    Exit codes: 0 all passed, 1 a proof failed, 2 usage or policy error, 3 inconclusive, 4 internal error.
    """
    from telamon.cli.output import Output, check_place, emit
    from telamon.cli.progress import progress
    from telamon.proving.run import choose, prove
    from telamon.reporting import evidence

    if is_all == bool(selectors):
        raise UsageError("expected controls or pairs to prove, or `--all`", hint="`telamon list` shows the controls")
    catalog = catalogue.load()
    policy = load_policy(policy_file, catalog)
    log = None if no_record else evidence.open_evidence(policy)
    check_place(output)
    chosen = choose(selectors, catalog)
    with progress("proving") as bar:
        report = prove(chosen, policy=policy, seed=seed, begin=bar.begin, advance=bar.advance)
    report = evidence.recorded(report, policy, log)
    emit(report, Output(format_name=format_name, file=output, is_verbose=verbose, color=color))
    for control in dict.fromkeys(proof.control for proof in report.proofs):
        if (mode := policy.mode(control)) is not Mode.ENFORCE:
            click.echo(f"note: `{control}` was proved as it would enforce; the policy has it on `{mode}`", err=True)
    ctx.exit(report.exit_code)

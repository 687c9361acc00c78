"""`telamon coverage`: which mitigations are proved, by the proofs in the ledger."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from telamon import catalog as catalogue
from telamon.cli.options import json_option, load_policy, policy_option

if TYPE_CHECKING:
    from pathlib import Path

    from telamon.catalog import Catalog
    from telamon.policy import Policy
    from telamon.proving.coverage import Row


@click.command(name="coverage")
@policy_option
@json_option
def command(*, policy_file: Path | None, format_name: str) -> None:
    """Show each mitigation of ATLAS: proved, on but not proved, off, or not built yet."""
    catalog = catalogue.load()
    rows = coverage_rows(load_policy(policy_file, catalog), catalog)
    if format_name == "json":
        import dataclasses
        import json

        click.echo(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
        return
    from telamon import atlas
    from telamon.cli.tables import coverage_table

    click.echo("\n".join(coverage_table(rows)))
    release = atlas.load()
    beyond = len(release.mitigations) - len(rows)
    if beyond > 0:
        last = release.mitigations[-1].id
        click.echo(f"ATLAS {release.version} has {beyond} mitigations more, up to {last}, which are not in scope yet")


def coverage_rows(policy: Policy, catalog: Catalog) -> tuple[Row, ...]:
    """Return the coverage by the proofs in the policy's ledger, if it names one and there is one."""
    from telamon import atlas
    from telamon.ledger.errors import LedgerNotFoundError
    from telamon.proving.coverage import coverage, proved_pairs
    from telamon.reporting.evidence import open_evidence

    now = dt.datetime.now(dt.UTC)
    log = open_evidence(policy, read_only=True)
    try:
        bases = {listed.control.name: policy.basis(listed.control.name) for listed in catalog}
        proved = proved_pairs(log, bases=bases, now=now)
    except LedgerNotFoundError:
        proved = frozenset()
    return coverage(catalog, policy, atlas.load(), proved)

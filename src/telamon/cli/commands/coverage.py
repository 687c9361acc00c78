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
    from telamon.proving.coverage import Coverage


@click.command(name="coverage")
@policy_option
@json_option
def command(*, policy_file: Path | None, format_name: str) -> None:
    """Show each mitigation of ATLAS: proved, on but not proved, in shadow, off, or not built yet."""
    catalog = catalogue.load()
    covered = coverage_rows(load_policy(policy_file, catalog), catalog)
    if format_name == "json":
        import json

        click.echo(json.dumps(_document(covered), indent=2))
        return
    from telamon.cli.tables import coverage_table

    click.echo("\n".join(coverage_table(covered)))


def _document(covered: Coverage) -> dict[str, object]:
    import dataclasses

    return {
        "atlas": covered.release,
        "proved": covered.proved,
        "pairs_in_scope": covered.pairs,
        "pairs_of_release": covered.all_pairs,
        "mitigations": [dataclasses.asdict(row) for row in covered.rows],
        "not_in_scope_yet": [dataclasses.asdict(each) for each in covered.beyond],
    }


def coverage_rows(policy: Policy, catalog: Catalog) -> Coverage:
    """Return the coverage by the proofs in the policy's ledger, if it names one and there is one."""
    from telamon import atlas
    from telamon.ledger.errors import LedgerNotFoundError
    from telamon.proving.coverage import coverage
    from telamon.reporting.evidence import open_evidence

    now, release = dt.datetime.now(dt.UTC), atlas.load()
    try:
        return coverage(catalog, policy, release, open_evidence(policy, read_only=True), now=now)
    except LedgerNotFoundError:
        return coverage(catalog, policy, release, None, now=now)

"""`telamon ledger`: the evidence that was recorded, and whether it is still what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from telamon import catalog as catalogue
from telamon.cli.options import FileName, json_option, load_policy, policy_option
from telamon.core.errors import UsageError
from telamon.core.records import ExitCode

if TYPE_CHECKING:
    from telamon.ledger.log import Log

MAX_FILE_BYTES = 4 * 1024 * 1024  # a proof holds a body of 1 MiB at most, and a checkpoint some 200 bytes
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group(name="ledger")
def command() -> None:
    """Show, verify, prove and export the ledger that the policy names."""


@command.command(name="keygen")
@click.argument("key_file", type=FileName())
@click.option("--name", default="telamon", show_default=True, help="The ledger's name, which every checkpoint carries.")
def keygen(key_file: Path, name: str) -> None:
    """Make a signing key for checkpoints, and print the key that verifies them."""
    from telamon.kits.crypto.key_files import write_signer_key
    from telamon.kits.crypto.note_keys import generate_key

    if not name.isprintable():
        raise UsageError(f"expected a name that can be printed, found `{name}`")
    signer = generate_key(name)
    write_signer_key(key_file, signer)
    click.echo(str(signer.verifier))


@command.command(name="show")
@policy_option
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="How many entries.")
@json_option
def show(*, policy_file: Path | None, last: int, format_name: str) -> None:
    """Show the newest entries."""
    with _log(policy_file) as log:
        entries = list(log.entries(max(0, log.head().size - last)))
    if format_name == "json":
        import dataclasses
        import json

        rows = [{**dataclasses.asdict(each.entry), "details": each.details()} for each in entries]
        click.echo(json.dumps(rows, indent=2))
        return
    for each in entries:
        entry = each.entry
        click.echo(
            f"{entry.index:>8}  {entry.time}  {entry.kind:<8}  {entry.control}  {entry.outcome}  {entry.subject}"
        )


@command.command(name="verify")
@policy_option
@click.option("--since", type=FILE, help="A checkpoint that you kept; the ledger must have grown out of it.")
@click.pass_context
def verify(ctx: click.Context, *, policy_file: Path | None, since: Path | None) -> None:
    """Recompute everything; exit 1 and name the first bad entry if anything was changed."""
    from telamon.ledger.checkpoint import parse_checkpoint

    checkpoint = None if since is None else parse_checkpoint(_content(since))
    with _log(policy_file) as log:
        result = log.verify(checkpoint)
    if result.ok:
        click.echo(
            f"{result.size} entries are what was recorded; {result.covered} of them are under a checkpoint"
            + ("" if result.are_signatures_checked else "; no key to check signatures with")
        )
        return
    where = "" if result.first_bad_index is None else f" at entry {result.first_bad_index}"
    click.echo(f"the ledger is damaged{where}: {result.reason}")
    ctx.exit(ExitCode.FINDINGS)


@command.command(name="checkpoint")
@policy_option
def checkpoint(*, policy_file: Path | None) -> None:
    """Sign what the ledger holds now and print the checkpoint, to be kept elsewhere."""
    with _log(policy_file, read_only=False) as log:
        click.echo(log.checkpoint().note, nl=False)


@command.command(name="prove")
@click.argument("index", type=click.IntRange(0))
@policy_option
def prove(index: int, *, policy_file: Path | None) -> None:
    """Print what proves entry INDEX offline, with a checkpoint and the verifying key alone."""
    with _log(policy_file) as log:
        click.echo(log.prove(index).to_json())


@command.command(name="check-proof")
@click.argument("proof_file", type=FILE)
@click.option("--verifier", required=True, help="The verifying key that `telamon ledger keygen` printed.")
def check_proof(proof_file: Path, verifier: str) -> None:
    """Check a proof that `telamon ledger prove` printed, without the ledger."""
    from telamon.kits.crypto.note_keys import parse_verifier_key
    from telamon.ledger.proof import parse_inclusion_proof, verify_proof

    proof = parse_inclusion_proof(_content(proof_file).decode("utf-8", "replace"))
    entry = verify_proof(proof, [parse_verifier_key(verifier)])
    click.echo(f"entry {entry.index} of {entry.time} is in the ledger: {entry.control} {entry.outcome}")


@command.command(name="export")
@policy_option
@click.option("--from", "start", type=click.IntRange(0), default=0, show_default=True, help="The first entry.")
@click.option("--without-bodies", is_flag=True, help="Leave the details out; their digests stay.")
def export(*, policy_file: Path | None, start: int, without_bodies: bool) -> None:
    """Print the entries as in-toto statements, one line of JSON each."""
    with _log(policy_file) as log:
        for line in log.export(start, with_bodies=not without_bodies):
            click.echo(line)


def _log(policy_file: Path | None, *, read_only: bool = True) -> Log:
    from telamon.reporting.evidence import open_evidence

    log = open_evidence(load_policy(policy_file, catalogue.load()), read_only=read_only)
    if log is None:
        raise UsageError("the policy names no ledger", hint="add `ledger: {path: .telamon/ledger.db}` to telamon.yaml")
    return log


def _content(file: Path) -> bytes:
    """Return what is in a file; what is larger than any proof is cut, and so refused by whoever reads it."""
    from telamon.policy.files import UnreadableError, read_start

    try:
        return read_start(file, limit=MAX_FILE_BYTES)
    except UnreadableError as error:
        raise UsageError(f"cannot read `{file}`: {error.message}") from error

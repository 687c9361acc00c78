"""`telamon ledger`: the evidence that was recorded, and whether it is still what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from telamon import catalog as catalogue
from telamon.cli.options import FileName, json_option, load_policy, policy_option
from telamon.cli.output import say
from telamon.core.errors import UsageError
from telamon.core.records import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telamon.kits.crypto.note_keys import VerifierKey
    from telamon.ledger.log import Log
    from telamon.ledger.verification import Verification

MAX_FILE_BYTES = 4 * 1024 * 1024  # a proof holds a body of 1 MiB at most, and a checkpoint some 200 bytes
KEY = "KEY|FILE"
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group(name="ledger")
def command() -> None:
    """Show, verify, prove and export the ledger that the policy names."""


@command.command(name="keygen")
@click.argument("key_file", type=FileName())
@click.option("--name", default="telamon", show_default=True, help="The ledger's name, which every checkpoint carries.")
def keygen(key_file: Path, name: str) -> None:
    """Make a signing key for checkpoints, and print the key that verifies them.

    Keep what is printed somewhere else: who has it needs neither KEY_FILE nor trust in this machine to verify.
    """
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

        from telamon.reporting.json_document import dumps

        rows = [{**dataclasses.asdict(each.entry), "details": each.details()} for each in entries]
        click.echo(dumps(rows), nl=False)
        return
    for each in entries:
        entry = each.entry
        click.echo(
            f"{entry.index:>8}  {entry.time}  {entry.kind:<8}  {entry.control}  {entry.outcome}  {entry.subject}"
        )


@command.command(name="verify")
@policy_option
@click.option(
    "--ledger",
    "place",
    metavar="PATH",
    help="A ledger by its path or URL, instead of the policy's; the policy is not read.",
)
@click.option(
    "--verifier",
    "keys",
    multiple=True,
    metavar=KEY,
    help="A verifying key to trust instead of the policy's key, which is then not read. Repeatable.",
)
@click.option("--since", type=FILE, help="A checkpoint that you kept; the ledger must have grown out of it.")
@click.pass_context
def verify(
    ctx: click.Context, *, policy_file: Path | None, place: str | None, keys: tuple[str, ...], since: Path | None
) -> None:
    """Recompute everything; exit 1 and name the first bad entry if anything was changed.

    Exit 3 where there are checkpoints and no key to check their signatures with, or a key and no checkpoint that it
    signed: then nobody vouches for what is there.
    """
    from telamon.ledger.checkpoint import parse_checkpoint
    from telamon.ledger.log import open_log

    checkpoint = None if since is None else parse_checkpoint(_content(since))
    trusted = [_verifier(key) for key in keys]
    opened = _log(policy_file, trusted) if place is None else open_log(place, verifiers=trusted, read_only=True)
    with opened as log:
        result = log.verify(checkpoint)
        doubt = _doubt(result)
    say(doubt or _in_words(result))
    if not result.ok:
        ctx.exit(ExitCode.FINDINGS)
    if doubt:
        ctx.exit(ExitCode.NOT_RUN)


def _doubt(result: Verification) -> str:
    """Return why a ledger in which nothing is wrong is not verified for all that; empty where it is."""
    if not result.ok:
        return ""
    if result.checkpoints and not result.are_signatures_checked:
        return (
            f"not verified: {result.size} entries agree with {result.checkpoints} checkpoints, whose signatures nobody "
            "checked; name the verifying key with `--verifier`"
        )
    if result.size and not result.checkpoints and result.are_signatures_checked:
        return (
            f"not verified: {result.size} entries agree with each other, and no checkpoint vouches for them; where you "
            "know that they are what was recorded, `telamon ledger checkpoint` signs them"
        )
    return ""


def _in_words(result: Verification) -> str:
    if not result.ok:
        where = "" if result.first_bad_index is None else f" at entry {result.first_bad_index}"
        return f"the ledger is damaged{where}: {result.reason}"
    return f"{result.size} entries are what was recorded; {result.covered} of them are under a checkpoint"


@command.command(name="checkpoint")
@policy_option
def checkpoint(*, policy_file: Path | None) -> None:
    """Sign what the ledger holds now and print the checkpoint, to be kept elsewhere."""
    with _log(policy_file, read_only=False) as log:
        click.echo(log.checkpoint().note, nl=False)


@command.command(name="rotate")
@policy_option
@click.option(
    "--verifier", "keys", multiple=True, required=True, metavar=KEY, help="The verifying key of before. Repeatable."
)
def rotate(*, policy_file: Path | None, keys: tuple[str, ...]) -> None:
    """Go on with the policy's new key: verify all with the old one, record the change, print a checkpoint."""
    from telamon.ledger.actor import current_user

    trusted = [_verifier(key) for key in keys]
    with _log(policy_file, read_only=False) as log:
        click.echo(log.rotate(trusted, actor=current_user()).note, nl=False)


@command.command(name="second-place")
@policy_option
def second_place(*, policy_file: Path | None) -> None:
    """Start the policy's second place anew: verify all, record it, write a checkpoint there and print it."""
    from telamon.ledger.actor import current_user

    with _log(policy_file, read_only=False) as log:
        click.echo(log.start_second_place(actor=current_user()).note, nl=False)


@command.command(name="prove")
@click.argument("index", type=click.IntRange(0))
@policy_option
def prove(index: int, *, policy_file: Path | None) -> None:
    """Print what proves entry INDEX offline, with a checkpoint and the verifying key alone."""
    with _log(policy_file) as log:
        click.echo(log.prove(index).to_json())


@command.command(name="check-proof")
@click.argument("proof_file", type=FILE)
@click.option("--verifier", required=True, metavar=KEY, help="The verifying key that `telamon ledger keygen` printed.")
def check_proof(proof_file: Path, verifier: str) -> None:
    """Check a proof that `telamon ledger prove` printed, without the ledger."""
    from telamon.ledger.proof import parse_inclusion_proof, verify_proof

    proof = parse_inclusion_proof(_content(proof_file).decode("utf-8", "replace"))
    entry = verify_proof(proof, [_verifier(verifier)])
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


def _verifier(text: str) -> VerifierKey:
    """Read a verifying key, or the file that it stands in."""
    from telamon.kits.crypto.key_files import read_verifier_key
    from telamon.kits.crypto.note_keys import parse_verifier_key

    path = Path(text)
    return read_verifier_key(path) if path.is_file() else parse_verifier_key(text)


def _log(policy_file: Path | None, verifiers: Sequence[VerifierKey] = (), *, read_only: bool = True) -> Log:
    from telamon.reporting.evidence import open_evidence

    log = open_evidence(load_policy(policy_file, catalogue.load()), read_only=read_only, verifiers=verifiers)
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

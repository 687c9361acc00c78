"""The command `telamon run`."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from telamon.core.commands import Evidence, Result
from telamon.core.errors import UsageError
from telamon.core.records import Location, Mode, Outcome, Verdict

if TYPE_CHECKING:
    from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings
    from telamon.core.commands import CommandContext

MOST_RECORDED: Final = 1000  # refusals of one run: a program can make any number
_PATH: Final = click.Path(exists=True, path_type=Path)


@click.command(name="run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--sandbox", "is_sandboxed", is_flag=True, help="Run it in a sandbox as well (Linux).")
@click.option("--read", "readable", multiple=True, type=_PATH, help="What the sandbox lets it read and run besides.")
@click.option("--write", "writable", multiple=True, type=_PATH, help="What the sandbox lets it write to.")
@click.option("--network", "may_connect", is_flag=True, help="Let it use the network from the sandbox.")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def run(  # noqa: PLR0917  # one for each option
    context: CommandContext[LibraryLoadingSettings],
    is_sandboxed: bool,  # noqa: FBT001  # an option of the command line
    readable: tuple[Path, ...],
    writable: tuple[Path, ...],
    may_connect: bool,  # noqa: FBT001  # likewise
    words: tuple[str, ...],
) -> Result:
    """Run a command, such as `telamon run -- python serve.py`, with the guard in every Python of it.

    Whatever loads a pickle in it, by whichever library, may fetch only what makes data by telamon's table, and what the
    policy allows; while it loads it runs no program, reaches no network and changes no file. Variables and search paths
    by which others could have their libraries loaded are left out. What is refused is recorded in the ledger.

    The exit code is the command's own, or 3 where it could not be started so.
    """
    from telamon.controls.artifact.library_loading.guarding.installing import rules_of  # noqa: PLC0415  # `--help` needs none of it
    from telamon.controls.artifact.library_loading.launching import Boundary, launch  # noqa: PLC0415  # likewise

    settings = context.settings
    if settings.mode is Mode.OFF:
        raise UsageError("expected library-loading to be on, found `mode: off`", hint="run the command itself")
    if not is_sandboxed and (readable or writable or may_connect):
        raise UsageError("expected --sandbox beside --read, --write and --network")
    boundary = Boundary(
        readable=tuple(map(Path.resolve, readable)),
        writable=tuple(map(Path.resolve, writable)),
        may_connect=may_connect,
        is_required=settings.require == "sandbox",
    )
    ended = launch(words, rules_of(settings), os.environ, boundary if is_sandboxed else None)
    for text in ended.left_out:
        click.echo(f"telamon: left out of the environment: {text}", err=True)
    for refusal in ended.refusals[:MOST_RECORDED]:
        context.record(Evidence(kind="load", outcome="refused", body=asdict(refusal)))
    if not ended.missing:
        return Result(status=ended.status)
    reason = f"degraded: {'; '.join(ended.missing)}"
    location = Location(path=words[0])
    outcome = Outcome(control="library-loading", location=location, verdict=Verdict.NOT_UNDERSTOOD, reason=reason)
    return Result(outcomes=(outcome,), status=ended.status)

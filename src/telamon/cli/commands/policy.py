"""`telamon policy`: what is in force, where it comes from, and what a change would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from telamon import catalog as catalogue
from telamon.cli.options import json_option, load_policy, policy_option
from telamon.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telamon.policy.difference import Change
    from telamon.policy.nodes import Plain

FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group(name="policy")
def command() -> None:
    """Show, check and compare policies."""


@command.command(name="show")
@policy_option
@click.option("--origin", is_flag=True, help="Say where each value comes from: file, line and column, or default.")
@json_option
def show(*, policy_file: Path | None, origin: bool, format_name: str) -> None:
    """Show every value that is in force."""
    from telamon.policy.compiler import path_text

    policy = load_policy(policy_file, catalogue.load())
    if format_name == "json":
        from telamon.reporting.json_document import dumps

        document: dict[str, object] = {"digest": policy.digest, "effective": policy.effective}
        if origin:
            document["origins"] = {path_text(path): policy.origin(path) for path, _ in policy.leaves()}
        click.echo(dumps(document), nl=False)
        return
    say(f"# {policy.file or 'no policy file: the defaults'}, {policy.digest}")
    for path, value in policy.leaves():
        comment = f"  # {policy.origin(path)}" if origin else ""
        say(f"{path_text(path)}: {_shown(value)}{comment}")


@command.command(name="check")
@policy_option
def check(*, policy_file: Path | None) -> None:
    """Read the policy and report everything that is wrong with it."""
    policy = load_policy(policy_file, catalogue.load())
    say(f"{policy.file or 'no policy file: the defaults'}: valid, {policy.digest}")


@command.command(name="schema")
def schema() -> None:
    """Print the JSON Schema of the policy file, for editors."""
    import json

    from telamon.policy.schema import schema as policy_schema

    click.echo(json.dumps(policy_schema(catalogue.load()), indent=2))


@command.command(name="diff")
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
@click.pass_context
def diff(ctx: click.Context, before: Path, after: Path) -> None:
    """Compare two policies by what they put in force; exit 1 unless every change is known not to loosen."""
    from telamon.policy import load
    from telamon.policy.difference import diff as difference

    catalog = catalogue.load()
    changes = difference(load(before, catalog), load(after, catalog))
    for change in changes:
        say(f"{change.direction:<8}  {change.path}: {_shown(change.before)} -> {_shown(change.after)}")
    click.echo(_counted(changes) if changes else "both put the same in force")
    ctx.exit(int(any(change.direction.may_loosen for change in changes)))


def _counted(changes: Sequence[Change]) -> str:
    """Say how many changes go which way, in the words of their lines."""
    from collections import Counter

    from telamon.policy.difference import Direction

    counts = Counter(change.direction for change in changes)
    known = ", ".join(f"{counts[direction]} {direction}" for direction in Direction if counts[direction])
    note = "; what is unknown may loosen" if counts[Direction.UNKNOWN] else ""
    return f"{len(changes)} change{'' if len(changes) == 1 else 's'}: {known}{note}"


def _shown(value: Plain) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)

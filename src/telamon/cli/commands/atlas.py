"""`telamon atlas`: the ATLAS releases that are at hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from telamon.cli.folders import atlas_folder
from telamon.cli.options import json_option
from telamon.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telamon.atlas import Change, Changes, Difference, Release


@click.group(name="atlas")
def command() -> None:
    """Show, import and compare releases of MITRE ATLAS."""


@command.command(name="show")
@click.argument("release_name", metavar="[RELEASE]", required=False)
@json_option
def show(release_name: str | None, format_name: str) -> None:
    """Show a release: its size, the repairs made on reading it, and its mitigations."""
    from telamon import atlas

    release = atlas.load(release_name, folder=atlas_folder())
    if format_name == "json":
        import dataclasses
        import json

        click.echo(json.dumps(dataclasses.asdict(release), indent=2))
        return
    say("\n".join(_described(release, atlas.available(folder=atlas_folder()))))


@command.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def import_(file: Path) -> None:
    """Read an official ATLAS file (YAML, formats 5.x and 6.x) and keep its facts."""
    from telamon.atlas.official import import_release

    release = import_release(file, folder=atlas_folder())
    say("\n".join(_described(release, ())))


@command.command(name="diff")
@click.argument("old")
@click.argument("new")
def diff(old: str, new: str) -> None:
    """Show what changed between two releases."""
    from telamon import atlas

    difference = atlas.diff(atlas.load(old, folder=atlas_folder()), atlas.load(new, folder=atlas_folder()))
    lines = list(_differences(difference))
    say("\n".join(lines) or f"{difference.old} and {difference.new} state the same facts")


def _described(release: Release, available: Sequence[str]) -> Iterator[str]:
    sub = sum(technique.is_subtechnique for technique in release.techniques)
    yield (
        f"ATLAS {release.version}: {len(release.tactics)} tactics, {len(release.techniques)} techniques "
        f"({sub} sub-techniques), {len(release.mitigations)} mitigations, {len(release.pairs)} pairs, "
        f"{len(release.case_studies)} case studies"
    )
    yield f"source: {release.source} ({release.licence}), sha256 {release.sha256}"
    for repair in release.repairs:
        yield f"repaired: {repair.where}: {repair.what}; {repair.done}"
    for mitigation in release.mitigations:
        yield f"  {mitigation.id}  {len(mitigation.techniques):>3} techniques  {mitigation.name}"
    if available:
        yield f"available: {', '.join(available)}"


def _differences(difference: Difference) -> Iterator[str]:
    for kind in ("tactics", "techniques", "mitigations", "case_studies"):
        yield from _changes(kind.replace("_", " "), getattr(difference, kind))
    yield from _moved("parent changed", difference.reparented)
    yield from _moved("tactics changed", difference.regrouped)
    yield from _moved("steps changed", difference.restepped)
    yield from (f"pair added: {pair}" for pair in difference.pairs_added)
    yield from (f"pair removed: {pair}" for pair in difference.pairs_removed)


def _changes(kind: str, changes: Changes) -> Iterator[str]:
    yield from (f"{kind} added: {entry.id} {entry.name}" for entry in changes.added)
    yield from (f"{kind} removed: {entry.id} {entry.name}" for entry in changes.removed)
    yield from (f"{kind} renamed: {change.id} {change.old} -> {change.new}" for change in changes.renamed)


def _moved(title: str, changes: Sequence[Change]) -> Iterator[str]:
    yield from (f"{title}: {change.id} {change.old or '-'} -> {change.new or '-'}" for change in changes)

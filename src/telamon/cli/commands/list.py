"""`telamon list`: the controls, from their manifests and the first line of their pages."""

from __future__ import annotations

import click

from telamon import catalog
from telamon.cli.options import json_option


@click.command(name="list")
@json_option
@click.option("--third-party", is_flag=True, help="Show the controls of other installed packages too.")
def command(format_name: str, *, third_party: bool) -> None:
    """List the controls."""
    found = catalog.load()
    listed = (*found.own, *(found.third_party if third_party else ()))
    if format_name == "json":
        import json

        rows = [
            {
                "control": one.control.name,
                "mitigation": one.control.mitigation,
                "wing": one.wing,
                "extra": one.control.extra,
                "summary": one.summary,
            }
            for one in listed
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    width = max((len(one.control.name) for one in listed), default=0)
    for one in listed:
        click.echo(f"{one.control.mitigation}  {one.control.name:<{width}}  {one.summary}")

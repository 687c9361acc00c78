"""mkdocs hook: writes the pages that come from the code, so that they cannot differ from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import msgspec
from mkdocs.structure.files import File, Files

from telamon import atlas, catalog
from telamon.cli.application import telamon
from telamon.cli.error_pages import pages
from telamon.policy.schema import schema_hook
from telamon.reporting.json_schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig

    from telamon.catalog import Catalog, Listed

PACKAGES = (
    *(
        "core.control",
        "core.records",
        "core.subjects",
        "core.commands",
        "core.secrets",
        "core.errors",
        "catalog",
        "policy",
        "ledger",
        "atlas",
    ),
    *("checking.run", "proving.harness", "conformance"),
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to the site."""
    found = catalog.load()
    pages = {
        "controls/index.md": controls_page(found),
        **{f"controls/{listed.control.name}.md": control_page(listed) for listed in found},
        "reference/cli.md": cli_page(),
        "reference/errors.md": errors_page(),
        "reference/output.schema.json": json.dumps(SCHEMA, indent=2) + "\n",
        **{f"reference/api/{name.replace('.', '-')}.md": f"# {name}\n\n::: telamon.{name}\n" for name in PACKAGES},
    }
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def controls_page(found: Catalog) -> str:
    """The table of all mitigations of the pinned release, and the controls that there are."""
    built = {listed.control.mitigation: listed for listed in found}
    rows = ["# Controls", "", "| mitigation | name | control |", "|---|---|---|"]
    for mitigation in atlas.load().mitigations:
        listed = built.get(mitigation.id)
        link = f"[{listed.control.name}]({listed.control.name}.md)" if listed else "not built yet"
        rows.append(f"| {mitigation.id} | {mitigation.name} | {link} |")
    return "\n".join(rows) + "\n"


def control_page(listed: Listed) -> str:
    """A control's docstring, its settings, rules and experiments."""
    control = listed.control
    parts = [f"# {control.name}", f"*{control.mitigation}, {listed.wing} wing*", listed.page, *_settings(listed)]
    rules = [
        f"### `{rule.id}`\n\n*{rule.severity}.* {rule.summary}.\n\n{rule.description}\n\n**Remedy.** {rule.remedy}"
        for rule in control.rules()
    ]
    parts += ["## Rules", *rules] if rules else []
    experiments = [
        f"* **{experiment.name}** ({experiment.technique}): {experiment.description} "
        f"Floor {experiment.floor}, benign ceiling {experiment.benign_ceiling}."
        for experiment in control.experiments()
    ]
    parts += ["## Experiments", "\n".join(experiments)] if experiments else []
    return "\n\n".join(parts) + "\n"


def _settings(listed: Listed) -> Iterator[str]:
    kind = listed.control.settings()
    properties = msgspec.json.schema(kind, schema_hook=schema_hook)["$defs"][kind.__name__]["properties"]
    yield "## Settings"
    rows = ["| key | default | meaning |", "|---|---|---|"]
    rows += [f"| `{name}` | `{field.get('default')}` | {field['description']} |" for name, field in properties.items()]
    yield "\n".join(rows)


def cli_page() -> str:
    """The help text of every command."""
    context = click.Context(telamon, info_name="telamon")
    return "\n\n".join(["# Command line", *_helps(telamon, context)]) + "\n"


def _helps(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _helps(inner, click.Context(inner, info_name=name, parent=context))


def errors_page() -> str:
    """Every error code of telamon: what happened, and what to do."""
    rows = ["# Errors", "", "Every error that telamon raises has a stable code, which its message has in brackets."]
    rows += ["`telamon explain CODE` prints the same.", "", "| code | exit code | what happened | what to do |"]
    rows += ["|---|---|---|---|"]
    for page in pages():
        meaning = " ".join(page.meaning.split())
        rows.append(f"| `{page.code}` | {page.exit_code:d} | {meaning} | {page.remedy} |")
    return "\n".join(rows) + "\n"

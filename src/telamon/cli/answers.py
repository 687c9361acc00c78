"""Writes what a control's command answers: its values as lines and tables, or everything as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from telamon.cli.output import emit_rendered, rendered, write_file
from telamon.cli.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.cli.output import Output
    from telamon.core.commands import Result, Value
    from telamon.reporting.report import Report


def show(result: Result, report: Report, output: Output) -> None:
    """Write the answer where and as the user asked for it.

    Raises:
        UsageError: The file cannot be written.
    """
    if not result.product or output.format_name != "text":
        emit_rendered(partial(_rendered, result, report, output), output)
        return
    text = _rendered(result, report, output, "text")
    if output.file is None:  # the product alone, so that it can be piped
        click.echo(result.product, nl=False)
        click.echo(text, nl=False, err=True)
        return
    try:
        write_file(output.file, result.product)
    finally:
        click.echo(text, nl=False, color=True)


def _rendered(result: Result, report: Report, output: Output, format_name: str) -> str:
    """Return the answer in one format; formats that only know findings leave the values out."""
    if format_name == "json":
        return _document(result, report, output)
    if format_name != "text":
        return rendered(report, format_name, output)
    values = "".join(f"{line}\n" for line in _lines(result.values))
    has_report = report.findings or report.outcomes or report.failures
    parts = [values, rendered(report, "text", output)] if has_report else [values]
    return "\n".join(part for part in parts if part)


def _document(result: Result, report: Report, output: Output) -> str:
    from telamon.reporting.json_document import dumps

    document = json.loads(rendered(report, "json", output))
    return dumps({**document, "exit_code": int(exit_code(result, report)), "values": result.values} | _product(result))


def _product(result: Result) -> dict[str, object]:
    return {"product": result.product} if result.product else {}


def exit_code(result: Result, report: Report) -> int:
    """Return the report's exit code, or the status of the program that the command ran where the report is clean."""
    return int(report.exit_code) or result.status


def _lines(values: Mapping[str, Value], indent: str = "") -> Iterator[str]:
    from telamon.kits.text.display import printable

    for name, value in values.items():
        head = f"{indent}{printable(name)}:"
        if isinstance(value, Mapping):
            yield head
            yield from _lines(value, indent + "  ")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield head
            yield from (f"{indent}  {line}" for line in _rows(value))
        else:
            yield f"{head} {printable(_scalar(value))}".rstrip()


def _rows(items: Sequence[Value]) -> Iterator[str]:
    """Yield a line for each item; a table where all are mappings."""
    mappings = [item for item in items if isinstance(item, Mapping)]
    if mappings and len(mappings) == len(items):
        names = list(dict.fromkeys(name for item in mappings for name in item))
        yield from table([names, *([_scalar(item.get(name)) for name in names] for item in mappings)])
        return
    from telamon.kits.text.display import printable

    yield from (printable(_scalar(item)) for item in items)


def _scalar(value: Value) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

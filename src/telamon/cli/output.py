"""Where a report goes: to the terminal, or to a file with the text on the terminal."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from telamon.cli.options import is_coloured
from telamon.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telamon.reporting.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What the user asked for.

    Attributes:
        format_name: One of `telamon.cli.options.FORMATS`.
        file: Where the report in that format goes; standard output where it is `None`.
        is_verbose: Whether text lists clean subjects too.
        color: The flag, or `None` where it was not given.
    """

    format_name: str
    file: Path | None
    is_verbose: bool
    color: bool | None


def check_place(file: Path | None) -> None:
    """Refuse, before the work is done, a file for its report that cannot be made.

    Raises:
        UsageError: There is no such folder.
    """
    if file is not None and not os.path.isdir(file.parent):  # noqa: PTH112  # `is_dir` raises for long names
        raise UsageError(f"cannot write the report to `{file}`: no such folder")


def emit(report: Report, output: Output) -> None:
    """Write the report; with a file, the text report still goes to the terminal, whatever becomes of the file.

    Raises:
        UsageError: The file cannot be written.
    """
    emit_rendered(lambda format_name: rendered(report, format_name, output), output)


def emit_rendered(render: Callable[[str], str], output: Output) -> None:
    """Do as `emit` does with what `render` returns for the name of a format.

    Raises:
        UsageError: The file cannot be written.
    """
    shown = render(output.format_name if output.file is None else "text")
    try:
        if output.file is not None:
            write_file(output.file, shown if output.format_name == "text" else render(output.format_name))
    finally:
        # What is coloured was decided above; click would take colours out of a pipe that `--color` asked for.
        click.echo(shown, nl=False, color=True)


def say(text: str) -> None:
    """Write lines that may hold names and values of files; what a terminal would obey is escaped."""
    from telamon.kits.text.display import printable

    click.echo(printable(text, keep_newlines=True))


def rendered(report: Report, format_name: str, output: Output) -> str:
    """Return the report in that format, in the style that was asked for, with a newline at its end."""
    from telamon.reporting.formats import Format, Style, render

    is_terminal = sys.stdout.isatty()
    style = Style(color=is_coloured(output.color, is_terminal=is_terminal), verbose=output.is_verbose)
    text = render(report, Format(format_name), style=style)
    return text if text.endswith("\n") else text + "\n"


def write_file(file: Path, content: str) -> None:
    """Write a file whole or not at all; a device or a pipe is written to, and not replaced by a file.

    Raises:
        UsageError: It cannot be written.
    """
    from telamon.kits.storage.files import FileWriteError, replace_file

    try:
        if file.exists() and not file.is_file():
            file.write_text(content, encoding="utf-8")
        else:
            replace_file(file.resolve(), content.encode())
    except FileWriteError as error:
        raise UsageError(f"cannot write the report to `{file}`: {error.reason}") from error
    except OSError as error:
        raise UsageError(f"cannot write the report to `{file}`: {error.strerror}") from error

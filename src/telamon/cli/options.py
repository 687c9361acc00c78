"""Options that several commands share: the same flag means the same everywhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from telamon.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.catalog import Catalog
    from telamon.policy.compiler import Policy

F = TypeVar("F", bound="Callable[..., object]")

FORMATS = ("text", "json", "sarif", "junit", "markdown", "github")


class FileName(click.Path):
    """A file that need not exist, by a name that is not empty."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # click's own types
        """Return the path; an empty name, as an unset variable makes one, would stand for the working directory."""
        if value in {"", b""}:
            self.fail("expected the name of a file, found an empty one", param, ctx)
        return super().convert(value, param, ctx)


def policy_option(function: F) -> F:
    """Add `--policy FILE`."""
    return click.option(
        "--policy",
        "policy_file",
        type=FileName(),
        envvar="TELAMON_POLICY",
        show_envvar=True,
        help="The policy file; else `telamon.yaml` here or in a folder above.",
    )(function)


def report_options(function: F) -> F:
    """Add `--format`, `--output`, `--verbose` and `--color`."""
    function = click.option(
        "--color/--no-color",
        default=None,
        help="Colours in text; default: on a terminal, unless NO_COLOR is set.",
    )(function)
    function = click.option("-v", "--verbose", is_flag=True, help="List clean subjects too.")(function)
    function = click.option(
        "-o",
        "--output",
        type=FileName(),
        help="Write the report to this file; the text report still goes to the terminal.",
    )(function)
    return click.option(
        "--format",
        "format_name",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        envvar="TELAMON_FORMAT",
        help="The report's format.",
    )(function)


def json_option(function: F) -> F:
    """Add `--format text|json`, for commands whose answer is no report."""
    return click.option(
        "--format",
        "format_name",
        type=click.Choice(("text", "json")),
        default="text",
        show_default=True,
        help="The answer's format.",
    )(function)


def is_coloured(choice: bool | None, *, is_terminal: bool) -> bool:  # noqa: FBT001  # the flag's three values
    """Whether text output is coloured: the flag, then NO_COLOR (no-color.org), then the terminal."""
    if choice is not None:
        return choice
    return is_terminal and not os.environ.get("NO_COLOR")


def load_policy(policy_file: Path | None, catalog: Catalog) -> Policy:
    """Return the policy that a command works under: the file named, the one found above, or the defaults.

    Raises:
        UsageError: The file named does not exist, or there is no working directory.
    """
    from telamon import policy
    from telamon.cli.folders import working_folder

    if policy_file is not None and not os.path.isfile(policy_file):  # noqa: PTH113  # `is_file` raises for long names
        raise UsageError(f"no policy file at `{policy_file}`", hint="`telamon init` writes one")
    found = policy.locate(working_folder(), explicit=policy_file, environ=os.environ)
    return policy.load(found, catalog)

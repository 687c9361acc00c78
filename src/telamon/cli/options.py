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

ROOT = 0  # may change everything anyway
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


def load_policy(policy_file: Path | None, catalog: Catalog, paths: tuple[str, ...] = ()) -> Policy:
    """Return the policy that a command works under: the file named, the one found above, or the defaults.

    Args:
        policy_file: The file named.
        catalog: The controls.
        paths: What the user wants checked: a policy that is only found must not come out of that.

    Raises:
        UsageError: The file named does not exist, there is no working directory, or the policy that was found may be
            somebody else's.
    """
    from telamon import policy
    from telamon.cli.folders import working_folder

    if policy_file is not None and not os.path.isfile(policy_file):  # noqa: PTH113  # `is_file` raises for long names
        raise UsageError(f"no policy file at `{policy_file}`", hint="`telamon init` writes one")
    found = policy.locate(working_folder(), explicit=policy_file, environ=os.environ)
    if found is not None and policy_file is None and not os.environ.get("TELAMON_POLICY"):
        _require_own(found, paths)
    return policy.load(found, catalog)


def _require_own(found: Path, paths: tuple[str, ...]) -> None:
    """Refuse a policy that nobody named and that whoever made what is checked, or another user, may have brought.

    A policy in a folder that is named, or above it, is the project's own; one deeper inside speaks for a part only and
    must not decide about the whole. Who owns the file counts as for git's `safe.directory` (CVE-2022-24765).
    """
    hint = f"name it if you trust it: `--policy {found}`"
    folder = os.path.realpath(found.parent)
    for path in paths:
        root = os.path.realpath(path)
        if folder != root and folder.startswith(f"{root.rstrip('/')}/"):
            raise UsageError(f"the policy `{found}` lies inside of `{path}`, which is to be checked", hint=hint)
    try:
        owners = {found.lstat().st_uid, found.stat().st_uid}
    except OSError:  # a link that leads nowhere, which reading it will tell
        return
    trusted = {ROOT, os.geteuid()}
    if os.geteuid() == ROOT and os.environ.get("SUDO_UID", "").isdecimal():
        trusted.add(int(os.environ["SUDO_UID"]))
    if not owners <= trusted:
        raise UsageError(f"the policy `{found}` belongs to another user", hint=hint)

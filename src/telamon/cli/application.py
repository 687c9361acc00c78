"""The commands of the command line, and what becomes of what they raise: an exit code and a message."""

from __future__ import annotations

import errno
import os
import pkgutil
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

import click

from telamon import __version__
from telamon.cli.errors import InternalError, NoRoomError
from telamon.cli.exits import INTERRUPTED
from telamon.core.errors import TelamonError, UsageError
from telamon.core.records import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telamon.cli.control_commands import Offered

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Commands(click.Group):
    """The commands of `telamon/cli/commands/`, then those that controls add; each is imported when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted; but those of other packages, which take as long to find again."""
        return sorted({*own_names(), *_offered(ctx), *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, or `None`."""
        if cmd_name in own_names():
            command = import_module(f"telamon.cli.commands.{cmd_name.replace('-', '_')}").command
            return command if isinstance(command, click.Command) else None
        offered = _offered(ctx).get(cmd_name)
        if offered is None:
            found = super().get_command(ctx, cmd_name)
            return found or _foreign(cmd_name)
        return offered.load()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names of the commands and what each does; a control's is taken from its manifest."""
        offered = _offered(ctx)
        names = self.list_commands(ctx)
        limit = formatter.width - 6 - max(len(name) for name in names)  # as click has it
        rows = []
        for name in names:
            command = None if name in offered else self.get_command(ctx, name)
            short = offered[name].reference.summary if command is None else command.get_short_help_str(limit)
            rows.append((name, short))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="telamon")
def telamon() -> None:
    """Carry every mitigation of MITRE ATLAS as a working, enforced and proved control.

    Start with `telamon up` (a demo system, an attack and its end), or `telamon check PATH`.
    """


def execute(arguments: Sequence[str] | None) -> int:
    """Run the command line and return its exit code; see `telamon.cli.main.run`."""
    stdout = sys.stdout
    try:
        result = telamon.main(arguments, prog_name="telamon", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except SystemExit as end:  # shell completion; and a broken pipe, for which click wraps the streams and ends with 1
        if sys.stdout is not stdout:
            raise BrokenPipeError from end
        return end.code if isinstance(end.code, int) else ExitCode.CLEAN
    except Exception as error:  # noqa: BLE001  # the CLI entry is a border (house rule 12)
        code = _code_of(error)
        with suppress(OSError):  # nobody reads it, and the exit code tells too
            _explain(error)
        return code
    return int(result) if isinstance(result, int) else ExitCode.CLEAN


def _code_of(error: Exception) -> int:
    match error:
        case click.exceptions.Exit() | TelamonError():
            return error.exit_code
        case click.Abort():
            return INTERRUPTED
        case click.ClickException():
            return ExitCode.USAGE
        case OSError(errno=number) if number in NO_ROOM:
            return NoRoomError.exit_code
        case _:
            return InternalError.exit_code


def _explain(error: Exception) -> None:
    """Say on stderr what ended the command, where there is something to say."""
    match error:
        case click.exceptions.Exit() | click.Abort():
            pass
        case TelamonError():
            # A policy's problems are a line each; in other messages a new line is part of somebody's input.
            _complain(f"error[{error.code}]: {error.message}", error.hint, keep_newlines=error.code == "policy")
        case click.ClickException():
            error.show()
        case OSError(errno=number) if number in NO_ROOM:
            _complain(f"error[{NoRoomError.code}]: expected room for the output, found: {error.strerror}", "")
        case _:
            _crash(error)


def _crash(error: Exception) -> None:
    if os.environ.get("TELAMON_DEBUG"):
        import traceback

        traceback.print_exc()
    _complain(
        f"error[{InternalError.code}]: {type(error).__name__}: {error}",
        "this is a defect of telamon: run again with TELAMON_DEBUG=1 for the traceback, and report it",
    )


def _complain(message: str, hint: str, *, keep_newlines: bool = False) -> None:
    from telamon.kits.text.display import printable

    click.echo(printable(message, keep_newlines=keep_newlines), err=True)
    if hint:
        click.echo(f"  hint: {printable(hint, keep_newlines=True)}", err=True)


def own_names() -> frozenset[str]:
    """Return the names of the CLI's own commands, which no control may take."""
    commands = import_module("telamon.cli.commands")
    return frozenset(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))


def _offered(ctx: click.Context) -> dict[str, Offered]:
    """Return the commands of telamon's controls; the catalogue is walked once in a run."""
    found: dict[str, Offered] | None = ctx.meta.get(__name__)
    if found is None:
        from telamon import catalog
        from telamon.cli.control_commands import offered

        found = ctx.meta[__name__] = offered(catalog.load(), own_names())
    return found


def _foreign(name: str) -> click.Command | None:
    """Return the command of that name of another package's control, or `None`.

    Raises:
        UsageError: There is none, and a package that may have brought it is broken.
    """
    from telamon import catalog
    from telamon.cli.control_commands import offered

    try:
        found = offered(catalog.load().third_party, own_names()).get(name)
    except catalog.BrokenControlError as error:
        raise UsageError(f"no command is called `{name}`", hint=error.message) from error
    return found.load() if found else None

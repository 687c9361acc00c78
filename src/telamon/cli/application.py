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
from telamon.cli.exits import INTERRUPTED
from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Commands(click.Group):
    """The commands of `telamon/cli/commands/`, then those that controls add; each is imported when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        own = [_command_name(name) for name in _command_modules()]
        return sorted({*own, *_control_commands(), *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, or `None`."""
        module = cmd_name.replace("-", "_")
        if module in _command_modules():
            command = import_module(f"telamon.cli.commands.{module}").command
            return command if isinstance(command, click.Command) else None
        return _control_commands().get(cmd_name) or super().get_command(ctx, cmd_name)


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
            return ExitCode.USAGE
        case _:
            return ExitCode.INTERNAL


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
            _complain(f"error[no-room]: expected room for the output, found: {error.strerror}", "")
        case _:
            _crash(error)


def _crash(error: Exception) -> None:
    if os.environ.get("TELAMON_DEBUG"):
        import traceback

        traceback.print_exc()
    _complain(
        f"error[internal]: {type(error).__name__}: {error}",
        "this is a defect of telamon: run again with TELAMON_DEBUG=1 for the traceback, and report it",
    )


def _complain(message: str, hint: str, *, keep_newlines: bool = False) -> None:
    from telamon.kits.text.display import printable

    click.echo(printable(message, keep_newlines=keep_newlines), err=True)
    if hint:
        click.echo(f"  hint: {printable(hint, keep_newlines=True)}", err=True)


def _command_modules() -> list[str]:
    commands = import_module("telamon.cli.commands")
    return [module.name for module in pkgutil.iter_modules(commands.__path__)]


def _command_name(module: str) -> str:
    return module.replace("_", "-")


def _control_commands() -> dict[str, click.Command]:
    from telamon import catalog

    return {command.name or "": command for listed in catalog.load() for command in listed.control.commands()}

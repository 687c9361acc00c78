"""The errors that telamon raises: a stable code, a one-line message and, where there is one, a remedy."""

from __future__ import annotations

from typing import ClassVar

from telamon.core.records import ExitCode


class TelamonError(Exception):
    """Something is wrong that telamon foresaw; the base of everything that it raises on purpose.

    Remedy: What went wrong stands in the message; the hint below it, where there is one, says what to do.

    Args:
        message: One line in lower case: what was expected and what was found, user input in backticks.
        hint: The remedy, apart from the message; empty where there is none.
    """

    code: ClassVar[str] = "telamon-error"
    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(TelamonError):
    """A command or call was given arguments that do not fit.

    Remedy: Read what the message says was expected, and `--help` of the command.
    """

    code = "usage"


class SecretError(TelamonError):
    """A secret that the policy refers to is not there, or what should refer to one does not.

    Remedy: Set the variable, write the file or fill the keyring that the reference names; a secret itself never
    stands in the policy.
    """

    code = "secret"


class MissingExtraError(TelamonError):
    """An optional dependency set is needed and not installed.

    Remedy: Install the extra by the line in the hint, or set the control that needs it to `mode: off`.

    Args:
        extra: Name of the extra, as in `pip install 'telamon[extra]'`.
        needed_by: What needs it, in words.
    """

    code = "missing-extra"
    exit_code = ExitCode.NOT_RUN

    def __init__(self, extra: str, needed_by: str) -> None:
        super().__init__(
            f"{needed_by} needs the optional dependencies `{extra}`",
            hint=f"pip install 'telamon[{extra}]'",
        )
        self.extra = extra

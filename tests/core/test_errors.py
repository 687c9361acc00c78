"""Errors carry a stable code, a message, a remedy and an exit code."""

from __future__ import annotations

import pytest

from telamon.core.errors import MissingExtraError, TelamonError, UsageError
from telamon.core.records import ExitCode


def test_an_error_keeps_its_message_and_its_remedy_apart() -> None:
    error = UsageError("expected a file, found `x`", hint="name a file")
    assert (str(error), error.message, error.hint) == ("expected a file, found `x`",) * 2 + ("name a file",)
    assert TelamonError("x").hint == ""


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (TelamonError("x"), "telamon-error", ExitCode.USAGE),
        (UsageError("x"), "usage", ExitCode.USAGE),
        (MissingExtraError("torch", "x"), "missing-extra", ExitCode.NOT_RUN),
    ],
)
def test_codes_are_stable(error: TelamonError, code: str, exit_code: ExitCode) -> None:
    assert (error.code, error.exit_code) == (code, exit_code)


def test_a_missing_extra_says_how_to_install_it() -> None:
    error = MissingExtraError("torch", "the torch loader")
    assert error.message == "the torch loader needs the optional dependencies `torch`"
    assert error.hint == "pip install 'telamon[torch]'"
    assert error.extra == "torch"

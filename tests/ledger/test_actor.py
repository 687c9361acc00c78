"""Who is recorded."""

from __future__ import annotations

import getpass

import pytest

from telamon.ledger.actor import current_user


def test_the_user_is_recorded_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "erika")
    assert current_user() == "erika"


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_user_without_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def nameless() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert current_user() == "unknown"

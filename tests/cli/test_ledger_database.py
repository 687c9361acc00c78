"""Evidence in a PostgreSQL database that the policy names: recorded, verified, and its password shown nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import postgres_server

PASSWORDLESS = "version: 1\nledger: {{url: '{url}', password: 'env:LEDGER_PASSWORD', key: ledger.key}}\n"
BY_REFERENCE = "version: 1\nledger: {url: 'file:ledger.url', key: ledger.key, second_place: checkpoints}\n"


@pytest.fixture
def url(request: pytest.FixtureRequest, database: postgres_server.Server) -> str:
    name = request.node.name.lower().replace("[", "_").replace("]", "")[-40:].lstrip("_")
    return f"{database.url()}&ledger={name}"


@pytest.mark.parametrize("is_reference", [True, False])
def test_records_and_verifies(
    cli: Callable, folder: Path, samples: Path, url: str, monkeypatch: pytest.MonkeyPatch, *, is_reference: bool
) -> None:
    password = url.partition("@")[0].rpartition(":")[2]
    (folder / "ledger.url").write_text(f"{url}\n")
    monkeypatch.setenv("LEDGER_PASSWORD", password)
    bare = url.replace(f":{password}@", "@")
    (folder / "telamon.yaml").write_text(BY_REFERENCE if is_reference else PASSWORDLESS.format(url=bare))
    cli("ledger", "keygen", "ledger.key")
    said = [cli("check", samples), cli("ledger", "verify"), cli("policy", "show", "--origin"), cli("ledger", "export")]
    assert [one.code for one in said] == [1, 0, 0, 0]
    assert said[1].out == "4 entries are what was recorded; 4 of them are under a checkpoint\n"
    assert password not in "".join(one.out + one.err for one in said)
    rows = json.loads(cli("ledger", "show", "--format", "json").out)
    assert [row["outcome"] for row in rows] == ["not-understood", "clean", "malicious", "suspicious"]


def test_a_database_that_is_not_there_is_no_finding(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nledger: {url: 'postgresql://a@/b?host=/nowhere'}\n")
    ended = cli("ledger", "verify")
    assert ended.code == 3
    assert "error[ledger-unreachable]: ledger `postgresql://a@/b?host=/nowhere`: " in ended.err
    ended = cli("check", samples / "clean.pkl")
    assert ended.code == 3
    assert "not-recorded[ledger]: ledger `postgresql://a@/b?host=/nowhere`: " in ended.out


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"hunter2", "secret"),
        (b"/hunter2.db", "secret"),
        (b"postgresql://a:hunter2@b/c d", "database-url"),
        (None, "secret"),
    ],
)
def test_a_reference_to_no_url_is_a_usage_error_that_repeats_nothing(
    cli: Callable, folder: Path, content: bytes | None, code: str
) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nledger: {url: 'file:ledger.url'}\n")
    if content is not None:
        (folder / "ledger.url").write_bytes(content)
    ended = cli("ledger", "verify")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error[{code}]: expected ")
    assert "hunter2" not in ended.err


def test_a_password_that_is_no_text_is_refused(cli: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nledger: {url: 'postgresql://a@b/c', password: 'file:pw'}\n")
    (folder / "pw").write_bytes(b"\xff\xfe")
    ended = cli("ledger", "verify")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error[database-url]: expected ")

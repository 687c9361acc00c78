"""A ledger with a clock and salts that stand still, and a way to change it behind telamon's back."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Protocol

import pytest

from telamon.kits.crypto.note_keys import SignerKey
from telamon.ledger.entry import EntryKind, Event
from telamon.ledger.log import Log, open_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = 1_795_435_200 * 10**9  # 2026-11-23T12:00:00Z


class EventMaker(Protocol):
    def __call__(self, number: int, *, body: dict[str, object] | None = ...) -> Event: ...


class LogOpener(Protocol):
    def __call__(self, *, read_only: bool = ...) -> Log: ...


class Tamperer(Protocol):
    def __call__(self, *statements: str, parameters: tuple[bytes, ...] = ...) -> None: ...


@pytest.fixture
def signer() -> SignerKey:
    return SignerKey(name="example.com/ledger", seed=bytes(range(32)))


@pytest.fixture
def event() -> EventMaker:
    def make(number: int, *, body: dict[str, object] | None = None) -> Event:
        return Event(
            kind=EntryKind.CHECK,
            control="vulnerability-scanning",
            outcome="clean",
            subject=f"sha256:{number:064x}",
            policy="sha256:" + "5e" * 32,
            actor="ci",
            body={"file": f"model-{number}.pkl"} if body is None else body,
        )

    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The second place, a file that does not exist yet."""
    return tmp_path / "elsewhere" / "checkpoints"


@pytest.fixture
def reopen(path: Path, place: Path, signer: SignerKey) -> Iterator[LogOpener]:
    """Open the ledger anew, as another process would; all are closed at the end."""
    place.parent.mkdir()
    with contextlib.ExitStack() as stack:

        def reopen(*, read_only: bool = False) -> Log:
            log = open_log(
                path,
                signer=signer,
                second_place=place,
                read_only=read_only,
                timeout_s=5.0,
                clock=lambda: NOON,
                random_bytes=bytes,
            )
            return stack.enter_context(log)

        yield reopen


@pytest.fixture
def log(reopen: LogOpener) -> Log:
    return reopen()


@pytest.fixture
def tamper(path: Path) -> Tamperer:
    """Run SQL on the ledger's file through a connection of one's own, past its triggers."""

    def tamper(*statements: str, parameters: tuple[bytes, ...] = ()) -> None:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
            for (name,) in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement, parameters)

    return tamper


@pytest.fixture
def filled(log: Log, event: EventMaker) -> Log:
    """600 entries, two whole tiles and a tail; checkpoints at 100 and 500."""
    log.append(event(number) for number in range(100))
    log.checkpoint()
    log.append(event(number) for number in range(100, 500))
    log.checkpoint()
    log.append(event(number) for number in range(500, 600))
    log.close()
    return log

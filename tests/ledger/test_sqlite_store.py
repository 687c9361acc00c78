"""What is so only of a ledger in a file of SQLite."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

from telamon.ledger.errors import (
    DamagedLedgerError,
    LedgerBusyError,
    LedgerFullError,
    LedgerUnavailableError,
    UnknownStoreError,
)
from telamon.ledger.log import Log, open_log
from telamon.ledger.sqlite_store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telamon.ledger.entry import Event

    EventMaker = Callable[..., Event]
    LogOpener = Callable[..., Log]
    Tamperer = Callable[..., None]


@pytest.fixture
def ledger(in_sqlite: object) -> object:
    return in_sqlite


def test_opens_nothing_before_it_must(path: Path, event: EventMaker) -> None:
    with open_log(path) as log:
        assert not path.exists()
        log.append([event(0)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir() if file.name.startswith(path.name)] == [path.name]


def test_names_its_place_by_path_or_url(tmp_path: Path, event: EventMaker) -> None:
    for location in (str(tmp_path / "a.db"), f"sqlite://{tmp_path}/b.db", tmp_path / "c.db"):
        with open_log(location) as log:
            log.append([event(0)])
    assert sorted(file.name for file in tmp_path.glob("*.db")) == ["a.db", "b.db", "c.db"]
    for location in ("mysql://host/db", "sqlite://host"):
        with pytest.raises(
            UnknownStoreError, match="expected a path, `sqlite:///path` or `postgresql://host/database`"
        ):
            open_log(location)


def test_says_when_readers_keep_an_erased_body(path: Path, event: EventMaker) -> None:
    with open_log(path, timeout_s=0.01) as log:
        log.append([event(0)])
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM body").fetchall()
            with pytest.raises(LedgerBusyError, match="found readers in it"):
                log.erase_body(0, reason="", actor="dpo")
        assert [one.is_erased for one in log.entries()] == [True, False]


def test_a_file_that_is_no_ledger_is_left_alone(path: Path, log: Log, event: EventMaker) -> None:
    for content in (b"", b"precious " * 1000):
        path.write_bytes(content)
        with pytest.raises(DamagedLedgerError):
            log.append([event(0)])
        result = log.verify()
        assert (result.ok, result.first_bad_index) == (False, 0)
        assert path.read_bytes() == content


def test_another_database_is_left_alone(path: Path, log: Log, event: EventMaker) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE entry (position INTEGER PRIMARY KEY, hash, leaf)")
    before = path.read_bytes()
    with pytest.raises(DamagedLedgerError, match="expected a ledger of version 1 in"):
        log.append([event(0)])
    assert path.read_bytes() == before


def test_a_later_version_is_left_alone(log: Log, event: EventMaker, tamper: Tamperer) -> None:
    log.append([event(0)])
    log.close()
    tamper("PRAGMA user_version = 2")
    with pytest.raises(DamagedLedgerError, match="version 1"):
        log.append([event(1)])


def test_a_busy_ledger_is_said_to_be_busy(path: Path, log: Log, event: EventMaker) -> None:
    log.append([event(0)])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with open_log(path, timeout_s=0.01) as second, pytest.raises(LedgerBusyError, match="locked"):
            second.append([event(1)])
    assert log.append([event(1)]) == range(1, 2)


def test_a_full_disk_loses_nothing(path: Path, event: EventMaker) -> None:
    store = SqliteStore(path)
    with contextlib.closing(Log(store)) as log:
        log.append([event(0)])
        connection = store._connected()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LedgerFullError, match="full"):
            log.append(event(number) for number in range(1, 500))
        assert log.head().size == 1
        connection.execute("PRAGMA max_page_count = 1000000")
        assert log.append([event(1)]) == range(1, 2)
        assert log.verify().size == 2


def test_a_folder_in_its_place_is_unavailable(path: Path, log: Log, event: EventMaker) -> None:
    path.mkdir()
    with pytest.raises(LedgerUnavailableError):
        log.append([event(0)])


def test_says_why_it_cannot_be_created(tmp_path: Path, event: EventMaker) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerUnavailableError, match="No such file"):
        open_log(tmp_path / "missing" / "ledger.db").append([event(0)])
    with pytest.raises(LedgerUnavailableError, match="Not a directory"):
        open_log(tmp_path / "file" / "ledger.db").head()


def test_the_slower_of_two_creators_uses_the_ledger_of_the_faster(path: Path, event: EventMaker) -> None:
    with open_log(path) as log:
        log.append([event(0)])
    SqliteStore(path).create()
    with open_log(path) as log:
        assert log.head().size == 1


def test_a_forked_process_opens_its_own(path: Path, event: EventMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_log(path) as log:
        log.append([event(0)])
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: -1)
            with pytest.raises(DamagedLedgerError) as caught:
                log.append([event(1)])
            assert "after a fork each process opens its own" in caught.value.hint
            log.close()
        assert log.append([event(1)]) == range(1, 2)


def test_paths_may_hold_any_character(tmp_path: Path, event: EventMaker) -> None:
    path = tmp_path / "a b?mode=memory#%41\n'.db"
    with open_log(path) as log:
        log.append([event(0)])
        assert log.verify().ok
    assert path.exists()


def test_a_ledger_that_is_swapped_while_it_is_open_is_not_written(
    log: Log, path: Path, tmp_path: Path, event: EventMaker
) -> None:
    log.append([event(0)])
    shutil.copy(path, tmp_path / "copy.db")
    (tmp_path / "copy.db").replace(path)
    with pytest.raises(DamagedLedgerError, match="found another file in its place"):
        log.append([event(1)])
    result = log.verify()
    assert (result.ok, result.first_bad_index) == (False, 0)


def test_accidents_are_stopped_by_the_database_itself(filled: Log, path: Path) -> None:
    filled.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in (
            "UPDATE entry SET leaf = x''",
            "DELETE FROM entry",
            "UPDATE node SET hash = x''",
            "DELETE FROM node",
            "UPDATE checkpoint SET note = x''",
            "DELETE FROM checkpoint",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)

"""SQLite databases: durable settings, snapshots, and errors by remedy."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telamon.kits.storage.sqlite import DatabaseFailureError, Failure, connect, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a b?c#d%.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT)")
        connection.commit()
    return path


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(connect(path, read_only=False)) as connection:
        yield connection


def fails(failure: Failure) -> pytest.RaisesExc[DatabaseFailureError]:
    return pytest.RaisesExc(DatabaseFailureError, check=lambda error: error.failure is failure)


def test_commits_are_durable_and_deletions_thorough(connection: sqlite3.Connection) -> None:
    settings = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "secure_delete")]
    assert settings == [2, 1]
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == b"wal"


def test_never_creates_a_database(tmp_path: Path) -> None:
    for read_only in (True, False):
        with fails(Failure.UNAVAILABLE):
            connect(tmp_path / "missing.db", read_only=read_only)
    assert list(tmp_path.iterdir()) == []


def test_keeps_all_of_a_block_or_nothing(connection: sqlite3.Connection) -> None:
    with transaction(connection, write=True):
        connection.execute("INSERT INTO t VALUES (1, 'kept')")

    def fail() -> None:
        with transaction(connection, write=True):
            connection.execute("INSERT INTO t VALUES (2, 'lost')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert connection.execute("SELECT * FROM t").fetchall() == [(1, b"kept")]


def test_a_reader_sees_one_snapshot(path: Path, connection: sqlite3.Connection) -> None:
    with contextlib.closing(connect(path, read_only=True)) as reader, transaction(reader, write=False):
        connection.execute("INSERT INTO t VALUES (1, 'later')")
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_a_second_writer_waits_and_then_is_told(path: Path, connection: sqlite3.Connection) -> None:
    with contextlib.closing(connect(path, read_only=False, timeout_s=0.01)) as other:
        with transaction(connection, write=True), fails(Failure.BUSY), transaction(other, write=True):
            pass
        with transaction(other, write=True):
            other.execute("INSERT INTO t VALUES (1, '')")


def test_tells_failures_apart(path: Path, connection: sqlite3.Connection) -> None:
    with fails(Failure.REJECTED), transaction(connection, write=True):
        connection.execute("SELECT * FROM missing")
    with fails(Failure.DAMAGED), transaction(connection, write=True):
        connection.executemany("INSERT INTO t VALUES (?, '')", [(1,), (1,)])
    connection.execute("PRAGMA max_page_count = 2")
    with fails(Failure.FULL), transaction(connection, write=True):
        connection.execute("INSERT INTO t VALUES (1, ?)", ("x" * 100_000,))
    with (
        contextlib.closing(connect(path, read_only=True)) as reader,
        fails(Failure.READ_ONLY),
        transaction(reader, write=False),
    ):
        reader.execute("INSERT INTO t VALUES (1, '')")


def test_refuses_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a" * 5000)
    with fails(Failure.DAMAGED):
        connect(tmp_path / "text", read_only=False)


def test_a_damaged_schema_is_damage_even_if_its_message_is_no_text(path: Path) -> None:
    content = path.read_bytes()
    assert content.count(b"CREATE TABLE t (x INTEGER") == 1
    path.write_bytes(content.replace(b"CREATE TABLE t (x INTEGER", b"CREATE TABLE t \xff\xfe INTEGER"))
    with fails(Failure.DAMAGED):
        connect(path, read_only=True)


def test_reads_where_no_shared_memory_file_can_be_made(path: Path) -> None:
    # A medium that cannot be written to refuses the -shm file; a broken link of that name does so even for root.
    path.with_name(f"{path.name}-shm").symlink_to("/nowhere/at-all")
    with contextlib.closing(connect(path, read_only=True)) as reader:
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)
    with fails(Failure.UNAVAILABLE):
        connect(path, read_only=False)


def test_does_not_read_past_a_log_that_it_cannot_use(path: Path) -> None:
    path.with_name(f"{path.name}-shm").symlink_to("/nowhere/at-all")
    path.with_name(f"{path.name}-wal").write_bytes(b"not empty")
    with fails(Failure.UNAVAILABLE):
        connect(path, read_only=True)


def test_reads_in_a_folder_of_somebody_else() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.db")
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE t (x)")
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        child = os.fork()
        if child == 0:  # in a child, because root could write there all the same
            os._exit(_read_as_nobody(path))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        Path(folder).chmod(0o755)


def _read_as_nobody(path: Path) -> int:
    try:
        if os.geteuid() == 0:
            os.setuid(65534)
        with contextlib.closing(connect(path, read_only=True)) as reader:
            found = reader.execute("SELECT count(*) FROM t").fetchone()
        with fails(Failure.READ_ONLY):
            connect(path, read_only=False)
    except BaseException:  # noqa: BLE001 -- a forked child must end here, whatever happened
        return 2
    return 0 if found == (0,) else 1

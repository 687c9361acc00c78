"""SQLite databases that keep what was committed: opening them, and their errors as typed ones."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING

from telamon.kits.storage.failures import DatabaseFailureError, Failure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_TIMEOUT_S = 30.0
# SQLite waits inside of C, where Python hears no Ctrl-C: it is let out so often while another process writes.
_SLICE_MS = 100
# The low byte is the primary result code (sqlite.org/rescode.html).
_PRIMARY = 0xFF
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-")
# What opening gives where a file beside the database cannot be made.
_REFUSED_FILE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})


@contextlib.contextmanager
def typed_errors() -> Iterator[None]:
    """Turn SQLite's errors into `DatabaseFailureError`."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise DatabaseFailureError(str(error), failure=_classify(error)) from error
    except UnicodeDecodeError as error:
        # The module cannot decode the message, which quotes a schema that is damaged.
        raise DatabaseFailureError("malformed database schema", failure=Failure.DAMAGED) from error


def connect(path: Path, *, read_only: bool, timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """Open an existing database in autocommit mode, durable on commit, text as bytes.

    The connection may be handed between threads, one at a time, and never used across a fork. A read-only one
    also works on a medium that nothing can be written to.

    Raises:
        DatabaseFailureError: It does not exist or cannot be opened.
    """
    log = path.with_name(f"{path.name}-wal")
    with typed_errors():
        try:
            return _open(path, "ro" if read_only else "rw", timeout_s)
        except sqlite3.OperationalError as error:
            # A database in WAL mode needs its -shm file, which such a medium refuses; where the -wal file is
            # missing or empty, readers miss nothing without it (sqlite.org/wal.html, "Read-Only Databases").
            has_log = log.exists() and log.stat().st_size > 0
            if not read_only or has_log or error.sqlite_errorcode & _PRIMARY not in _REFUSED_FILE:
                raise
            return _open(path, "ro&immutable=1", timeout_s)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool) -> Iterator[None]:
    """Run a block on one snapshot, with the write lock from the start if it writes; commit or roll back.

    Raises:
        DatabaseFailureError: The database refused; nothing of the block is kept.
    """
    with typed_errors():
        if write:
            _begin_to_write(connection)
        else:
            connection.execute("BEGIN")
        try:
            if not write:
                # A deferred transaction has its snapshot from its first read on.
                connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
            yield
            connection.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors (sqlite.org/lang_transaction.html, section 3).
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
            raise


def _begin_to_write(connection: sqlite3.Connection) -> None:
    (timeout_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    deadline = time.monotonic() + timeout_ms / 1000
    connection.execute(f"PRAGMA busy_timeout = {min(timeout_ms, _SLICE_MS)}")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if _classify(error) is not Failure.BUSY or time.monotonic() >= deadline:
                    raise
            else:
                return
    finally:
        connection.execute(f"PRAGMA busy_timeout = {timeout_ms}")


def _open(path: Path, mode: str, timeout_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{_quote(os.fsencode(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        _prepare(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _quote(path: bytes) -> str:
    """Percent-encode a path of any bytes; urllib does the same for 3 ms of start-up, and for UTF-8 only."""
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in path)


def _prepare(connection: sqlite3.Connection) -> None:
    # Damaged text is damage to report, not a decoding error in the middle of a row.
    connection.text_factory = bytes
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA secure_delete = ON")
    # With WAL, FULL is what makes a commit survive a loss of power (sqlite.org/pragma.html#pragma_synchronous).
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()


def _classify(error: Exception) -> Failure:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Failure.BUSY
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT}:
        return Failure.DAMAGED
    if code == sqlite3.SQLITE_FULL:
        return Failure.FULL
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
        return Failure.READ_ONLY
    return Failure.REJECTED if code == sqlite3.SQLITE_ERROR else Failure.UNAVAILABLE

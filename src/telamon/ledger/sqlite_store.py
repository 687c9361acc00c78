"""The store on one machine: an SQLite database in WAL mode that several processes may append to."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from telamon.kits.storage import sqlite
from telamon.kits.storage.failures import DatabaseFailureError
from telamon.kits.storage.files import PRIVATE_MODE, FileExistsAlreadyError, FileWriteError, staged
from telamon.ledger.database_errors import ERRORS
from telamon.ledger.errors import (
    DamagedLedgerError,
    LedgerBusyError,
    LedgerNotFoundError,
    LedgerReadOnlyError,
    LedgerUnavailableError,
)
from telamon.ledger.merkle import EMPTY_ROOT
from telamon.ledger.store import Batch, Head, Row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

# "tela", so that `file` and SQLite itself can tell a ledger from other databases.
APPLICATION_ID = 0x74656C61
SCHEMA_VERSION = 1
_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE entry (position INTEGER PRIMARY KEY, hash BLOB NOT NULL, leaf BLOB NOT NULL) STRICT;
CREATE TABLE body (position INTEGER PRIMARY KEY, salt BLOB NOT NULL, detail BLOB NOT NULL) STRICT;
CREATE TABLE node (
    level INTEGER NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;
CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL) STRICT;
"""
# Against accidents only: whoever can write the file can drop them, which is what the tree is for.
_GUARD = """
CREATE TRIGGER {table}_keeps_{event} BEFORE {event} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
"""
_GUARDED = ("entry", "node", "checkpoint")
_ROWS = """
SELECT entry.position, entry.hash, entry.leaf, body.salt, body.detail
FROM entry LEFT JOIN body ON body.position = entry.position
WHERE entry.position >= ? ORDER BY entry.position LIMIT ?
"""


class SqliteStore:
    """A ledger in one SQLite file with its `-wal` and `-shm` beside it.

    Args:
        path: The file.
        read_only: Never write, not even to create it.
        timeout_s: How long to wait for another process that writes.
    """

    def __init__(self, path: Path, *, read_only: bool = False, timeout_s: float = sqlite.BUSY_TIMEOUT_S) -> None:
        self.path = path
        self._read_only = read_only
        self._timeout_s = timeout_s
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int, int] | None = None

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def exists(self) -> bool:
        """Tell whether anything is called so; a broken link counts."""
        return os.path.lexists(self.path)

    def create(self) -> None:
        """Make the database under another name and put it in place whole, so that no crash leaves half of one."""
        if self._read_only:
            raise LedgerReadOnlyError(f"expected a ledger at `{self.path}`, found none and may not create it")
        guards = "".join(_GUARD.format(table=t, event=e) for t in _GUARDED for e in ("update", "delete"))
        try:
            with staged(self.path) as temporary, self._typed():
                os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE))
                with contextlib.closing(sqlite.connect(temporary, read_only=False)) as connection:
                    connection.execute("PRAGMA journal_mode = WAL")
                    connection.executescript(_SCHEMA + guards)
                    connection.execute("INSERT INTO head VALUES (1, 0, ?)", (EMPTY_ROOT,))
        except FileExistsAlreadyError:
            # Another process was faster, and its file stands as it is. Nothing is taken on trust: whatever it is, the
            # next call opens it, and `_connect` refuses what is no ledger.
            return
        except FileWriteError as error:
            raise LedgerUnavailableError(error.message) from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Read from one snapshot."""
        with self._typed(), sqlite.transaction(self._connected(), write=False):
            yield

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold SQLite's write lock from the start, so that what is read inside cannot change."""
        if self._read_only:
            raise LedgerReadOnlyError(f"expected a ledger to write to, found `{self.path}` opened for reading only")
        with self._typed(), sqlite.transaction(self._connected(), write=True):
            yield

    def head(self) -> Head:
        """Return the recorded size and root."""
        rows = self._fetch("SELECT size, root FROM head")
        if len(rows) != 1 or not isinstance(rows[0][0], int) or not isinstance(rows[0][1], bytes):
            raise DamagedLedgerError(f"expected one head in ledger `{self.path}`, found {len(rows)}")
        return Head(size=rows[0][0], root=rows[0][1])

    def last_position(self) -> int:
        """Return the highest position there is, -1 if there is none."""
        ((highest,),) = self._fetch("SELECT max(position) FROM entry")
        return -1 if highest is None else int(highest)

    def rows(self, start: int, limit: int) -> list[Row]:
        """Return at most `limit` rows from position `start` on, by position."""
        return self._fetch(_ROWS, start, limit)

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Return the subtree hashes number `start` to `stop` (exclusive) at a level that is a multiple of 8."""
        query = (
            "SELECT hash FROM node WHERE level = ? AND number >= ? AND number < ? ORDER BY number"
            if level
            else "SELECT hash FROM entry WHERE 0 = ? AND position >= ? AND position < ? ORDER BY position"
        )
        return [row[0] for row in self._fetch(query, level, start, stop)]

    def erasures(self) -> list[bytes]:
        """Return the leaves of all entries that record an erasure."""
        query = "SELECT leaf FROM entry WHERE instr(leaf, CAST(? AS BLOB)) ORDER BY position"
        return [row[0] for row in self._fetch(query, '"kind":"erasure"')]

    def checkpoints(self) -> list[bytes]:
        """Return the notes of all checkpoints by size."""
        return [_note(row[0]) for row in self._fetch("SELECT note FROM checkpoint ORDER BY size")]

    def latest_checkpoint(self) -> bytes | None:
        """Return the note of the largest checkpoint."""
        rows = self._fetch("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
        return _note(rows[0][0]) if rows else None

    def add(self, batch: Batch) -> None:
        """Append entries and set the head."""
        connection = self._connected()
        positions = range(batch.start, batch.start + len(batch.leaves))
        connection.executemany(
            "INSERT INTO entry VALUES (?, ?, ?)", zip(positions, batch.hashes, batch.leaves, strict=True)
        )
        connection.executemany(
            "INSERT INTO body VALUES (?, ?, ?)",
            ((at, body.salt, body.detail) for at, body in zip(positions, batch.bodies, strict=True) if body),
        )
        for level, hashes in batch.nodes.items():
            first = batch.start >> level
            connection.executemany(
                "INSERT INTO node VALUES (?, ?, ?)",
                ((level, number, digest) for number, digest in enumerate(hashes, first)),
            )
        connection.execute("UPDATE head SET size = ?, root = ?", (batch.head.size, batch.head.root))

    def add_checkpoint(self, size: int, note: str) -> None:
        """Keep a checkpoint."""
        self._connected().execute("INSERT INTO checkpoint VALUES (?, ?)", (size, note.encode()))

    def erase_body(self, position: int) -> bool:
        """Remove a body; SQLite overwrites it with zeros (`secure_delete`)."""
        return self._connected().execute("DELETE FROM body WHERE position = ?", (position,)).rowcount == 1

    def clean(self) -> None:
        """Move the write-ahead log into the database and empty it: it holds pages as they were before."""
        with self._typed():
            (is_busy, _, _) = self._connected().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise LedgerBusyError(
                f"expected to empty the write-ahead log of `{self.path}`, found readers in it",
                hint="the erased bytes leave the `-wal` file with the next append after those readers end",
            )

    def close(self) -> None:
        """Close the database; the last process to do so folds the write-ahead log into it.

        After a fork the child leaves its parent's connection alone (sqlite.org/howtocorrupt.html, section 2.6).
        """
        if self._connection is not None and self._identity is not None and self._identity[0] == os.getpid():
            self._connection.close()
            self._connection = None

    def _fetch(self, query: str, *parameters: object) -> list[Any]:  # a row's types are those of its query
        with self._typed():
            return self._connected().execute(query, parameters).fetchall()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        if self._identity != self._current_identity():
            raise DamagedLedgerError(
                f"expected the ledger `{self.path}` that was opened, found another file in its place",
                hint="verify the file, then open the ledger anew; after a fork each process opens its own",
            )
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        self._identity = self._current_identity()
        with self._typed():
            connection = sqlite.connect(self.path, read_only=self._read_only, timeout_s=self._timeout_s)
            found = tuple(
                connection.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in ("application_id", "user_version")
            )
        if found != (APPLICATION_ID, SCHEMA_VERSION):
            connection.close()
            raise DamagedLedgerError(
                f"expected a ledger of version {SCHEMA_VERSION} in `{self.path}`, found another file",
                hint="it is left as it is; name another path, or restore the ledger from a backup",
            )
        return connection

    def _current_identity(self) -> tuple[int, int, int]:
        try:
            status = self.path.stat()
        except FileNotFoundError as error:
            raise LedgerNotFoundError(f"expected a ledger at `{self.path}`, found none") from error
        except OSError as error:
            raise LedgerUnavailableError(f"expected to open `{self.path}`, found: {error.strerror}") from error
        return os.getpid(), status.st_dev, status.st_ino

    @contextlib.contextmanager
    def _typed(self) -> Iterator[None]:
        try:
            with sqlite.typed_errors():
                yield
        except DatabaseFailureError as error:
            raise ERRORS[error.failure](f"ledger `{self.path}`: {error.message}") from error


def _note(value: object) -> bytes:
    """A note as stored; one that damage made a number is no note."""
    return value if isinstance(value, bytes) else b""

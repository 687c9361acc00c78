"""The store that several machines share: a schema of a PostgreSQL database."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Any

from telamon.kits.storage.failures import DatabaseFailureError, Failure
from telamon.kits.storage.postgres import BUSY_TIMEOUT_S, CONNECT_TIMEOUT_S, Connection, connect
from telamon.kits.storage.postgres_url import DatabaseUrl, DatabaseUrlError, parse_database_url
from telamon.kits.text.display import printable
from telamon.ledger import postgres_statements as statements
from telamon.ledger.database_errors import ERRORS
from telamon.ledger.errors import (
    DamagedLedgerError,
    LedgerError,
    LedgerNotFoundError,
    LedgerReadOnlyError,
)
from telamon.ledger.store import Head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from telamon.ledger.store import Batch, Row

DEFAULT_NAME = "ledger"
# A name that needs no quotes and leaves room for the prefix (NAMEDATALEN is 64).
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class PostgresStore:
    """A ledger in the schema `telamon_NAME` of a PostgreSQL database.

    Args:
        url: `postgresql://user@host/database?ledger=NAME`; the name is `ledger` where there is none.
        password: Where the URL has none.
        read_only: Never write, not even to create it.
        timeout_s: How long to wait for another process that writes.

    Raises:
        DatabaseUrlError: It is no such URL.
    """

    def __init__(
        self, url: str, *, password: str = "", read_only: bool = False, timeout_s: float = BUSY_TIMEOUT_S
    ) -> None:
        self._url = parse_database_url(url, options=frozenset({"ledger"}), password=password)
        self._schema = f"telamon_{_name(self._url)}"
        self._read_only = read_only
        self._timeout_s = timeout_s
        self._connection: Connection | None = None
        self._process = 0

    @property
    def name(self) -> str:
        """The URL without the password."""
        return str(self._url)

    def exists(self) -> bool:
        """Tell whether there is a schema of that name, a ledger or not."""
        query = statements.EXISTS.format(schema=self._schema)
        with self._typed():
            if self._connection is not None:
                # The server may have closed it since it was last used, which a new one makes good.
                with contextlib.suppress(DatabaseFailureError):
                    return bool(self._connected().run(query))
            return bool(self._connected().run(query))

    def create(self) -> None:
        """Make the schema in one transaction, so that no crash leaves half of one."""
        if self._read_only:
            raise LedgerReadOnlyError(f"expected a ledger at `{self.name}`, found none and may not create it")
        try:
            with self._typed(), self._connected().writing("SELECT 1", timeout_s=self._timeout_s):
                self._connected().run(statements.creation(self._schema))
        except LedgerError:
            if not self.exists():  # else another process was faster
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Read from one snapshot (REPEATABLE READ)."""
        with self._typed(), contextlib.ExitStack() as stack:
            self._open(stack, self._existing().reading(statements.OPEN.format(schema=self._schema)))
            yield

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock of the head's row from the start, which all writers wait for."""
        if self._read_only:
            raise LedgerReadOnlyError(f"expected a ledger to write to, found `{self.name}` opened for reading only")
        first = f"{statements.OPEN.format(schema=self._schema)}; {statements.LOCK}"
        with self._typed(), contextlib.ExitStack() as stack:
            self._open(stack, self._existing().writing(first, timeout_s=self._timeout_s))
            yield

    def head(self) -> Head:
        """Return the recorded size and root."""
        rows = self._fetch(statements.HEAD)
        if len(rows) != 1:
            raise DamagedLedgerError(f"expected one head in ledger `{self.name}`, found {len(rows)}")
        return Head(size=int(rows[0][0]), root=bytes.fromhex(rows[0][1]))

    def last_position(self) -> int:
        """Return the highest position there is, -1 if there is none."""
        ((highest,),) = self._fetch(statements.LAST)
        return -1 if highest is None else int(highest)

    def rows(self, start: int, limit: int) -> list[Row]:
        """Return at most `limit` rows from position `start` on, by position."""
        with self._typed():
            found = self._connected().copy(statements.ROWS.format(start=int(start), limit=int(limit)))
        # The position is never NULL, as the rows are found by it.
        return [
            (int.from_bytes(at, "big", signed=True), digest, leaf, salt, detail)
            for at, digest, leaf, salt, detail in found
        ]

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Return the subtree hashes number `start` to `stop` (exclusive) at a level that is a multiple of 8."""
        query = statements.NODE_HASHES if level else statements.LEAF_HASHES
        return self._fetch_bytes(query.format(level=int(level), start=int(start), stop=int(stop)))

    def erasures(self) -> list[bytes]:
        """Return the leaves of all entries that record an erasure."""
        return self._fetch_bytes(statements.ERASURES)

    def checkpoints(self) -> list[bytes]:
        """Return the notes of all checkpoints by size."""
        return self._fetch_bytes(statements.CHECKPOINTS)

    def latest_checkpoint(self) -> bytes | None:
        """Return the note of the largest checkpoint."""
        notes = self._fetch_bytes(statements.LATEST_CHECKPOINT)
        return notes[0] if notes else None

    def add(self, batch: Batch) -> None:
        """Append entries and set the head, a small batch in one round trip."""
        for message in statements.additions(batch):
            self._fetch(message)

    def add_checkpoint(self, size: int, note: str) -> None:
        """Keep a checkpoint."""
        self._fetch(statements.ADD_CHECKPOINT.format(size=int(size), note=note.encode().hex()))

    def erase_body(self, position: int) -> bool:
        """Remove a body; its bytes stay in the table's file until `clean`."""
        return bool(self._fetch(statements.ERASE.format(position=int(position))))

    def clean(self) -> None:
        """Write the table of bodies anew, because deletion only marks a row.

        The server's write-ahead log and its backups are its administrator's: they keep the old bytes for as long as
        they are kept themselves.

        Raises:
            LedgerBusyError: Others use the table for longer than the timeout.
            LedgerReadOnlyError: It belongs to another role, which has to do this.
        """
        statement = f"VACUUM FULL {self._schema}.body"
        hint = f"the body is erased; its bytes leave the database's files when the owner runs `{statement}`"
        with self._typed(hint=hint):
            is_clean = self._connected().run_alone(statement, timeout_s=self._timeout_s)
        if not is_clean:
            raise LedgerReadOnlyError(
                f"expected to own the bodies of ledger `{self.name}`, found another owner", hint=hint
            )

    def close(self) -> None:
        """End the session; after a fork the child leaves its parent's alone."""
        if self._connection is not None:
            if self._process == os.getpid():
                self._connection.close()
            else:
                self._connection.forget()
            self._connection = None

    def _open(self, stack: contextlib.ExitStack, transaction: AbstractContextManager[list[list[Any]]]) -> None:
        """Enter a transaction in a schema that has been seen, and see that this is a ledger."""
        try:
            rows = stack.enter_context(transaction)
        except DatabaseFailureError as error:
            if error.failure is not Failure.REJECTED:
                raise
            rows = []
        if not rows or rows[0] != [statements.SCHEMA_VERSION]:
            raise DamagedLedgerError(
                f"expected a ledger of version {statements.SCHEMA_VERSION} in `{self.name}`, found another schema",
                hint="it is left as it is; name another ledger, or restore this one from a backup",
            )

    def _existing(self) -> Connection:
        if not self.exists():
            raise LedgerNotFoundError(f"expected a ledger at `{self.name}`, found none")
        return self._connected()

    def _connected(self) -> Connection:
        if self._connection is not None and self._process != os.getpid():
            self._connection.forget()
            self._connection = None
        if self._connection is None or not (self._connection.is_open or self._connection.is_in_transaction):
            self._connection = connect(self._url, application="telamon", timeout_s=CONNECT_TIMEOUT_S)
            self._process = os.getpid()
        return self._connection

    def _fetch(self, statement: str) -> list[Any]:  # a row's types are those of its query
        with self._typed():
            return self._connected().run(statement)

    def _fetch_bytes(self, query: str) -> list[bytes]:
        """One column of hexadecimal digits, or of NULL where the table was changed to allow it."""
        return [bytes.fromhex(row[0] or "") for row in self._fetch(query)]

    @contextlib.contextmanager
    def _typed(self, *, hint: str = "") -> Iterator[None]:
        try:
            yield
        except DatabaseFailureError as error:
            raise ERRORS[error.failure](f"ledger `{self.name}`: {error.message}", hint=hint or error.hint) from error


def _name(url: DatabaseUrl) -> str:
    name = url.options.get("ledger", DEFAULT_NAME)
    if not _NAME.fullmatch(name):
        raise DatabaseUrlError(
            f"expected a ledger name of at most 40 characters a-z, 0-9 and _, found `{printable(name)}`",
            hint="`?ledger=NAME` at the end of the URL names the ledger",
        )
    return name

"""A ledger in each kind of store, a clock and salts that stand still, and a way to change it behind telamon's back."""

from __future__ import annotations

import contextlib
import itertools
import re
import sqlite3
from typing import TYPE_CHECKING, Protocol, TypeAlias

import pg8000.native
import pytest

from telamon.kits.crypto.note_keys import SignerKey
from telamon.ledger.entry import EntryKind, Event
from telamon.ledger.log import Log, open_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import postgres_server

NOON = 1_795_435_200 * 10**9  # 2026-11-23T12:00:00Z


class EventMaker(Protocol):
    def __call__(self, number: int, *, body: dict[str, object] | None = ...) -> Event: ...


class LogOpener(Protocol):
    def __call__(self, *, read_only: bool = ...) -> Log: ...


class Tamperer(Protocol):
    def __call__(self, *statements: str, parameters: tuple[bytes, ...] = ...) -> None: ...


Rows: TypeAlias = list[tuple[object, ...]]
TABLES = ("entry", "body", "node", "checkpoint", "head")


class Place(Protocol):
    """Where a ledger is, and ways to it past telamon; statements are in the SQL that SQLite has."""

    location: str | Path

    def execute(self, *statements: str, parameters: tuple[bytes, ...] = ()) -> Rows: ...

    def exists(self) -> bool: ...

    def remove(self) -> None: ...

    def save(self) -> dict[str, Rows]: ...

    def restore(self, saved: dict[str, Rows]) -> None: ...

    def holds(self, content: bytes) -> bool: ...


class SqlitePlace:
    def __init__(self, path: Path) -> None:
        self.location = path

    def execute(self, *statements: str, parameters: tuple[bytes, ...] = ()) -> Rows:
        """Run SQL through a connection of one's own, past the triggers."""
        with contextlib.closing(sqlite3.connect(self.location, isolation_level=None)) as connection:
            triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            rows = []
            for statement in statements:
                rows = connection.execute(statement, parameters).fetchall()
            return rows

    def exists(self) -> bool:
        return self.location.exists()

    def remove(self) -> None:
        for file in self.location.parent.glob(f"{self.location.name}*"):
            file.unlink()

    def save(self) -> dict[str, Rows]:
        return {table: self.execute(f"SELECT * FROM {table}") for table in TABLES}  # noqa: S608 -- a name from above

    def restore(self, saved: dict[str, Rows]) -> None:
        with contextlib.closing(sqlite3.connect(self.location, isolation_level=None)) as connection:
            for table, rows in saved.items():
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 -- likewise
                for row in rows:
                    marks = ",".join("?" * len(row))
                    connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 -- likewise

    def holds(self, content: bytes) -> bool:
        return any(content in file.read_bytes() for file in self.location.parent.glob(f"{self.location.name}*"))


# What SQLite has and PostgreSQL calls otherwise.
DIALECT = """
CREATE SCHEMA sqlite;
CREATE DOMAIN sqlite.blob AS bytea;
CREATE FUNCTION sqlite.zeroblob(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT decode(repeat('00', n), 'hex') $$;
CREATE FUNCTION sqlite.randomblob(n integer) RETURNS bytea LANGUAGE sql
AS $$ SELECT substring(sha256(random()::text::bytea) FOR n) $$;
CREATE FUNCTION sqlite.replace(bytea, text, text) RETURNS text LANGUAGE sql
AS $$ SELECT replace(convert_from($1, 'UTF8'), $2, $3) $$;
"""


class PostgresPlace:
    def __init__(self, server: postgres_server.Server, number: int) -> None:
        self.location = f"{server.url()}&ledger=test_{number}"
        self.schema = f"telamon_test_{number}"
        self.server = server

    @contextlib.contextmanager
    def connected(self) -> Iterator[pg8000.native.Connection]:
        connection = pg8000.native.Connection(
            self.server.user,
            database="postgres",
            password=self.server.password,
            unix_sock=f"{self.server.folder}/.s.PGSQL.5432",
            ssl_context=False,
        )
        try:
            yield connection
        finally:
            connection.close()

    def execute(self, *statements: str, parameters: tuple[bytes, ...] = ()) -> Rows:
        with self.connected() as connection:
            connection.run(f"SET search_path = {self.schema}, sqlite; SET session_replication_role = replica")
            rows: Rows = []
            for statement in statements:
                own = statement
                for value in parameters:
                    own = own.replace("?", f"decode('{value.hex()}', 'hex')", 1)
                own = re.sub(r"x'([0-9a-f]*)'", r"decode('\1', 'hex')", own)
                rows = [tuple(row) for row in connection.run(own) or []]
            return rows

    def exists(self) -> bool:
        return bool(self.execute(f"SELECT 1 FROM pg_namespace WHERE nspname = '{self.schema}'"))  # noqa: S608 -- ours

    def remove(self) -> None:
        self.execute(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")

    def save(self) -> dict[str, Rows]:
        return {table: self.execute(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}  # noqa: S608 -- as above

    def restore(self, saved: dict[str, Rows]) -> None:
        for table, rows in saved.items():
            values = [
                ",".join(f"decode('{value.hex()}', 'hex')" if isinstance(value, bytes) else str(value) for value in row)
                for row in rows
            ]
            inserts = [f"INSERT INTO {table} VALUES ({row})" for row in values]  # noqa: S608 -- likewise
            self.execute(f"DELETE FROM {table}", *inserts)  # noqa: S608 -- likewise

    def holds(self, content: bytes) -> bool:
        """Whether it is anywhere in the files of the ledger's tables."""
        self.execute("CHECKPOINT")
        files = self.execute(
            "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        )
        folder = self.server.folder / "data"
        return any(content in (folder / str(file)).read_bytes() for (file,) in files if file)


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


@pytest.fixture(scope="session")
def ledger_numbers(database: postgres_server.Server) -> Iterator[int]:
    """Numbers of ledgers in the server, which speaks some of SQLite's SQL."""
    with PostgresPlace(database, 0).connected() as connection:
        connection.run(DIALECT)
    return itertools.count(1)


@pytest.fixture
def in_sqlite(path: Path) -> SqlitePlace:
    return SqlitePlace(path)


@pytest.fixture
def in_postgres(database: postgres_server.Server, ledger_numbers: Iterator[int]) -> Iterator[PostgresPlace]:
    place = PostgresPlace(database, next(ledger_numbers))
    yield place
    place.remove()


@pytest.fixture(params=["in_sqlite", "in_postgres"])
def ledger(request: pytest.FixtureRequest) -> Place:
    """The ledger's place, in each kind of store; a module about one of them has a fixture of this name."""
    place: Place = request.getfixturevalue(request.param)
    return place


@pytest.fixture
def location(ledger: Place) -> str | Path:
    return ledger.location


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The second place, a file that does not exist yet."""
    return tmp_path / "elsewhere" / "checkpoints"


@pytest.fixture
def reopen(location: str | Path, place: Path, signer: SignerKey) -> Iterator[LogOpener]:
    """Open the ledger anew, as another process would; all are closed at the end."""
    place.parent.mkdir()
    with contextlib.ExitStack() as stack:

        def reopen(*, read_only: bool = False) -> Log:
            log = open_log(
                location,
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
def tamper(ledger: Place) -> Tamperer:
    """Run SQL on the ledger through a connection of one's own, past its triggers."""

    def tamper(*statements: str, parameters: tuple[bytes, ...] = ()) -> None:
        ledger.execute(*statements, parameters=parameters)

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

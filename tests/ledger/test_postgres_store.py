"""What is so only of a ledger in PostgreSQL: roles, sessions that end, schemas, and a server of one's own to ask."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pg8000.exceptions
import pytest

from telamon.core.errors import MissingExtraError
from telamon.kits.crypto.note_keys import generate_key
from telamon.kits.storage import postgres
from telamon.kits.storage.postgres_url import DatabaseUrlError
from telamon.ledger.entry import EntryKind, Event
from telamon.ledger.errors import (
    DamagedLedgerError,
    LedgerBusyError,
    LedgerFullError,
    LedgerNotFoundError,
    LedgerReadOnlyError,
    LedgerUnreachableError,
)
from telamon.ledger.log import open_log
from telamon.ledger.postgres_statements import ROWS
from telamon.ledger.postgres_store import PostgresStore
from telamon.ledger.verification import Damage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import PostgresPlace
    from telamon.ledger.log import Log

    EventMaker = Callable[..., Event]
    LogOpener = Callable[..., Log]

RECIPE = """
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT INSERT ON entry, body, node, checkpoint TO {role};
GRANT UPDATE (size, root) ON head TO {role};
"""


@pytest.fixture
def ledger(in_postgres: PostgresPlace) -> PostgresPlace:
    return in_postgres


@pytest.fixture
def role(ledger: PostgresPlace) -> Iterator[str]:
    """A role that may nothing, with the password `secret`."""
    name = f"role_{ledger.schema}"
    ledger.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    yield name
    ledger.execute(f"DROP OWNED BY {name} CASCADE", f"DROP ROLE {name}")


@pytest.fixture
def location_of(ledger: PostgresPlace) -> Callable[[str], str]:
    def location(role: str) -> str:
        url = ledger.server.url(user=role, password="secret")  # noqa: S106 -- of a server that ends with the tests
        return f"{url}&ledger={ledger.schema.removeprefix('telamon_')}"

    return location


def end_sessions(ledger: PostgresPlace) -> None:
    """What a server does that is shut down, as far as its clients see."""
    ledger.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'telamon'",
    )


def test_the_password_is_in_no_message(log: Log, ledger: PostgresPlace, event: EventMaker) -> None:
    password = ledger.server.password
    assert password in ledger.location
    name = f"postgresql://telamon@/postgres?host={ledger.server.folder}&ledger={ledger.schema[8:]}"
    assert log.name == name
    with pytest.raises(LedgerNotFoundError) as caught:
        log.head()
    assert caught.value.message == f"expected a ledger at `{name}`, found none"
    wrong = ledger.location.replace(password, "hunter2")
    with open_log(wrong) as refused, pytest.raises(LedgerUnreachableError) as unreachable:
        refused.append([event(0)])
    reason = 'password authentication failed for user "telamon"'
    assert unreachable.value.message == f"ledger `{name}`: {reason}"
    for url in (ledger.location.replace("ledger=", "leger="), f"{ledger.location}#{password}", "postgresql://a:b c@d"):
        with pytest.raises(DatabaseUrlError) as unfit:
            open_log(url)
        assert password not in f"{unfit.value.message}{unfit.value.hint}"
    with pytest.raises(DatabaseUrlError, match="found `A;`"):
        open_log("postgresql://host/db?ledger=A%3B")


def test_neither_opens_nor_creates_anything_by_itself() -> None:
    with open_log("postgresql://a:hunter2@nowhere.invalid/d") as log:
        assert log.name == "postgresql://a@nowhere.invalid/d"


def test_takes_the_password_from_elsewhere(ledger: PostgresPlace, event: EventMaker) -> None:
    password = ledger.server.password
    with open_log(ledger.location.replace(f":{password}@", "@"), password=password) as log:
        assert log.append([event(0)]) == range(1)


def test_a_server_that_is_not_there_is_unreachable(event: EventMaker, ledger: PostgresPlace) -> None:
    location = ledger.location.replace(str(ledger.server.folder), "/nowhere")
    with open_log(location) as log:
        for use in (lambda: log.append([event(0)]), log.verify, log.head):
            with pytest.raises(LedgerUnreachableError, match="No such file"):
                use()
    missing = open_log(ledger.location.replace("/postgres?", "/missing?"))
    with missing, pytest.raises(LedgerUnreachableError, match='database "missing" does not exist'):
        missing.head()


def test_ledgers_of_one_database_are_apart(log: Log, ledger: PostgresPlace, event: EventMaker) -> None:
    other = f"{ledger.location}_b"
    log.append([event(0)])
    with open_log(other) as second:
        second.append([event(1), event(2)])
        assert (log.head().size, second.head().size) == (1, 2)
    ledger.execute(f"DROP SCHEMA {ledger.schema}_b CASCADE")
    assert log.verify().ok


def test_a_schema_that_is_no_ledger_is_left_alone(log: Log, ledger: PostgresPlace, event: EventMaker) -> None:
    ledger.execute(f"CREATE SCHEMA {ledger.schema}", "CREATE TABLE entry (position bigint)")
    for use in (lambda: log.append([event(0)]), log.head):
        with pytest.raises(DamagedLedgerError, match=r"expected a ledger of version 1 in .*, found another schema"):
            use()
    assert log.verify().first_bad_index == 0
    assert ledger.execute("SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace") == [
        ("entry",)
    ]


def test_a_later_version_is_left_alone(log: Log, ledger: PostgresPlace, event: EventMaker) -> None:
    log.append([event(0)])
    ledger.execute("UPDATE format SET version = 2")
    with pytest.raises(DamagedLedgerError, match="version 1"):
        log.append([event(1)])
    ledger.execute("DELETE FROM format")
    with pytest.raises(DamagedLedgerError, match="version 1"):
        log.head()
    assert ledger.execute("SELECT size FROM head") == [(1,)]


def test_the_slower_of_two_creators_uses_the_ledger_of_the_faster(ledger: PostgresPlace, event: EventMaker) -> None:
    with open_log(ledger.location) as log:
        log.append([event(0)])
        with contextlib.closing(PostgresStore(ledger.location)) as store:
            store.create()
        assert log.head().size == 1


def test_creators_at_once_make_one_ledger(ledger: PostgresPlace, event: EventMaker) -> None:
    failures: list[BaseException] = []

    def append() -> None:
        try:
            with open_log(ledger.location) as log:
                log.append([event(0)])
        except BaseException as error:  # noqa: BLE001 -- a thread's failure is shown by the test
            failures.append(error)

    threads = [threading.Thread(target=append) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert ledger.execute("SELECT size FROM head") == [(6,)]


def test_accidents_are_stopped_by_the_database_itself(filled: Log, ledger: PostgresPlace) -> None:
    filled.close()
    with ledger.connected() as connection:
        connection.run(f"SET search_path = {ledger.schema}")
        for table, column in (("entry", "leaf"), ("node", "hash"), ("checkpoint", "note"), ("format", "version")):
            for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"):  # noqa: S608 -- names from above
                with pytest.raises(pg8000.exceptions.DatabaseError, match=f"{table} is append-only"):
                    connection.run(statement)
        for statement in ("UPDATE body SET salt = ''", "TRUNCATE body", "DELETE FROM head", "UPDATE head SET size = 1"):
            with pytest.raises(pg8000.exceptions.DatabaseError, match="is append-only"):
                connection.run(statement)


def test_a_busy_ledger_is_said_to_be_busy(log: Log, ledger: PostgresPlace, event: EventMaker) -> None:
    log.append([event(0)])
    with ledger.connected() as other:
        other.run(f"BEGIN; SELECT * FROM {ledger.schema}.head FOR UPDATE")  # noqa: S608 -- ours
        with open_log(ledger.location, timeout_s=0.01) as second, pytest.raises(LedgerBusyError, match="lock timeout"):
            second.append([event(1)])
        assert log.verify().ok  # who reads waits for nobody
    assert log.append([event(1)]) == range(1, 2)


def test_a_reader_sees_one_snapshot(log: Log, ledger: PostgresPlace, event: EventMaker) -> None:
    log.append([event(0)])
    with contextlib.closing(PostgresStore(ledger.location, read_only=True)) as store, store.reading():
        log.append([event(1)])
        assert (store.head().size, store.last_position(), len(store.rows(0, 9))) == (1, 0, 1)


def test_says_when_readers_keep_an_erased_body(log: Log, ledger: PostgresPlace, event: EventMaker) -> None:
    log.append([event(0)])
    with ledger.connected() as reader, open_log(ledger.location, timeout_s=0.01) as eraser:
        reader.run(f"BEGIN; SELECT * FROM {ledger.schema}.body")  # noqa: S608 -- ours
        with pytest.raises(LedgerBusyError) as caught:
            eraser.erase_body(0, reason="", actor="dpo")
    assert f"`VACUUM FULL {ledger.schema}.body`" in caught.value.hint
    assert [one.is_erased for one in log.entries()] == [True, False]


def test_a_writer_needs_no_right_to_change_what_is_there(
    log: Log, ledger: PostgresPlace, role: str, location_of: Callable[[str], str], event: EventMaker
) -> None:
    log.append([event(0)])
    with open_log(location_of(role), signer=generate_key("example.com/writer")) as writer:
        with pytest.raises(LedgerReadOnlyError, match="permission denied"):
            writer.append([event(1)])
        ledger.execute(*RECIPE.format(schema=ledger.schema, role=role).split(";")[:-1])
        assert writer.append([event(1)]) == range(1, 2)
        assert writer.checkpoint().size == 2
        assert writer.verify().ok
        with pytest.raises(LedgerReadOnlyError, match="permission denied for table body"):
            writer.erase_body(0, reason="", actor="dpo")
        ledger.execute(f"GRANT DELETE ON body TO {role}")
        with pytest.raises(LedgerReadOnlyError, match="found another owner") as caught:
            writer.erase_body(0, reason="", actor="dpo")
        assert f"`VACUUM FULL {ledger.schema}.body`" in caught.value.hint
        assert writer.verify().erased == 1


def test_a_reader_needs_no_right_to_write(
    log: Log, ledger: PostgresPlace, role: str, location_of: Callable[[str], str], event: EventMaker
) -> None:
    log.append([event(0)])
    ledger.execute(
        f"GRANT USAGE ON SCHEMA {ledger.schema} TO {role}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {ledger.schema} TO {role}",
    )
    with open_log(location_of(role)) as reader:
        assert reader.verify().ok
        with pytest.raises(LedgerReadOnlyError, match="permission denied for table head"):
            reader.append([event(1)])


def test_says_that_it_may_not_create_a_ledger(
    role: str, location_of: Callable[[str], str], event: EventMaker, ledger: PostgresPlace
) -> None:
    with open_log(location_of(role)) as log, pytest.raises(LedgerReadOnlyError, match="permission denied for database"):
        log.append([event(0)])
    assert not ledger.exists()


def test_a_role_without_durability_is_given_it(
    log: Log, ledger: PostgresPlace, role: str, location_of: Callable[[str], str], event: EventMaker
) -> None:
    log.append([event(0)])
    ledger.execute(
        f"ALTER ROLE {role} SET synchronous_commit = off",
        *RECIPE.format(schema=ledger.schema, role=role).split(";")[:-1],
    )
    with contextlib.closing(PostgresStore(location_of(role))) as store:
        with store.writing():
            assert store._connected().run("SHOW synchronous_commit") == [["on"]]
        with store.reading():
            assert store._connected().run("SHOW synchronous_commit") == [["off"]]


def test_a_session_that_the_server_has_ended_is_replaced(log: Log, ledger: PostgresPlace, event: EventMaker) -> None:
    log.append([event(0)])
    end_sessions(ledger)
    assert log.append([event(1)]) == range(1, 2)
    end_sessions(ledger)
    assert log.verify().size == 2


def test_a_connection_lost_inside_an_append_records_nothing_and_the_next_one_works(
    log: Log, ledger: PostgresPlace, event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append([event(0)])
    with monkeypatch.context() as patch:
        add = PostgresStore.add

        def lose(store: PostgresStore, batch: object) -> None:
            end_sessions(ledger)
            add(store, batch)

        patch.setattr(PostgresStore, "add", lose)
        with pytest.raises(LedgerUnreachableError, match="the connection was lost"):
            log.append([event(1)])
    assert log.append([event(1)]) == range(1, 2)
    assert log.verify().size == 2


def test_a_connection_lost_inside_a_commit_leaves_open_what_became_of_it(
    log: Log, ledger: PostgresPlace, event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append([event(0)])
    run = postgres.Connection.run
    for is_recorded in (False, True):

        def lose(connection: postgres.Connection, statements: str, *, late: bool = is_recorded) -> list[list[object]]:
            if statements != "COMMIT":
                return run(connection, statements)
            if late:
                run(connection, statements)
            end_sessions(ledger)
            return run(connection, statements)

        size = log.head().size
        with monkeypatch.context() as patch:
            patch.setattr(postgres.Connection, "run", lose)
            with pytest.raises(LedgerUnreachableError, match="all of it was recorded or nothing") as caught:
                log.append([event(size)])
        assert caught.value.hint == "look at the last entries before you record it again"
        assert log.head().size == size + is_recorded
    assert log.append([event(2)]) == range(2, 3)
    assert log.verify().ok


def test_a_connection_lost_inside_a_verification_is_no_damage(
    filled: Log, ledger: PostgresPlace, event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telamon.ledger.scan.CHUNK_ROWS", 100)
    with pytest.raises(LedgerUnreachableError, match="the connection was lost"):
        filled.verify(on_progress=lambda done, _: end_sessions(ledger) if done == 300 else None)
    assert filled.append([event(600)]) == range(600, 601)
    assert filled.verify().ok


def test_a_forked_process_leaves_the_session_to_its_parent(log: Log, event: EventMaker) -> None:
    log.append([event(0)])
    child = os.fork()
    if child == 0:
        try:
            is_good = log.append([event(1)]) == range(1, 2)
            log.close()
        except BaseException:  # noqa: BLE001 -- a forked child must end here, whatever happened
            is_good = False
        os._exit(0 if is_good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert log.append([event(2)]) == range(2, 3)
    assert log.verify().size == 3


def test_a_process_takes_no_session_of_another_one(
    log: Log, event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append([event(0)])
    of_parent = log._store._connection
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        assert log.append([event(1)]) == range(1, 2)
        assert log._store._connection is not of_parent
    log.close()
    assert log.append([event(2)]) == range(2, 3)


def test_a_child_that_uses_nothing_closes_nothing(log: Log, event: EventMaker) -> None:
    log.append([event(0)])
    child = os.fork()
    if child == 0:
        log.close()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    session = log._store._connection
    assert log.append([event(1)]) == range(1, 2)
    assert log._store._connection is session


def test_a_full_disk_loses_nothing(log: Log, ledger: PostgresPlace, event: EventMaker) -> None:
    log.append([event(0)])
    ledger.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON body EXECUTE FUNCTION full_disk()",
    )
    with pytest.raises(LedgerFullError, match="could not extend file"):
        log.append([event(1)])
    ledger.execute("DROP TRIGGER full_disk ON body")
    assert log.append([event(1)]) == range(1, 2)
    assert log.verify().size == 2


def test_a_long_batch_goes_in_several_messages(log: Log, event: EventMaker) -> None:
    assert log.append(event(number, body={"text": "x" * 1000}) for number in range(2500)) == range(2500)
    result = log.verify()
    assert (result.ok, result.size) == (True, 2500)
    assert log.entry(2499).details() == {"text": "x" * 1000}


NULLABLE = "ALTER TABLE entry ALTER {0} DROP NOT NULL; UPDATE entry SET {0} = NULL WHERE position = 3"


@pytest.mark.parametrize("is_analysed", [False, True])
def test_no_chunk_is_read_by_way_of_all_bodies(ledger: PostgresPlace, *, is_analysed: bool) -> None:
    # A plan that hashes or merges the bodies makes the verification of a ledger quadratic.
    with contextlib.closing(PostgresStore(ledger.location)) as store:
        store.create()
        rows = "SELECT i, '', '' FROM generate_series(0, 50000) AS i"
        ledger.execute(f"INSERT INTO entry {rows}", f"INSERT INTO body {rows}")
        if is_analysed:
            ledger.execute("ANALYZE entry", "ANALYZE body")
        with store.reading():
            plan = store._connected().run("EXPLAIN " + ROWS.format(start=25_000, limit=4096))
    steps = [row[0].strip().removeprefix("->").partition("(")[0].strip() for row in plan]
    assert [step for step in steps if "Cond" not in step] == [
        "Nested Loop Left Join",
        "Limit",
        "Index Scan using entry_pkey on entry",
        "Limit",
        "Index Scan using body_pkey on body",
    ]


@pytest.mark.parametrize(
    ("statement", "damage", "index"),
    [
        (NULLABLE.format("hash"), Damage.EDITED, 3),
        (NULLABLE.format("leaf"), Damage.EDITED, 3),
        ("ALTER TABLE entry ALTER position TYPE numeric; DELETE FROM entry WHERE position = 3", Damage.MISSING, 3),
        ("ALTER TABLE entry RENAME leaf TO paper", Damage.UNREADABLE, 0),
        ("ALTER TABLE node ALTER hash DROP NOT NULL; INSERT INTO node VALUES (8, 0, NULL)", Damage.TRUNCATED, 5),
    ],
)
def test_columns_that_were_changed_are_damage(
    log: Log, ledger: PostgresPlace, statement: str, damage: Damage, index: int
) -> None:
    log.append(Event(kind=EntryKind.NOTE, control="a", outcome=str(number)) for number in range(5))
    ledger.execute(statement)
    flaw = log.verify().flaw
    assert flaw is not None
    assert (flaw.damage, flaw.index) == (damage, index)


def test_without_the_driver_the_install_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "telamon.ledger.postgres_store")
    monkeypatch.delitem(sys.modules, "telamon.kits.storage.postgres")
    monkeypatch.setitem(sys.modules, "pg8000", None)
    with pytest.raises(MissingExtraError) as caught:
        open_log("postgresql://host/db")
    assert caught.value.message == "a ledger in PostgreSQL needs the optional dependencies `scale`"
    assert caught.value.hint == "pip install 'telamon[scale]'"


def test_a_ledger_in_a_file_imports_no_driver() -> None:
    script = "import sys; from telamon.ledger.log import open_log; open_log('a.db'); print('pg8000' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 -- ours
    assert done.stdout == "False\n"

"""`telamon ledger` end to end: what `check` recorded, its proof offline, and every kind of damage reported."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = "version: 1\nledger: {path: .telamon/ledger.db, key: .telamon/ledger.key}\n"


@pytest.fixture
def verifier(cli: Callable, folder: Path, samples: Path) -> str:
    """A ledger with the evidence of two checks, four entries each; its verifying key."""
    (folder / ".telamon").mkdir()
    made = cli("ledger", "keygen", ".telamon/ledger.key", "--name", "test-ledger")
    assert made.code == 0
    (folder / "telamon.yaml").write_text(POLICY)
    for _ in range(2):
        assert cli("check", samples).code == 1
    return str(made.out.strip())


def test_key_is_private_and_never_overwritten(cli: Callable, folder: Path) -> None:
    first = cli("ledger", "keygen", "ledger.key")
    assert first.code == 0
    assert (folder / "ledger.key").stat().st_mode & 0o777 == 0o600
    content = (folder / "ledger.key").read_bytes()
    again = cli("ledger", "keygen", "ledger.key")
    assert (again.code, again.out) == (2, "")
    assert (folder / "ledger.key").read_bytes() == content


def test_without_a_ledger_in_the_policy_it_is_a_usage_error(cli: Callable) -> None:
    ended = cli("ledger", "verify")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error[usage]: the policy names no ledger\n  hint: add `ledger:")


def test_ledger_that_is_not_there_is_named(cli: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nledger: {path: none.db}\n")
    ended = cli("ledger", "verify")
    assert (ended.code, ended.out) == (2, "")
    assert "none.db" in ended.err
    assert not (folder / "none.db").exists()


def test_show_lists_the_newest_entries(cli: Callable, verifier: str) -> None:
    assert verifier.startswith("test-ledger+")
    lines = cli("ledger", "show", "--last", "3").out.splitlines()
    assert [line.split()[0] for line in lines] == ["5", "6", "7"]
    rows = json.loads(cli("ledger", "show", "--format", "json").out)
    assert [row["outcome"] for row in rows[:4]] == ["not-understood", "clean", "malicious", "suspicious"]
    assert all(row["subject"].startswith("sha256:") for row in rows)
    assert rows[2]["details"]["findings"][0]["rule"] == "M0016/dangerous-call"


def test_verify_of_what_was_recorded_is_0(cli: Callable, verifier: str) -> None:
    ended = cli("ledger", "verify")
    assert verifier
    assert (ended.code, ended.out) == (
        0,
        "8 entries are what was recorded; 8 of them are under a checkpoint\n",
    )


def test_entry_is_proved_offline_with_the_verifying_key_alone(cli: Callable, folder: Path, verifier: str) -> None:
    (folder / "proof.json").write_text(cli("ledger", "prove", "2").out)
    (folder / ".telamon" / "ledger.db").unlink()
    (folder / "telamon.yaml").write_text("version: 1\n")
    ended = cli("ledger", "check-proof", "proof.json", "--verifier", verifier)
    assert ended.code == 0
    assert ended.out.startswith("entry 2 of ")
    assert ended.out.endswith(": vulnerability-scanning malicious\n")


def test_changed_proof_and_foreign_key_are_refused(cli: Callable, folder: Path, verifier: str) -> None:
    text = cli("ledger", "prove", "2").out
    (folder / "forged.json").write_text(text.replace("malicious", "clean"))
    assert cli("ledger", "check-proof", "forged.json", "--verifier", verifier).code == 1
    (folder / "proof.json").write_text(text)
    other = cli("ledger", "keygen", "other.key", "--name", "test-ledger").out.strip()
    assert cli("ledger", "check-proof", "proof.json", "--verifier", other).code == 1
    assert cli("ledger", "check-proof", "proof.json", "--verifier", "nonsense").code == 2
    (folder / "garbage.json").write_text("{")
    assert cli("ledger", "check-proof", "garbage.json", "--verifier", verifier).code == 1


def test_proof_of_an_entry_that_is_not_there_is_a_usage_error(cli: Callable, verifier: str) -> None:
    ended = cli("ledger", "prove", "8")
    assert verifier
    assert (ended.code, ended.out) == (2, "")


def test_verify_since_a_kept_checkpoint(cli: Callable, folder: Path, samples: Path, verifier: str) -> None:
    kept = cli("ledger", "checkpoint")
    assert kept.out.splitlines()[:2] == ["test-ledger", "8"]
    (folder / "kept").write_text(kept.out)
    cli("check", samples)
    assert verifier
    assert cli("ledger", "verify", "--since", "kept").code == 0
    (folder / ".telamon" / "ledger.db").unlink()
    cli("check", samples)
    rolled_back = cli("ledger", "verify", "--since", "kept")
    assert rolled_back.code == 1
    assert rolled_back.out.startswith("the ledger is damaged")


def test_export_is_in_toto_statements_a_line_each(cli: Callable, verifier: str) -> None:
    lines = cli("ledger", "export", "--from", "6").out.splitlines()
    assert verifier
    assert [json.loads(line)["_type"] for line in lines] == ["https://in-toto.io/Statement/v1"] * 2
    assert "M0016/dangerous-call" in lines[0]
    assert "M0016/dangerous-call" not in cli("ledger", "export", "--without-bodies").out


def tamper(database: Path, statement: str) -> bytes:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:  # they are there against mistakes; whoever can write the file can take them out
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        for _, definition in triggers:
            connection.execute(definition)
    return database.read_bytes()


def entry_table(database: Path) -> tuple[str, str]:
    """The table that holds the entries' bytes, and that column; whatever the store calls them."""
    with closing(sqlite3.connect(database)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            cursor = connection.execute(f"SELECT * FROM {table}")  # noqa: S608  # a name out of the schema
            row = cursor.fetchone()
            for column, value in zip(cursor.description, row or (), strict=bool(row)):
                text = value if isinstance(value, bytes) else str(value).encode()
                if b"not-understood" in text and b'"outcome"' in text:
                    return table, column[0]
    raise LookupError


@pytest.mark.parametrize("index", [0, 3, 7])
def test_edited_entry_is_named_and_the_file_is_left_alone(
    cli: Callable, folder: Path, verifier: str, index: int
) -> None:
    database = folder / ".telamon" / "ledger.db"
    table, column = entry_table(database)
    before = tamper(
        database,
        f"UPDATE {table} SET {column} = CAST(REPLACE(CAST({column} AS TEXT), 'vulnerability', 'vulnerabilitz') AS BLOB)"  # noqa: S608  # likewise
        f" WHERE rowid = (SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {index})",
    )
    ended = cli("ledger", "verify")
    assert verifier
    assert ended.code == 1
    assert ended.out.startswith(f"the ledger is damaged at entry {index}: ")
    assert database.read_bytes() == before


def test_removed_last_entry_is_found(cli: Callable, folder: Path, verifier: str) -> None:
    database = folder / ".telamon" / "ledger.db"
    table, _ = entry_table(database)
    before = tamper(database, f"DELETE FROM {table} WHERE rowid = (SELECT MAX(rowid) FROM {table})")  # noqa: S608  # likewise
    ended = cli("ledger", "verify")
    assert verifier
    assert ended.code == 1
    assert ended.out.startswith("the ledger is damaged")
    assert database.read_bytes() == before


def test_nothing_is_appended_to_a_damaged_ledger(cli: Callable, folder: Path, samples: Path, verifier: str) -> None:
    database = folder / ".telamon" / "ledger.db"
    table, column = entry_table(database)
    before = tamper(
        database,
        f"UPDATE {table} SET {column} = CAST(REPLACE(CAST({column} AS TEXT), 'scanning', 'scanninh') AS BLOB)",  # noqa: S608  # likewise
    )
    ended = cli("check", samples)
    assert verifier
    assert (ended.code, ended.err) == (1, "")  # the finding goes before what was not recorded
    assert "not-recorded[ledger]: " in ended.out
    assert "4 files checked" in ended.out
    assert entry_count(database, table) == 8
    assert len(database.read_bytes()) == len(before)
    assert cli("ledger", "verify").code == 1


def test_nothing_is_appended_where_a_body_is_gone(cli: Callable, folder: Path, samples: Path, verifier: str) -> None:
    database = folder / ".telamon" / "ledger.db"
    tamper(database, "DELETE FROM body WHERE position = 2")
    ended = cli("check", samples)
    assert verifier
    assert "not-recorded[ledger]: the body of entry 2 is missing and no erasure of it is recorded" in ended.out
    assert cli("ledger", "verify").out.startswith("the ledger is damaged at entry 2: ")


def test_a_ledger_without_its_checkpoints_is_not_verified(cli: Callable, folder: Path, verifier: str) -> None:
    tamper(folder / ".telamon" / "ledger.db", "DELETE FROM checkpoint")
    for words in ((), ("--ledger", ".telamon/ledger.db", "--verifier", verifier)):
        ended = cli("ledger", "verify", *words)
        assert (ended.code, ended.out.partition(";")[0]) == (
            3,
            "not verified: 8 entries agree with each other, and no checkpoint vouches for them",
        )
    assert cli("ledger", "checkpoint").code == 0
    assert cli("ledger", "verify").out == "8 entries are what was recorded; 8 of them are under a checkpoint\n"


def entry_count(database: Path, table: str) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])  # noqa: S608  # likewise


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100, b"SQLite format 3\0" + bytes(200)])
def test_file_that_is_no_ledger_is_reported_and_left_alone(
    cli: Callable, folder: Path, samples: Path, verifier: str, content: bytes
) -> None:
    database = folder / ".telamon" / "ledger.db"
    for beside in database.parent.glob("ledger.db-*"):
        beside.unlink()
    database.write_bytes(content)
    assert verifier
    shown = cli("ledger", "verify")
    assert (shown.code, shown.err) == (1, "")
    assert shown.out.startswith("the ledger is damaged")
    if content:
        assert cli("check", samples / "clean.pkl").code == 3
        assert database.read_bytes() == content


def test_missing_key_is_a_usage_error_before_anything_is_recorded(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text(POLICY)
    ended = cli("check", samples / "clean.pkl")
    assert (ended.code, ended.out) == (2, "")
    assert "ledger.key" in ended.err
    assert not (folder / ".telamon" / "ledger.db").exists()


def test_key_that_others_can_read_is_refused(cli: Callable, folder: Path, samples: Path, verifier: str) -> None:
    (folder / ".telamon" / "ledger.key").chmod(0o644)
    ended = cli("check", samples / "clean.pkl")
    assert verifier
    assert (ended.code, ended.out) == (2, "")


def test_a_lost_second_place_is_an_error_until_a_new_one_is_started(
    cli: Callable, folder: Path, samples: Path, verifier: str
) -> None:
    (folder / "telamon.yaml").write_text(POLICY.replace("}", ", second_place: second}"))
    assert verifier
    refused = cli("check", samples / "clean.pkl")
    assert refused.code == 3
    assert "telamon ledger second-place" in refused.out + refused.err
    assert not (folder / "second").exists()
    ended = cli("ledger", "verify")
    assert (ended.code, ended.out.partition(", so")[0]) == (
        1,
        f"the ledger is damaged: the second place `{folder / 'second'}` lacks the checkpoint of 8 entries",
    )
    started = cli("ledger", "second-place")
    assert (started.code, started.out.splitlines()[:2]) == (0, ["test-ledger", "9"])
    assert (folder / "second").read_text() == f"{started.out}\n"
    assert cli("check", samples).code == 1
    assert cli("ledger", "verify").code == 0


def test_a_replaced_key_stops_recording_until_it_is_rotated(
    cli: Callable, folder: Path, samples: Path, verifier: str
) -> None:
    key_file = folder / ".telamon" / "ledger.key"
    key_file.unlink()
    renewed = cli("ledger", "keygen", ".telamon/ledger.key", "--name", "test-ledger").out.strip()
    refused = cli("check", samples / "clean.pkl")
    assert refused.code == 3
    assert "telamon ledger rotate --verifier OLD" in refused.out + refused.err
    assert cli("ledger", "verify").code == 1
    wrong = cli("ledger", "rotate", "--verifier", renewed)
    assert (wrong.code, wrong.out) == (3, "")
    rotated = cli("ledger", "rotate", "--verifier", verifier)
    assert (rotated.code, rotated.out.splitlines()[:2]) == (0, ["test-ledger", "9"])
    assert cli("check", samples).code == 1
    assert cli("ledger", "verify").code == 0
    assert cli("ledger", "verify", "--verifier", renewed).code == 0
    assert cli("ledger", "verify", "--verifier", verifier).code == 1  # knows nothing of what came after


@pytest.mark.parametrize("has_policy", [True, False])
def test_an_auditor_verifies_with_the_verifying_key_alone(
    cli: Callable, folder: Path, verifier: str, *, has_policy: bool
) -> None:
    (folder / ".telamon" / "ledger.key").rename(folder / "away.key")
    (folder / "kept.key").write_text(f"{verifier}\n")
    where = () if has_policy else ("--ledger", ".telamon/ledger.db")
    if not has_policy:
        (folder / "telamon.yaml").write_text("nonsense: [")
    for key in (verifier, "kept.key", "away.key"):
        ended = cli("ledger", "verify", *where, "--verifier", key)
        assert (ended.code, ended.out) == (0, "8 entries are what was recorded; 8 of them are under a checkpoint\n")
    other = cli("ledger", "keygen", "other.key", "--name", "test-ledger").out.strip()
    assert cli("ledger", "verify", *where, "--verifier", other).code == 1
    assert cli("ledger", "verify", *where, "--verifier", other, "--verifier", verifier).code == 0
    assert cli("ledger", "verify", *where, "--verifier", "none.key").code == 2


def test_signatures_that_nobody_checked_are_no_verification(cli: Callable, folder: Path, verifier: str) -> None:
    assert verifier
    for words in (("--ledger", ".telamon/ledger.db"), ()):
        (folder / "telamon.yaml").write_text("version: 1\nledger: {path: .telamon/ledger.db}\n")
        ended = cli("ledger", "verify", *words)
        assert ended.code == 3
        assert ended.out == (
            "not verified: 8 entries agree with 2 checkpoints, whose signatures nobody checked; name the verifying "
            "key with `--verifier`\n"
        )


def test_entries_without_any_checkpoint_need_no_key(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nledger: {path: ledger.db}\n")
    cli("check", samples)
    ended = cli("ledger", "verify")
    assert (ended.code, ended.out) == (
        0,
        "4 entries are what was recorded; 0 of them are under a checkpoint\n",
    )


def test_keygen_says_why_it_cannot_make_a_folder(cli: Callable) -> None:
    ended = cli("ledger", "keygen", "telamon.yaml/ledger.key")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error[file-write]: expected to write `telamon.yaml`, found: ")

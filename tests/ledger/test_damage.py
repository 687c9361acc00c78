"""Damage below SQL: bytes of the file, values of other types, and a disk that fails."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from telamon.ledger.entry import EntryKind, Event
from telamon.ledger.errors import LedgerUnavailableError
from telamon.ledger.log import open_log
from telamon.ledger.merkle import leaf_hash
from telamon.ledger.scan import Scan, find_bad_row
from telamon.ledger.sqlite_store import SqliteStore
from telamon.ledger.verification import Damage, Flaw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telamon.ledger.log import Log

    EventMaker = Callable[..., Event]
    LogOpener = Callable[..., Log]


@pytest.fixture
def ledger(in_sqlite: object) -> object:
    """Below SQL there is a file."""
    return in_sqlite


def test_a_file_cut_short_names_the_first_entry_that_cannot_be_read(filled: Log, path: Path, reopen: LogOpener) -> None:
    filled.close()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 // 4096 * 4096])
    result = reopen(read_only=True).verify()
    assert result.flaw is not None
    assert result.flaw.damage is Damage.UNREADABLE
    assert result.first_bad_index is not None
    assert result.first_bad_index < 600


class Small:
    """A ledger of 300 entries: its bytes and its leaves (not in the representation, which reports print)."""

    def __init__(self, content: bytes, leaves: list[bytes]) -> None:
        self.content = content
        self.leaves = leaves


@given(at=st.integers(0, 10**6), flip=st.integers(1, 255), count=st.sampled_from([1, 16, 4096]))
@example(at=2667, flip=128, count=1)  # in the schema: the error's message is no UTF-8
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changed_bytes_of_the_file_do_no_harm_unseen(
    small: Small, tmp_path: Path, at: int, flip: int, count: int
) -> None:
    content, leaves = small.content, small.leaves
    damaged = bytearray(content)
    start = at % len(content)
    for position in range(start, min(start + count, len(content))):
        damaged[position] ^= flip
    copy = tmp_path / "damaged.db"
    copy.write_bytes(damaged)
    with open_log(copy, read_only=True) as log:
        try:
            result = log.verify()
        except LedgerUnavailableError:
            return  # a header that SQLite does not open is no silence either
        if result.ok:
            # It hit free space, or what nothing reads: all entries are the ones recorded.
            assert [recorded.leaf for recorded in log.entries()] == leaves
        elif result.first_bad_index is not None:
            good = [recorded.leaf for _, recorded in zip(range(result.first_bad_index), log.entries(), strict=False)]
            assert good == leaves[: len(good)]
    assert copy.read_bytes() == damaged
    for file in tmp_path.glob("damaged.db*"):
        file.unlink()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    path = tmp_path_factory.mktemp("small") / "ledger.db"
    with open_log(path) as log:
        log.append(
            Event(kind=EntryKind.NOTE, control="a", outcome=f"o{number}", body={"n": number}) for number in range(300)
        )
        leaves = [recorded.leaf for recorded in log.entries()]
    return Small(path.read_bytes(), leaves)


def test_values_of_other_types_are_damage() -> None:
    leaf = b'{"actor":"","detail":"","index":0,}'
    good = (0, leaf_hash(leaf), leaf, None, None)
    assert find_bad_row([good], 0) is None
    for bad, damage in (
        ((0, leaf_hash(leaf), 7, None, None), Damage.EDITED),
        ((0, None, leaf, None, None), Damage.EDITED),
        ((0, leaf_hash(leaf), leaf, b"salt", 7), Damage.BODY_EDITED),
        ((0, leaf_hash(leaf), leaf, 7, b"detail"), Damage.BODY_EDITED),
        ((0, leaf_hash(leaf), leaf, b"", b"detail"), Damage.BODY_EDITED),
    ):
        flaw = find_bad_row([bad], 0)
        assert flaw is not None
        assert flaw.damage is damage


@given(st.integers(0, 38), st.integers(0, 39), st.sampled_from(["edit", "drop", "swap"]))
def test_the_first_bad_row_is_named_whatever_follows(first: int, second: int, what: str) -> None:
    leaves = [b'{"actor":"","detail":"","index":%d,}' % index for index in range(41)]
    rows = [(index, leaf_hash(leaf), leaf, None, None) for index, leaf in enumerate(leaves)]
    low, high = sorted((first, 39 if second == first else second))
    if what == "edit":
        for index in (low, high):
            rows[index] = (index, hashlib.sha256().digest(), leaves[index], None, None)
    elif what == "drop":
        rows = [row for row in rows if row[0] not in {low, high}]
    else:
        rows[low], rows[high] = (low, *rows[high][1:]), (high, *rows[low][1:])
    flaw = find_bad_row(rows, 0)
    assert flaw is not None
    assert flaw.index == low


class FailingStore(SqliteStore):
    """A store on a disk that fails when it is asked for the tree's hashes, or for a row."""

    fails_at: int | None = None
    fails_for_hashes = False
    fails_for_many = False

    def rows(self, start: int, limit: int) -> list[tuple[int, bytes, bytes, bytes, bytes]]:
        if self.fails_at is not None and max(start, 0) <= self.fails_at < max(start, 0) + limit:
            raise LedgerUnavailableError("disk I/O error")
        if self.fails_for_many and limit > 1:
            raise LedgerUnavailableError("disk I/O error")
        return super().rows(start, limit)

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        if self.fails_for_hashes:
            raise LedgerUnavailableError("disk I/O error")
        return super().hashes(level, start, stop)


@pytest.mark.parametrize("at", [0, 1, 299, 599])
def test_a_failing_disk_names_the_first_entry_that_cannot_be_read(filled: Log, path: Path, at: int) -> None:
    filled.close()
    store = FailingStore(path)
    store.fails_at = at
    with contextlib.closing(store), store.reading():
        result = Scan(store).run(are_signatures_checked=False)
    assert result.flaw == Flaw(damage=Damage.UNREADABLE, index=at, reason="disk I/O error")


def test_entries_that_can_be_read_one_by_one_are_good(filled: Log, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.close()
    monkeypatch.setattr("telamon.ledger.scan.CHUNK_ROWS", 256)
    store = FailingStore(path)
    store.fails_for_many = True
    with contextlib.closing(store), store.reading():
        result = Scan(store).run(are_signatures_checked=False)
    assert (result.ok, result.size) == (True, 600)


def test_hashes_that_cannot_be_read_are_found(log: Log, path: Path, event: EventMaker) -> None:
    log.append([event(0)])
    log.close()
    store = FailingStore(path)
    store.fails_for_hashes = True
    with contextlib.closing(store), store.reading():
        result = Scan(store).run(are_signatures_checked=False)
    assert result.flaw == Flaw(damage=Damage.UNREADABLE, index=1, reason="disk I/O error")

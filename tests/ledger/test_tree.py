"""Proofs from stored hashes, in trees that have several levels of tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telamon.ledger.errors import DamagedLedgerError
from telamon.ledger.merkle import (
    Frontier,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from telamon.ledger.postgres_store import PostgresStore
from telamon.ledger.scan import Scan
from telamon.ledger.sqlite_store import SqliteStore
from telamon.ledger.store import TILE_LEVELS, Batch, Head
from telamon.ledger.tree import StoredTree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import postgres_server
    from telamon.ledger.store import Store

LEAVES = [b'{"actor":"","detail":"","index":%d,}' % index for index in range(66_000)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


@pytest.fixture(scope="module")
def in_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return SqliteStore(tmp_path_factory.mktemp("tree") / "ledger.db")


@pytest.fixture(scope="module")
def in_postgres(database: postgres_server.Server) -> Store:
    return PostgresStore(f"{database.url()}&ledger=tree")


@pytest.fixture(scope="module", params=["in_sqlite", "in_postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """66,000 entries in batches of several sizes: two levels of tiles, the second one with one hash."""
    store: Store = request.getfixturevalue(request.param)
    store.create()
    frontier = Frontier()
    for size in (1, 254, 1, 1, 255, 512, 64_000, 512, 1, 463):
        start = frontier.size
        hashes = HASHES[start : start + size]
        completed = frontier.extend(hashes)
        batch = Batch(
            start=start,
            leaves=LEAVES[start : start + size],
            hashes=hashes,
            bodies=[None] * size,
            nodes={level: nodes for level, nodes in completed.items() if level % TILE_LEVELS == 0},
            head=Head(size=frontier.size, root=frontier.root()),
        )
        with store.writing():
            store.add(batch)
    yield store
    store.close()


SIZES = (1, 2, 255, 256, 257, 511, 512, 513, 1000, 4096, 65_535, 65_536, 65_537, 66_000)


def test_keeps_every_eighth_level(store: Store) -> None:
    with store.reading():
        assert store.head() == Head(size=66_000, root=root_hash(HASHES))
        assert store.hashes(8, 0, 1000) == [
            root_hash(HASHES[number << 8 : (number + 1) << 8]) for number in range(66_000 >> 8)
        ]
        assert store.hashes(16, 0, 1000) == [root_hash(HASHES[:65_536])]
        assert store.hashes(0, 65_998, 70_000) == HASHES[65_998:]


@pytest.mark.parametrize("size", SIZES)
def test_finds_the_root_of_every_size(store: Store, size: int) -> None:
    with store.reading():
        assert StoredTree(store).root(size) == root_hash(HASHES[:size])


@pytest.mark.parametrize("size", SIZES)
def test_proves_entries_of_every_size(store: Store, size: int) -> None:
    root = root_hash(HASHES[:size])
    with store.reading():
        tree = StoredTree(store)
        for index in {0, 1, size // 3, size // 2, size - 1} & set(range(size)):
            path = inclusion_path(index, size, tree.subtree)
            assert verify_inclusion(HASHES[index], index, size, path, root)


def test_proves_growth_between_all_sizes(store: Store) -> None:
    roots = {size: root_hash(HASHES[:size]) for size in SIZES}
    with store.reading():
        tree = StoredTree(store)
        for first in SIZES:
            for second in SIZES[SIZES.index(first) :]:
                path = consistency_path(first, second, tree.subtree)
                assert verify_consistency(first, second, path, roots[first], roots[second])


def test_verifies_all_levels(store: Store) -> None:
    with store.reading():
        result = Scan(store).run(are_signatures_checked=False)
    assert (result.ok, result.size, result.root) == (True, 66_000, root_hash(HASHES))


def test_reads_few_hashes_for_a_proof(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    hashes = store.hashes

    def count(level: int, start: int, stop: int) -> list[bytes]:
        nonlocal read
        read += stop - start
        return hashes(level, start, stop)

    monkeypatch.setattr(store, "hashes", count)
    with store.reading():
        inclusion_path(33_333, 66_000, StoredTree(store).subtree)
    # At most 255 at each of the levels 0, 8 and 16, and as many again on the ragged right edge.
    assert read <= 6 * 255


def test_misses_hashes_that_are_not_there(store: Store) -> None:
    with (
        store.reading(),
        pytest.raises(DamagedLedgerError, match="expected 244 tree hashes from number 65792 at level 0"),
    ):
        StoredTree(store).root(66_036)


def test_hashes_of_another_type_are_damage(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert tmp_path.exists()
    monkeypatch.setattr(store, "hashes", lambda _level, start, stop: [None] * (stop - start))
    with pytest.raises(DamagedLedgerError):
        StoredTree(store).root(1)

"""The Merkle tree against the vectors of Certificate Transparency and a literal reading of RFC 6962."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telamon.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    range_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

# Test vectors of google/certificate-transparency (merkle_tree_test), used by every implementation of RFC 6962.
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CT_INCLUSION_OF_5_IN_8 = [
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]
LEAVES = [leaf_hash(bytes([number])) for number in range(65)]


def mth(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word, over leaf hashes."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = max(1 << bit for bit in range(10) if 1 << bit < len(hashes))
    return node_hash(mth(hashes[:k]), mth(hashes[k:]))


def subtree(level: int, number: int) -> bytes:
    return mth(LEAVES[number << level : (number + 1) << level])


def test_has_the_roots_of_certificate_transparency() -> None:
    hashes = [leaf_hash(leaf) for leaf in CT_LEAVES]
    assert [root_hash(hashes[:size]).hex() for size in range(9)] == CT_ROOTS
    assert EMPTY_ROOT.hex() == CT_ROOTS[0]


@pytest.mark.parametrize("sizes", CT_CONSISTENCY)
def test_has_the_consistency_proofs_of_certificate_transparency(sizes: tuple[int, int]) -> None:
    hashes = [leaf_hash(leaf) for leaf in CT_LEAVES]
    path = consistency_path(*sizes, lambda level, number: mth(hashes[number << level : (number + 1) << level]))
    assert [digest.hex() for digest in path] == CT_CONSISTENCY[sizes]
    first, second = (bytes.fromhex(CT_ROOTS[size]) for size in sizes)
    assert verify_consistency(*sizes, path, first, second)


def test_has_the_inclusion_proofs_of_certificate_transparency() -> None:
    hashes = [leaf_hash(leaf) for leaf in CT_LEAVES]
    path = inclusion_path(5, 8, lambda level, number: mth(hashes[number << level : (number + 1) << level]))
    assert [digest.hex() for digest in path] == CT_INCLUSION_OF_5_IN_8
    assert verify_inclusion(hashes[5], 5, 8, path, bytes.fromhex(CT_ROOTS[8]))


def test_proves_every_leaf_of_every_tree_up_to_64() -> None:
    for size in range(1, 65):
        root = mth(LEAVES[:size])
        for index in range(size):
            path = inclusion_path(index, size, subtree)
            assert verify_inclusion(LEAVES[index], index, size, path, root)
            assert len(path) <= (size - 1).bit_length()


def test_proves_nothing_else_of_any_tree_up_to_16() -> None:
    for size in range(1, 17):
        root = mth(LEAVES[:size])
        for index in range(size):
            path = inclusion_path(index, size, subtree)
            assert not verify_inclusion(LEAVES[64], index, size, path, root)
            assert not verify_inclusion(LEAVES[index], index, size, path, LEAVES[64])
            assert not verify_inclusion(LEAVES[index], index, size, [*path, LEAVES[64]], root)
            assert not any(
                verify_inclusion(LEAVES[index], other, size, path, root)
                for other in range(-1, size + 2)
                if other != index
            )
            for at in range(len(path)):
                assert not verify_inclusion(LEAVES[index], index, size, path[:at] + path[at + 1 :], root)
                changed = [*path[:at], LEAVES[64], *path[at + 1 :]]
                assert not verify_inclusion(LEAVES[index], index, size, changed, root)


def test_proves_every_growth_up_to_64() -> None:
    roots = [mth(LEAVES[:size]) for size in range(65)]
    for second in range(65):
        for first in range(second + 1):
            path = consistency_path(first, second, subtree)
            assert verify_consistency(first, second, path, roots[first], roots[second])


def test_proves_no_other_growth_up_to_16() -> None:
    roots = [mth(LEAVES[:size]) for size in range(17)]
    wrong = LEAVES[64]
    for second in range(17):
        for first in range(second + 1):
            path = consistency_path(first, second, subtree)
            assert not verify_consistency(first, second, path, wrong, roots[second])
            assert not verify_consistency(first, second, [*path, wrong], roots[first], roots[second])
            if first:
                assert not verify_consistency(first, second, path, roots[first], wrong)
            for at in range(len(path)):
                shorter = path[:at] + path[at + 1 :]
                assert not verify_consistency(first, second, shorter, roots[first], roots[second])
                changed = [*path[:at], wrong, *path[at + 1 :]]
                assert not verify_consistency(first, second, changed, roots[first], roots[second])


def test_a_path_of_another_size_proves_nothing() -> None:
    one, other, third = LEAVES[:3]
    # Good for two leaves, offered for one, and for three.
    assert verify_inclusion(other, 1, 2, [one], node_hash(one, other))
    assert not verify_inclusion(other, 0, 1, [one], node_hash(one, other))
    assert not verify_inclusion(one, 0, 3, [other], node_hash(one, other))
    assert verify_consistency(1, 2, [other], one, node_hash(one, other))
    assert not verify_consistency(1, 3, [other], one, node_hash(one, other))
    assert not verify_consistency(1, 2, [other, third], one, node_hash(third, node_hash(one, other)))


def test_a_tree_does_not_shrink() -> None:
    roots = [mth(LEAVES[:size]) for size in range(17)]
    assert not verify_consistency(8, 4, consistency_path(4, 8, subtree), roots[8], roots[4])
    assert not verify_consistency(-1, 4, [LEAVES[0]], roots[0], roots[4])


@given(st.lists(st.integers(0, 300), max_size=6))
@settings(deadline=None)  # some thousand hashes on a busy machine
def test_a_frontier_does_not_depend_on_how_leaves_are_batched(batches: list[int]) -> None:
    leaves = [leaf_hash(number.to_bytes(4)) for number in range(sum(batches))]
    frontier, completed, done = Frontier(), dict[int, list[bytes]](), 0
    for batch in batches:
        for level, hashes in frontier.extend(leaves[done : done + batch]).items():
            completed.setdefault(level, []).extend(hashes)
        done += batch
    at_once = Frontier()
    assert at_once.extend(leaves) == completed
    assert (frontier.size, frontier.root()) == (at_once.size, at_once.root())
    for level, hashes in completed.items():
        expected = [root_hash(leaves[at << level : (at + 1) << level]) for at in range(len(leaves) >> level)]
        assert hashes == expected


@given(st.integers(0, 64))
def test_a_frontier_has_the_root_of_the_rfc(size: int) -> None:
    assert root_hash(LEAVES[:size]) == mth(LEAVES[:size])


@given(st.integers(0, 16), st.integers(0, 3))
def test_a_frontier_grows_by_whole_subtrees_too(count: int, level: int) -> None:
    size = min(count, 64 >> level) << level
    frontier = Frontier()
    frontier.extend([subtree(level, number) for number in range(size >> level)], level)
    assert (frontier.size, frontier.root()) == (size, mth(LEAVES[:size]))


def test_a_copy_of_a_frontier_goes_its_own_way() -> None:
    frontier = Frontier()
    frontier.extend(LEAVES[:3])
    copy = frontier.copy()
    copy.extend(LEAVES[3:5])
    assert (frontier.size, frontier.root()) == (3, mth(LEAVES[:3]))
    assert (copy.size, copy.root()) == (5, mth(LEAVES[:5]))


def test_hashes_ranges_that_are_not_whole() -> None:
    assert range_hash(16, 27, subtree) == mth(LEAVES[16:27])

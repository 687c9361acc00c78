"""Blocks are fetched once, and what is read is what is there."""

from __future__ import annotations

import errno
import os
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.source import NoSpaceError, SourceError
from telamon.kits.remote.cache import BLOCK_BYTES, MAX_AHEAD_BLOCKS, BlockCache

SIZE = 5 * BLOCK_BYTES + 77
CONTENT = bytes(number * 7 % 251 for number in range(SIZE))


@given(reads=st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(1, SIZE)), max_size=20))
def test_reads_what_is_there_and_fetches_no_byte_twice(reads: list[tuple[int, int]]) -> None:
    fetched: list[int] = []

    def fetch(offset: int, length: int) -> bytes:
        fetched.extend(range(offset, offset + length, BLOCK_BYTES))
        return CONTENT[offset : offset + length]

    with closing(BlockCache(fetch, SIZE)) as cache:
        for offset, wanted in reads:
            length = min(wanted, SIZE - offset)
            assert cache.read(offset, length) == CONTENT[offset : offset + length]
    assert len(fetched) == len(set(fetched))


def test_fetches_more_at_once_for_who_reads_on() -> None:
    size = 8 * MAX_AHEAD_BLOCKS * BLOCK_BYTES
    lengths: list[int] = []

    def fetch(_offset: int, length: int) -> bytes:
        lengths.append(length // BLOCK_BYTES)
        return bytes(length)

    with closing(BlockCache(fetch, size)) as cache:
        for offset in range(0, size, BLOCK_BYTES):
            cache.read(offset, BLOCK_BYTES)
        assert lengths[:4] == [2, 4, 8, 16]
        assert (max(lengths), sum(lengths)) == (MAX_AHEAD_BLOCKS, size // BLOCK_BYTES)
        assert (cache.requests, cache.fetched_bytes) == (len(lengths), size)


def test_places_at_powers_of_two_are_no_reading_on() -> None:
    with closing(BlockCache(lambda _offset, length: bytes(length), 10_000 * BLOCK_BYTES)) as cache:
        for power in range(13):
            cache.read(2**power * BLOCK_BYTES, 8)
        assert cache.fetched_bytes <= 15 * BLOCK_BYTES


def test_jumps_fetch_one_block_each() -> None:
    with closing(BlockCache(lambda _offset, length: bytes(length), 1000 * BLOCK_BYTES)) as cache:
        for block in (900, 5, 300, 7):
            cache.read(block * BLOCK_BYTES + 3, 10)
        assert cache.fetched_bytes == 4 * BLOCK_BYTES


def test_an_answer_of_another_length_is_none() -> None:
    with (
        closing(BlockCache(lambda _offset, length: bytes(length - 1), SIZE)) as cache,
        pytest.raises(SourceError, match=r"^asked for 16384 bytes at 16384, got 16383$"),
    ):
        cache.read(BLOCK_BYTES, 1)


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with closing(BlockCache(lambda _offset, length: bytes(length), SIZE)) as cache:
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(NoSpaceError, match=r"^no room for fetched content: No space left on device$"):
            cache.read(0, 1)

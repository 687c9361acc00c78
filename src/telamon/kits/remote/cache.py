"""A cache of what was fetched of one file: each byte is asked for once."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.source import NoSpaceError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK_BYTES: Final = 16 * 1024
"""The least that is fetched: a header, its name and the beginning of the content behind it, in one request."""

MAX_AHEAD_BLOCKS: Final = 512
"""Most that is fetched ahead of who reads on and on: 8 MiB, beyond which requests cost nothing beside the bytes."""


class BlockCache:
    """Fetches blocks and keeps them in an unlinked temporary file of mode 0600.

    Args:
        fetch: Told an offset and a length, returns exactly those bytes.
        size: Of the whole file.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._held: set[int] = set()
        self._next = 0  # the block behind the last that was fetched
        self._ahead = 1
        self._file = tempfile.TemporaryFile(prefix="telamon-")  # noqa: SIM115  # lives as long as this, see `close`
        self.fetched_bytes = 0
        self.requests = 0

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly the bytes asked for, which lie within the file.

        Raises:
            SourceError: They cannot be fetched.
            NoSpaceError: The temporary folder is full.
        """
        first, last = offset // BLOCK_BYTES, (offset + length - 1) // BLOCK_BYTES
        for start, count in self._missing(first, last):
            self._take(start, count)
        return os.pread(self._file.fileno(), length, offset)

    def close(self) -> None:
        """Drop what was fetched."""
        self._file.close()

    def _missing(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield the runs of blocks that are not held: the first of each and how many."""
        block = first
        while block <= last:
            if block in self._held:
                block += 1
                continue
            start = block
            while block <= last and block not in self._held:
                block += 1
            yield start, block - start

    def _take(self, start: int, count: int) -> None:
        # Who reads on where the last request ended gets twice as much each time.
        self._ahead = min(self._ahead * 2, MAX_AHEAD_BLOCKS) if start == self._next else 1
        blocks = -(-self._size // BLOCK_BYTES)
        end = start + count
        while end < min(start + max(count, self._ahead), blocks) and end not in self._held:
            end += 1
        offset = start * BLOCK_BYTES
        length = min(end * BLOCK_BYTES, self._size) - offset
        self.requests += 1
        data = self._fetch(offset, length)
        if len(data) != length:
            raise SourceError(f"asked for {length} bytes at {offset}, got {len(data)}")
        self.fetched_bytes += length
        try:
            os.pwrite(self._file.fileno(), data, offset)
        except OSError as error:
            raise NoSpaceError(
                f"no room for fetched content: {error.strerror}", hint="point TMPDIR at a larger file system"
            ) from error
        self._held.update(range(start, end))
        self._next = end

"""A cache of what was fetched of one file: each byte is asked for once."""

from __future__ import annotations

import os
import tempfile
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.source import NoSpaceError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK_BYTES: Final = 16 * 1024
"""The least that is fetched: a header, its name and the beginning of the content behind it, in one request."""

MAX_FETCHED_BYTES: Final = 8 * 1024**3
"""Most that is fetched of one file: a server may state any size, and send for as long as somebody reads."""

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
        self._read = -1  # the last block that was asked for
        self._ahead = 1
        self._file = tempfile.TemporaryFile(prefix="telamon-")  # noqa: SIM115  # lives as long as this, see `close`
        self.fetched_bytes = 0
        self.requests = 0

    def begin(self, data: bytes) -> None:
        """Take the first block, which the request that told the size has brought."""
        self.requests += 1
        self._keep(0, data)

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly the bytes asked for, which lie within the file.

        Raises:
            SourceError: They cannot be fetched.
            NoSpaceError: The temporary folder is full.
        """
        first, last = offset // BLOCK_BYTES, (offset + length - 1) // BLOCK_BYTES
        for start, count in self._missing(first, last):
            self._take(start, count)
        self._read = last
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
        # Who has read all that the last request brought, and reads on, gets twice as much each time. Who looks at
        # places ever further apart, as for signatures at powers of two, has not.
        is_on = start == self._next and self._read == start - 1
        self._ahead = min(self._ahead * 2, MAX_AHEAD_BLOCKS) if is_on else 1
        blocks = -(-self._size // BLOCK_BYTES)
        end = start + count
        while end < min(start + max(count, self._ahead), blocks) and end not in self._held:
            end += 1
        offset = start * BLOCK_BYTES
        length = min(end * BLOCK_BYTES, self._size) - offset
        if self.fetched_bytes + length > MAX_FETCHED_BYTES:
            raise SourceError(f"more than {MAX_FETCHED_BYTES:,} bytes would have to be fetched")
        self.requests += 1
        data = self._fetch(offset, length)
        if len(data) != length:
            raise SourceError(f"asked for {length} bytes at {offset}, got {len(data)}")
        self._keep(start, data)

    def _keep(self, start: int, data: bytes) -> None:
        try:
            os.pwrite(self._file.fileno(), data, start * BLOCK_BYTES)
        except OSError as error:
            raise NoSpaceError(
                f"no room for fetched content: {error.strerror}", hint="point TMPDIR at a larger file system"
            ) from error
        self.fetched_bytes += len(data)
        self._next = start - (-len(data) // BLOCK_BYTES)
        self._held.update(range(start, self._next))


class CachedFile(ABC):
    """A file that lies elsewhere, each byte of which is fetched once.

    Args:
        size: In bytes.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._cache = BlockCache(self.fetch, size)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._size

    def pread(self, offset: int, length: int) -> bytes:
        """Return exactly the bytes asked for.

        Raises:
            SourceChangedError: The file is another one than at first.
            SourceError: They cannot be had, or too much would have to be fetched.
        """
        return self._cache.read(offset, length)

    def account(self) -> str:
        """Return in words how much has been fetched where that is not all, else nothing."""
        cache = self._cache
        if cache.fetched_bytes >= self._size:
            return ""
        share = 100 * cache.fetched_bytes / self._size
        done = f"fetched {cache.fetched_bytes:,} of {self._size:,} bytes"
        return f"{done} ({share:.2f} %) in {cache.requests} requests"

    def close(self) -> None:
        """Drop what was fetched."""
        self._cache.close()

    @abstractmethod
    def fetch(self, offset: int, length: int) -> bytes:
        """Return exactly those bytes, which lie within the file."""

    @abstractmethod
    def check_unchanged(self) -> None:
        """Raise a `SourceChangedError` where there is another file under the address now."""

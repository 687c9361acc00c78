"""How much of a file was fetched, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telamon.kits.remote.cache import BlockCache


def account(cache: BlockCache, size: int) -> str:
    """Return a sentence such as `fetched 1,234 of 500,000 bytes (0.25 %) in 3 requests`."""
    share = 100 * cache.fetched_bytes / size if size else 0.0
    return f"fetched {cache.fetched_bytes:,} of {size:,} bytes ({share:.2f} %) in {cache.requests} requests"

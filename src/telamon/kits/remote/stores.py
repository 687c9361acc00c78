"""Objects in stores that fsspec opens: S3, Google Cloud Storage, Azure, ..., read by ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from telamon.kits.formats.source import SourceChangedError, SourceError
from telamon.kits.remote.cache import BlockCache
from telamon.kits.remote.extra import need_fsspec
from telamon.kits.remote.wording import account
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMES: Final = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "r2"})
# What tells one content of an object from another, by the names that the libraries behind fsspec use.
MARKS: Final = ("ETag", "etag", "md5Hash", "content_md5", "generation", "LastModified", "mtime", "created", "size")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """An object.

    Attributes:
        name: How reports call it.
        url: What fsspec opens.
    """

    name: str
    url: str


def stored_files(url: str) -> Iterator[StoredFile]:
    """Yield the objects at or below an address.

    Raises:
        MissingExtraError: fsspec, or what it needs for this store, is not installed.
        SourceError: The store cannot be reached, or has nothing there.
    """
    system, root = _open(url)
    scheme = url.partition("://")[0]
    try:
        names = sorted(system.find(root))
    except Exception as error:  # each library behind fsspec raises its own
        raise SourceError(f"`{printable(url)}` cannot be listed: {_words(error)}") from error
    if not names:
        raise SourceError(f"there is nothing at `{printable(url)}`")
    for name in names:
        address = f"{scheme}://{name.lstrip('/')}"
        yield StoredFile(name=address, url=address)


class StoredObject:
    """One object of a store.

    Args:
        url: Its address.

    Raises:
        SourceError: It cannot be read.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._system, self._path = _open(url)
        about = self._about()
        size = about.get("size")
        if not isinstance(size, int) or size < 0:
            raise SourceError(f"`{printable(url)}` has no size")
        self._marks = _marks(about)
        self._size = size
        self._cache = BlockCache(self._fetch, size)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._size

    def pread(self, offset: int, length: int) -> bytes:
        """Return exactly the bytes asked for.

        Raises:
            SourceError: They cannot be had.
        """
        return self._cache.read(offset, length)

    def check_unchanged(self) -> None:
        """Raise a `SourceChangedError` where the store has another object under the address now."""
        if _marks(self._about()) != self._marks:
            raise SourceChangedError("the object was changed in the store while it was read")

    def account(self) -> str:
        """Return in words how much has been fetched."""
        return account(self._cache, self._size)

    def close(self) -> None:
        """Drop what was fetched."""
        self._cache.close()

    def _about(self) -> dict[str, Any]:
        try:
            self._system.invalidate_cache()
            about: dict[str, Any] = self._system.info(self._path)
        except Exception as error:  # each library behind fsspec raises its own
            raise SourceError(f"`{printable(self._url)}` cannot be read: {_words(error)}") from error
        return about

    def _fetch(self, offset: int, length: int) -> bytes:
        try:
            data: bytes = self._system.cat_file(self._path, start=offset, end=offset + length)
        except Exception as error:  # each library behind fsspec raises its own
            raise SourceError(f"`{printable(self._url)}` cannot be read: {_words(error)}") from error
        return data


def _open(url: str) -> tuple[Any, str]:
    fsspec = need_fsspec()
    try:
        system, path = fsspec.url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
    except ImportError as error:
        raise SourceError(f"`{printable(url)}` cannot be opened: {_words(error)}") from error
    except Exception as error:  # each library behind fsspec raises its own
        raise SourceError(f"`{printable(url)}` cannot be opened: {_words(error)}") from error
    return system, path


def _marks(about: dict[str, Any]) -> tuple[str, ...]:
    return tuple(f"{mark}={about[mark]}" for mark in MARKS if mark in about)


def _words(error: Exception) -> str:
    return printable(str(error).partition("\n")[0]) or type(error).__name__

"""Objects in stores that fsspec opens: S3, Google Cloud Storage, Azure, ..., read by ranges."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from telamon.kits.formats.source import SourceChangedError, SourceError
from telamon.kits.remote.cache import CachedFile
from telamon.kits.remote.extra import remote_extra
from telamon.kits.remote.http import shown
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMES: Final = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "r2"})
# What tells one content of an object from another, by the names that the libraries behind fsspec use.
MARKS: Final = (
    *("ETag", "etag", "md5Hash", "content_md5", "generation"),
    *("LastModified", "last_modified", "modificationTime", "mtime", "created", "size"),
)
CHAIN: Final = "::"  # by which fsspec reaches one address through another


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
        MissingExtraError: fsspec is not installed.
        SourceError: The store cannot be reached, has nothing there, or needs a library that is not installed.
    """
    system, root = _open(url)
    scheme = url.partition("://")[0]
    with _reported(url, "listed"):
        names = sorted(system.find(root))
    if not names:
        raise SourceError(f"there is nothing at `{shown(url)}`")
    for name in names:
        address = f"{scheme}://{name.lstrip('/')}"
        yield StoredFile(name=address, url=address)


class StoredObject(CachedFile):
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
            raise SourceError(f"`{shown(url)}` has no size")
        self._marks = _marks(about)
        super().__init__(size)

    def check_unchanged(self) -> None:
        """Raise a `SourceChangedError` where the store has another object under the address now."""
        if _marks(self._about()) != self._marks:
            raise SourceChangedError("the object was changed in the store while it was read")

    def fetch(self, offset: int, length: int) -> bytes:
        """Return exactly those bytes."""
        with _reported(self._url, "read"):
            data: bytes = self._system.cat_file(self._path, start=offset, end=offset + length)
        return data

    def _about(self) -> dict[str, Any]:
        with _reported(self._url, "read"):
            self._system.invalidate_cache()
            about: dict[str, Any] = self._system.info(self._path)
        return about


def _open(url: str) -> tuple[Any, str]:
    if CHAIN in url:  # an object's name may have it too, and would be taken for another object's
        raise SourceError(f"`{shown(url)}` has `{CHAIN}` in its name, which fsspec takes for two addresses")
    with remote_extra("reading files from object stores"):
        import fsspec  # noqa: PLC0415  # an extra
    with _reported(url, "opened"):
        system, path = fsspec.url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
    return system, path


@contextmanager
def _reported(url: str, done: str) -> Iterator[None]:
    """Tell whatever goes wrong in a library behind fsspec, each of which raises its own, as an unreadable source."""
    try:
        yield
    except Exception as error:
        raise SourceError(f"`{shown(url)}` cannot be {done}: {_words(error)}") from error


def _marks(about: dict[str, Any]) -> tuple[str, ...]:
    return tuple(f"{mark}={about[mark]}" for mark in MARKS if mark in about)


def _words(error: Exception) -> str:
    return printable(str(error).partition("\n")[0]) or type(error).__name__

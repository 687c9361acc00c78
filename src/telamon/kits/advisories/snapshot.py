"""A snapshot of advisories in one file, of which a look-up reads a few kilobytes.

The file is lines of UTF-8: the advisories, the index (sorted, each line a key and where its advisories stand), a header
in JSON, and a last line of fixed length that says where the index and the header begin. Keys are `PyPI/name` for a
package, and `id/NAME` for an advisory by its id or alias. A snapshot is never changed, only replaced.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Self

from telamon.kits.advisories.records import RecordError, SnapshotError
from telamon.kits.advisories.records_text import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from telamon.kits.advisories.records import Advisory, Ecosystem

MAGIC: Final = "telamon-advisories 1"
TAIL_BYTES: Final = len(f"{MAGIC} {0:016d} {0:016d}\n")
MAX_HEADER_BYTES: Final = 64 * 1024
MAX_LINE_BYTES: Final = 32 * 1024 * 1024  # of an advisory or an index line; a package has some thousands of advisories
STEP_BYTES: Final = 4096  # what is read at once when a line is looked for
CHUNK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a snapshot says about itself.

    Attributes:
        date: The newest `modified` of its advisories: when it was true. RFC 3339.
        imported: When it was made from its source. RFC 3339.
        source: What it was made from, in words.
        digest: `sha256:...` of what it was made from.
        body: `sha256:...` of its lines before the header.
        advisories: How many are in it.
        packages: How many packages they are about.
        withdrawn: How many of them were withdrawn.
        elsewhere: How many records were about other ecosystems alone, and left out.
        refused: How many records could not be read.
    """

    date: str
    imported: str
    source: str
    digest: str
    body: str
    advisories: int
    packages: int
    withdrawn: int
    elsewhere: int
    refused: int

    def age_days(self, today: dt.date) -> int:
        """Return how many days old the newest of its facts is; never negative."""
        return max(0, (today - parse_time(self.date).date()).days)


def parse_time(text: str) -> dt.datetime:
    """Return a time of RFC 3339, in UTC.

    Raises:
        SnapshotError: It is none.
    """
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise SnapshotError(f"expected a time of RFC 3339, found `{text[:40]}`") from error


class Snapshot:
    """A snapshot that is open for look-ups. It stays what it was when another takes its place."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            SnapshotError: It cannot be read, or is none.
        """
        self._name = path.name
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            self._size = os.fstat(self._descriptor).st_size
        except OSError as error:
            raise SnapshotError(f"expected to read the advisories `{self._name}`, found: {error.strerror}") from error
        try:
            self._index, self._end, self.header = self._open()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def about(self, ecosystem: Ecosystem, name: str) -> tuple[Advisory, ...]:
        """Return every advisory about a package, also those that were withdrawn.

        Args:
            ecosystem: Whose.
            name: As it is written; spelled normally here.

        Raises:
            SnapshotError: The file is damaged.
        """
        return tuple(self._advisories(f"{ecosystem}/{ecosystem.normal(name)}"))

    def named(self, name: str) -> tuple[Advisory, ...]:
        """Return the advisories of an id or alias, in whatever case it is written.

        Raises:
            SnapshotError: The file is damaged.
        """
        return tuple(self._advisories(f"id/{name.upper()}"))

    def verify(self) -> bool:
        """Return whether the whole file is what its header says.

        Raises:
            SnapshotError: The file cannot be read.
        """
        digest = hashlib.sha256()
        for start in range(0, self._end, CHUNK_BYTES):
            digest.update(self._read(start, min(CHUNK_BYTES, self._end - start)))
        return f"sha256:{digest.hexdigest()}" == self.header.body

    def _open(self) -> tuple[int, int, Header]:
        tail = self._read(max(0, self._size - TAIL_BYTES), TAIL_BYTES)
        head, _, places = tail.decode("ascii", "replace").rstrip("\n").partition(MAGIC)
        parts = places.split()
        if head or len(parts) != 2 or not all(part.isdigit() for part in parts):  # noqa: PLR2004  # index and header
            raise self._damaged("no such end")
        index, end = (int(part) for part in parts)
        length = self._size - TAIL_BYTES - end
        if not 0 <= index <= end or not 0 < length <= MAX_HEADER_BYTES:
            raise self._damaged("an end that does not fit")
        try:
            found = json.loads(self._read(end, length))
            header = Header(**found)
            parse_time(header.date)
        except (ValueError, TypeError) as error:
            raise self._damaged("no such header") from error
        return index, end, header

    def _advisories(self, key: str) -> Iterator[Advisory]:
        line = self._find(key.encode("utf-8", "surrogatepass"))
        if line is None:
            return
        for place in line.split(","):
            start, _, length = place.partition(":")
            if not (start.isdigit() and length.isdigit()) or int(length) > MAX_LINE_BYTES:
                raise self._damaged("an index that does not fit")
            try:
                advisory = load(self._read(int(start), int(length)))
            except RecordError as error:
                raise self._damaged("an advisory that is none") from error
            yield advisory

    def _find(self, key: bytes) -> str | None:
        """Return what the index says of a key: a binary search over places in the file, each moved to its line."""
        low, high = self._index, self._end
        while low < high:
            middle = (low + high) // 2
            start = self._line_start(middle)
            line = self._line(start)
            own, _, places = line.partition(b"\t")
            if own == key:
                return places.decode("ascii", "replace")
            if own < key:
                low = start + len(line) + 1
            else:
                high = start
        return None

    def _line_start(self, position: int) -> int:
        """Return where the index line that `position` is in begins."""
        end = position
        while end > self._index:
            start = max(self._index, end - STEP_BYTES)
            found = self._read(start, end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
        return self._index

    def _line(self, start: int) -> bytes:
        line = b""
        while start + len(line) < self._end and len(line) <= MAX_LINE_BYTES:
            line += self._read(start + len(line), min(STEP_BYTES, self._end - start - len(line)))
            if b"\n" in line:
                return line[: line.index(b"\n")]
        raise self._damaged("an index line without an end")

    def _read(self, start: int, length: int) -> bytes:
        try:
            data = os.pread(self._descriptor, length, start)
        except OSError as error:
            raise SnapshotError(f"expected to read the advisories `{self._name}`, found: {error.strerror}") from error
        if len(data) != length:
            raise self._damaged("fewer bytes")
        return data

    def _damaged(self, found: str) -> SnapshotError:
        return SnapshotError(
            f"expected a snapshot of advisories at `{self._name}`, found {found}",
            hint="telamon advisories import FILE",
        )


def header_line(header: Header) -> bytes:
    """Return a header as it stands in the file."""
    return json.dumps(asdict(header), ensure_ascii=True, separators=(",", ":")).encode("ascii")

"""Makes a snapshot of records: written beside its place and put there whole, so that readers see the old or the new."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final

from telamon.kits.advisories.osv import read_advisory
from telamon.kits.advisories.records import RecordError, SnapshotError
from telamon.kits.advisories.records_text import dump
from telamon.kits.advisories.snapshot import MAGIC, Header, Snapshot, header_line, parse_time
from telamon.kits.storage.files import PRIVATE_MODE, sync

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from telamon.kits.advisories.records import Advisory
    from telamon.kits.advisories.sources import Record

PRIVATE_FOLDER: Final = 0o700
MAX_REFUSALS: Final = 1000  # that are kept with their places; all are counted
TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A record that is not in the snapshot.

    Attributes:
        place: Where it stands in the source.
        reason: What is wrong with it.
    """

    place: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What came of an import.

    Attributes:
        refusals: The first records that could not be read; the header counts all of them.
    """

    header: Header
    refusals: tuple[Refusal, ...]


@dataclass(slots=True, kw_only=True)
class _Tally:
    index: dict[str, list[str]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    refused: int = 0
    elsewhere: int = 0
    advisories: int = 0
    withdrawn: int = 0
    date: datetime | None = None
    seen: set[str] = field(default_factory=set)


def build(  # what a snapshot says about itself, each by its name
    records: Iterable[Record],
    path: Path,
    *,
    source: str,
    digest: str,
    now: datetime,
    may_be_older: bool = False,
) -> Built:
    """Make a snapshot at `path`, in place of one that is there.

    Args:
        path: Where it goes; its folder is made where there is none.
        now: The time, in UTC.
        records: Those of `sources.records`.
        source: What they are from, in words.
        digest: `sha256:...` of that.
        may_be_older: Whether it may take the place of a newer one.

    Raises:
        SnapshotError: There is no advisory in it, it is older than the one that is there, or it cannot be written.
    """
    temporary = path.with_name(f".telamon-{os.urandom(16).hex()}")
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        descriptor = os.open(
            temporary, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_CLOEXEC, PRIVATE_MODE
        )
        with os.fdopen(descriptor, "wb") as file:
            built = _write(file, records, {"source": source, "digest": digest, "imported": now.strftime(TIME)})
            if not may_be_older:
                _check_newer(path, built.header)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync(path.parent)
    except OSError as error:
        raise SnapshotError(f"expected to write `{path}`, found: {error.strerror}") from error
    finally:  # also when it is interrupted
        with contextlib.suppress(OSError):
            temporary.unlink()
    return built


def _write(file: IO[bytes], records: Iterable[Record], words: Mapping[str, str]) -> Built:
    tally = _Tally()
    digest = hashlib.sha256()
    position = 0
    for record in records:
        advisory = _read(record, tally)
        if advisory is None:
            continue
        line = dump(advisory)
        _enter(tally, advisory, f"{position}:{len(line)}")
        file.write(line + b"\n")
        digest.update(line + b"\n")
        position += len(line) + 1
    if tally.date is None:
        raise SnapshotError(
            f"expected advisories of PyPI or npm, found none (records of other ecosystems: {tally.elsewhere}, "
            f"not understood: {tally.refused})"
            + (f"; the first: {tally.refusals[0].place}: {tally.refusals[0].reason}" if tally.refusals else "")
        )
    index = b"".join(
        key + b"\t" + ",".join(places).encode("ascii") + b"\n"
        for key, places in sorted((key.encode("utf-8", "surrogatepass"), own) for key, own in tally.index.items())
    )
    digest.update(index)
    header = Header(
        date=tally.date.strftime(TIME),
        body=f"sha256:{digest.hexdigest()}",
        advisories=tally.advisories,
        packages=sum(not key.startswith("id/") for key in tally.index),
        withdrawn=tally.withdrawn,
        elsewhere=tally.elsewhere,
        refused=tally.refused,
        **words,
    )
    end = position + len(index)
    file.write(index + header_line(header) + f"{MAGIC} {position:016d} {end:016d}\n".encode("ascii"))
    return Built(header=header, refusals=tuple(tally.refusals))


def _read(record: Record, tally: _Tally) -> Advisory | None:
    reason = record.problem
    if not reason:
        try:
            advisory = read_advisory(record.value)
            parse_time(advisory.modified)
        except (RecordError, SnapshotError) as error:
            reason = error.message
        else:
            if not advisory.affected:
                tally.elsewhere += 1
                return None
            if advisory.id not in tally.seen:
                tally.seen.add(advisory.id)
                return advisory
            reason = f"the id `{advisory.id}` is there twice"
    tally.refused += 1
    if len(tally.refusals) < MAX_REFUSALS:
        tally.refusals.append(Refusal(place=record.place, reason=reason))
    return None


def _enter(tally: _Tally, advisory: Advisory, place: str) -> None:
    keys = {f"{each.ecosystem}/{each.name}" for each in advisory.affected}
    for key in sorted(keys | {f"id/{name.upper()}" for name in advisory.names}):
        if "\t" not in key and "\n" not in key:
            tally.index.setdefault(key, []).append(place)
    tally.advisories += 1
    tally.withdrawn += bool(advisory.withdrawn)
    modified = parse_time(advisory.modified)
    tally.date = modified if tally.date is None else max(tally.date, modified)


def _check_newer(path: Path, header: Header) -> None:
    try:
        with Snapshot(path) as old:
            before = old.header.date
    except SnapshotError:
        return  # none, or a damaged one, is no better
    if parse_time(header.date) < parse_time(before):
        raise SnapshotError(
            f"expected advisories no older than those of {before}, which are there, found some of {header.date}",
            hint="--allow-older takes them all the same",
        )

"""Reads the records that a snapshot is made of: a zip as OSV's `all.zip`, a folder, JSON, JSON lines; within bounds."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, TypeAlias

from telamon.kits.advisories.records import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json: TypeAlias = Any  # parsed JSON of any shape

MAX_RECORD_BYTES: Final = 8 * 1024 * 1024  # the largest record of osv.dev has some 2 MB, in lists of versions
MAX_LIST_BYTES: Final = 512 * 1024 * 1024  # of a text that is one list of records; it is read at once
MAX_RECORDS: Final = 5_000_000  # all ecosystems of osv.dev have some 700,000
MAX_TOTAL_BYTES: Final = 32 * 1024**3
SUFFIX: Final = ".json"
# Records of the PyPI Advisory Database are YAML; other YAML of its repository is none.
YAML_NAMES: Final = re.compile(r"(?:.*/)?[A-Z]{2,12}-\d{4}-[\w-]+\.yaml")
CHUNK_BYTES: Final = 1024 * 1024
BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(NotImplementedError, RuntimeError, OSError, ValueError),  # compression that is not known, members in cipher
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record, or what stands in its place.

    Attributes:
        place: Where it stands: the file's or member's name, and the line where there are several.
        value: The parsed record; `None` where it could not be parsed.
        problem: Why it could not.
    """

    place: str
    value: Json
    problem: str = ""


def digest_of(path: Path) -> str:
    """Return `sha256:...` of a file, or of the names and contents of a folder's records.

    Raises:
        SnapshotError: It cannot be read.
    """
    digest = hashlib.sha256()
    try:
        if path.is_dir():
            for each in _files(path):
                inner = _digest(each).digest()
                digest.update(os.fsencode(each.relative_to(path).as_posix()) + b"\0" + inner)
        else:
            digest = _digest(path)
    except OSError as error:
        raise SnapshotError(f"expected to read `{path}`, found: {error.strerror}") from error
    return f"sha256:{digest.hexdigest()}"


def records(path: Path) -> Iterator[Record]:
    """Yield every record of a file or folder; what cannot be parsed too, with its place and the reason.

    Raises:
        SnapshotError: The file or folder itself cannot be read.
    """
    try:
        if path.is_dir():
            yield from _counted(_of_folder(path))
            return
        with path.open("rb") as file:
            is_zip = file.read(4) == b"PK\x03\x04"
            file.seek(0)
            yield from _counted(_of_zip(file) if is_zip else _of_text(file, path.name, path.stat().st_size))
    except OSError as error:
        raise SnapshotError(f"expected to read `{path}`, found: {error.strerror}") from error


def _counted(found: Iterator[Record]) -> Iterator[Record]:
    for number, record in enumerate(found):
        if number >= MAX_RECORDS:
            raise SnapshotError(f"expected at most {MAX_RECORDS} records, found more")
        yield record


def _digest(path: Path) -> hashlib._Hash:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest


def _files(folder: Path) -> Iterator[Path]:
    """Yield the records of a folder in the order of their names; links are not followed."""
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = folder.__class__(where, name)
            if _is_record(name) and path.is_file() and not path.is_symlink():
                yield path


def _of_folder(folder: Path) -> Iterator[Record]:
    for path in _files(folder):
        place = path.relative_to(folder).as_posix()
        try:
            with path.open("rb") as file:
                data = file.read(MAX_RECORD_BYTES + 1)
        except OSError as error:
            yield Record(place=place, value=None, problem=f"cannot be read: {error.strerror}")
            continue
        yield from _parsed(data, place)


def _of_zip(file: IO[bytes]) -> Iterator[Record]:
    try:
        archive = zipfile.ZipFile(file)
    except BROKEN as error:
        raise SnapshotError("expected a zip archive of records, found a broken one") from error
    total = 0
    for member in archive.infolist():
        if not _is_record(member.filename):
            continue
        try:
            with archive.open(member) as content:
                data = content.read(MAX_RECORD_BYTES + 1)
        except BROKEN as error:
            yield Record(place=member.filename, value=None, problem=f"cannot be unpacked: {error}")
            continue
        total += len(data)
        if total > MAX_TOTAL_BYTES:
            raise SnapshotError(f"expected at most {MAX_TOTAL_BYTES} bytes of records, found more")
        yield from _parsed(data, member.filename)


def _of_text(file: IO[bytes], name: str, size: int) -> Iterator[Record]:
    """Yield the records of one JSON text (an object, a list, or an answer of osv.dev), else of each line."""
    if size <= MAX_LIST_BYTES:
        data = file.read(size)
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            file.seek(0)
        else:
            yield from _unfolded(value, name)
            return
    number = 0
    while line := file.readline(MAX_RECORD_BYTES + 1):
        number += 1
        place = f"{name}:{number}"
        if len(line) > MAX_RECORD_BYTES:
            raise SnapshotError(f"expected lines of at most {MAX_RECORD_BYTES} bytes, found a longer one at `{place}`")
        if line.strip():
            yield from _parsed(line, place)


def _unfolded(value: Json, name: str) -> Iterator[Record]:
    if isinstance(value, dict) and isinstance(value.get("vulns"), list):
        value = value["vulns"]
    if isinstance(value, list):
        yield from (Record(place=f"{name}[{index}]", value=each) for index, each in enumerate(value))
    else:
        yield Record(place=name, value=value)


def _parsed(data: bytes, place: str) -> Iterator[Record]:
    if len(data) > MAX_RECORD_BYTES:
        yield Record(place=place, value=None, problem=f"has more than {MAX_RECORD_BYTES} bytes")
        return
    try:
        value = _yaml(data) if YAML_NAMES.fullmatch(place) else json.loads(data)
    except (ValueError, RecursionError) as error:
        yield Record(place=place, value=None, problem=f"is no record: {str(error)[:200]}")
        return
    yield Record(place=place, value=value)


def _is_record(name: str) -> bool:
    return name.endswith(SUFFIX) or YAML_NAMES.fullmatch(name) is not None


def _yaml(data: bytes) -> Json:
    """Return a record in YAML; every scalar is a text, as all of the schema's are that matter here.

    Raises:
        ValueError: It is no YAML.
    """
    import yaml  # noqa: PLC0415  # 20 ms, for one source alone

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return yaml.load(data, Loader=loader)  # noqa: S506  # the base loader makes texts, lists and mappings alone
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error

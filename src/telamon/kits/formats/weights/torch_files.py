"""Tensors of torch's two file formats: the archive (torch/serialization.py `_save`) and the legacy stream."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle import Collection, Ending, Kind, Loader, Persistent
from telamon.kits.formats.pickle.contents import Called, contents
from telamon.kits.formats.pickle.tensors import TorchTensors, storage_length
from telamon.kits.formats.tensor_data import NotRebuiltError
from telamon.kits.formats.weights.tree import Flattened, Flattener
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from telamon.kits.formats.pickle.contents import Contents
    from telamon.kits.formats.source import Source

_LOADER: Final = Loader(encoding="utf-8")
_PREAMBLE: Final = 3  # magic number, protocol and what the system was
_MOST_STORAGES: Final = 1_000_000
_COUNT_BYTES: Final = 8
_ITEM_BYTES_OF_STORAGES: Final = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read of a file.

    Attributes:
        flattened: Its tensors.
        calls: What it calls.
    """

    flattened: Flattened
    calls: frozenset[Called]


def read_zip_members(members: Mapping[str, Source]) -> Read:
    """Return the tensors of torch's archive.

    Args:
        members: Contents by name.

    Raises:
        NotRebuiltError: They cannot be told.
        SourceError: The file cannot be read.
    """
    programs = [name for name in members if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(programs) != 1:
        raise NotRebuiltError("the archive has several programs")
    folder = programs[0].removesuffix("data.pkl")
    order = members.get(f"{folder}byteorder")
    words = order.read(0, 16).strip() if order is not None else b"little"
    if words not in {b"little", b"big"}:
        raise NotRebuiltError("the byte order is neither `little` nor `big`")

    def storage(key: str, length: int) -> Source:
        found = members.get(f"{folder}data/{key}")
        if found is None or found.size < length:
            raise NotRebuiltError(f"the storage `{printable(key)}` is not there, or is cut off")
        return found.sub(0, length)

    program = members[programs[0]]
    made = _run(program, program.start)
    with telling(made):
        flattened = Flattener(made, TorchTensors(storage, is_big=words == b"big")).flatten(made.stream.value)
    return Read(flattened=flattened, calls=made.calls)


def read_legacy(source: Source) -> Read:
    """Return the tensors of torch's legacy stream: five pickles, then the storages, always little-endian.

    Raises:
        NotRebuiltError: They cannot be told.
        SourceError: The file cannot be read.
    """
    start = source.start
    calls: set[Called] = set()
    for _ in range(_PREAMBLE):
        start, before = _next(source, start)
        calls |= before.calls
    behind, made = _next(source, start)
    behind, listed = _next(source, behind)
    with telling(made):
        flattened = _legacy_tensors(source, made, listed, behind)
    return Read(flattened=flattened, calls=frozenset(calls | made.calls | listed.calls))


def _legacy_tensors(source: Source, made: Contents, listed: Contents, behind: int) -> Flattened:
    keys = listed.stream.value
    if not isinstance(keys, Collection) or keys.kind is not Kind.LIST or not keys.is_whole:
        raise NotRebuiltError("the storages are not listed as torch lists them")
    places = _LegacyStorages(source, behind - source.start, [str(key) for key in keys.items])
    for pid in made.persistent:  # they say how long a storage is, and so where the next one begins
        if isinstance(pid, Collection) and pid.items[:1] == ["storage"]:
            places.learn(*storage_length(Persistent(pid)))
    places.settle()
    return Flattener(made, TorchTensors(places.find)).flatten(made.stream.value)


@contextmanager
def telling(made: Contents) -> Iterator[None]:
    """Have errors say what the program calls, for who judges it."""
    try:
        yield
    except NotRebuiltError as error:
        error.calls |= made.calls
        raise


class _LegacyStorages:
    """Where the storages of a legacy stream stand, one behind the other: a count of items, and the items."""

    def __init__(self, source: Source, start: int, keys: list[str]) -> None:
        self._source = source
        self._start = start
        self._keys = keys
        self._lengths: dict[str, int] = {}
        self._places: dict[str, tuple[int, int]] = {}

    def learn(self, key: str, length: int) -> None:
        """Take down how many bytes a storage has."""
        if self._lengths.setdefault(key, length) != length:
            raise NotRebuiltError(f"the storage `{printable(key)}` has two lengths")

    def settle(self) -> None:
        """Find out where each storage begins."""
        position = self._start
        if len(self._keys) > _MOST_STORAGES or set(self._keys) < self._lengths.keys():
            raise NotRebuiltError("the storages listed are not those of the tensors")
        for key in self._keys:
            length = self._lengths.get(key)
            count = int.from_bytes(self._source.read(position, _COUNT_BYTES), "little")
            if length is None:
                raise NotRebuiltError(f"the storage `{printable(key)}` is not asked for, so its end is not known")
            if not any(count * item_bytes == length for item_bytes in _ITEM_BYTES_OF_STORAGES):
                raise NotRebuiltError(f"the storage `{printable(key)}` is not as long as its tensors say")
            position += _COUNT_BYTES
            if position + length > self._source.size:
                raise NotRebuiltError(f"the storage `{printable(key)}` is cut off")
            self._places[key] = (position, length)
            position += length

    def find(self, key: str, length: int) -> Source:
        """Return the bytes of a storage."""
        place, there = self._places.get(key, (0, -1))
        if there != length:
            raise NotRebuiltError(f"the storage `{printable(key)}` has two lengths")
        return self._source.sub(place, length)


def _next(source: Source, start: int) -> tuple[int, Contents]:
    made = _run(source, start)
    return made.stream.end, made


def _run(source: Source, start: int) -> Contents:
    made = contents(source.buffer, start, source.end, loader=_LOADER)
    with telling(made):
        if made.stream.ending is not Ending.STOP:
            raise NotRebuiltError(f"the program breaks off: {made.stream.message}")
        if made.asks:
            raise NotRebuiltError(f"the program asks for {', '.join(sorted(made.asks))}")
    return made

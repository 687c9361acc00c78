"""Walks the objects of an HDF5 file and says what they hold and where they point."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.hdf5.attributes import read_attribute
from telamon.kits.formats.hdf5.facts import ExternalFile, Fact, FilterUse, Gap, Link, LinkKind, Storage
from telamon.kits.formats.hdf5.heaps import FractalHeap, LocalHeap, Trees
from telamon.kits.formats.hdf5.layout import Cursor, File
from telamon.kits.formats.hdf5.messages import SHARED, RawMessage, Type, messages
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.kits.formats.source import Source

MAX_OBJECTS: Final = 40_000
"""Groups and data sets that are visited, 1.5 seconds of CPU; the largest Keras models have some ten thousand."""

MAX_FACTS: Final = 50_000
"""Facts that are told of one file, 1.5 seconds of CPU."""

MAX_PATH: Final = 4096
"""Characters of a path that are kept: groups in one another would make paths of quadratic length in all."""

_SOFT, _EXTERNAL = 1, 64
_VIRTUAL: Final = 3
_NAMED_FILTERS: Final = 256  # below it, filters are the library's own and have no name


def read_hdf5(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> Iterator[Fact]:
    """Yields what an HDF5 file holds, object by object from the root; the bytes of arrays are not read.

    Args:
        source: The file.
        is_late: Tells when the time is up.

    Raises:
        MalformedError: There is no root group that could be read.
        SourceError: The file cannot be read.
    """
    yield from _Walk(File(source), is_late).facts()


class _Walk:
    def __init__(self, file: File, is_late: Callable[[], bool]) -> None:
        self._file = file
        self._is_late = is_late
        self._trees = Trees(file)
        self._waiting: deque[tuple[str, int]] = deque([("/", file.root)])
        self._seen = {file.root}

    def facts(self) -> Iterator[Fact]:
        told = 0
        while self._waiting:
            path, address = self._waiting.popleft()
            if self._is_late():
                yield Gap(path=path, reason="the time was up")
                return
            try:
                for fact in self._object(path, address):
                    yield fact
                    told += 1
                    if told >= MAX_FACTS or (not told & 0xFF and self._is_late()):
                        yield Gap(path=path, reason=f"more than {told} facts, or the time was up")
                        return
            except MalformedError as error:
                if path == "/":
                    raise
                yield Gap(path=path, reason=error.message)

    def _object(self, path: str, address: int) -> Iterator[Fact]:
        for message in messages(self._file, address):
            yield from self._message(path, message)

    def _visit(self, path: str, address: int | None) -> Iterator[Fact]:
        if address is None or address in self._seen:
            return  # a hard link to an object that is known: cycles are allowed
        if len(self._seen) >= MAX_OBJECTS:
            yield Gap(path=path, reason=f"more than {MAX_OBJECTS} objects")
            return
        self._seen.add(address)
        self._waiting.append((path, address))

    def _message(self, path: str, message: RawMessage) -> Iterator[Fact]:
        if message.flags & SHARED and message.type != Type.DATATYPE:
            yield Gap(path=path, reason=f"a message of type {message.type} that stands elsewhere")
            return
        match message.type:
            case Type.SYMBOL_TABLE:
                yield from self._symbols(path, message.data)
            case Type.LINK:
                yield from self._link(path, message.data)
            case Type.LINK_INFO:
                yield from self._dense_links(path, message.data)
            case Type.ATTRIBUTE:
                yield read_attribute(path, message.data, self._trees)
            case Type.ATTRIBUTE_INFO:
                yield from self._dense_attributes(path, message.data)
            case Type.EXTERNAL_FILES:
                yield from self._external_files(path, message.data)
            case Type.LAYOUT:
                yield from self._layout(path, message.data)
            case Type.FILTERS:
                yield from _filters(path, message.data)

    # Groups

    def _symbols(self, path: str, data: Cursor) -> Iterator[Fact]:
        tree, heap = data.address(), data.address()
        if tree is None or heap is None:
            return
        texts = LocalHeap(self._file, heap)
        for symbol in self._trees.symbols(tree):
            below = _joined(path, texts.text(symbol.name))
            if symbol.soft is not None:
                yield Link(path=below, kind=LinkKind.SOFT, file="", target=texts.text(symbol.soft))
            else:
                yield from self._visit(below, symbol.header)

    def _link(self, path: str, data: Cursor) -> Iterator[Fact]:
        data.take(1)
        flags = data.number(1)
        kind = data.number(1) if flags & 8 else 0
        data.take((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
        name = data.take(data.number(1 << (flags & 3))).decode("utf-8", "replace")
        below = _joined(path, name)
        if kind == 0:
            yield from self._visit(below, data.address())
            return
        value = Cursor(self._file, data.take(data.number(2)))
        if kind == _SOFT:
            yield Link(path=below, kind=LinkKind.SOFT, file="", target=value.data.decode("utf-8", "replace"))
        elif kind == _EXTERNAL:
            value.take(1)
            file, target = (value.text().decode("utf-8", "replace") for _ in range(2))
            yield Link(path=below, kind=LinkKind.EXTERNAL, file=file, target=target)
        else:
            yield Link(path=below, kind=LinkKind.USER, file="", target=f"link class {kind}")

    def _dense_links(self, path: str, data: Cursor) -> Iterator[Fact]:
        data.take(1)
        flags = data.number(1)
        data.take(8 if flags & 1 else 0)
        for found in self._dense(data.address(), data.address(), before=4):  # a hash stands before the id
            yield from self._link(path, found)

    def _dense_attributes(self, path: str, data: Cursor) -> Iterator[Fact]:
        data.take(1)
        flags = data.number(1)
        data.take(2 if flags & 1 else 0)
        for found in self._dense(data.address(), data.address(), before=0):
            yield read_attribute(path, found, self._trees)

    def _dense(self, heap: int | None, index: int | None, *, before: int) -> Iterator[Cursor]:
        if heap is None or index is None:
            return
        store = FractalHeap(self._file, heap)
        for record in self._trees.records(index):
            record.take(before)
            yield Cursor(self._file, store.get(record.take(store.id_bytes)))

    # Data sets

    def _external_files(self, path: str, data: Cursor) -> Iterator[Fact]:
        data.take(6)
        used = data.number(2)
        heap = data.address()
        if heap is None:
            return
        texts = LocalHeap(self._file, heap)
        for _ in range(used):
            name = data.length()
            data.length()
            data.length()
            yield ExternalFile(path=path, storage=Storage.EXTERNAL, file=texts.text(name))

    def _layout(self, path: str, data: Cursor) -> Iterator[Fact]:
        version, kind = data.number(1), data.number(1)
        if version < 4 or kind != _VIRTUAL:  # noqa: PLR2004  # virtual data sets came with version 4
            return
        collection, index = data.address(), data.number(4)
        if collection is None:
            return
        mapping = Cursor(self._file, self._trees.global_object(collection, index))
        if (version := mapping.number(1)) != 0:
            yield Gap(path=path, reason=f"a virtual data set of version {version}")
            return
        count = mapping.length()
        for _ in range(min(count, MAX_OBJECTS)):
            file = mapping.text().decode("utf-8", "replace")
            yield ExternalFile(path=path, storage=Storage.VIRTUAL, file=file)
            mapping.text()
            for _selection in range(2):
                _skip_selection(mapping)


def _skip_selection(data: Cursor) -> None:
    """Step over a serialised selection of a data space (section IV.C, "Dataspace Selection")."""
    kind, version = data.number(4), data.number(4)
    if kind in {0, 3}:  # none, all
        data.take(8)
    elif kind == 2 and version in {2, 3}:  # noqa: PLR2004  # regular hyperslabs
        flags = data.number(1)
        width = 8 if version == 2 else data.number(1)  # noqa: PLR2004  # version 3 states it
        if version == 2:  # noqa: PLR2004  # likewise
            data.take(4)
        rank = data.number(4)
        if not flags & 1:
            count = data.number(width)
            data.take(2 * rank * width * count)
        else:
            data.take(4 * rank * width)
    elif version == 1:
        data.take(4)
        data.take(data.number(4))
    else:
        raise MalformedError(f"expected a selection, found type {kind} of version {version}")


def _filters(path: str, data: Cursor) -> Iterator[Fact]:
    version, count = data.number(1), data.number(1)
    data.take(6 if version == 1 else 0)
    for _ in range(count):
        number = data.number(2)
        has_name = version == 1 or number >= _NAMED_FILTERS
        length = data.number(2) if has_name else 0
        data.take(2)
        values = data.number(2)
        name = data.take(-(-length // 8) * 8 if version == 1 else length).split(b"\0", 1)[0]
        data.take(4 * (values + (values & 1 if version == 1 else 0)))
        yield FilterUse(path=path, number=number, name=name.decode("utf-8", "replace"))


def _joined(path: str, name: str) -> str:
    joined = f"{path.rstrip('/')}/{name}"
    return joined if len(joined) <= MAX_PATH else f"...{joined[-MAX_PATH // 2 :]}"

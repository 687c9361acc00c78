"""The heaps and trees of an HDF5 file: local and global heaps, fractal heaps, B-trees of both versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.hdf5.layout import Cursor, File

MAX_NODES: Final = 100_000
"""Nodes of trees that are followed in one file; a group of a thousand members has about a hundred."""

MAX_LEVELS: Final = 16

MAX_CHILDREN: Final = 4096
"""Blocks below an indirect block of a fractal heap; the library makes four in a row, and a row for each bit."""

MAX_TABLES: Final = 64
"""Indirect blocks that are remembered, as most objects stand in the same ones."""

_NODE_HEADER: Final = 8
_SYMBOL_SCRATCH: Final = 24  # cache type, reserved, scratch pad


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A member of an old-style group (section III.C).

    Attributes:
        name: Offset of the name in the group's local heap.
        header: Address of the member's object header, `None` for a soft link.
        soft: Offset of the path of a soft link in the local heap, `None` for a member.
    """

    name: int
    header: int | None
    soft: int | None


class LocalHeap:
    """Texts of a group or of external storage, by offset (section III.D).

    Raises:
        MalformedError: There is no such heap at the address.
    """

    def __init__(self, file: File, address: int) -> None:
        head = file.block(address, 8 + 2 * file.length_bytes + file.offset_bytes)
        if head.take(4) != b"HEAP":
            raise MalformedError("expected a local heap", offset=address)
        head.take(4)
        size = head.length()
        head.length()
        data = head.address()
        self._texts = file.block(data, size).data if data is not None else b""

    def text(self, offset: int) -> str:
        """Returns the text at an offset."""
        end = self._texts.find(b"\0", offset)
        if offset >= len(self._texts) or end < 0:
            raise MalformedError("expected a name in the local heap")
        return self._texts[offset:end].decode("utf-8", "replace")


class Trees:
    """Follows trees and heaps of one file, with one bound on the nodes of all of them."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._nodes = 0
        self._collections: dict[int, dict[int, bytes]] = {}

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise MalformedError(f"expected at most {MAX_NODES} nodes of trees")

    def symbols(self, address: int, levels: int = MAX_LEVELS) -> Iterator[Symbol]:
        """Yields the members under a B-tree of version 1 of an old-style group (section III.A.1)."""
        self._count()
        if self._file.block(address, 4).data == b"SNOD":
            yield from self._symbol_node(address)
            return
        head = self._file.block(address, _NODE_HEADER)
        if head.take(4) != b"TREE" or head.number(1) != 0 or not levels:
            raise MalformedError("expected a tree of a group", offset=address)
        head.number(1)
        used = head.number(2)
        siblings, key, child = 2 * self._file.offset_bytes, self._file.length_bytes, self._file.offset_bytes
        body = self._file.block(address + _NODE_HEADER + siblings, used * (key + child))
        for _ in range(used):
            body.take(key)
            below = body.address()
            if below is not None:
                yield from self.symbols(below, levels - 1)

    def _symbol_node(self, address: int) -> Iterator[Symbol]:
        head = self._file.block(address, _NODE_HEADER)
        head.take(6)
        count = head.number(2)
        entry = 2 * self._file.offset_bytes + _SYMBOL_SCRATCH
        body = self._file.block(address + _NODE_HEADER, count * entry)
        for _ in range(count):
            name, header = body.number(self._file.offset_bytes), body.address()
            kind = body.number(4)
            body.take(4)
            soft = body.number(4)
            body.take(12)
            is_soft = kind == 2  # noqa: PLR2004  # H5G_CACHED_SLINK
            yield Symbol(name=name, header=None if is_soft else header, soft=soft if is_soft else None)

    def global_object(self, address: int, index: int) -> bytes:
        """Returns an object of a global heap collection (section III.E)."""
        if address not in self._collections:
            self._count()
            self._collections[address] = self._collection(address)
        found = self._collections[address].get(index)
        if found is None:
            raise MalformedError(f"expected object {index} in the global heap", offset=address)
        return found

    def _collection(self, address: int) -> dict[int, bytes]:
        head = self._file.block(address, 8 + self._file.length_bytes)
        if head.take(4) != b"GCOL":
            raise MalformedError("expected a global heap", offset=address)
        head.take(4)
        size = head.length()
        body = self._file.block(address, size)
        body.take(8 + self._file.length_bytes)
        objects: dict[int, bytes] = {}
        while body.left >= 8 + self._file.length_bytes:
            index = body.number(2)
            body.take(6)
            length = body.length()
            if not index:
                break  # the free space, up to the end
            objects[index] = body.take(length)
            body.align()
        return objects

    def records(self, address: int) -> Iterator[Cursor]:
        """Yields the records of a B-tree of version 2 (section III.A.2)."""
        head = self._file.block(address, 22 + self._file.offset_bytes + self._file.length_bytes)
        if head.take(4) != b"BTHD":
            raise MalformedError("expected a tree of version 2", offset=address)
        head.take(2)
        node_bytes, record_bytes, depth = head.number(4), head.number(2), head.number(2)
        head.take(2)
        root, count = head.address(), head.number(2)
        if root is None:
            return
        if not record_bytes or depth > MAX_LEVELS or node_bytes < record_bytes + 10:
            raise MalformedError("expected a tree of version 2 with records", offset=address)
        shape = _Shape(self._file, node_bytes, record_bytes, depth)
        yield from self._node(root, count, depth, shape)

    def _node(self, address: int, count: int, depth: int, shape: _Shape) -> Iterator[Cursor]:
        self._count()
        body = self._file.block(address, shape.node_bytes)
        if body.take(4) != (b"BTIN" if depth else b"BTLF"):
            raise MalformedError("expected a node of a tree of version 2", offset=address)
        body.take(2)
        for _ in range(count):
            record = body.take(shape.record_bytes)
            yield self._cursor(record)
        if not depth:
            return
        for _ in range(count + 1):
            child = body.address()
            below = body.number(shape.count_bytes[depth - 1])
            if depth > 1:
                body.number(shape.total_bytes[depth - 1])
            if child is not None:
                yield from self._node(child, below, depth - 1, shape)

    def _cursor(self, data: bytes) -> Cursor:
        from telamon.kits.formats.hdf5.layout import Cursor  # noqa: PLC0415  # the type above is enough elsewhere

        return Cursor(self._file, data)


class _Shape:
    """How many records the nodes of a tree of version 2 hold, which decides the widths of its counts."""

    def __init__(self, file: File, node_bytes: int, record_bytes: int, depth: int) -> None:
        self.node_bytes = node_bytes
        self.record_bytes = record_bytes
        most = (node_bytes - 10) // record_bytes
        self.count_bytes = [_width(most)]
        self.total_bytes = [0]
        total = most
        for level in range(1, depth):
            pointer = file.offset_bytes + self.count_bytes[0] + (self.total_bytes[level - 1] if level > 1 else 0)
            here = max((node_bytes - 10 - pointer) // (record_bytes + pointer), 1)
            total = here + (here + 1) * total
            self.count_bytes.append(_width(here))
            self.total_bytes.append(_width(total))


def _width(number: int) -> int:
    return max((number.bit_length() + 7) // 8, 1)


class FractalHeap:
    """Links and attributes of new-style groups, by heap id (section III.G).

    Raises:
        MalformedError: There is no such heap at the address, or its objects are filtered.
    """

    def __init__(self, file: File, address: int) -> None:
        self._file = file
        self._tables: dict[tuple[int, int, int], list[tuple[int, int, int | None]]] = {}
        offset, length = file.offset_bytes, file.length_bytes
        head = file.block(address, 22 + 12 * length + 3 * offset)
        if head.take(4) != b"FRHP":
            raise MalformedError("expected a fractal heap", offset=address)
        head.take(1)
        self.id_bytes = head.number(2)
        if head.number(2):
            raise MalformedError("expected a fractal heap without filters", offset=address)
        self._has_checksums = bool(head.number(1) & 2)
        self._largest = head.number(4)
        head.take(length + offset + length + offset + 8 * length)
        self._width = head.number(2)
        self._first_bytes = head.length()
        self._direct_bytes = head.length()
        self._heap_bits = head.number(2)
        head.number(2)
        self._root = head.address()
        self._rows = head.number(2)
        if not self._width or not self._first_bytes or self._direct_bytes < self._first_bytes:
            raise MalformedError("expected a fractal heap with blocks", offset=address)

    def get(self, heap_id: bytes) -> bytes:
        """Returns the object of an id."""
        kind = heap_id[0] >> 4 & 3 if heap_id else 3
        if kind == 2:  # noqa: PLR2004  # tiny: the object stands in the id
            return heap_id[1 : 2 + (heap_id[0] & 0x0F)]
        if kind != 0:
            raise MalformedError("expected a managed object of a fractal heap")
        offset_bytes, length_bytes = (self._heap_bits + 7) // 8, _width(min(self._direct_bytes, self._largest))
        offset = int.from_bytes(heap_id[1 : 1 + offset_bytes], "little")
        length = int.from_bytes(heap_id[1 + offset_bytes : 1 + offset_bytes + length_bytes], "little")
        if self._root is None:
            raise MalformedError("expected a fractal heap with objects")
        block, start = self._find(self._root, self._rows, 0, offset)
        return self._file.block(block + offset - start, length).data

    def _find(self, address: int, rows: int, start: int, offset: int, levels: int = MAX_LEVELS) -> tuple[int, int]:
        """Return the address of the direct block that holds a heap offset, and the offset at which it starts."""
        if not rows:
            return address, start
        if not levels:
            raise MalformedError("expected a fractal heap of fewer levels", offset=address)
        for at, size, child in self._children(address, rows, start):
            if at <= offset < at + size and child is not None:
                below = self._rows_of(size) if size > self._direct_bytes else 0
                return self._find(child, below, at, offset, levels - 1)
        raise MalformedError("expected an object within its fractal heap", offset=address)

    def _children(self, address: int, rows: int, start: int) -> list[tuple[int, int, int | None]]:
        """Return where each child of an indirect block starts in the heap, how much it spans, and its address."""
        found = self._tables.get((address, rows, start))
        if found is None:
            if rows * self._width > MAX_CHILDREN:
                raise MalformedError(f"expected at most {MAX_CHILDREN} blocks below one", offset=address)
            if len(self._tables) >= MAX_TABLES:
                self._tables.clear()
            head = 5 + self._file.offset_bytes + (self._heap_bits + 7) // 8
            table = self._file.block(address + head, rows * self._width * self._file.offset_bytes)
            found = []
            at = start
            for row in range(rows):
                size = self._first_bytes << max(row - 1, 0)
                for _ in range(self._width):
                    found.append((at, size, table.address()))
                    at += size
            self._tables[address, rows, start] = found
        return found

    def _rows_of(self, size: int) -> int:
        """How many rows an indirect block has that spans `size` bytes."""
        return (size // (self._first_bytes * self._width)).bit_length()

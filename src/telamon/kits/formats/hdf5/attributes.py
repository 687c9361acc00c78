"""Attributes of HDF5 objects: their names, and the texts among their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.kits.formats.hdf5.facts import Attribute
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from telamon.kits.formats.hdf5.heaps import Trees
    from telamon.kits.formats.hdf5.layout import Cursor

_STRING, _VARIABLE = 3, 9  # classes of data types (section IV.A.2.d)
_VARIABLE_STRING: Final = 1
_SHARED_TYPE: Final = 1  # flag of an attribute whose type stands in another object


def read_attribute(path: str, data: Cursor, trees: Trees) -> Attribute:
    """Returns an attribute out of its message (section IV.A.2.m).

    Args:
        path: Of the object.
        data: The message.
        trees: For texts of variable length, which stand in a global heap.

    Raises:
        MalformedError: The message breaks off.
    """
    version = data.number(1)
    flags = data.number(1)
    name_bytes, type_bytes, space_bytes = (data.number(2) for _ in range(3))
    if version == 3:  # noqa: PLR2004  # with a character set
        data.take(1)
    is_padded = version == 1
    name = _taken(data, name_bytes, is_padded=is_padded).split(b"\0", 1)[0].decode("utf-8", "replace")
    kind = _taken(data, type_bytes, is_padded=is_padded)
    _taken(data, space_bytes, is_padded=is_padded)
    if version not in {1, 2, 3}:
        raise MalformedError(f"expected an attribute of version 1 to 3, found {version}")
    value = None if version > 1 and flags & _SHARED_TYPE else _text(kind, data, trees)
    return Attribute(path=path, name=name, value=value)


def _taken(data: Cursor, length: int, *, is_padded: bool) -> bytes:
    taken = data.take(length)
    if is_padded:
        data.take(min(-length % 8, data.left))
    return taken


def _text(kind: bytes, data: Cursor, trees: Trees) -> str | None:
    """The first text of a value, or `None` where its type is another."""
    if len(kind) < 8:  # noqa: PLR2004  # class, bits, size
        raise MalformedError("expected a data type")
    group, size = kind[0] & 0x0F, int.from_bytes(kind[4:8], "little")
    if group == _STRING:
        return _decoded(data.take(min(size, data.left)))
    if group == _VARIABLE and kind[1] & 0x0F == _VARIABLE_STRING and data.left >= size:
        length = data.number(4)
        collection, index = data.address(), data.number(4)
        if collection is None or not index:
            return ""
        return _decoded(trees.global_object(collection, index)[:length])
    return None


def _decoded(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")

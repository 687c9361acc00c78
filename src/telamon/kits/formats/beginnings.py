"""Tells formats that have no signature by how their first bytes must be; the strong ones are never taken for text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.kits.formats.kinds import Kind
from telamon.kits.formats.marshal import begins_bytecode
from telamon.kits.formats.msgpack import begins_msgpack
from telamon.kits.formats.paddle import begins_parameters
from telamon.kits.formats.rds import begins_r
from telamon.kits.formats.torch7 import begins_torch7, begins_torch7_text
from telamon.kits.formats.ubjson import begins_ubjson
from telamon.kits.formats.xgboost_binary import begins_xgboost

if TYPE_CHECKING:
    from collections.abc import Callable

_STRONG: tuple[tuple[Callable[[bytes], bool], Kind], ...] = (
    (begins_ubjson, Kind.UBJSON),
    (begins_torch7, Kind.TORCH7),
    (begins_r, Kind.R_DATA),
    (begins_bytecode, Kind.BYTECODE),
    (begins_parameters, Kind.PADDLE),
)
_WEAK: tuple[tuple[Callable[[bytes], bool], Kind], ...] = (
    (begins_torch7_text, Kind.TORCH7),  # whose bytecode makes it no text
    (begins_xgboost, Kind.XGBOOST),
    (begins_msgpack, Kind.MSGPACK),
)


def kind_of(head: bytes) -> Kind | None:
    """Returns the kind whose beginning nothing else has by chance, `None` where it is no such one."""
    return next((kind for begins, kind in _STRONG if begins(head)), None)


def weak_kind_of(head: bytes) -> Kind | None:
    """Returns the kind of bytes that are nothing else; other contents begin so by chance."""
    return next((kind for begins, kind in _WEAK if begins(head)), None)

"""The abstract values that the pickle machine computes in place of objects: what they would be, never the objects."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from telamon.kits.formats.pickle.limits import UNBOUNDED

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.opcodes import Opcode

Atom: TypeAlias = bool | int | float | str | bytes | None
"""A small immutable constant of the stream, kept as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Global:
    """What a look-up of `module.name` yields.

    Attributes:
        module: The module that is imported, after Python 2 names are mapped; None where a call computes it.
        name: The attribute that is fetched, likewise.
        raw_module: The module as the stream names it (the argument of `find_class`).
        raw_name: The attribute as the stream names it.
        is_path: True where dots in the name are followed (protocol 4 and up), else it is one attribute.
        opcode: GLOBAL, INST or STACK_GLOBAL.
        offset: Byte offset of the first look-up of this name.
    """

    module: str | None
    name: str | None
    raw_module: str | None
    raw_name: str | None
    is_path: bool
    opcode: Opcode
    offset: int


@dataclass(slots=True, kw_only=True, eq=False)
class Result:
    """What a call in the stream returns; compared by identity, as the object would be.

    Attributes:
        callable: What is called.
        arguments: The positional arguments: a tuple `Collection`, or a value that a call computes.
        keywords: The keyword arguments of NEWOBJ_EX, else None.
        opcode: REDUCE, NEWOBJ, NEWOBJ_EX, INST or OBJ.
        offset: Byte offset of that opcode.
        state: The state of the last BUILD on this value; `has_state` says whether there was one.
        depth: How many calls made its callable, as far as they are kept.
    """

    callable: Value
    arguments: Value
    keywords: Value = None
    opcode: Opcode
    offset: int
    state: Value = None
    has_state: bool = False
    depth: int = 0


@dataclass(slots=True, eq=False)
class Clipped:
    """A constant too long to keep whole, or a mutable one: its type, exact length and beginning.

    Attributes:
        type_name: `str`, `bytes`, `int`, `bytearray` or `memoryview`.
        sample: The beginning (of an `int`: nothing).
        length: Exact length in characters, or bytes; of an `int` the bytes of its two's complement.
        start: Where the text of a `str` or the `bytes` begin in the buffer.
        stop: Where it ends.
        encoding: How it is encoded there; empty where it cannot be read again.
    """

    type_name: str
    sample: str | bytes
    length: int
    start: int = 0
    stop: int = 0
    encoding: str = ""


class Kind(enum.Enum):
    """The built-in containers that opcodes make without a call."""

    LIST = "list"
    TUPLE = "tuple"
    DICT = "dict"
    SET = "set"
    FROZENSET = "frozenset"


@dataclass(slots=True, eq=False)
class Collection:
    """A built-in container; it grows while the machine runs, readers leave it alone.

    Attributes:
        kind: Which container it is.
        items: The first items that were put in, at most `Limits.items_kept`; of a dict keys and values in turn.
        count: How many items were put in altogether (of a dict keys and values both); repeated keys count
            again. UNBOUNDED where they were not all looked at.
        is_hashable: Whether it can be a key: False for a tuple that holds, however deep, a list, dict or set.
        hash_steps: How many values hashing it visits, a shared tuple each time it occurs.
        depth: Levels of containers within it, as far as they are kept (see `kept`).
    """

    kind: Kind
    items: list[Value] = field(default_factory=list)
    count: int = 0
    is_hashable: bool = False
    hash_steps: int = 1
    depth: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether `items` holds everything that was put in."""
        return self.count == len(self.items)

    def put(self, items: list[Value], keep: int) -> None:
        """Puts items in, of which those are kept that fit in with `keep` at most."""
        room = keep - len(self.items)
        if room > 0 and self.count == len(self.items):
            fitting = items[: room - room % 2]
            for item in fitting:
                if type(item) is Collection and item.depth >= self.depth:
                    self.depth = item.depth + 1
            self.items += fitting if self.depth <= DEEPEST else self._hollowed(fitting)
        self.count += len(items)

    def _hollowed(self, items: list[Value]) -> list[Value]:
        """Returns items of which those that are very deep have lost their own."""
        self.depth = 1
        return [hollow(item) if type(item) is Collection else item for item in items]

    def get(self, key: str) -> Value:
        """Returns the kept value last put under `key` in a dict; Unknown if there is none."""
        items = self.items
        for index in range(len(items) - 2 + len(items) % 2, -1, -2):
            if items[index] == key and isinstance(items[index], str):
                return items[index + 1]
        return UNKNOWN


DEEPEST = 64
"""Levels of containers kept within each other: nobody looks deeper, and memory would grow with the depth."""


def hollow(value: Collection) -> Collection:
    """Returns a container like another, of which the items are not kept."""
    return Collection(value.kind, [], UNBOUNDED, value.is_hashable, value.hash_steps)


class Forgotten(Collection):
    """A container fetched from a memo that does not keep contents: what is in it is not known."""

    __slots__ = ()

    def __init__(self, kind: Kind, *, is_hashable: bool) -> None:
        super().__init__(kind, [], UNBOUNDED, is_hashable)


@dataclass(slots=True, eq=False)
class Persistent:
    """What the loader's `persistent_load` returns for an id."""

    pid: Value


@dataclass(slots=True, eq=False)
class Extension:
    """What the loader's extension registry (`copyreg`) holds under a code."""

    code: int


@dataclass(slots=True, eq=False)
class Buffer:
    """An out-of-band buffer that the loader hands in."""

    index: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known, or not kept."""


UNKNOWN = Unknown()

Value: TypeAlias = Atom | Clipped | Collection | Global | Result | Persistent | Extension | Buffer | Unknown
Opaque = (Global, Result, Persistent, Extension, Buffer, Unknown)
"""The values that the outside world supplies: they may be any object."""


def is_opaque(value: Value) -> bool:
    """Returns whether the value may be any object, because the outside world supplies it."""
    return isinstance(value, Opaque)


def type_name(value: Value) -> str:
    """Returns the name of the value's built-in type, `object` where the outside world supplies it."""
    if isinstance(value, Collection):
        return value.kind.value
    if isinstance(value, Clipped):
        return value.type_name
    if is_opaque(value):
        return "object"
    return type(value).__name__


def is_hashable(value: Value) -> bool:
    """Returns whether the value can be a dictionary key; opaque values are taken to be."""
    if isinstance(value, Collection):
        return value.is_hashable
    return not (isinstance(value, Clipped) and value.type_name in {"bytearray", "memoryview"})

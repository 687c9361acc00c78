"""What joblib's unpickler reads beside the pickle: arrays that stand raw in the stream (joblib/numpy_pickle.py)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle import Collection, Global, Kind, Nested, Result

if TYPE_CHECKING:
    import mmap

    from telamon.kits.formats.numpy import ItemType
    from telamon.kits.formats.pickle import Skip, Value

# The last was scikit-learn's own copy of joblib, up to release 0.22.
MODULES: Final = frozenset({"joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle"})
WRAPPER: Final = "NumpyArrayWrapper"
MAX_DIMENSIONS: Final = 64  # numpy's NPY_MAXDIMS
ITEM_REFCOUNT: Final = 0x01  # numpy's flag of a dtype whose items are Python objects
FLAGS_AT: Final = 7  # in the state of a dtype: version, order, subtype, names, fields, size, alignment, flags


class JoblibHook:
    """Follows `NumpyUnpickler.load_build`: behind the BUILD of an array wrapper the array itself is read.

    Attributes:
        arrays: How many arrays were passed over.
        odd: Why an array could not be passed over, for the first such one.

    Args:
        buffer: What is scanned.
    """

    def __init__(self, buffer: bytes | mmap.mmap) -> None:
        self._buffer = buffer
        self.arrays = 0
        self.odd = ""

    def acts_on(self, instance: Value) -> bool:
        """Whether `after_build` reads on behind a BUILD of this value."""
        return is_wrapper(instance)

    def after_build(self, instance: Value, state: Value, position: int) -> Skip:
        """Return where the stream goes on behind the array: past its bytes, or behind the pickle of its objects."""
        if not is_wrapper(instance) or not isinstance(state, Collection) or state.kind is not Kind.DICT:
            return None
        self.arrays += 1
        item = dtype_of(state.get("dtype"))
        if item is not None and item.has_object:
            return Nested(position)
        count = count_of(state.get("shape"))
        if item is None or item.item_bytes is None or count is None:
            self.odd = self.odd or "an array whose type or shape the file computes"
            return None
        if state.get("numpy_array_alignment_bytes").__class__ is int:
            if position >= len(self._buffer):
                return position
            position += 1 + self._buffer[position]  # one byte says how many follow it as padding
        return position + count * item.item_bytes


def is_wrapper(instance: Value) -> bool:
    """Whether the value is an instance of joblib's array wrapper."""
    made = instance.callable if isinstance(instance, Result) else None
    return isinstance(made, Global) and made.name == WRAPPER and made.module in MODULES


def count_of(shape: Value) -> int | None:
    """Return the number of items of an array of that shape, or `None` where it is no tuple of lengths.

    >>> count_of(Collection(Kind.TUPLE, [3, 4], 2))
    12
    """
    if not isinstance(shape, Collection) or shape.kind is not Kind.TUPLE or not shape.is_whole:
        return None
    lengths = [item for item in shape.items if isinstance(item, int) and not isinstance(item, bool) and item >= 0]
    return math.prod(lengths) if len(lengths) == shape.count <= MAX_DIMENSIONS else None


def dtype_of(value: Value) -> ItemType | None:
    """Return the item type of a pickled `numpy.dtype`: its code, and the flag that its state carries.

    A dtype in doubt is `None`.
    """
    from telamon.kits.formats.numpy import ItemType, item_type  # noqa: PLC0415  # 5 ms, only where there is an array

    if not isinstance(value, Result) or not isinstance(value.callable, Global) or value.callable.name != "dtype":
        return None
    arguments = value.arguments
    code = arguments.items[0] if isinstance(arguments, Collection) and arguments.items else None
    if not isinstance(code, str):
        return None
    item = item_type(code)
    state = value.state
    is_whole = isinstance(state, Collection) and state.kind is Kind.TUPLE and len(state.items) > FLAGS_AT
    flags = state.items[FLAGS_AT] if isinstance(state, Collection) and is_whole else 0
    if item.has_object or (isinstance(flags, int) and flags & ITEM_REFCOUNT):
        return ItemType(item_bytes=item.item_bytes, has_object=True)
    return item if item.item_bytes is not None else None

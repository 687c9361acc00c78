"""What joblib's unpickler reads beside the pickle: arrays that stand raw in the stream (joblib/numpy_pickle.py)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle import Collection, Global, Kind, Nested, Opcode, Result

if TYPE_CHECKING:
    import mmap

    from telamon.kits.formats.numpy import ItemType
    from telamon.kits.formats.pickle import Skip, Value

# The last was scikit-learn's own copy of joblib, up to release 0.22.
MODULES: Final = frozenset({"joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle"})
WRAPPER: Final = "NumpyArrayWrapper"
WRAPPERS: Final = frozenset({WRAPPER, "NDArrayWrapper", "ZNDArrayWrapper"})  # the older two read other files
KEYS: Final = frozenset({"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"})
MAX_DIMENSIONS: Final = 64  # numpy's NPY_MAXDIMS
MAX_NESTING: Final = 16
ITEM_REFCOUNT: Final = 0x01  # numpy's flag of a dtype whose items are Python objects
# The state of a dtype: version, order, subarray, names, fields, size, alignment, flags (arraydescr_reduce in
# numpy/_core/src/multiarray/descriptor.c).
STATE_LENGTHS: Final = frozenset({8, 9})
SUBARRAY, FIELDS, FLAGS = 2, 4, 7


class JoblibHook:
    """Follows `NumpyUnpickler.load_build`: behind the BUILD of an array wrapper the array itself is read.

    How much is read follows from values of the file. Whatever is not written as joblib and numpy write it is not
    guessed: `odd` says so, and the file counts as not understood.

    Attributes:
        arrays: How many arrays were passed over.
        departs: Where the first array with bytes begins: from there on an unpickler without this hook sees another
            program. `None` where there is none.
        returns: Where the bytes of that array end; where it begins if it is a pickle, which both see.
        odd: Why an array could not be passed over, for the first such one; else empty.

    Args:
        buffer: What is scanned.
    """

    def __init__(self, buffer: bytes | mmap.mmap) -> None:
        self._buffer = buffer
        self.arrays = 0
        self.departs: int | None = None
        self.returns = 0
        self.odd = ""

    def acts_on(self, instance: Value) -> bool:
        """Whether `after_build` reads on behind a BUILD of this value, or finds it odd."""
        return is_wrapper(instance)

    def after_build(self, instance: Value, state: Value, position: int) -> Skip:
        """Return where the stream goes on behind the array: past its bytes, or behind the pickle of its objects."""
        if not is_wrapper(instance):
            return None
        self.arrays += 1
        skip = self._behind_array(instance, state, position)
        if self.departs is None and skip not in {None, position}:
            self.departs = position
            self.returns = skip if isinstance(skip, int) else position
        return skip

    def _behind_array(self, instance: Value, state: Value, position: int) -> Skip:
        if not is_canonical(instance) or not _is_state(state):
            self.odd = self.odd or "an array wrapper that is not written as joblib writes it"
            return None
        item = dtype_of(state.get("dtype")) if isinstance(state, Collection) else None
        count = count_of(state.get("shape")) if isinstance(state, Collection) else None
        if item is None or count is None:
            self.odd = self.odd or "an array whose type or shape is not written as numpy writes it"
            return None
        if item.has_object:
            return Nested(position)
        if isinstance(state, Collection) and isinstance(state.get("numpy_array_alignment_bytes"), int):
            if position >= len(self._buffer):
                return position
            position += 1 + self._buffer[position]  # one byte says how many follow it as padding
        return position + count * (item.item_bytes or 0)


def is_wrapper(instance: Value) -> bool:
    """Whether the value is, or may be, an instance of one of joblib's array wrappers, by whatever path it is named."""
    if not isinstance(instance, Result):
        return False
    named = [instance.callable]
    if isinstance(instance.arguments, Collection):
        named += instance.arguments.items[:2]  # copyreg's functions take the class as an argument
    return any(isinstance(each, Global) and (each.name or "").rpartition(".")[2] in WRAPPERS for each in named)


def is_canonical(instance: Value) -> bool:
    """Whether the value was made as joblib's pickler makes a wrapper: by NEWOBJ of the class under its own name."""
    if not isinstance(instance, Result) or instance.opcode is not Opcode.NEWOBJ:
        return False
    made = instance.callable
    return isinstance(made, Global) and made.name == WRAPPER and made.module in MODULES


def _is_state(state: Value) -> bool:
    """Whether a state is a dictionary with joblib's keys, each once, with values of their types."""
    if not isinstance(state, Collection) or state.kind is not Kind.DICT or not state.is_whole:
        return False
    keys = state.items[::2]
    if any(not isinstance(key, str) or key not in KEYS for key in keys) or len(set(map(str, keys))) != len(keys):
        return False
    alignment = state.get("numpy_array_alignment_bytes")
    is_aligned = "numpy_array_alignment_bytes" in keys
    return not is_aligned or (isinstance(alignment, int) and not isinstance(alignment, bool))


def count_of(shape: Value) -> int | None:
    """Return the number of items of an array of that shape, or `None` where it is no tuple of lengths.

    >>> count_of(Collection(Kind.TUPLE, [3, 4], 2))
    12
    """
    if not isinstance(shape, Collection) or shape.kind is not Kind.TUPLE or not shape.is_whole:
        return None
    lengths = [item for item in shape.items if isinstance(item, int) and not isinstance(item, bool) and item >= 0]
    return math.prod(lengths) if len(lengths) == shape.count <= MAX_DIMENSIONS else None


def dtype_of(value: Value, depth: int = 0) -> ItemType | None:
    """Return the item type of a pickled `numpy.dtype`, or `None` where its parts do not say the same.

    The code, the fields and the flag of the state must agree on whether items are objects: what the loader reads
    follows from the flag, and what it makes of it from the fields.
    """
    if depth > MAX_NESTING or not isinstance(value, Result) or not isinstance(value.arguments, Collection):
        return None
    made, state, code = value.callable, value.state, value.arguments.items[:1]
    if not isinstance(made, Global) or (made.module, made.name) != ("numpy", "dtype"):
        return None
    if not (isinstance(state, Collection) and state.kind is Kind.TUPLE and len(state.items) in STATE_LENGTHS):
        return None
    flags = state.items[FLAGS]
    if not code or not isinstance(code[0], str) or not isinstance(flags, int) or isinstance(flags, bool):
        return None
    from telamon.kits.formats.numpy import ItemType, item_type  # noqa: PLC0415  # most files hold no arrays

    item = item_type(code[0])
    inner = _has_object_inside(state, depth)
    if item.item_bytes is None or inner is None or (item.has_object or inner) != bool(flags & ITEM_REFCOUNT):
        return None
    return ItemType(item_bytes=item.item_bytes, has_object=item.has_object or inner)


def _has_object_inside(state: Collection, depth: int) -> bool | None:
    """Whether a field or the subarray of a dtype holds objects; `None` where one of them is not understood."""
    inside: list[Value] = []
    fields, subarray = state.items[FIELDS], state.items[SUBARRAY]
    if isinstance(fields, Collection) and fields.kind is Kind.DICT and fields.is_whole:
        inside += [
            each.items[0] if isinstance(each, Collection) and each.items else None for each in fields.items[1::2]
        ]
    elif fields is not None:
        return None
    if isinstance(subarray, Collection) and subarray.kind is Kind.TUPLE and subarray.items:
        inside.append(subarray.items[0])
    elif subarray is not None:
        return None
    types = [dtype_of(each, depth + 1) for each in inside]
    if any(each is None for each in types):
        return None
    return any(each is not None and each.has_object for each in types)


def _first(value: Value) -> Value:
    return value.items[0] if isinstance(value, Collection) and value.items else None

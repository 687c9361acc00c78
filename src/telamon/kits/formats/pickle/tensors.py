"""Tensors and arrays as calls in a pickle make them, worked out from the call's arguments without making it.

The calls are those of `torch/_utils.py` (`_rebuild_*`), `numpy/_core/src/multiarray` (`array_reduce`,
`arraydescr_reduce`) and joblib's `NumpyArrayWrapper`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.values import Clipped, Collection, Global, Kind, Persistent, Result, Value
from telamon.kits.formats.source import Source
from telamon.kits.formats.tensor_data import (
    ITEM_BYTES,
    LeftOutError,
    NotRebuiltError,
    StoredTensor,
    column_major,
    row_major,
)
from telamon.kits.formats.weights.dtypes import NUMPY, STORAGES, TORCH
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_UTILS: Final = "torch._utils"
_TENSOR_MODULES: Final = frozenset({"torch._utils", "torch._tensor"})
_UNTYPED: Final = frozenset({("torch", "UntypedStorage"), ("torch.storage", "UntypedStorage")})
_PLAIN_TENSORS: Final = frozenset({("torch", "Tensor"), ("torch.nn.parameter", "Parameter"), ("torch.nn", "Parameter")})
_MULTIARRAY: Final = frozenset({"numpy.core.multiarray", "numpy._core.multiarray"})
_NUMERIC: Final = frozenset({"numpy.core.numeric", "numpy._core.numeric"})
_PID_LENGTHS: Final = frozenset({5, 6})
_STATE_LENGTH: Final = 5
_NO_NUMBERS: Final = frozenset("OSUVMmaT")
_ORDER, _SUBARRAY, _FIELDS = 1, 2, 4

Storages = Callable[[str, int], Source]
"""Given the key of a storage and its length in bytes, returns the bytes; raises `NotRebuiltError`."""


class TorchTensors:
    """The tensors of a torch file.

    Args:
        storages: Finds the bytes of storages.
        is_big: Whether they are big-endian.
    """

    def __init__(self, storages: Storages, *, is_big: bool = False) -> None:
        self._storages = storages
        self._is_big = is_big

    def tensor(self, made: Result) -> StoredTensor | None:
        """Return the tensor that a call makes; see `Rebuilder`."""
        if not isinstance(made.callable, Global) or made.opcode is not Opcode.REDUCE:
            return None
        arguments = _items(made.arguments)
        if made.has_state and made.callable.module in _TENSOR_MODULES:
            raise NotRebuiltError("a tensor is given another state after it is made")
        if made.callable.module != _UTILS:
            named = (made.callable.module, made.callable.name)
            return self._of_type(arguments) if named == ("torch._tensor", "_rebuild_from_type_v2") else None
        match made.callable.name:
            case "_rebuild_tensor":
                return self._rebuilt(arguments[:4], None)
            case "_rebuild_tensor_v2":
                _require_plain(arguments[6] if len(arguments) > 6 else None)  # noqa: PLR2004  # `metadata` is the seventh
                return self._rebuilt(arguments[:4], None)
            case "_rebuild_tensor_v3":
                _require_plain(arguments[7] if len(arguments) > 7 else None)  # noqa: PLR2004  # likewise the eighth
                return self._rebuilt(arguments[:4], arguments[6] if len(arguments) > 6 else None)  # noqa: PLR2004  # dtype
            case "_rebuild_parameter" | "_rebuild_parameter_with_state":
                inner = arguments[0] if arguments else None
                return self.tensor(inner) if isinstance(inner, Result) else None
        raise NotRebuiltError(f"a tensor is made by `{_UTILS}.{printable(made.callable.name or '')}`")

    def _of_type(self, arguments: Sequence[Value]) -> StoredTensor | None:
        """`_rebuild_from_type_v2(function, class, arguments, state)`: a tensor with attributes of its own."""
        if len(arguments) != 4:  # noqa: PLR2004  # as above
            raise NotRebuiltError("a tensor of a type of its own, made oddly")
        function, kind, inner = arguments[:3]
        is_plain = isinstance(kind, Global) and (kind.module, kind.name) in _PLAIN_TENSORS
        if not isinstance(function, Global) or function.module != _UTILS or not is_plain:
            raise NotRebuiltError("a tensor of a subclass, whose bytes mean what the subclass says")
        return self.tensor(Result(callable=function, arguments=inner, opcode=Opcode.REDUCE, offset=0))

    def _rebuilt(self, arguments: Sequence[Value], dtype: Value) -> StoredTensor:
        if len(arguments) != 4:  # noqa: PLR2004  # storage, offset, size, stride
            raise NotRebuiltError("a tensor of which parts are not there")
        stored, offset, size, stride = arguments
        if not isinstance(stored, Persistent):
            raise NotRebuiltError("a tensor without a storage")
        shape, strides = _lengths(size), _lengths(stride)
        if not isinstance(offset, int) or isinstance(offset, bool) or len(shape) != len(strides):
            raise NotRebuiltError("a tensor of which offset, size and stride do not go together")
        key, length = storage_length(stored)
        typed = _storage_of(stored)[1]
        named = typed if dtype is None else _torch_dtype(dtype)
        if named is None:
            raise NotRebuiltError("a storage without a type")
        return StoredTensor(
            dtype=named,
            shape=shape,
            strides=strides,
            offset=offset,
            storage=self._storages(key, length),
            is_big=self._is_big,
        )


def storage_length(stored: Persistent) -> tuple[str, int]:
    """Return the key of a storage, and its length in bytes.

    Raises:
        NotRebuiltError: It is not written as torch writes it.
    """
    key, typed, count = _storage_of(stored)
    return key, count * (1 if typed is None else ITEM_BYTES[typed])


def _storage_of(stored: Persistent) -> tuple[str, str | None, int]:
    """Return key, type and length of a storage; bytes have no type."""
    pid = stored.pid
    parts = _items(pid)
    if len(parts) not in _PID_LENGTHS or parts[0] != "storage":
        raise NotRebuiltError("a persistent id that is not torch's")
    _, kind, key, _, count = parts[:5]
    if len(parts) > 5 and parts[5] is not None:  # noqa: PLR2004  # the view of torch before 0.4
        raise NotRebuiltError("a view of a storage in the form of torch 0.3")
    if not isinstance(key, str) or not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise NotRebuiltError("a storage without a key or a length")
    if not isinstance(kind, Global):
        raise NotRebuiltError("a storage whose type is computed")
    if (kind.module, kind.name) in _UNTYPED:
        return key, None, count
    dtype = STORAGES.get(kind.name or "") if kind.module == "torch" else None
    if dtype is None:
        raise NotRebuiltError(f"safetensors has no type for `{printable(f'{kind.module}.{kind.name}')}`")
    return key, dtype, count


def _torch_dtype(value: Value) -> str:
    named = TORCH.get(value.name or "") if isinstance(value, Global) and value.module == "torch" else None
    if named is None:
        raise NotRebuiltError("a tensor of a type that safetensors does not have")
    return named


def _require_plain(metadata: Value) -> None:
    """Refuse tensors that are stored conjugated or negated: their bytes are not their values."""
    if isinstance(metadata, Collection) and metadata.kind is Kind.DICT:
        if any(item not in {False, None} for item in metadata.items[1::2] if not isinstance(item, Collection)):
            raise NotRebuiltError("a tensor that is stored conjugated or negated")
    elif metadata is not None:
        raise NotRebuiltError("a tensor with metadata that are not followed")


class NumpyArrays:
    """The arrays of a pickle.

    Args:
        source: The bytes that the machine ran on, from the first on.
        start: Where they begin in the machine's buffer.
        raw: Where arrays end that stand raw in the stream, by the identity of what stands for them.
    """

    def __init__(self, source: Source, start: int, raw: dict[int, int]) -> None:
        self._source = source
        self._start = start
        self._raw = raw

    def tensor(self, made: Result) -> StoredTensor | None:
        """Return the array that a call makes; see `Rebuilder`."""
        if not isinstance(made.callable, Global):
            return None
        module, name = made.callable.module or "", made.callable.name or ""
        if id(made) in self._raw:
            return self._wrapped(made)
        if module in _MULTIARRAY and name == "_reconstruct":
            return self._reconstructed(made)
        if module in _NUMERIC and name == "_frombuffer":
            return self._from_buffer(_items(made.arguments))
        if name in {"NumpyArrayWrapper", "NDArrayWrapper", "ZNDArrayWrapper"}:
            if name == "NumpyArrayWrapper":
                raise LeftOutError("an array of objects")
            raise NotRebuiltError("an array that stands in another file")
        return None

    def _wrapped(self, made: Result) -> StoredTensor | None:
        state = made.state
        if not isinstance(state, Collection):
            return None
        dtype, is_big = _numpy_dtype(state.get("dtype"))
        shape = _lengths(state.get("shape"))
        order = state.get("order")
        count = ITEM_BYTES[dtype] * _product(shape)
        stop = self._raw[id(made)] - self._start
        return _array(dtype, shape, self._source.sub(stop - count, count), is_big=is_big, is_column_major=order == "F")

    def _reconstructed(self, made: Result) -> StoredTensor | None:
        state = _items(made.state)
        if len(state) != _STATE_LENGTH:
            raise NotRebuiltError("an array whose state is not written as numpy writes it")
        _, size, kind, is_column_major, data = state
        dtype, is_big = _numpy_dtype(kind)
        return _array(dtype, _lengths(size), self._bytes(data), is_big=is_big, is_column_major=is_column_major is True)

    def _from_buffer(self, arguments: Sequence[Value]) -> StoredTensor:
        if len(arguments) < 3:  # noqa: PLR2004  # buffer, dtype, shape, and the order
            raise NotRebuiltError("an array whose buffer is not written as numpy writes it")
        dtype, is_big = _numpy_dtype(arguments[1])
        is_column_major = len(arguments) > 3 and arguments[3] == "F"  # noqa: PLR2004  # likewise
        shape = _lengths(arguments[2])
        return _array(dtype, shape, self._bytes(arguments[0]), is_big=is_big, is_column_major=is_column_major)

    def _bytes(self, value: Value) -> Source:
        if isinstance(value, bytes):
            return Source.from_bytes(value)
        if isinstance(value, Clipped) and value.type_name in {"bytes", "bytearray"} and value.stop - value.start > 0:
            return self._source.sub(value.start - self._start, value.stop - value.start)
        if isinstance(value, Clipped) and value.length == 0:
            return Source.from_bytes(b"")
        raise NotRebuiltError("an array whose bytes are computed, or objects")


def _array(dtype: str, shape: tuple[int, ...], storage: Source, *, is_big: bool, is_column_major: bool) -> StoredTensor:
    strides = column_major(shape) if is_column_major else row_major(shape)
    return StoredTensor(dtype=dtype, shape=shape, strides=strides, offset=0, storage=storage, is_big=is_big)


def _numpy_dtype(value: Value) -> tuple[str, bool]:
    """Return the type that a pickled `numpy.dtype` is, and whether it is big-endian."""
    if not isinstance(value, Result) or not isinstance(value.callable, Global):
        raise NotRebuiltError("an array whose type is computed")
    code = _items(value.arguments)[:1]
    state = _items(value.state)
    is_dtype = (value.callable.module, value.callable.name) == ("numpy", "dtype")
    if not is_dtype or not code or not isinstance(code[0], str) or len(state) <= _FIELDS:
        raise NotRebuiltError("an array whose type is not written as numpy writes it")
    dtype = NUMPY.get(code[0])
    if state[_SUBARRAY] is not None or state[_FIELDS] is not None or code[0][:1] in _NO_NUMBERS:
        raise LeftOutError("an array of texts, times, records or objects")
    if dtype is None:
        raise NotRebuiltError(f"safetensors has no type for arrays of `{printable(code[0])}`")
    return dtype, state[_ORDER] == ">"


def _items(value: Value) -> Sequence[Value]:
    return value.items if isinstance(value, Collection) and value.kind is Kind.TUPLE and value.is_whole else ()


def _lengths(value: Value) -> tuple[int, ...]:
    """Return a shape or strides: a tuple of numbers, or a `torch.Size` of one."""
    if isinstance(value, Result) and isinstance(value.callable, Global) and value.callable.name == "Size":
        inner = _items(value.arguments)
        value = inner[0] if len(inner) == 1 else None
    if not isinstance(value, Collection) or not value.is_whole:
        raise NotRebuiltError("a shape that is computed")
    lengths = tuple(item for item in value.items if isinstance(item, int) and not isinstance(item, bool) and item >= 0)
    if len(lengths) != value.count:
        raise NotRebuiltError("a shape that holds something else than lengths")
    return lengths


def _product(shape: tuple[int, ...]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count

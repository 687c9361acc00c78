"""Arrays of numpy's own files, and of pickles as joblib and numpy write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.joblib import JoblibHook, is_wrapper
from telamon.kits.formats.numpy import read_npy_header
from telamon.kits.formats.pickle import Ending
from telamon.kits.formats.pickle.contents import contents
from telamon.kits.formats.pickle.tensors import NumpyArrays
from telamon.kits.formats.tensor_data import (
    LeftOutError,
    NotRebuiltError,
    StoredTensor,
    column_major,
    row_major,
)
from telamon.kits.formats.weights.dtypes import NUMPY
from telamon.kits.formats.weights.torch_files import Read, telling
from telamon.kits.formats.weights.tree import ONLY, Flattened, Flattener
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    import mmap
    from collections.abc import Mapping

    from telamon.kits.formats.pickle import Skip, Value
    from telamon.kits.formats.pickle.contents import Called, Contents
    from telamon.kits.formats.source import Source

_NUMBERS: Final = re.compile(r"([<>|=]?)([?biufc]\d{0,2})\Z")


def read_npy(source: Source) -> Read:
    """Return the array of an npy file; one that holds no numbers is left out.

    Raises:
        NotRebuiltError: Its header is not understood.
        SourceError: The file cannot be read.
    """
    return read_npz_members({ONLY: source})


def read_npz_members(members: Mapping[str, Source]) -> Read:
    """Return the arrays of an npz archive; those that hold no numbers are left out.

    Args:
        members: Contents by name.

    Raises:
        NotRebuiltError: A header is not understood.
        SourceError: The file cannot be read.
    """
    found = Flattened()
    calls: set[Called] = set()
    for name, source in members.items():
        short = name.removesuffix(".npy")
        try:
            found.tensors[short] = _array(source)
        except LeftOutError:
            found.left_out.append(short)
            calls |= _calls_of_objects(source)
    return Read(flattened=found, calls=frozenset(calls))


def _calls_of_objects(source: Source) -> frozenset[Called]:
    """Return what the pickle of an array of objects calls, up to its end or to where it breaks off."""
    header = read_npy_header(source)
    if not header.has_object:
        return frozenset()
    window = source.window
    return contents(window.buffer, window.start + header.data_offset, window.end).calls


def _array(source: Source) -> StoredTensor:
    header = read_npy_header(source)
    if not header.is_understood or (header.observations and not header.has_object):
        raise NotRebuiltError("the header of an array is not as numpy writes it, or the array is cut off")
    matched = _NUMBERS.match(header.descriptor)
    if header.has_object or matched is None or header.expected_bytes is None:
        raise LeftOutError("an array of texts, times, records or objects")
    dtype = NUMPY.get(matched[2])
    if dtype is None:
        raise NotRebuiltError(f"safetensors has no type for arrays of `{printable(header.descriptor)}`")
    shape = header.shape
    return StoredTensor(
        dtype=dtype,
        shape=shape,
        strides=column_major(shape) if header.is_fortran_order else row_major(shape),
        offset=0,
        storage=source.sub(header.data_offset, header.expected_bytes),
        is_big=matched[1] == ">",
    )


class _RawArrays(JoblibHook):
    """Joblib's reader, which takes down where raw arrays end."""

    def __init__(self, buffer: bytes | mmap.mmap) -> None:
        super().__init__(buffer)
        self.ends: dict[int, int] = {}
        self._kept: list[Value] = []  # for an identity is one only as long as its object lives

    def after_build(self, instance: Value, state: Value, position: int) -> Skip:
        """Return where the stream goes on behind an array."""
        skip = super().after_build(instance, state, position)
        if isinstance(skip, int) and is_wrapper(instance):
            self.ends[id(instance)] = skip
            self._kept.append(instance)
        return skip


def read_pickle(source: Source) -> Read:
    """Return the arrays of a plain pickle, or of one that joblib wrote.

    Raises:
        NotRebuiltError: They cannot be told.
        SourceError: The file cannot be read.
    """
    window = source.window
    hook = _RawArrays(window.buffer)
    made = contents(window.buffer, window.start, window.end, hook=hook)
    with telling(made):
        _require_whole(made, hook.odd, window.end)
        rebuilder = NumpyArrays(source, window.start, hook.ends)
        flattened = Flattener(made, rebuilder).flatten(made.stream.value)
    return Read(flattened=flattened, calls=made.calls)


def _require_whole(made: Contents, odd: str, end: int) -> None:
    """Refuse programs that loaders may see differently, or that are not all there is."""
    if made.stream.ending is not Ending.STOP:
        raise NotRebuiltError(f"the program breaks off: {made.stream.message}")
    asked = sorted({*made.asks, *(("persistent ids",) if made.persistent else ())})
    if odd or asked:
        raise NotRebuiltError(odd or f"the program asks for {', '.join(asked)}")
    if made.stream.end != end:
        raise NotRebuiltError("other bytes follow the program")
    if made.stream.overrun is not None:
        raise NotRebuiltError("a frame means different programs to different loaders")

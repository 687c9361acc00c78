"""Writes npz archives: a zip of npy files, stored (numpy.lib.format, version 1.0)."""

from __future__ import annotations

import zipfile
from typing import IO, TYPE_CHECKING, Final

from telamon.kits.formats.tensor_data import NotRebuiltError
from telamon.kits.formats.weights.dtypes import NUMPY
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telamon.kits.formats.safetensors_writer import Writable

_ALIGNMENT: Final = 64
_LENGTH_BYTES: Final = 2
_CODES: Final = {dtype: code for code, dtype in NUMPY.items() if code != "?"}
_ONE_BYTE: Final = frozenset({"b1", "i1", "u1"})


def write_npz(file: IO[bytes], tensors: Mapping[str, Writable]) -> int:
    """Write tensors and return the length of the file. The same tensors give the same bytes.

    Raises:
        NotRebuiltError: numpy has no such type, or a name cannot be that of a member.
        OSError: The file cannot be written.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, tensor in tensors.items():
            if tensor.dtype not in _CODES:
                raise NotRebuiltError(f"numpy has no type for the tensor `{printable(name)}` ({tensor.dtype})")
            if "\0" in name or name.startswith("/") or ".." in name.split("/"):
                raise NotRebuiltError(f"the name `{printable(name)}` cannot be that of a member of an archive")
            member = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(member, "w", force_zip64=True) as inner:
                inner.write(_header(_CODES[tensor.dtype], tensor.shape))
                for chunk in tensor.chunks():
                    inner.write(chunk)
    return file.tell()


def _header(code: str, shape: tuple[int, ...]) -> bytes:
    order = "|" if code in _ONE_BYTE else "<"
    text = f"{{'descr': '{order}{code}', 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    start = len(b"\x93NUMPY\x01\x00") + _LENGTH_BYTES
    text += b" " * (-(start + len(text) + 1) % _ALIGNMENT) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(_LENGTH_BYTES, "little") + text

"""A torch archive of a state dictionary, written byte by byte: what `torch.save` writes, without torch."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from dataclasses import dataclass

from telamon.kits.attacks.pickles import EMPTY_TUPLE, MARK, REDUCE, SETITEMS, TUPLE, Program

BINPERSID = b"Q"
NEWFALSE = b"\x89"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A matrix of 32-bit floats.

    Attributes:
        name: Key in the state dictionary.
        rows: Length of the first dimension.
        columns: Length of the second.
    """

    name: str
    rows: int
    columns: int


def write_state_dict(tensors: tuple[Tensor, ...], *, seed: int, payload: Program | None = None) -> bytes:
    """Return a torch archive of those tensors, filled with Gaussian numbers.

    Args:
        tensors: Names and shapes.
        seed: Of the numbers.
        payload: What a trojaned copy pushes as one more value; it runs when the archive is loaded.
    """
    program = Program(protocol=2).global_("collections", "OrderedDict").raw(EMPTY_TUPLE + REDUCE + MARK)
    for number, tensor in enumerate(tensors):
        program = program.text(tensor.name).raw(_tensor(tensor, number))
    if payload is not None:
        program = program.text("calibration").raw(payload.body)
    numbers = random.Random(seed)  # noqa: S311  # a model's numbers, not a secret
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("model/data.pkl"), program.raw(SETITEMS).finished())
        archive.writestr(zipfile.ZipInfo("model/byteorder"), b"little")
        for number, tensor in enumerate(tensors):
            values = [numbers.gauss(0, 0.1) for _ in range(tensor.rows * tensor.columns)]
            archive.writestr(zipfile.ZipInfo(f"model/data/{number}"), struct.pack(f"<{len(values)}f", *values))
        archive.writestr(zipfile.ZipInfo("model/version"), b"3\n")
    return buffer.getvalue()


def _tensor(tensor: Tensor, number: int) -> bytes:
    """`_rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks)` (torch/_utils.py)."""
    storage = Program().raw(MARK).text("storage").global_("torch", "FloatStorage").text(str(number)).text("cpu")
    storage = storage.raw(_integer(tensor.rows * tensor.columns) + TUPLE + BINPERSID)
    shape = MARK + _integer(tensor.rows) + _integer(tensor.columns) + TUPLE
    stride = MARK + _integer(tensor.columns) + _integer(1) + TUPLE
    hooks = Program().global_("collections", "OrderedDict").raw(EMPTY_TUPLE + REDUCE)
    call = Program().global_("torch._utils", "_rebuild_tensor_v2").raw(MARK + storage.body + _integer(0))
    return call.raw(shape + stride + NEWFALSE + hooks.body + TUPLE + REDUCE).body


def _integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)

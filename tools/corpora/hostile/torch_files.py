"""torch files: today's archives, TorchScript, packages, and the two formats before them."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING, Final

from corpora.assembly import harmless, model, pushed, shell
from corpora.case import Case, Expectation, Technique
from corpora.hostile.envelopes import tar_of, torch_members, torch_zip, zip_of
from telamon.kits.attacks.pickles import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAGIC: Final = bytes.fromhex("6cfc9c46f9206aa85019")
SOURCE: Final = b"class Net(Module):\n  __parameters__ = []\n  def forward(self, x: Tensor) -> Tensor:\n    return x\n"
SYSTEM: Final = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def cases() -> Iterator[Case]:
    """Yield archives, then old formats."""
    for name, layout in ARCHIVES.items():
        yield Case(
            name=name,
            technique=Technique.TORCH_ZIP,
            data=layout(model(shell(2))),
            twin=layout(model(harmless(2))),
            file_name="model.pt",
        )
    # No twin: a pickle in the place of TorchScript code is not understood.
    yield Case(
        name="other-member-in-code",
        technique=Technique.TORCH_ZIP,
        data=_with("archive/code/x.py", model(shell(2))),
        file_name="model.pt",
    )
    forward = b"class Net(Module):\n  def forward(self, x: Tensor) -> Tensor:\n"
    saves = forward + b'    ops.aten.save([x], "telamon-canary")\n    return x\n'
    yield Case(
        name="torchscript-code-writes-a-file",
        technique=Technique.TORCH_ZIP,
        data=_script(model(harmless(2)), code=saves),
        twin=_script(model(harmless(2))),
        expectation=Expectation.FLAGGED,
    )
    for position, name in enumerate(("magic", "protocol", "system", "object", "keys")):
        yield Case(
            name=f"legacy-{name}",
            technique=Technique.TORCH_OLD,
            data=legacy(position, shell(2)),
            twin=legacy(position, harmless(2)) if position > 1 else None,
            file_name="model.pth",
        )
    yield Case(
        name="legacy-text-magic",
        technique=Technique.TORCH_OLD,
        data=b"L119547037146038801333356L\n." + model(shell(2)),
        file_name="model.pth",
    )
    for name in ("storages", "tensors", "pickle"):
        yield Case(
            name=f"tar-{name}",
            technique=Technique.TORCH_OLD,
            data=tar(name, shell(2)),
            twin=tar(name, harmless(2)),
            file_name="model.pth.tar",
        )
    yield Case(
        name="tar-storages-second-pickle",
        technique=Technique.TORCH_OLD,
        data=tar_of({"storages": b"\x80\x02K\x01." + model(shell(2)), "tensors": b"\x80\x02K\x00.", "pickle": model()}),
    )


def state_dict(payload: Program) -> bytes:
    """Return a state dictionary of one tensor, as `torch.save` pickles it, with a program among its entries."""
    storage = Program().raw(pushed(("storage", Program().global_("torch", "FloatStorage"), "0", "cpu", 16)) + b"Q")
    tensor = Program().global_("torch._utils", "_rebuild_tensor_v2")
    hooks = Program().call("collections", "OrderedDict")
    tensor = tensor.raw(pushed((storage, 0, (4, 4), (4, 1), False, hooks)) + b"R")
    entries = pushed("weight") + tensor.body + pushed("extra") + payload.body
    return Program().call("collections", "OrderedDict").raw(b"(" + entries + b"u").finished()


def legacy(position: int, payload: Program) -> bytes:
    """Return a file of torch before 1.6 with the payload in one of its five pickles."""
    values: list[object] = [0x1950A86A20F9469CFC6C, 1001, SYSTEM, {"weight": 0.5}, ["0"]]
    pickles = [Program().raw(pushed(value)).finished() for value in values]
    pickles[0] = b"\x80\x02\x8a\x0a" + MAGIC + b"."
    extra = payload.body + b"0"
    pickles[position] = pickles[position][:-1] + extra + b"."
    return b"".join(pickles) + struct.pack("<q", 4) + bytes(16)


def tar(member: str, payload: Program) -> bytes:
    """Return a file of torch's first format, a tar, with the payload in one of its members."""
    members = {
        "sys_info": Program().raw(pushed(SYSTEM)).finished(),
        "storages": b"\x80\x02K\x00." + b"\x80\x02].",
        "tensors": b"\x80\x02K\x00.",
        "pickle": Program().raw(pushed({"weight": 0.5})).finished(),
    }
    members[member] = b"\x80\x02" + payload.body + b"0" + members[member][2:]
    return tar_of(members)


def _script(
    data: bytes, *, constants: bytes = b"\x80\x02).", debug: bytes = b"\x80\x02).", code: bytes = SOURCE
) -> bytes:
    return zip_of(
        {
            "net/data.pkl": data,
            "net/byteorder": b"little",
            "net/code/__torch__.py": code,
            "net/code/__torch__.py.debug_pkl": debug,
            "net/constants.pkl": constants,
            "net/version": b"3\n",
        }
    )


def _with(name: str, pickle: bytes) -> bytes:
    return zip_of({**torch_members(model(harmless(2))), name: pickle})


ARCHIVES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "data-pkl": torch_zip,
    "data-pkl-deflated": lambda pickle: zip_of(torch_members(pickle), method=zipfile.ZIP_DEFLATED),
    "data-pkl-in-another-root": lambda pickle: zip_of(torch_members(pickle, "b c")),
    "data-pkl-at-the-top": lambda pickle: zip_of({"data.pkl": pickle, "version": b"3\n"}),
    "data-pkl-upper-case": lambda pickle: zip_of({"archive/DATA.PKL": pickle, "archive/version": b"3\n"}),
    "data-pkl-last": lambda pickle: zip_of(
        {"archive/version": b"3\n", "archive/data/0": bytes(64), "archive/data.pkl": pickle}
    ),
    "other-member": lambda pickle: _with("archive/optimizer.pkl", pickle),
    "other-member-without-suffix": lambda pickle: _with("archive/optimizer", pickle),
    "other-member-as-text": lambda pickle: _with("archive/README.txt", pickle),
    "other-member-as-picture": lambda pickle: _with("archive/picture.png", pickle),
    "other-member-below-data": lambda pickle: _with("archive/data/model", pickle),
    "other-member-beside-the-root": lambda pickle: _with("other/data.pkl", pickle),
    "torchscript-data": _script,
    "torchscript-constants": lambda pickle: _script(model(), constants=pickle),
    "torchscript-debug": lambda pickle: _script(model(), debug=pickle),
    "torchscript-attributes": lambda pickle: zip_of({"net/model.json": b"{}", "net/attributes.pkl": pickle}),
    "torchscript-lite-bytecode": lambda pickle: zip_of({"net/data.pkl": model(), "net/bytecode.pkl": pickle}),
    "package": lambda pickle: zip_of(
        {"p/.data/version": b"6\n", "p/.data/extern_modules": b"", "p/model/model.pkl": pickle}
    ),
    "model-archive": lambda pickle: zip_of(
        {"MAR-INF/MANIFEST.json": b"{}", "handler.py": b"", "model.pt": torch_zip(pickle)}
    ),
    "checkpoint-of-three-shards": lambda pickle: zip_of(
        {"s-1.bin": torch_zip(model()), "s-2.bin": torch_zip(model()), "s-3.bin": torch_zip(pickle)}
    ),
    "distributed-checkpoint-metadata": lambda pickle: zip_of({".metadata": pickle, "__0_0.distcp": torch_zip(model())}),
}

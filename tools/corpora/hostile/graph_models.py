"""Graphs of Core ML, PaddlePaddle, MXNet, CNTK, ExecuTorch and TensorRT that call what is not theirs; and programs."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, Final

from corpora.case import Case, Expectation, Technique
from corpora.messages import field
from corpora.model_bytes import Table, flatbuffer

if TYPE_CHECKING:
    from collections.abc import Iterator

FLAGGED, REFUSED = Expectation.FLAGGED, Expectation.REFUSED
PADDLE_OPERATORS: Final = (
    *("py_func", "py_layer", "save", "save_combine", "load", "load_combine", "read_file", "send", "recv"),
    *("listen_and_serv", "heter_listen_and_serv", "gen_nccl_id", "distributed_lookup_table", "seed_file"),
)
ELF: Final = b"\x7fELF\2\1\1" + bytes(57)
PE: Final = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64) + b"PE\0\0" + bytes(60)
MACHO: Final = b"\xcf\xfa\xed\xfe" + bytes(60)
LAYER: Final = field(1, "ip") + field(2, "x") + field(3, "y") + field(140, field(1, 3))


def coreml(kind: int, model: bytes) -> bytes:
    """Return a Core ML model of one type."""
    return field(1, 4) + field(2, field(1, field(1, "x"))) + field(kind, model)


def milled(operation: bytes) -> bytes:
    """Return a Core ML program of one operation."""
    block = field(2, "y") + field(3, operation)
    function = field(1, field(1, "x")) + field(2, "CoreML6") + field(3, field(1, "CoreML6") + field(2, block))
    return coreml(502, field(1, 1) + field(2, field(1, "main") + field(2, function)))


def constant(path: str) -> bytes:
    """Return an operation whose value stands in a file."""
    value = field(5, field(1, path) + field(2, 64))
    return field(1, "const") + field(3, field(1, "w")) + field(5, field(1, "val") + field(2, value))


def paddle(operator: str, path: str = "") -> bytes:
    """Return a program of PaddlePaddle of one operator."""
    attribute = field(4, field(1, "file_path") + field(2, 2) + field(5, path)) if path else b""
    block = field(1, 0) + field(2, 0) + field(3, field(1, "x")) + field(4, field(3, operator) + attribute)
    return field(1, block) + field(4, field(1, 0))


def paddle_json(operator: str) -> bytes:
    """Return a program in the form of PaddlePaddle 3."""
    made: dict[str, Any] = {"base_code": {"magic": "pir", "version": 3}}
    made["program"] = {"regions": [{"blocks": [{"ops": [{"#": f"1.{operator}", "I": [], "O": [], "A": []}]}]}]}
    return json.dumps(made).encode()


def symbol(*nodes: dict[str, Any], heads: tuple[list[int], ...] = ([1, 0, 0],)) -> bytes:
    """Return a graph of MXNet that begins with an argument."""
    given = [{"op": "null", "name": "data", "inputs": []}, *nodes]
    return json.dumps({"nodes": given, "arg_nodes": [0], "heads": heads}).encode()


def dictionary(**values: str) -> bytes:
    """Return a model of CNTK: a dictionary of texts."""
    entries = {"root": "x", "uid": "y", **values}
    return field(1, 1) + b"".join(
        field(2, field(1, key) + field(2, field(1, 1) + field(8, text))) for key, text in entries.items()
    )


def executorch(**changes: Any) -> bytes:
    """Return a program of ExecuTorch of one operator; changes of its tables by their names."""
    arguments: Table = {0: changes.get("called", 0), 1: changes.get("values", (0, 1))}
    plan: Table = {
        0: "forward",
        2: [{0: 1}, {0: 1}],
        3: changes.get("inputs", (0,)),
        4: (1,),
        5: [{2: [{0: 1, 1: arguments}]}],
        6: [{0: changes.get("operator", "aten::add"), 1: "out"}],
        7: [{0: changes.get("delegate", "XnnpackBackend")}],
    }
    return flatbuffer({0: 1, 1: [plan], 4: [{0: changes.get("offset", 0), 1: 8}]}, b"ET12")


def parameters(length: int = 2) -> bytes:
    """Return a list of one array of two numbers of MXNet, which may state another length."""
    array = struct.pack("<IiiqiiI", 0xF993FAC9, 0, 1, length, 1, 0, 0) + bytes(8)
    return struct.pack("<QQQ", 0x112, 0, 1) + array + struct.pack("<QQ", 1, 5) + b"arg:w"


def tensor(length: int = 2) -> bytes:
    """Return a tensor of two numbers of PaddlePaddle, which may state another length."""
    described = field(1, 5) + field(2, length)
    return struct.pack("<IQIi", 0, 0, 0, len(described)) + described + bytes(8)


def cases() -> Iterator[Case]:
    """Yield graphs in each form, then programs in the place of models."""
    yield from _coreml()
    for operator in PADDLE_OPERATORS:
        yield _case(f"paddle: {operator}", paddle(operator, "../x"), paddle("matmul_v2"), "inference.pdmodel")
        yield _case(f"paddle json: {operator}", paddle_json(operator), paddle_json("matmul"), "inference.json")
    yield _case("paddle: tensor cut", tensor(9), tensor(), "inference.pdiparams", REFUSED)
    yield from _mxnet()
    for key in ("module", "deserialize_method", "class", "native_udf_module", "user_defined_state"):
        yield _case(f"cntk: {key}", dictionary(**{key: "evil.code"}), dictionary(name="z"), "model.cntk")
    yield from _executorch()
    engine = b"ftrt" + bytes(60) + b"EvilPlugin\0"
    yield _case("tensorrt: plug-in", engine, None, "model.engine", REFUSED)
    yield from _programs()


def _coreml() -> Iterator[Case]:
    network = coreml(500, field(1, LAYER))
    custom = field(1, "c") + field(500, field(10, "EvilLayer"))
    for name, data in (
        ("custom model", coreml(555, field(10, "EvilModel"))),
        ("custom layer", coreml(500, field(1, LAYER) + field(1, custom))),
        ("custom layer of a classifier", coreml(403, field(1, custom))),
        ("custom layer in a branch", coreml(500, field(1, field(1, "b") + field(600, field(1, field(1, custom)))))),
        ("custom layer in a loop", coreml(500, field(1, field(1, "l") + field(605, field(4, field(1, custom)))))),
        ("custom layer in a pipeline", coreml(202, field(1, coreml(500, field(1, custom))))),
        ("custom layer in a classifier of several", coreml(200, field(1, field(1, coreml(500, field(1, custom)))))),
        ("unknown type", coreml(500, field(1, LAYER)) + field(999, b"")),
        ("model without a public form", coreml(3000, field(1, "x"))),
        ("operation of the application", milled(field(1, "custom_evil"))),
    ):
        yield _case(f"coreml: {name}", data, network, "model.mlmodel", REFUSED)
    for path in ("../../weights.bin", "/etc/passwd", "@model_path/../../x", "https://example.invalid/w"):
        twin = milled(constant("@model_path/weights/weight.bin"))
        yield _case(f"coreml: weights at {path}", milled(constant(path)), twin, "model.mlmodel")
    linked = coreml(556, field(1, field(1, field(1, "../other"))))
    yield _case("coreml: linked model", linked, network, "model.mlmodel")
    for path in ("../../evil.mlmodel", "/etc/passwd"):
        manifest = {"fileFormatVersion": "1.0.0", "itemInfoEntries": {"A": {"name": "m", "path": path}}}
        twin = json.dumps({**manifest, "itemInfoEntries": {"A": {"path": "com.apple.CoreML/model.mlmodel"}}}).encode()
        yield _case(f"coreml: item at {path}", json.dumps(manifest).encode(), twin, "Manifest.json")


def _mxnet() -> Iterator[Case]:
    plain = symbol({"op": "relu", "name": "r", "inputs": [[0, 0, 0]]})
    for name, node in (
        ("custom operator", {"op": "Custom", "name": "c", "attrs": {"op_type": "evil"}, "inputs": [[0, 0, 0]]}),
        ("custom operator of old", {"op": "_Native", "name": "c", "param": {"info": "1"}, "inputs": [[0, 0]]}),
        ("custom function", {"op": "_CustomFunction", "name": "c", "inputs": [[0, 0, 0]]}),
        ("library", {"op": "relu", "name": "r", "attrs": {"path": "./evil.so"}, "inputs": [[0, 0, 0]]}),
        ("input that comes later", {"op": "relu", "name": "r", "inputs": [[5, 0, 0]]}),
        ("input that is no number", {"op": "relu", "name": "r", "inputs": [["0", 0, 0]]}),
    ):
        yield _case(f"mxnet: {name}", symbol(node), plain, "model-symbol.json")
    inner = json.loads(symbol({"op": "Custom", "name": "c", "inputs": [[0, 0, 0]]}))
    outer = {"op": "_foreach", "name": "f", "inputs": [[0, 0, 0]], "subgraphs": [inner]}
    yield _case("mxnet: custom operator in a graph within", symbol(outer), plain, "model-symbol.json")
    yield _case("mxnet: head outside", symbol(heads=([7, 0, 0],)), plain, "model-symbol.json")
    yield _case("mxnet: array cut", parameters(9), parameters(), "model-0000.params", REFUSED)


def _executorch() -> Iterator[Case]:
    plain = executorch()
    for name, data in (
        ("operator outside", executorch(called=9)),
        ("argument outside", executorch(values=(0, 99))),
        ("argument below zero", executorch(values=(-1,))),
        ("input outside", executorch(inputs=(7,))),
        ("segment outside", executorch(offset=1 << 40)),
    ):
        yield _case(f"executorch: {name}", data, plain, "model.pte")
    yield _case("executorch: operator of strangers", executorch(operator="evil::run"), plain, "model.pte", REFUSED)
    yield _case("executorch: backend of strangers", executorch(delegate="EvilBackend"), plain, "model.pte", REFUSED)
    yield _case("executorch: cut", plain[:60], plain, "model.pte", REFUSED)


def _programs() -> Iterator[Case]:
    for kind, data in (("ELF", ELF), ("PE", PE), ("Mach-O", MACHO)):
        for name in ("model.safetensors", "model.gguf", "pytorch_model.bin"):
            yield _case(f"{kind} called {name}", data, None, name)
        yield _case(f"{kind} called model.dat", data, None, "model.dat", REFUSED)
        yield _case(f"{kind} library", data, None, "libmodel.so.1", REFUSED)
    yield _case("llamafile", b"MZqFpD='\n" + bytes(100), None, "model.llamafile", REFUSED)
    yield _case("rknn", b"RKNN" + bytes(100), None, "model.rknn", REFUSED)


def _case(
    name: str, data: bytes, twin: bytes | None, file_name: str, expectation: Expectation = Expectation.FLAGGED
) -> Case:
    return Case(
        name=name, technique=Technique.GRAPHS, data=data, expectation=expectation, twin=twin, file_name=file_name
    )

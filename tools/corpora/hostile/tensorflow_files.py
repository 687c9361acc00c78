"""TensorFlow graphs and TFLite models: operations that reach files, the network or Python."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from corpora.case import Case, Technique
from corpora.messages import field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REACHING: Final = (
    *("PyFunc", "PyFuncStateless", "EagerPyFunc", "WriteFile", "ReadFile", "MatchingFiles", "TextLineDataset"),
    *("SaveDatasetV2", "LoadDataset", "DebugIdentityV2", "DataServiceDatasetV4", "RpcCall", "SqlDataset"),
)


def node(name: str, more: bytes = b"") -> bytes:
    """Return a node of a graph."""
    return field(1, "n") + field(2, name) + more


def printing(*streams: str) -> bytes:
    """Return a node that prints; of several streams, which are merged, the last counts."""
    value = b"".join(field(2, stream) for stream in streams)
    return node("PrintV2", field(5, field(1, "output_stream") + field(2, value)))


def graph(*nodes: bytes, functions: tuple[bytes, ...] = ()) -> bytes:
    """Return a graph, with each of `functions` in a function of its own."""
    library = b"".join(field(1, field(1, field(1, "f")) + field(3, made)) for made in functions)
    return b"".join(field(1, made) for made in nodes) + field(2, library)


def saved_model(content: bytes) -> bytes:
    """Return a SavedModel of one graph."""
    return field(1, 1) + field(2, field(1, field(5, "2.20.0")) + field(2, content))


def tflite(*names: str, tail: bytes = b"") -> bytes:
    """Return a TFLite model of nothing but custom operators."""
    vtable = struct.pack("<HHHH", 8, 8, 0, 4)
    body = bytearray(struct.pack("<I", 16) + b"TFL3" + vtable + struct.pack("<iI", 8, 4))
    body += struct.pack("<I", len(names)) + bytes(4 * len(names))
    for index, name in enumerate(names):
        slot = 28 + 4 * index
        struct.pack_into("<I", body, slot, len(body) + 8 - slot)
        body += vtable + struct.pack("<iII", 8, 4, len(name)) + name.encode() + b"\0"
        body += bytes(-len(body) % 4)
    return bytes(body) + tail


PLACES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "saved-model": lambda made: saved_model(graph(node("MatMul"), made)),
    "function": lambda made: saved_model(graph(node("MatMul"), functions=(node("AddV2"), made))),
    "meta-graph": lambda made: field(1, field(5, "1.15.0")) + field(2, graph(node("MatMul"), made)),
    "graph": lambda made: graph(node("MatMul"), made),
    "graph-that-is-a-saved-model": lambda made: field(1, node("MatMul")) + field(2, field(2, graph(made))),
}
HARMLESS: Final = node("SaveV2")


def cases() -> Iterator[Case]:
    """Yield every operation in every place, then ways to print, and operators of TFLite."""
    nodes = {name: node(name) for name in REACHING}
    nodes["print-to-a-file"] = printing("file:///telamon-canary")
    nodes["print-to-a-file-behind-another-stream"] = printing("stderr", "file:///telamon-canary")
    nodes["name-behind-another"] = node("MatMul") + field(2, "WriteFile")
    nodes["number-for-the-name"] = node("WriteFile") + field(2, 0)
    for place, put in PLACES.items():
        for name, made in nodes.items():
            yield _case(f"{name} in {place}", put(made), put(HARMLESS), "saved_model.pb")
    for name in REACHING:
        yield _case(f"flex-{name}", tflite("", f"Flex{name}"), tflite("", "FlexMatMul"), "model.tflite")
    tail = b"file:///telamon-canary\0"
    yield _case("flex-print-to-a-file", tflite("FlexPrintV2", tail=tail), tflite("FlexPrintV2"), "model.tflite")


def _case(name: str, data: bytes, twin: bytes, file_name: str) -> Case:
    return Case(name=name, technique=Technique.TENSORFLOW, data=data, twin=twin, file_name=file_name)

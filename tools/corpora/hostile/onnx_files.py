"""ONNX models: tensors whose bytes stand outside, operators that run Python, and a second reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpora.case import Case, Technique
from corpora.messages import field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OUTSIDE: Final = {
    "climbing (CVE-2022-25882)": "../../../etc/passwd",
    "climbing-from-a-folder (CVE-2024-27318)": "weights/../../secret",
    "absolute": "/etc/passwd",
    "a-drive": "C:\\Windows\\win.ini",
    "a-share": "\\\\example.invalid\\share\\x",
    "an-address": "https://example.invalid/x",
    "a-file-address": "file:///etc/passwd",
    "a-home": "~/.ssh/id_ed25519",
}


def operator(name: str, domain: str = "", *attributes: bytes) -> bytes:
    """Return a node."""
    return field(1, "x") + field(2, "y") + field(4, name) + b"".join(attributes) + field(7, domain)


def graph(*nodes: bytes, more: bytes = b"") -> bytes:
    """Return a graph."""
    return b"".join(field(1, node) for node in nodes) + field(2, "g") + more


def model(content: bytes, more: bytes = b"") -> bytes:
    """Return a model of a graph."""
    return field(1, 8) + field(7, content) + field(8, field(2, 17)) + more


def tensor(location: str) -> bytes:
    """Return a tensor whose bytes stand in another file."""
    return field(8, "w") + field(13, field(1, "location") + field(2, location)) + field(14, 1)


TENSOR_PLACES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "initializer": lambda made: model(graph(operator("Relu"), more=field(5, made))),
    "sparse": lambda made: model(graph(operator("Relu"), more=field(15, field(1, made)))),
    "attribute": lambda made: model(graph(operator("Constant", "", field(5, field(1, "value") + field(5, made))))),
    "subgraph": lambda made: model(graph(operator("If", "", field(5, field(6, graph(more=field(5, made))))))),
    "function": lambda made: model(
        graph(operator("f", "l")),
        field(25, field(1, "f") + field(7, operator("Constant", "", field(5, field(5, made)))) + field(10, "l")),
    ),
    "training": lambda made: model(graph(operator("Relu")), field(20, field(1, graph(more=field(5, made))))),
}
PYTHON: Final = operator("PyOp", "ai.onnx.contrib")
PYTHON_PLACES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "graph": lambda made: model(graph(made)),
    "subgraph": lambda made: model(graph(operator("If", "", field(5, field(6, graph(made)))))),
    "list-of-graphs": lambda made: model(graph(operator("Scan", "", field(5, field(11, graph(made)))))),
    "function": lambda made: model(
        graph(operator("f", "l")), field(25, field(1, "f") + field(7, made) + field(10, "l"))
    ),
    "training": lambda made: model(graph(operator("Relu")), field(20, field(2, graph(made)))),
    "second-graph": lambda made: model(graph(operator("Relu")), field(7, graph(made))),
    "number-for-the-name": lambda made: model(graph(made + field(4, 0))),
}


def cases() -> Iterator[Case]:
    """Yield every place for every path, then every place for a Python function."""
    for place, put in TENSOR_PLACES.items():
        for name, location in OUTSIDE.items():
            yield _case(f"{name} in {place}", put(tensor(location)), put(tensor("model.onnx.data")))
    for place, put in PYTHON_PLACES.items():
        yield _case(f"python-function in {place}", put(PYTHON), put(operator("Relu")))


def _case(name: str, data: bytes, twin: bytes) -> Case:
    return Case(name=name, technique=Technique.ONNX, data=data, twin=twin, file_name="model.onnx")

"""Reads MXNet's parameters (a list of arrays with names) and symbols (a graph in JSON)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from telamon.kits.formats.cursor import Cursor
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.kits.formats.json_tree import Json
    from telamon.kits.formats.source import Source

MAGIC: Final = (0x112).to_bytes(8, "little")
MAX_DIMENSIONS: Final = 32  # shapes of more are of no operator; numpy's limit was the same
MAX_FLAWS: Final = 50
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA  # src/ndarray/ndarray.cc
_ITEM_BYTES: Final = {0: 4, 1: 8, 2: 2, 3: 1, 4: 4, 5: 1, 6: 8, 7: 1, 8: 2, 9: 2, 10: 4, 11: 8, 12: 2}
_AUXILIARY: Final = {-1: 0, 0: 0, 1: 1, 2: 2}  # dense, row-sparse, compressed rows


def read_parameters(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> tuple[str, ...]:
    """Returns the names of the arrays.

    Raises:
        MalformedError: An array is not as long as it says, or says what cannot be.
        SourceError: The file cannot be read.
    """
    cursor = Cursor(source, is_late=is_late)
    if cursor.take(8) != MAGIC:
        raise MalformedError("expected the magic number", offset=0)
    cursor.skip(8)
    arrays = cursor.count("Q", "arrays", item_bytes=4)
    for _ in range(arrays):
        cursor.step()
        _array(cursor)
    names = []
    for _ in range(cursor.count("Q", "names", item_bytes=8)):
        cursor.step()
        names.append(cursor.take(cursor.count("Q", "bytes", most=1 << 16)).decode("utf-8", "replace"))
    if names and len(names) != arrays:
        raise MalformedError(f"expected {arrays} names, found {len(names)}", offset=cursor.position)
    if cursor.left:
        raise MalformedError(f"expected the end, found {cursor.left} bytes", offset=cursor.position)
    return tuple(names)


def _array(cursor: Cursor) -> None:
    magic = cursor.number("I")
    auxiliary = 0
    if magic in {_V2, _V3}:
        kind = cursor.number("i")
        if kind not in _AUXILIARY:
            raise MalformedError(f"expected a way of storing, found {kind}", offset=cursor.position - 4)
        auxiliary = _AUXILIARY[kind]
        stored = _shape(cursor, cursor.number("i"), "q") if auxiliary else None
        shape = _shape(cursor, cursor.number("i"), "q")
        if shape is None or (not shape and magic == _V2):
            return  # an array of nothing ends here
    elif magic == _V1:
        stored, shape = None, _shape(cursor, cursor.number("i"), "q")
    else:
        stored, shape = None, _shape(cursor, magic, "I")
    if not shape and magic not in {_V2, _V3}:
        return
    cursor.skip(8)  # device and its number
    data = _size(cursor, cursor.number("i"), stored if stored is not None else shape)
    kept = [(cursor.number("i"), _shape(cursor, cursor.number("i"), "q")) for _ in range(auxiliary)]
    cursor.skip(data)
    for kind, sizes in kept:
        cursor.skip(_size(cursor, kind, sizes))


def _shape(cursor: Cursor, dimensions: int, code: str) -> tuple[int, ...] | None:
    if dimensions == -1:
        return None
    if not 0 <= dimensions <= MAX_DIMENSIONS:
        raise MalformedError(
            f"expected at most {MAX_DIMENSIONS} dimensions, found {dimensions}", offset=cursor.position
        )
    return tuple(cursor.number(code) for _ in range(dimensions))


def _size(cursor: Cursor, kind: int, shape: tuple[int, ...] | None) -> int:
    size = _ITEM_BYTES.get(kind)
    if size is None:
        raise MalformedError(f"expected a type of elements, found {kind}", offset=cursor.position - 4)
    for length in shape or (0,):
        if length < 0:
            raise MalformedError(f"expected lengths, found {length}", offset=cursor.position)
        size *= length
    return size


@dataclass(slots=True, kw_only=True)
class Symbol:
    """What a graph runs.

    Attributes:
        operators: Name of the operator, name of the node, and its attributes.
        flaws: What cannot be, in words.
    """

    operators: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)


def looks_like_symbol(value: Json) -> bool:
    """Whether a parsed text is a graph of MXNet."""
    return (
        isinstance(value, dict) and isinstance(value.get("nodes"), list) and "arg_nodes" in value and "heads" in value
    )


def read_symbol(value: Json) -> Symbol:
    """Returns what a graph runs, of which `looks_like_symbol` is true; graphs within it count."""
    made = Symbol()
    waiting: list[Any] = [value]  # parsed JSON
    while waiting:
        graph = waiting.pop()
        for flaw in _graph(graph, made, waiting):
            if len(made.flaws) < MAX_FLAWS:
                made.flaws.append(flaw)
    return made


def _graph(graph: Any, made: Symbol, waiting: list[Any]) -> Iterator[str]:  # parsed JSON
    nodes = graph["nodes"] if isinstance(graph.get("nodes"), list) else []
    for number, node in enumerate(nodes):
        if not isinstance(node, dict):
            yield f"node {number} is none"
            continue
        attributes: dict[str, str] = {}
        for key in ("attrs", "attr", "param"):  # since 1.0, before, and before 0.9
            given = node.get(key)
            if isinstance(given, dict):
                attributes |= {str(name): str(text)[:1000] for name, text in given.items()}
        made.operators.append((str(node.get("op"))[:200], str(node.get("name"))[:200], attributes))
        waiting += [inner for inner in _list(node.get("subgraphs")) if isinstance(inner, dict)]
        if not all(_is_entry(entry, number) for entry in _list(node.get("inputs"))):
            yield f"node {number} takes what does not come before it"
    if not all(_is_entry(entry, len(nodes)) for entry in _list(graph.get("heads"))):
        yield "heads that are no nodes"
    if not all(isinstance(at, int) and 0 <= at < len(nodes) for at in _list(graph.get("arg_nodes"))):
        yield "arguments that are no nodes"


def _list(value: Any) -> list[Any]:  # parsed JSON
    return value if isinstance(value, list) else []


def _is_entry(entry: Any, count: int) -> bool:  # parsed JSON
    numbers = isinstance(entry, list) and entry and all(isinstance(part, int) and part >= 0 for part in entry)
    return bool(numbers) and entry[0] < count

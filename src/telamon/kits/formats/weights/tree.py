"""The tree that a pickle makes, flattened: dotted names for its tensors, and the names of what is none.

The rule: keys of dictionaries, indexes of lists and tuples, and names of attributes are joined by dots. The attributes
of a `torch.nn.Module` are those that its `state_dict` shows, under the names that it gives them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from telamon.kits.formats.pickle import Collection, Global, Kind, Opcode, Persistent, Result, Value
from telamon.kits.formats.pickle.contents import Contents, pairs_of
from telamon.kits.formats.tensor_data import LeftOutError, NotRebuiltError, StoredTensor
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_NODES: Final = 1_000_000
DEEPEST: Final = 100
ONLY: Final = "tensor"
"""The name of a tensor that is all there is in a file."""

MOST_NAMED: Final = 1000
_MODULE_STATE: Final = frozenset({"_parameters", "_buffers", "_modules"})
_DICTIONARIES: Final = frozenset({("collections", "OrderedDict"), ("collections", "defaultdict"), ("builtins", "dict")})
_MAKING: Final = frozenset({Opcode.NEWOBJ, Opcode.NEWOBJ_EX})


class Rebuilder(Protocol):
    """What knows the tensors of one file."""

    def tensor(self, made: Result) -> StoredTensor | None:
        """Return the tensor that a call makes, `None` where it makes something else.

        Raises:
            NotRebuiltError: It makes one in a way that is not followed.
        """


@dataclass(slots=True)
class Flattened:
    """Tensors by name, and what else there was.

    Attributes:
        tensors: In the order of the file.
        left_out: Names of values that are no tensors, at most `MOST_NAMED`.
    """

    tensors: dict[str, StoredTensor] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


class Flattener:
    """Walks one tree.

    Args:
        contents: What the pickle makes.
        rebuilder: What knows its tensors.
    """

    def __init__(self, contents: Contents, rebuilder: Rebuilder) -> None:
        self._contents = contents
        self._rebuilder = rebuilder
        self._found = Flattened()
        self._nodes = 0

    def flatten(self, value: Value) -> Flattened:
        """Return the tensors of a tree.

        Raises:
            NotRebuiltError: Two tensors have one name, a part is not kept, or the tree is too large.
        """
        self._walk(value, (), frozenset())
        return self._found

    def _walk(self, value: Value, path: tuple[str, ...], above: frozenset[int]) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES or len(path) > DEEPEST:
            raise NotRebuiltError("the values are nested too deep, or there are too many")
        if id(value) in above:
            return  # a cycle: it was met on the way here
        if isinstance(value, Result):
            try:
                tensor = self._rebuilder.tensor(value)
            except LeftOutError:
                self._leave_out(path, value)
                return
            if tensor is not None:
                if self._contents.items_of(value):
                    raise NotRebuiltError("a tensor is changed after it is made")
                self._add(".".join(path) or ONLY, tensor)
                return
        children = self._children(value)
        if children is None:
            self._leave_out(path, value)
            return
        inside = above | {id(value)}
        for name, child in children:
            self._walk(child, (*path, name) if name else path, inside)

    def _add(self, name: str, tensor: StoredTensor) -> None:
        if name in self._found.tensors:
            raise NotRebuiltError(f"two tensors would be named `{printable(name)}`")
        tensor.require_inside(name)
        self._found.tensors[name] = tensor

    def _leave_out(self, path: tuple[str, ...], value: Value) -> None:
        if value is not None and len(self._found.left_out) < MOST_NAMED:
            self._found.left_out.append(".".join(path) or ONLY)

    def _children(self, value: Value) -> list[tuple[str, Value]] | None:
        """Return the named parts of a container or object; `None` where it is neither."""
        if isinstance(value, Collection):
            return self._items(value)
        return self._parts(value) if isinstance(value, Result) else None

    def _items(self, value: Collection) -> list[tuple[str, Value]]:
        if not value.is_whole:
            raise NotRebuiltError("a container has more items than are kept")
        if value.kind is Kind.DICT:
            return list(self._named(pairs_of(value)))
        return [(str(index), item) for index, item in enumerate(value.items)]

    def _parts(self, value: Result) -> list[tuple[str, Value]] | None:
        made = value.callable
        if isinstance(made, Global) and (made.module, made.name) in _DICTIONARIES:
            return list(self._named(pairs_of(self._contents.items_of(value))))
        if not isinstance(made, Global) and not _is_module_class(made):
            return None
        if value.opcode in _MAKING and isinstance(value.state, Collection) and value.state.kind is Kind.DICT:
            return list(self._attributes(value.state))
        return None

    def _named(self, pairs: list[tuple[Value, Value]]) -> Iterator[tuple[str, Value]]:
        last: dict[str, Value] = {}
        for key, value in pairs:
            if isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool)):
                last[str(key)] = value  # the last one counts, as when it is loaded
            else:
                self._leave_out((f"({type(key).__name__})",), key)
        yield from last.items()

    def _attributes(self, state: Collection) -> Iterator[tuple[str, Value]]:
        attributes = dict(self._named(pairs_of(state)))
        if not all(name in attributes for name in _MODULE_STATE):
            yield from attributes.items()
            return
        hidden = self._hidden(attributes.get("_non_persistent_buffers_set"))
        for group in ("_parameters", "_buffers", "_modules"):
            for name, value in self._children(attributes[group]) or []:
                if group != "_buffers" or name not in hidden:
                    yield name, value

    def _hidden(self, names: Value) -> frozenset[str]:
        """Return the buffers that a module's `state_dict` does not show."""
        if isinstance(names, Result) and isinstance(names.arguments, Collection):
            names = names.arguments.items[0] if names.arguments.items else None  # `set([...])`, before protocol 4
        items = names.items if isinstance(names, Collection) else []
        return frozenset(item for item in items if isinstance(item, str))


def _is_module_class(made: Value) -> bool:
    """Return whether torch's legacy format supplies a class here, with its source beside it."""
    pid = made.pid if isinstance(made, Persistent) else None
    return isinstance(pid, Collection) and pid.items[:1] == ["module"]

"""Inert stand-ins for everything a pickle may look up, and the record of what CPython does with them.

Every stub is a class made by `StubType`: it can be called, instantiated by `__new__`, hashed, and it takes
`extend`, `append`, `add`, `__setitem__` and BUILD. A call of a stub returns a fresh stub. So no step of a
pickle fails because of what a global happens to be, and CPython shows the longest sequence of look-ups and
calls that a stream can have.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

Label = tuple[object, ...]
"""Who a stub is: ("g", module, name), ("e", code), ("r", ordinal of the call), ("p", short token of the id),
("x", ordinal)."""

PLAIN: Final = "Plain"
"""Globals whose name begins so, and what their calls return, have no `__setstate__` and no `extend`."""

EXTENSION_MODULE: Final = "registered extension"
EXTENSION_CODES: Final = (1, 2, 3, 200, 255, 1000, 70_000, 2**31 - 1)
"""Codes in the reference's extension registry; each stands for a name of `EXTENSION_MODULE`."""

GIVERS: Final[dict[str, Callable[[], object]]] = {
    "give_tuple": tuple,
    "give_pair": lambda: (None, {}),
    "give_dict": dict,
    "give_text": lambda: "text",
    "give_bytes": lambda: b"bytes",
    "give_bytearray": lambda: bytearray(b"bytearray"),
    "give_list": lambda: [None],
    "give_set": set,
    "give_none": lambda: None,
    "give_index": lambda: 0,
}
"""Globals that return built-in values where results are values."""

TEXT_SHOWN: Final = 200
ITEMS_SHOWN: Final = 6
DEPTH_SHOWN: Final = 3
BITS_SHOWN: Final = 2048


class Journal:
    """The events of one load, and the stubs that were handed out during it."""

    def __init__(self) -> None:
        self.are_results_values = False
        self.events: list[list[Any]] = []  # any: rows of mixed plain values, see `reference.Outcome`
        self._labels: dict[type, Label] = {}
        self._pool: list[type] = []
        self._used = 0
        self._callables: list[type] = []

    def clear(self) -> None:
        """Forgets the last load; the stubs are used again."""
        self.events = []
        self._labels.clear()
        self._callables.clear()
        self._used = 0

    def fresh(self, label: Label) -> type:
        """Returns a stub with this label that the present load has not seen."""
        if self._used == len(self._pool):
            self._pool.append(StubType(f"Stub{self._used}", (), {"__new__": _new, "journal": self}))
        stub = self._pool[self._used]
        self._used += 1
        self._labels[stub] = label
        return stub

    def label(self, stub: type) -> Label:
        """Returns who the stub is."""
        return self._labels[stub]

    def is_plain(self, stub: type) -> bool:
        """Returns whether the stub is one without `__setstate__`."""
        label = self._labels[stub]
        while label[0] == "r":
            label = self._labels[self._callables[int(str(label[1]))]]
        return label[0] == "g" and str(label[2]).startswith(PLAIN)

    def result(self, callable_: type, arguments: tuple[object, ...]) -> object:
        """Returns what a call of a stub returns: a stub, or where that is asked for a built-in value.

        With values, a global of `GIVERS` returns what its name says, and every call empties its arguments.
        """
        ordinal = len(self._callables)
        self._callables.append(callable_)
        if not self.are_results_values:
            return self.fresh(("r", ordinal))
        for argument in arguments:
            if isinstance(argument, list | dict | set | bytearray):
                argument.clear()
        name = str(self._labels[callable_][-1])
        if name in GIVERS:
            return GIVERS[name]()
        return None if ordinal % 8 == 7 else self.fresh(("r", ordinal))

    def add(self, *row: object) -> None:
        """Appends one event."""
        self.events.append(list(row))

    def token(self, value: object, depth: int = DEPTH_SHOWN) -> tuple[object, ...]:
        """Returns plain data that stands for a value, cut in length and depth."""
        if isinstance(value, StubType):
            return self._labels[value]
        kind = type(value).__name__
        if isinstance(value, list | tuple) and depth:
            return (kind, len(value), *[self.token(item, depth - 1) for item in value[:ITEMS_SHOWN]])
        if isinstance(value, str):
            return ("s", value[:TEXT_SHOWN], len(value))
        if isinstance(value, bytes):
            return ("y", value[:TEXT_SHOWN], len(value))
        if value is None or isinstance(value, bool | float):
            return (repr(value),)
        return number_token(value) if isinstance(value, int) else (kind,)


def number_token(value: int) -> tuple[object, ...]:
    """Returns the token of an int, without its value if it is very long."""
    return ("i", value) if value.bit_length() <= BITS_SHOWN else ("i",)


_TypeGet: Final = type.__getattribute__


class StubType(type):
    """Type of the stubs; what the unpickler does to one is written into its journal."""

    journal: Journal

    def __call__(cls, *args: object) -> object:
        """Records a call."""
        journal: Journal = _TypeGet(cls, "journal")
        journal.add("call", journal.label(cls), journal.token(args))
        return journal.result(cls, args)

    def __getattribute__(cls, name: str) -> Any:  # any: attributes of every type
        """Hands out the attributes that `_pickle` asks for, and no others."""
        journal: Journal = _TypeGet(cls, "journal")
        if name == "__new__":
            journal.add("new", journal.label(cls), None, None)
            return _new
        if name == "__setstate__":
            journal.add("build", journal.label(cls), None)
            if journal.is_plain(cls):
                raise AttributeError(name)
            return _Method(journal, _fill_state)
        if name in {"extend", "add"} or (name == "append" and journal.is_plain(cls)):
            if name != "append":
                journal.add("mutate", journal.label(cls), name, None)
            if name == "extend" and journal.is_plain(cls):
                raise AttributeError(name)
            return _Method(journal, _fill_first_of_list if name == "extend" else _fill_first)
        if name == "__dict__":
            return {}
        raise AttributeError(name)

    def __setattr__(cls, name: str, value: object) -> None:
        """Takes an attribute of a slot state and drops it."""

    def __setitem__(cls, key: object, value: object) -> None:
        """Records an item assignment."""
        journal: Journal = _TypeGet(cls, "journal")
        journal.add("mutate", journal.label(cls), "__setitem__", journal.token(key))


class _Method:
    """A bound method of a stub."""

    def __init__(self, journal: Journal, fill: Any) -> None:  # any: one of the functions below
        self._journal = journal
        self._fill = fill

    def __call__(self, argument: object) -> None:
        self._fill(self._journal, argument)


def _fill_state(journal: Journal, state: object) -> None:
    journal.events[-1][2] = journal.token(state)


def _fill_first(journal: Journal, item: object) -> None:
    if journal.events[-1][3] is None:
        journal.events[-1][3] = journal.token(item)


def _fill_first_of_list(journal: Journal, items: list[object]) -> None:
    journal.events[-1][3] = journal.token(items[0])


def _new(cls: type, *args: object, **keywords: object) -> object:
    """Stands in for `cls.__new__`; the look-up of `__new__` has made the event already."""
    journal: Journal = _TypeGet(cls, "journal")
    event = journal.events[-1]
    event[2] = journal.token(args)
    event[3] = sorted(keywords) if keywords else None
    return journal.result(cls, args)


class Importer:
    """Stands in for the import system during a load, so that C `find_class` runs and resolves nothing.

    The audit event `pickle.find_class` tells the raw names, `__import__` the module after Python 2 names are
    mapped, and the attribute look-ups on the module the attribute after mapping.
    """

    def __init__(self, journal: Journal, extension_module: str) -> None:
        self._journal = journal
        self._extension_module = extension_module
        self._real_import = __import__
        self._pending: list[Any] | None = None  # any: an event of the journal
        self._hidden: tuple[str, object] | None = None

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        """Takes the interpreter's audit events."""
        if event == "pickle.find_class":
            module, name = arguments
            if module == self._extension_module:
                self._journal.add("extension", int(str(name)))
            else:
                self._journal.add("import", module, name, None, None)
            self._pending = self._journal.events[-1]

    def import_module(self, name: str, *arguments: object) -> object:
        """Stands in for `__import__`."""
        if self._pending is None:
            return self._real_import(name, *arguments)  # type: ignore[arg-type]  # passed on as they came
        if self._pending[0] == "import":
            self._pending[3] = name
        self._hidden = (name, sys.modules.get(name))
        module = StubModule(self)
        sys.modules[name] = module  # type: ignore[assignment]  # all that `getattribute` in _pickle.c needs
        return module

    def attribute(self, name: str) -> object:
        """Returns what the stub module holds under `name`: a stub, or a step on the way of a dotted name."""
        self.restore()
        event = self._pending
        if event is None:
            raise AttributeError(name)
        if event[0] == "extension":
            self._pending = None
            return self._journal.fresh(("e", event[1]))
        raw = event[2]
        if name != raw and raw.startswith(name + "."):
            return StubPath(self, name)
        event[4] = name
        self._pending = None
        return self._journal.fresh(("g", event[3], name))

    def restore(self) -> None:
        """Puts the real module back in its place."""
        if self._hidden is not None:
            name, module = self._hidden
            self._hidden = None
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module  # type: ignore[assignment]  # it came from there

    def settle(self) -> None:
        """Ends a load, whatever state an error left."""
        self.restore()
        event, self._pending = self._pending, None
        if event is not None and event[0] == "import" and event[4] is None:
            event[4] = event[2]


class StubModule:
    """A module in which every name is found."""

    def __init__(self, importer: Importer) -> None:
        object.__setattr__(self, "importer", importer)

    def __getattribute__(self, name: str) -> object:
        """Returns a stub."""
        importer: Importer = object.__getattribute__(self, "importer")
        return importer.attribute(name)


class StubPath:
    """The part of a dotted name that is walked already."""

    def __init__(self, importer: Importer, path: str) -> None:
        object.__setattr__(self, "step", (importer, path))

    def __getattribute__(self, name: str) -> object:
        """Returns a stub, or the next step."""
        importer, path = object.__getattribute__(self, "step")
        return importer.attribute(f"{path}.{name}")

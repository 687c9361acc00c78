"""Opcodes that make and fill built-in containers, and the stack's own: marks, POP, DUP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle.endings import Break, Fault, IrregularError
from telamon.kits.formats.pickle.limits import EVENT_WORK
from telamon.kits.formats.pickle.values import (
    DEEPEST,
    UNKNOWN,
    Clipped,
    Collection,
    Forgotten,
    Kind,
    Value,
    hollow,
    is_hashable,
    is_opaque,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from telamon.kits.formats.pickle.machine import Machine

_BYTE: Final = range(256)
_MOST_HASH_STEPS: Final = 2**26  # about a second of hashing; keys of real data have a handful of parts
_SATURATED: Final = 2**62


def load_mark(machine: Machine) -> None:
    """MARK: nothing below it can be popped until it is gone."""
    machine.fence = len(machine.stack)
    machine.marks.append(machine.fence)


def load_pop(machine: Machine) -> None:
    """POP takes off a mark if one is on top, else a value."""
    marks = machine.marks
    if marks and marks[-1] == len(machine.stack):
        machine.pop_mark()
    else:
        machine.pop()


def load_pop_mark(machine: Machine) -> None:
    """POP_MARK drops everything above the topmost mark, and the mark."""
    del machine.stack[machine.pop_mark() :]


def load_dup(machine: Machine) -> None:
    """DUP pushes the topmost value again; it stays one object."""
    machine.stack.append(machine.top())


def load_empty_list(machine: Machine) -> None:
    """EMPTY_LIST."""
    machine.executed += 1
    machine.stack.append(Collection(Kind.LIST))


def load_empty_dict(machine: Machine) -> None:
    """EMPTY_DICT."""
    machine.executed += 1
    machine.stack.append(Collection(Kind.DICT))


def load_empty_set(machine: Machine) -> None:
    """EMPTY_SET."""
    machine.executed += 1
    machine.stack.append(Collection(Kind.SET))


def make(machine: Machine, kind: Kind, items: list[Value]) -> Collection:
    """Returns a container of the items; only the first are kept."""
    count = len(items)
    machine.executed += 1
    frozen, steps, depth = kind is Kind.TUPLE or kind is Kind.FROZENSET, 1 + count, 0
    for item in items:
        if isinstance(item, Collection):
            frozen = frozen and item.is_hashable
            if type(item) is Collection:
                steps += item.hash_steps
                depth = max(depth, item.depth + 1)
        elif isinstance(item, Clipped):
            frozen = frozen and is_hashable(item)
    if count > machine.limits.items_kept:
        items = items[: machine.limits.items_kept]
    if depth > DEEPEST:
        items, depth = [hollow(item) if type(item) is Collection else item for item in items], 1
    return Collection(kind, items, count, frozen, min(steps, _SATURATED), depth)


def _tuple(width: int) -> Callable[[Machine], None]:
    """Returns the handler that makes a tuple of the topmost `width` values."""

    def load(machine: Machine) -> None:
        start = len(machine.stack) - width
        if start < machine.fence:
            raise machine.underflow()
        machine.stack.append(make(machine, Kind.TUPLE, machine.pop_to(start)))

    return load


load_empty_tuple: Final = _tuple(0)
load_tuple1: Final = _tuple(1)
load_tuple2: Final = _tuple(2)
load_tuple3: Final = _tuple(3)


def load_tuple(machine: Machine) -> None:
    """TUPLE: of everything above the topmost mark."""
    machine.stack.append(make(machine, Kind.TUPLE, machine.pop_to(machine.pop_mark())))


def load_list(machine: Machine) -> None:
    """LIST: of everything above the topmost mark."""
    machine.stack.append(make(machine, Kind.LIST, machine.pop_to(machine.pop_mark())))


def load_frozenset(machine: Machine) -> None:
    """FROZENSET: of everything above the topmost mark, which must be hashable."""
    items = machine.pop_to(machine.pop_mark())
    _require_hashable(machine, items)
    machine.stack.append(make(machine, Kind.FROZENSET, items))


def load_dict(machine: Machine) -> None:
    """DICT: of keys and values in turn above the topmost mark."""
    items = machine.pop_to(machine.pop_mark())
    if len(items) % 2:
        raise Break(Fault.STACK, "odd number of items for DICT")
    _require_hashable(machine, items[::2])
    machine.stack.append(make(machine, Kind.DICT, items))


def _require_hashable(machine: Machine, items: Iterable[Value]) -> None:
    for item in items:
        if not is_hashable(item):
            raise Break(Fault.TYPE, f"unhashable type: {type_name(item)}")
        # Tuples keep no hash before CPython 3.14: one that holds another twice, forty levels deep, takes 2**40 steps.
        if type(item) is Collection and item.hash_steps > _MOST_HASH_STEPS:
            machine.executed += EVENT_WORK
            machine.recorder.bomb(machine.at, "hash of a nested tuple", item.hash_steps)


def _filled(machine: Machine, mark: int) -> Value:
    """Returns the container below `mark`, into which the values above it go."""
    if mark > len(machine.stack) or mark <= machine.fence:
        raise machine.underflow()
    return remembered(machine.stack[mark - 1])


def remembered(value: Value) -> Value:
    """Returns the value; one whose content matters now and is not known is for the exact machine."""
    if isinstance(value, Forgotten):
        raise IrregularError("a container from the memo is looked into or filled")
    return value


def load_append(machine: Machine) -> None:
    """APPEND: one value goes to the list below it."""
    _append(machine, len(machine.stack) - 1)


def load_appends(machine: Machine) -> None:
    """APPENDS: everything above the topmost mark goes to the list below it."""
    _append(machine, machine.pop_mark())


def _append(machine: Machine, mark: int) -> None:
    """Extends what stands below `mark` (`do_append`)."""
    target = _filled(machine, mark)
    items = machine.pop_to(mark)
    if not items:
        return
    if isinstance(target, Collection) and target.kind is Kind.LIST:
        target.put(items, machine.limits.items_kept)
    elif isinstance(target, Clipped) and target.type_name == "bytearray":
        for item in items:
            _require_byte(machine, item)
        target.length += len(items)
    elif is_opaque(target):
        machine.is_data_only = False
        machine.executed += EVENT_WORK
        machine.recorder.mutated(machine.at, target, "extend", items[0])
    else:
        raise Break(Fault.TYPE, f"`{type_name(target)}` has no attribute `append`")


def _require_byte(machine: Machine, item: Value) -> None:
    """Refuses what cannot stand in a bytearray."""
    if isinstance(item, int):
        if item not in _BYTE:
            raise Break(Fault.TYPE, "byte must be in range(0, 256)")
    elif not (machine.is_anything and is_opaque(item)):
        raise Break(Fault.TYPE, f"`{type_name(item)}` cannot be interpreted as an integer")


def load_setitem(machine: Machine) -> None:
    """SETITEM: one key and its value go to the dict below them."""
    _set_items(machine, len(machine.stack) - 2)


def load_setitems(machine: Machine) -> None:
    """SETITEMS: the keys and values above the topmost mark go to the dict below it."""
    _set_items(machine, machine.pop_mark())


def _set_items(machine: Machine, mark: int) -> None:
    """Sets items of what stands below `mark` (`do_setitems`)."""
    target = _filled(machine, mark)
    items = machine.pop_to(mark)
    if not items:
        return
    if len(items) % 2:
        raise Break(Fault.STACK, "odd number of items for SETITEMS")
    if isinstance(target, Collection) and target.kind is Kind.DICT:
        _require_hashable(machine, items[::2])
        target.put(items, machine.limits.items_kept)
    elif is_opaque(target):
        machine.is_data_only = False
        machine.executed += EVENT_WORK
        machine.recorder.mutated(machine.at, target, "__setitem__", items[0])
    else:
        _set_indexes(machine, target, items)


def _set_indexes(machine: Machine, target: Value, items: list[Value]) -> None:
    """Assigns to indexes of a list or bytearray; nothing else that is built in takes items."""
    is_bytearray = isinstance(target, Clipped) and target.type_name == "bytearray"
    if isinstance(target, Collection) and target.kind is Kind.LIST:
        length = target.count
    elif isinstance(target, Clipped) and is_bytearray:
        length = target.length
    else:
        raise Break(Fault.TYPE, f"`{type_name(target)}` does not support item assignment")
    for key, value in zip(items[::2], items[1::2], strict=True):
        if isinstance(key, int):
            if not -length <= key < length and not machine.may_have_changed:
                raise Break(Fault.TYPE, "assignment index out of range")
        elif not (machine.is_anything and is_opaque(key)):
            raise Break(Fault.TYPE, f"indices must be integers, not `{type_name(key)}`")
        if is_bytearray:
            _require_byte(machine, value)
        elif isinstance(target, Collection):
            _assign(target, key, value)


def _assign(target: Collection, key: Value, value: Value) -> None:
    """Puts a value at an index of a list, as far as its items are kept."""
    if isinstance(key, int):
        index = key + target.count if key < 0 else key
        if 0 <= index < len(target.items):
            target.items[index] = value
    else:
        target.items[:] = [UNKNOWN] * len(target.items)


def load_additems(machine: Machine) -> None:
    """ADDITEMS: everything above the topmost mark goes to the set below it."""
    mark = machine.pop_mark()
    target = _filled(machine, mark)
    items = machine.pop_to(mark)
    if not items:
        return
    if isinstance(target, Collection) and target.kind is Kind.SET:
        _require_hashable(machine, items)
        target.put(items, machine.limits.items_kept)
    elif is_opaque(target):
        machine.is_data_only = False
        machine.executed += EVENT_WORK
        machine.recorder.mutated(machine.at, target, "add", items[0])
    else:
        raise Break(Fault.TYPE, f"`{type_name(target)}` has no attribute `add`")

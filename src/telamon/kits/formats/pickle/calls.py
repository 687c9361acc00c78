"""Opcodes through which a pickle acts: look-ups, calls, BUILD, persistent ids, extensions and buffers."""

from __future__ import annotations

import struct
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle.constants import read_argument
from telamon.kits.formats.pickle.containers import make, remembered
from telamon.kits.formats.pickle.endings import Break, Fault
from telamon.kits.formats.pickle.hooks import Nested
from telamon.kits.formats.pickle.limits import CALL_WORK, EVENT_WORK, NAME_WORK
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.strings import decode, whole
from telamon.kits.formats.pickle.values import (
    UNKNOWN,
    Buffer,
    Clipped,
    Collection,
    Extension,
    Global,
    Kind,
    Persistent,
    Result,
    Value,
    is_opaque,
    type_name,
)

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.machine import Handler, Machine

_INT32: Final = struct.Struct("<i")
_QUALIFIED_PROTOCOL: Final = 4  # from here on dots in a name are followed
_RENAMED_PROTOCOL: Final = 3  # below it Python 2 names are mapped
_PAIR: Final = 2
_DEEPEST: Final = 5000  # calls of results of calls that are kept within each other


# Look-ups -----------------------------------------------------------------------------------------------------


def find(machine: Machine, module: str | None, name: str | None, opcode: Opcode) -> Global:
    """Records a look-up and returns what it yields (`find_class`); None stands for a computed name."""
    machine.is_data_only = False
    is_mapped = machine.loader.fix_imports and machine.protocol < _RENAMED_PROTOCOL
    is_path = machine.protocol >= _QUALIFIED_PROTOCOL
    key = (module, name, opcode, is_mapped, is_path)
    found = machine.globals.get(key)
    if found is None:
        machine.executed += NAME_WORK
        found = machine.globals[key] = _look_up(machine, module, name, opcode, is_mapped=is_mapped)
    machine.executed += EVENT_WORK
    machine.recorder.imported(machine.at, found)
    return found


def _look_up(machine: Machine, module: str | None, name: str | None, opcode: Opcode, *, is_mapped: bool) -> Global:
    new_module, new_name = module, name
    if is_mapped and module is not None:
        if name is not None and (module, name) in NAME_MAPPING:
            new_module, new_name = NAME_MAPPING[module, name]
        else:
            new_module = IMPORT_MAPPING.get(module, module)
    if len(machine.globals) >= machine.limits.globals_kept:
        machine.globals.clear()
    return Global(
        module=new_module,
        name=new_name,
        raw_module=module,
        raw_name=name,
        is_path=machine.protocol >= _QUALIFIED_PROTOCOL,
        opcode=opcode,
        offset=machine.at,
    )


def load_global(machine: Machine) -> None:
    """GLOBAL: two lines in UTF-8."""
    module = decode(read_argument(machine)[:-1], "utf-8")
    name = decode(read_argument(machine)[:-1], "utf-8")
    machine.stack.append(find(machine, module, name, Opcode.GLOBAL))


def load_stack_global(machine: Machine) -> None:
    """STACK_GLOBAL: module and name from the stack, however they got there."""
    name = machine.pop()
    module = machine.pop()
    found = find(machine, _name(machine, module), _name(machine, name), Opcode.STACK_GLOBAL)
    machine.stack.append(found)


def _name(machine: Machine, value: Value) -> str | None:
    """Returns a name, None for one that a call computes."""
    if isinstance(value, str):
        return value
    if isinstance(value, Clipped) and value.type_name == "str":
        return whole(machine, value)
    if machine.is_anything and is_opaque(value):
        return None
    raise Break(Fault.TYPE, f"STACK_GLOBAL requires str, not `{type_name(value)}`")


def load_inst(machine: Machine) -> None:
    """INST: two lines in ASCII, and everything above the topmost mark as arguments."""
    mark = machine.pop_mark()
    module = decode(read_argument(machine)[:-1], "ascii")
    name = decode(read_argument(machine)[:-1], "ascii")
    made = find(machine, module, name, Opcode.INST)
    arguments = make(machine, Kind.TUPLE, machine.pop_to(mark))
    machine.stack.append(_call(machine, Opcode.INST, made, arguments))


def load_extension(width: int) -> Handler:
    """Returns the handler of EXT1, EXT2 or EXT4: a code of `width` bytes, of which only four are signed."""

    def load(machine: Machine) -> None:
        start = machine.read(width)
        raw = machine.data[start : start + width]
        code = int.from_bytes(raw, "little", signed=width == _INT32.size)
        if code <= 0:
            raise Break(Fault.NUMBER, "EXT specifies code <= 0")
        machine.is_data_only = False
        machine.executed += EVENT_WORK
        machine.recorder.extension(machine.at, code)
        machine.stack.append(Extension(code))

    return load


# Calls --------------------------------------------------------------------------------------------------------


def _call(machine: Machine, opcode: Opcode, called: Value, arguments: Value, keywords: Value = None) -> Result:
    """Records a call and returns its result."""
    if not is_opaque(called):
        raise Break(Fault.TYPE, f"`{type_name(called)}` cannot be called by {opcode.name}")
    machine.is_data_only = False
    machine.executed += CALL_WORK
    machine.recorder.called(machine.at, opcode, called, arguments, keywords)
    depth = 0
    if isinstance(called, Result):
        depth = called.depth + 1
        if depth > _DEEPEST:
            called, depth = UNKNOWN, 0
    return Result(
        callable=called, arguments=arguments, keywords=keywords, opcode=opcode, offset=machine.at, depth=depth
    )


def _require(machine: Machine, value: Value, kind: Kind, opcode: Opcode) -> None:
    """Refuses arguments that are no tuple (keywords that are no dict); a Python unpickler unpacks any."""
    remembered(value)
    if isinstance(value, Collection) and (value.kind is kind or machine.loader.is_python):
        return
    if machine.loader.is_python and type_name(value) in {"str", "bytes", "bytearray", "memoryview"}:
        return
    if not (machine.is_anything and is_opaque(value)):
        raise Break(Fault.TYPE, f"{opcode.name} expected a {kind.value}, not `{type_name(value)}`")


def load_reduce(machine: Machine) -> None:
    """REDUCE: a callable and a tuple of arguments."""
    arguments = machine.pop()
    called = machine.pop()
    _require(machine, arguments, Kind.TUPLE, Opcode.REDUCE)
    machine.stack.append(_call(machine, Opcode.REDUCE, called, arguments))


def load_newobj(machine: Machine) -> None:
    """NEWOBJ: `cls.__new__(cls, *arguments)`."""
    arguments = machine.pop()
    made = machine.pop()
    _require(machine, arguments, Kind.TUPLE, Opcode.NEWOBJ)
    machine.stack.append(_call(machine, Opcode.NEWOBJ, made, arguments))


def load_newobj_ex(machine: Machine) -> None:
    """NEWOBJ_EX: `cls.__new__(cls, *arguments, **keywords)`."""
    keywords = machine.pop()
    arguments = machine.pop()
    made = machine.pop()
    _require(machine, arguments, Kind.TUPLE, Opcode.NEWOBJ_EX)
    _require(machine, keywords, Kind.DICT, Opcode.NEWOBJ_EX)
    machine.stack.append(_call(machine, Opcode.NEWOBJ_EX, made, arguments, keywords))


def load_obj(machine: Machine) -> None:
    """OBJ: the first value above the topmost mark is called with the others."""
    mark = machine.pop_mark()
    if len(machine.stack) - mark < 1:
        raise machine.underflow()
    arguments = make(machine, Kind.TUPLE, machine.pop_to(mark + 1))
    machine.stack.append(_call(machine, Opcode.OBJ, machine.pop(), arguments))


# State --------------------------------------------------------------------------------------------------------


def load_build(machine: Machine) -> None:
    """BUILD: `__setstate__` of the value below the state, or its attributes."""
    if len(machine.stack) - _PAIR < machine.fence:
        raise machine.underflow()
    state = machine.stack.pop()
    target = machine.stack[-1]
    if not is_opaque(target):
        _build_plain(machine, target, state)
        return
    machine.is_data_only = False
    if isinstance(target, Result):
        target.state, target.has_state = state, True
    machine.executed += EVENT_WORK
    machine.recorder.built(machine.at, target, state)
    if machine.hook is not None:
        _follow(machine, target, state)


def _build_plain(machine: Machine, target: Value, state: Value) -> None:
    """BUILD on a built-in value: it has no `__setstate__` and no `__dict__`, so only nothing can be set."""
    slots: Value = None
    has_slots = False
    remembered(state)
    if isinstance(state, Collection) and state.kind is Kind.TUPLE and state.count == _PAIR:
        (state, slots), has_slots = state.items, True
    if machine.is_anything and is_opaque(state):
        return
    if state is not None:
        raise Break(Fault.TYPE, f"`{type_name(target)}` has no attribute `__dict__`")
    if has_slots:
        if machine.is_anything and is_opaque(slots):
            return
        remembered(slots)
        if not (isinstance(slots, Collection) and slots.kind is Kind.DICT):
            raise Break(Fault.TYPE, "slot state is not a dictionary")
        if slots.count and not machine.may_have_changed:
            raise Break(Fault.TYPE, f"attributes of `{type_name(target)}` cannot be set")


def _follow(machine: Machine, target: Value, state: Value) -> None:
    """Asks the hook where the loader goes on; a file's reader stands at the end of the frame."""
    hook = machine.hook
    if hook is None:
        return
    place = machine.window if machine.is_framed else machine.position
    skip = hook.after_build(target, state, place)
    if skip is None:
        return
    if place > machine.position:
        machine.note_overrun()
    if isinstance(skip, Nested):
        skip = machine.run_nested(skip.start)
    if not machine.position <= skip <= machine.end:
        raise Break(Fault.TRUNCATED, "the data that the loader reads here go beyond the end")
    machine.position = skip
    machine.window = machine.end
    machine.is_framed = False


# What the loader supplies -------------------------------------------------------------------------------------


def load_persid(machine: Machine) -> None:
    """PERSID: the id is a line in ASCII."""
    _persistent(machine, decode(machine.read_line()[:-1], "ascii"))


def load_binpersid(machine: Machine) -> None:
    """BINPERSID: the id is any value."""
    _persistent(machine, machine.pop())


def _persistent(machine: Machine, pid: Value) -> None:
    machine.is_data_only = False
    machine.executed += EVENT_WORK
    machine.recorder.persistent(machine.at, pid)
    machine.stack.append(Persistent(pid))


def load_next_buffer(machine: Machine) -> None:
    """NEXT_BUFFER: the loader's next out-of-band buffer."""
    machine.is_data_only = False
    machine.executed += EVENT_WORK
    machine.recorder.buffer(machine.at)
    machine.stack.append(Buffer(machine.buffers))
    machine.buffers += 1


def load_readonly_buffer(machine: Machine) -> None:
    """READONLY_BUFFER: a bytearray becomes a read-only view, bytes stay."""
    value = machine.top()
    if isinstance(value, bytes) or (machine.is_anything and is_opaque(value)):
        return
    if not isinstance(value, Clipped) or value.type_name in {"str", "int"}:
        raise Break(Fault.TYPE, f"a bytes-like object is required, not `{type_name(value)}`")
    if value.type_name == "bytearray":
        machine.stack[-1] = Clipped("memoryview", value.sample, value.length)

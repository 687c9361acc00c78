"""Evaluates expressions to abstract values, and follows names through namespaces."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from telamon.kits.code.python import folding
from telamon.kits.code.python.naming import HERE, SPACE, builtin, canonical
from telamon.kits.code.python.origins import ENVIRONMENT, NO_FETCHING, Fetching
from telamon.kits.code.python.values import HOLE, NO_MARKS, NOTHING, UNKNOWN, Constant, Mark, Origin, Value, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telamon.kits.code.python.facts import Step

BLOB_CHARACTERS: Final = 160
BLOB_NUMBERS: Final = 64
BLOB: Final = re.compile(r"[A-Za-z0-9+/=_-]+|(?:\\x[0-9A-Fa-f]{2})+")
HOME_VARIABLES: Final = frozenset({"HOME", "USERPROFILE", "HOMEPATH"})
FOLDERS: Final = {"APPDATA": "~/AppData/Roaming", "LOCALAPPDATA": "~/AppData/Local"}
MAX_UNROLLED: Final = 4096


@dataclass(slots=True)
class Scope:
    """The variables of a module, class or function."""

    name: str
    parent: Scope | None
    values: dict[str, Value] = field(default_factory=dict)
    is_class: bool = False
    is_main: bool = False

    def get(self, name: str) -> Value | None:
        """Return what a name stands for here, `None` where the file does not define it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values and (scope is self or not scope.is_class):
                return scope.values[name]
            scope = scope.parent
        return None


class SpentError(Exception):
    """The program does more than is followed."""


class Expressions:
    """Evaluates expressions of one file.

    Args:
        fuel: How many expressions are evaluated before `SpentError`.
        fetching: What else fetches.
    """

    def __init__(self, fuel: int, fetching: Fetching = NO_FETCHING) -> None:
        self.fuel = fuel
        self.fetching = fetching
        self.steps: dict[tuple[int, int, str, str], Step] = {}
        self.attributes: dict[str, Value] = {}
        self.returns: dict[str, Value] = {}
        self.parameters: dict[str, dict[str | int, Value]] = {}
        self.references: dict[str, set[str]] = {}
        self.functions: dict[str, tuple[ast.AST, Scope]] = {}
        self.stars: list[str] = []
        self.shared: set[str] = set()  # names that functions assign to outside themselves
        self.files: dict[str, frozenset[Mark]] = {}
        self.module = Scope(name="", parent=None)
        self._methods: dict[type[ast.AST], Callable[..., Value]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.BinOp: self._binary,
            ast.JoinedStr: self._joined,
            ast.FormattedValue: lambda node, scope: replace(self.value(node.value, scope), names=frozenset()),
            ast.Subscript: self._subscript,
            ast.List: self._display,
            ast.Tuple: self._display,
            ast.Set: self._display,
            ast.Dict: self._dict,
            ast.Lambda: self._lambda,
            ast.IfExp: self._branches,
            ast.BoolOp: self._branches,
            ast.Compare: self._compare,
            ast.UnaryOp: self._unary,
            ast.NamedExpr: self._named,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.Yield: self._yield,
        }

    def value(self, node: ast.AST | None, scope: Scope) -> Value:
        """Return what an expression can be."""
        if node is None:
            return NOTHING
        self.fuel -= 1
        if self.fuel < 0:
            raise SpentError
        method = self._methods.get(type(node))
        if method is not None:
            return method(node, scope)
        result = NOTHING  # `await`, `yield from`, starred, slices
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                result |= self.value(child, scope)
        return result

    def bind(self, target: ast.AST, value: Value, scope: Scope, *, is_weak: bool = False) -> None:
        """Let what is assigned to stand for a value from now on."""
        if isinstance(target, ast.Name):
            if target.id in self.shared and scope is not self.module:
                self.attributes[f"global {target.id}"] = self.attributes.get(f"global {target.id}", NOTHING) | value
            old = scope.values.get(target.id) if is_weak else None
            scope.values[target.id] = value | old if old is not None else value
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target.elts, value, scope)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value, scope)
        elif isinstance(target, ast.Attribute):
            for name in self.value(target.value, scope).names:
                key = f"{name}.{target.attr}"
                self.attributes[key] = self.attributes.get(key, NOTHING) | value
        elif isinstance(target, ast.Subscript):
            self.value(target.slice, scope)
            self.fill(target.value, value, scope)

    def fill(self, node: ast.AST, value: Value, scope: Scope) -> None:
        """Let a container hold a value as well."""
        added = Value(marks=value.marks, held=value.names | value.held)
        if added == NOTHING:
            return
        if isinstance(node, ast.Name):
            owner: Scope | None = scope
            while owner is not None and node.id not in owner.values:
                owner = owner.parent
            target = owner or scope
            target.values[node.id] = target.values.get(node.id, NOTHING) | added
        elif isinstance(node, ast.Attribute):
            self.bind(node, added, scope)
        elif isinstance(node, ast.Subscript | ast.Call):
            self.fill(node.value if isinstance(node, ast.Subscript) else node.func, value, scope)

    def items_of(self, value: Value) -> Value:
        """Return what iterating over a value gives."""
        constants: list[Constant] = []
        for constant in value.constants:
            if isinstance(constant, tuple):
                constants += [item for item in constant[:4] if item is not UNKNOWN]
        names = {name for name in value.names if name.endswith("()")}
        return Value(names=value.held | names, constants=tuple(constants[:4]), marks=value.marks)

    def _unpack(self, targets: Sequence[ast.expr], value: Value, scope: Scope) -> None:
        whole = value.constant
        is_even = isinstance(whole, tuple) and len(whole) == len(targets)
        for index, target in enumerate(targets):
            constants = (whole[index],) if isinstance(whole, tuple) and is_even else ()
            item = Value(names=value.held | value.names, constants=constants, marks=value.marks)
            self.bind(target, item, scope)

    def _constant(self, node: ast.Constant, _scope: Scope) -> Value:
        constant = node.value
        if constant is Ellipsis:
            return NOTHING
        marks = NO_MARKS
        if isinstance(constant, str | bytes):
            if len(constant) >= BLOB_CHARACTERS and _is_blob(constant):
                marks = frozenset({Mark(Origin.BLOB, "", node.lineno)})
            elif self.files and isinstance(constant, str):
                marks = merged(*(found for path, found in self.files.items() if path in constant))
        return Value(constants=(constant,), marks=marks)

    def _name(self, node: ast.Name, scope: Scope) -> Value:
        found = scope.get(node.id)
        if node.id in self.shared:
            found = (found or NOTHING) | self.attributes.get(f"global {node.id}", NOTHING)
        if found is not None:
            for name in found.names:
                if name in self.functions:
                    self._refer(scope, name)
            return found
        known = builtin(node.id)
        if known is not None:
            return Value(names=frozenset({known}))
        return Value(names=frozenset(canonical(f"{star}.{node.id}") for star in self.stars[:4]))

    def _refer(self, scope: Scope, name: str) -> None:
        self.references.setdefault("<main>" if scope.is_main else scope.name, set()).add(name)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        return self.attribute(self.value(node.value, scope), node.attr, node, scope)

    def attribute(  # noqa: C901  # one kind of base each
        self, base: Value, attr: str, node: ast.expr, scope: Scope, *, is_crafted: bool = False
    ) -> Value:
        """Return what an attribute of a value can be."""
        names: set[str] = set()
        result = NOTHING
        for base_name in base.names:
            if attr == "__dict__":
                names.add(base_name + SPACE)
                continue
            if attr == "__call__":
                names.add(base_name)
                continue
            name = canonical(f"{base_name}.{attr}")
            stored = self.attributes.get(name)
            if stored is not None:
                result |= stored
                for found in stored.names & self.functions.keys():
                    self._refer(scope, found)
                if stored.names or name.startswith((HERE, ".")):
                    continue  # else something was put into it, as into `sys.path`, and it is still that
            for found in (name, name.replace("()", "") if name.startswith(HERE) else name):
                if found in self.functions:
                    self._refer(scope, found)
                    name = found
            names.add(name)
        if attr in {"__globals__", "func_globals", "f_globals", "f_builtins", "f_locals"}:
            names.add(HERE + SPACE)
        marks = base.marks
        if names & ENVIRONMENT:
            marks = merged(marks, frozenset({Mark(Origin.ENVIRONMENT, "os.environ", node.lineno)}))
        constants: tuple[Constant, ...] = ("python3",) if "sys.executable" in names else ()
        if attr == "parent":
            constants = tuple(folding.call(folding.FUNCTIONS["os.path.dirname"], (text,)) for text in base.texts)
        crafted = is_crafted or base.is_crafted
        return result | Value(names=frozenset(names - {""}), constants=constants, marks=marks, is_crafted=crafted)

    def _binary(self, node: ast.BinOp, scope: Scope) -> Value:
        chain: list[ast.BinOp] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):  # long sums lean to the left, deeper than calls may nest
            chain.append(left)
            left = left.left
        value = self.value(left, scope)
        for part in reversed(chain):
            right = self.value(part.right, scope)
            value = _combine(type(part.op).__name__, value, right)
        return value

    def _joined(self, node: ast.JoinedStr, scope: Scope) -> Value:
        parts: list[str] = []
        marks: list[frozenset[Mark]] = []
        for part in node.values:
            value = self.value(part, scope)
            marks.append(value.marks)
            constant = value.constants[0] if value.constants else UNKNOWN
            parts.append(str(constant) if isinstance(constant, str | int) else HOLE)
        return Value(constants=(folding.bounded("".join(parts)),), marks=merged(*marks))

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        base = self.value(node.value, scope)
        key = self.value(node.slice, scope)
        crafted = base.is_crafted or not isinstance(node.slice, ast.Constant)
        for text in key.texts[:1]:
            found = self._looked_up(base, text, node, scope, is_crafted=crafted)
            if found is not None:
                return found
        constants = tuple(_at(constant, node.slice, key) for constant in base.constants)
        names = {name for name in base.names if name.endswith("()")}
        return Value(
            names=base.held | names,
            constants=tuple(constant for constant in constants if constant is not UNKNOWN),
            marks=merged(base.marks, decoded(node) if _is_reversed(node.slice) and base.texts else NO_MARKS),
            is_crafted=base.is_crafted or _is_reversed(node.slice),
        )

    def _looked_up(self, base: Value, key: str, node: ast.expr, scope: Scope, *, is_crafted: bool) -> Value | None:
        """What a key finds in a namespace, in the modules or in the environment."""
        for name in sorted(base.names):
            if name == "sys.modules":
                return Value(names=frozenset({canonical(key)}), is_crafted=is_crafted)
            if name in ENVIRONMENT:
                return variable(key, node.lineno)
            if name == HERE + SPACE:
                found = scope.get(key) or self.module.values.get(key)
                known = builtin(key) or canonical(key)
                return replace(found or Value(names=frozenset({known})), is_crafted=is_crafted)
            if name.endswith(SPACE) or name == "builtins":
                owner = Value(names=frozenset({name.removesuffix(SPACE)}))
                return self.attribute(owner, key, node, scope, is_crafted=is_crafted)
        return None

    def _display(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Value:
        values = [self.value(item, scope) for item in node.elts]
        held = frozenset(sorted({name for value in values for name in value.names | value.held})[:8])
        marks = merged(*{value.marks for value in values})
        constants = tuple(value.constants[0] if value.constants else UNKNOWN for value in values)
        if len(values) >= BLOB_NUMBERS and all(isinstance(constant, int) for constant in constants):
            marks = merged(marks, frozenset({Mark(Origin.BLOB, "", node.lineno)}))
        return Value(constants=(folding.bounded(constants),), marks=marks, held=held)

    def _dict(self, node: ast.Dict, scope: Scope) -> Value:
        values = [self.value(item, scope) for item in (*node.keys, *node.values) if item is not None]
        held = frozenset(sorted({name for value in values for name in value.names | value.held})[:8])
        return Value(marks=merged(*{value.marks for value in values}), held=held)

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Value:
        name = f"{HERE}.<lambda {node.lineno}:{node.col_offset}>"
        self.functions[name] = (node, scope)
        return Value(names=frozenset({name}))

    def _branches(self, node: ast.IfExp | ast.BoolOp, scope: Scope) -> Value:
        if isinstance(node, ast.IfExp):
            self.value(node.test, scope)
            return self.value(node.body, scope) | self.value(node.orelse, scope)
        result = NOTHING
        for item in node.values:
            result |= self.value(item, scope)
        return result

    def _compare(self, node: ast.Compare, scope: Scope) -> Value:
        for item in (node.left, *node.comparators):
            self.value(item, scope)
        return NOTHING

    def _unary(self, node: ast.UnaryOp, scope: Scope) -> Value:
        value = self.value(node.operand, scope)
        constant = value.constant
        if isinstance(node.op, ast.USub) and isinstance(constant, int):
            return Value(constants=(-constant,))
        return NOTHING if isinstance(node.op, ast.Not) else Value(marks=value.marks)

    def _named(self, node: ast.NamedExpr, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        self.bind(node.target, value, scope)
        return value

    def _yield(self, node: ast.Yield, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        key = f"{HERE}.{scope.name}"
        added = Value(marks=value.marks, held=value.names)
        self.returns[key] = self.returns.get(key, NOTHING) | added
        return NOTHING

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope) -> Value:
        inner = Scope(name=scope.name, parent=scope, is_main=scope.is_main)
        items = NOTHING
        for generator in node.generators:
            items = self.value(generator.iter, inner)
            self.bind(generator.target, self.items_of(items), inner)
            for test in generator.ifs:
                self.value(test, inner)
        if isinstance(node, ast.DictComp):
            made = self.value(node.key, inner) | self.value(node.value, inner)
            return Value(marks=made.marks, held=made.names)
        made = self.value(node.elt, inner)
        unrolled = self._unrolled(node, items, made, inner)
        return Value(constants=unrolled, marks=made.marks, held=made.names | made.held)

    def _unrolled(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, items: Value, made: Value, inner: Scope
    ) -> tuple[Constant, ...]:
        """What a comprehension over a constant gives, item by item: decoders of texts are written so."""
        whole = items.constant
        if len(node.generators) != 1 or node.generators[0].ifs or not isinstance(whole, tuple | str | bytes):
            return ()
        if not whole or len(whole) > MAX_UNROLLED or made.constants == () or made.constants[0] is UNKNOWN:
            return ()
        results: list[Constant] = []
        for item in whole:
            held = Value(constants=(item,))
            if isinstance(item, tuple):
                self._unpack([node.generators[0].target], held, inner)
            self.bind(node.generators[0].target, held, inner)
            constant = self.value(node.elt, inner).constant
            if constant is UNKNOWN:
                return ()
            results.append(constant)
        return (tuple(results),)

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        """Return what a call gives; the calls have a module of their own."""
        raise NotImplementedError


def _combine(kind: str, left: Value, right: Value) -> Value:
    constants = []
    for one in left.constants[:2] or (UNKNOWN,):
        for other in right.constants[:2] or (UNKNOWN,):
            constant = folding.binary(kind, one, other)
            if constant is not UNKNOWN:
                constants.append(constant)
    return Value(constants=tuple(constants), marks=merged(left.marks, right.marks), held=left.held | right.held)


def _at(constant: Constant, slice_: ast.expr, key: Value) -> Constant:
    """What an index or a slice of constants gives."""
    if not isinstance(constant, str | bytes | tuple):
        return UNKNOWN
    if isinstance(slice_, ast.Slice):
        bounds = [_number(part) for part in (slice_.lower, slice_.upper, slice_.step)]
        if UNKNOWN in bounds or bounds[2] == 0:
            return UNKNOWN
        return constant[slice(*bounds)]  # type: ignore[arg-type]  # numbers or nothing, as `_number` gives
    index = key.constant
    if isinstance(index, int) and -len(constant) <= index < len(constant):
        return constant[index]
    return UNKNOWN


def _is_reversed(slice_: ast.expr) -> bool:
    return isinstance(slice_, ast.Slice) and slice_.step is not None and _number(slice_.step) == -1


def decoded(node: ast.expr) -> frozenset[Mark]:
    """Return the mark of a text that the expression decodes."""
    return frozenset({Mark(Origin.DECODED, "", node.lineno)})


def _number(node: ast.expr | None) -> Constant:
    match node:
        case None:
            return None
        case ast.Constant(value=int() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
            return -value
        case _:
            return UNKNOWN


def variable(key: str, line: int) -> Value:
    """Return what an environment variable can be."""
    if key in HOME_VARIABLES:
        return Value(constants=("~",))
    if key in FOLDERS:
        return Value(constants=(FOLDERS[key],))
    return Value(marks=frozenset({Mark(Origin.VARIABLE, key, line)}))


def _is_blob(constant: str | bytes) -> bool:
    text = constant if isinstance(constant, str) else constant.decode("latin-1")
    if isinstance(constant, bytes) and not text.isascii():
        return True
    lines = text.split()
    return len(lines) <= 1 + len(text) // 60 and BLOB.fullmatch("".join(lines)) is not None

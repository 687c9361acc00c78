"""Evaluates expressions to abstract values, and notes every call on the way."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from telamon.kits.code.python import folding
from telamon.kits.code.python.facts import Place, Step
from telamon.kits.code.python.naming import HERE, SPACE, builtin, canonical
from telamon.kits.code.python.origins import (
    ANSWERS,
    ENVIRONMENT,
    HOME_PATH,
    PATH_FUNCTIONS,
    PATH_QUESTIONS,
    SECRET_PATH,
    VARIABLE_READERS,
    origin_of,
)
from telamon.kits.code.python.values import HOLE, NO_MARKS, NOTHING, UNKNOWN, Constant, Mark, Origin, Value, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MAX_SHOWN: Final = 200  # characters of a path or an address that a mark keeps
BLOB_CHARACTERS: Final = 160
BLOB_NUMBERS: Final = 64
BLOB: Final = re.compile(r"[A-Za-z0-9+/=_\-\\!-~]+", re.DOTALL)
HOME_VARIABLES: Final = frozenset({"HOME", "USERPROFILE", "HOMEPATH"})
FOLDERS: Final = {"APPDATA": "~/AppData/Roaming", "LOCALAPPDATA": "~/AppData/Local"}
FILLING: Final = frozenset(
    {
        "append",
        "extend",
        "add",
        "update",
        "insert",
        "write",
        "writestr",
        "writelines",
        "setdefault",
        "put",
        "appendleft",
    }
    | {
        "attach",
        "set_payload",
        "read",
        "add_header",
        "add_attachment",
        "write_bytes",
        "write_text",
        "read_file",
        "push",
    }
)
LISTING: Final = frozenset({"os.walk", "os.listdir", "os.scandir", "glob.glob", "glob.iglob"})
IMPORTING: Final = frozenset({"builtins.__import__", "importlib.import_module", "importlib.__import__"})
MAX_UNROLLED: Final = 4096
MAX_DERIVED: Final = 4


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
    """

    def __init__(self, fuel: int) -> None:
        self.fuel = fuel
        self.steps: dict[tuple[int, int, str, str], Step] = {}
        self.attributes: dict[str, Value] = {}
        self.returns: dict[str, Value] = {}
        self.parameters: dict[str, dict[str | int, Value]] = {}
        self.references: dict[str, set[str]] = {}
        self.functions: dict[str, tuple[ast.AST, Scope]] = {}
        self.stars: list[str] = []
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
        if found is not None:
            for name in found.names:
                if name in self.functions:
                    self._refer(scope, name)
            return found
        name = builtin(node.id)
        if name is not None:
            return Value(names=frozenset({name}))
        return Value(names=frozenset(canonical(f"{star}.{node.id}") for star in self.stars[:4]))

    def _refer(self, scope: Scope, name: str) -> None:
        self.references.setdefault("<main>" if scope.is_main else scope.name, set()).add(name)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        return self.attribute(self.value(node.value, scope), node.attr, node, scope)

    def attribute(self, base: Value, attr: str, node: ast.expr, scope: Scope, *, is_crafted: bool = False) -> Value:
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
                continue
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
        constants: tuple[Constant, ...] = ()
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
            marks=merged(base.marks, _decoded(node) if _is_reversed(node.slice) and base.texts else NO_MARKS),
            is_crafted=base.is_crafted or _is_reversed(node.slice),
        )

    def _looked_up(self, base: Value, key: str, node: ast.expr, scope: Scope, *, is_crafted: bool) -> Value | None:
        """What a key finds in a namespace, in the modules or in the environment."""
        for name in sorted(base.names):
            if name == "sys.modules":
                return Value(names=frozenset({canonical(key)}), is_crafted=is_crafted)
            if name in ENVIRONMENT:
                return _variable(key, node.lineno)
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
        receiver = NOTHING
        if isinstance(node.func, ast.Attribute):
            receiver = self.value(node.func.value, scope)
            callee = self.attribute(receiver, node.func.attr, node.func, scope)
            if node.func.attr == "get" and node.args:  # of a namespace or the environment
                key = self.value(node.args[0], scope)
                for text in key.texts[:1]:
                    found = self._looked_up(receiver, text, node, scope, is_crafted=False)
                    if found is not None and receiver.names & (ENVIRONMENT | {"sys.modules"}):
                        for extra in node.args[1:]:
                            self.value(extra, scope)
                        return found
        else:
            callee = self.value(node.func, scope)
        values: list[Value] = []
        for arg in node.args:
            value = self.value(arg, scope)
            if isinstance(arg, ast.Starred):
                held = value.constant
                spread = held if isinstance(held, tuple) else ()
                values += [Value(constants=(item,), marks=value.marks) for item in spread] or [value]
            else:
                values.append(value)
        named = [(keyword.arg or "**", self.value(keyword.value, scope)) for keyword in node.keywords]
        return self.called(node, callee, receiver, values, named, scope)

    def called(  # noqa: PLR0917  # the parts of a call
        self,
        node: ast.expr,
        callee: Value,
        receiver: Value,
        values: list[Value],
        named: list[tuple[str, Value]],
        scope: Scope,
    ) -> Value:
        """Note a call and return what it gives."""
        func = node.func if isinstance(node, ast.Call) else node
        names = sorted(callee.names) or [f".{func.attr}" if isinstance(func, ast.Attribute) else ""]
        values = [_with_secret(value, node.lineno) for value in values]
        named = [(name, _with_secret(value, node.lineno)) for name, value in named]
        if not callee.names and (callee.marks or callee.is_crafted):
            values = [*values, Value(marks=callee.marks)]
        result = NOTHING
        for name in names:
            self._note(node, name, receiver, values, named, scope, is_crafted=callee.is_crafted)
            result |= self._result(node, name, receiver, values, named, scope, func)
        self._apply(node, values, named, scope)
        self._flow_into(node, func, names, receiver, values, scope)
        return result

    def _note(  # likewise
        self,
        node: ast.expr,
        name: str,
        receiver: Value,
        values: list[Value],
        named: list[tuple[str, Value]],
        scope: Scope,
        *,
        is_crafted: bool,
    ) -> None:
        where = "<main>" if scope.is_main else scope.name
        key = (node.lineno, node.col_offset, name, where)
        step = Step(
            name=name,
            receiver=receiver,
            values=tuple(values),
            named=tuple(named),
            line=node.lineno,
            column=node.col_offset + 1,
            scope=where,
            place=Place.FUNCTION,
            is_crafted=is_crafted,
        )
        old = self.steps.get(key)
        if old is not None and len(old.values) == len(values) and len(old.named) == len(named):
            step = replace(
                step,
                receiver=old.receiver | receiver,
                values=tuple(one | other for one, other in zip(old.values, values, strict=True)),
                named=tuple((one[0], one[1] | other[1]) for one, other in zip(old.named, named, strict=True)),
            )
        self.steps[key] = step

    def _apply(self, node: ast.expr, values: list[Value], named: list[tuple[str, Value]], scope: Scope) -> None:
        """Note what a callee may call that was handed functions: `map(exec, ...)`, `Thread(target=...)`."""
        every = [*values, *(value for _, value in named)]
        for index, value in enumerate(every):
            if not value.names:
                continue
            others = [other for other in every[:index] + every[index + 1 :] if other is not NOTHING]
            spread = [self.items_of(other) | replace(other, names=frozenset()) for other in others]
            for name in sorted(value.names)[:MAX_DERIVED]:
                if name in _APPLIED:
                    self._note(node, name, NOTHING, spread, [], scope, is_crafted=value.is_crafted)
                elif name in self.functions:
                    self._pass(name, spread, [])

    def _flow_into(  # noqa: PLR0917  # likewise
        self, node: ast.expr, func: ast.expr, names: list[str], receiver: Value, values: list[Value], scope: Scope
    ) -> None:
        """Let receivers and files hold what is put into them."""
        marks = merged(*(value.marks for value in values))
        if isinstance(node, ast.Call) and len(node.args) > 1 and any(name.endswith(_SAVING) for name in names):
            fetched = frozenset({Mark(Origin.NETWORK, _words(values[0])[:MAX_SHOWN], node.lineno)})
            self.fill(node.args[1], Value(marks=fetched), scope)
            self._written(values[1], fetched, scope)
        if not marks or not isinstance(node, ast.Call):
            return
        if isinstance(func, ast.Attribute) and func.attr in FILLING:
            self.fill(func.value, Value(marks=marks), scope)
            if func.attr.startswith("write"):
                self._written(receiver, marks, scope)
        for name in names:
            if name in {"shutil.copyfileobj", "shutil.copy", "shutil.copyfile"} and len(values) > 1:
                self._written(values[1], values[0].marks, scope)

    def _written(self, file: Value, marks: frozenset[Mark], scope: Scope) -> None:
        unseen = frozenset(mark for mark in marks if mark.origin in {Origin.NETWORK, Origin.DECODED, Origin.BLOB})
        if not unseen:
            return
        if file.root:
            self.fill(ast.Name(id=file.root), Value(marks=unseen), scope)
        for path in file.texts:
            if len(path.strip(HOLE + "/.")) > 3:  # noqa: PLR2004  # shorter ones occur in any text
                self.files[path] = merged(self.files.get(path, NO_MARKS), unseen)

    def _pass(self, name: str, values: list[Value], named: list[tuple[str, Value]]) -> None:
        known = self.parameters.setdefault(name, {})
        for index, value in enumerate(values):
            known[index] = known.get(index, NOTHING) | value
        for key, value in named:
            known[key] = known.get(key, NOTHING) | value

    def _result(  # noqa: PLR0917  # one kind of callee each
        self,
        node: ast.expr,
        name: str,
        receiver: Value,
        values: list[Value],
        named: list[tuple[str, Value]],
        scope: Scope,
        func: ast.expr,
    ) -> Value:
        first = values[0] if values else NOTHING
        if name in self.functions:
            self._pass(name, values, named)
            return self.returns.get(name, NOTHING)
        for method in ("__init__", "__new__", "__post_init__"):
            if f"{name}.{method}" in self.functions:
                self._pass(f"{name}.{method}", values, named)
                self._refer(scope, f"{name}.{method}")
        reflected = self._reflected(node, name, values, scope)
        if reflected is not None:
            return reflected
        if name in ANSWERS:
            return self._folded(name, func, receiver, values)
        if name in VARIABLE_READERS:
            return _variable(first.texts[0] if first.texts else "", node.lineno)
        if name == "builtins.open" or (name.endswith(".open") and receiver.texts and "(" in name + "("):
            path = first if name == "builtins.open" else receiver
            root = ""
            if isinstance(node, ast.Call):
                target = node.args[0] if name == "builtins.open" and node.args else getattr(func, "value", None)
                root = target.id if isinstance(target, ast.Name) else ""
            marks = merged(path.marks, _secret_marks(path, node.lineno))
            return Value(names=frozenset({"builtins.open()"}), constants=path.constants, marks=marks, root=root)
        marks = self._marks(node, name, func, receiver, values, named)
        folded = self._folded(name, func, receiver, values)
        made = frozenset({f"{name}()"}) if name and not name.startswith(".") else frozenset()
        held = (
            first.held
            if name in {"builtins.list", "builtins.tuple", "builtins.iter", "builtins.reversed"}
            else NO_NAMES
        )
        if isinstance(func, ast.Attribute) and func.attr in {"get", "pop", "values", "items", "copy", "__getitem__"}:
            held, made = receiver.held, made | receiver.held
        return Value(names=made, constants=folded.constants, marks=merged(marks, folded.marks), held=held)

    def _reflected(self, node: ast.expr, name: str, values: list[Value], scope: Scope) -> Value | None:
        """What functions give that look names up."""
        first = values[0] if values else NOTHING
        second = values[1] if len(values) > 1 else NOTHING
        args = node.args if isinstance(node, ast.Call) else []
        if name in {"builtins.getattr", "builtins.object.__getattribute__", "inspect.getattr_static"} and second.texts:
            crafted = not isinstance(args[1], ast.Constant) if len(args) > 1 else True
            return self.attribute(first, second.texts[0], node, scope, is_crafted=crafted)
        if name in IMPORTING and first.texts:
            crafted = bool(args) and not isinstance(args[0], ast.Constant)
            module = first.texts[0] if name != "builtins.__import__" or len(args) > 1 else first.texts[0].split(".")[0]
            return Value(names=frozenset({canonical(module)}), is_crafted=crafted)
        if name.endswith((".__getattribute__", ".__getattr__")) and first.texts:
            owner = Value(names=frozenset({name.rpartition(".")[0]}))
            return self.attribute(owner, first.texts[0], node, scope, is_crafted=True)
        if name.endswith((".__dict__.get", ".__dict__.__getitem__", ".__dict__.pop", "sys.modules.__getitem__")):
            base = Value(names=frozenset({name.rpartition(".")[0]}))
            return self._looked_up(base, first.texts[0], node, scope, is_crafted=True) if first.texts else None
        if name in {"builtins.globals", "builtins.locals"} or (name == "builtins.vars" and not values):
            return Value(names=frozenset({HERE + SPACE}))
        if name == "builtins.vars":
            return Value(names=frozenset(found + SPACE for found in first.names))
        if name == "functools.partial":
            return replace(first, marks=merged(*(value.marks for value in values)))
        if name in {"operator.attrgetter", "operator.methodcaller", "operator.itemgetter"}:
            return Value(names=frozenset({f"{name}()"}), constants=first.constants)
        if name in {"operator.attrgetter()", "operator.methodcaller()"} and isinstance(node, ast.Call):
            key = self.value(node.func, scope).texts
            return self.attribute(first, key[0], node, scope, is_crafted=True) if key else None
        return None

    def _folded(self, name: str, func: ast.expr, receiver: Value, values: list[Value]) -> Value:
        function = folding.FUNCTIONS.get(name)
        arguments = [value.constants[0] if value.constants else UNKNOWN for value in values]
        if function is not None:
            is_path = name.startswith(("os.path", "pathlib"))
            if UNKNOWN in arguments and not is_path:
                return NOTHING
            folded = _constants(folding.call(function, arguments))
            is_decoded = name in DECODING and isinstance(arguments[0] if arguments else None, int | tuple)
            return replace(folded, marks=_decoded(func)) if is_decoded else folded
        if name == "builtins.map" and len(values) == 2:  # noqa: PLR2004  # function and items
            return self._mapped(values[0], arguments[1])
        if isinstance(func, ast.Attribute) and receiver.constants and receiver.constants[0] is not UNKNOWN:
            method = folding.METHODS.get(func.attr)
            is_loose = func.attr in {"format", "joinpath"}
            if method is not None and (is_loose or UNKNOWN not in arguments):
                return _constants(folding.call(method, (receiver.constants[0], *arguments)))
        return NOTHING

    def _mapped(self, function: Value, items: Constant) -> Value:
        table = [folding.FUNCTIONS[name] for name in function.names if name in folding.FUNCTIONS]
        if len(table) != 1 or not isinstance(items, tuple | bytes | str) or len(items) > MAX_UNROLLED:
            return NOTHING
        folded = _constants(tuple(folding.call(table[0], (item,)) for item in items))
        return replace(folded, marks=frozenset({Mark(Origin.DECODED, "", 0)})) if function.names & DECODING else folded

    def _marks(  # noqa: PLR0917  # likewise
        self,
        node: ast.expr,
        name: str,
        func: ast.expr,
        receiver: Value,
        values: list[Value],
        named: list[tuple[str, Value]],
    ) -> frozenset[Mark]:
        """Where what a call gives comes from: the callee itself, a path it is told, and its arguments."""
        marks = [receiver.marks, *(value.marks for value in values), *(value.marks for _, value in named)]
        origin = origin_of(name)
        texts = _words(values[0]) if values else ""
        if origin is not None:
            marks.append(frozenset({Mark(origin, (texts or name)[:MAX_SHOWN], node.lineno)}))
        method = func.attr if isinstance(func, ast.Attribute) else ""
        if not PATH_FUNCTIONS.match(name) and method not in PATH_QUESTIONS:
            places = [*values[:2], receiver]
            marks += [_secret_marks(place, node.lineno) for place in places]
            is_listing = name in LISTING or method in {"rglob", "glob", "iterdir"}
            if is_listing and any(HOME_PATH.search(text) for place in places for text in place.texts):
                marks.append(frozenset({Mark(Origin.HOME, texts[:MAX_SHOWN], node.lineno)}))
        return merged(*marks)


DECODING: Final = frozenset({"builtins.chr", "builtins.bytes", "builtins.bytearray"})  # where they are given numbers
_SAVING: Final = ("urlretrieve", ".retrieve", "wget.download")  # to the path that is their second argument
NO_NAMES: Final[frozenset[str]] = frozenset()
# What matters when somebody else is given it to call.
_APPLIED: Final = frozenset(
    {"builtins.exec", "builtins.eval", "builtins.compile", "os.system", "os.popen", "subprocess.run", "subprocess.call"}
    | {"subprocess.Popen", "subprocess.check_output", "subprocess.check_call", "subprocess.getoutput", "pty.spawn"}
    | {"shutil.rmtree", "os.remove", "os.unlink", "pickle.loads", "marshal.loads", "requests.post", "requests.get"}
    | {"urllib.request.urlopen", "os.execv", "os.execvp", "os.execl", "builtins.__import__", "builtins.open"}
)


def _constants(constant: Constant) -> Value:
    return NOTHING if constant is UNKNOWN else Value(constants=(constant,))


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
        return constant[slice(*bounds)]
    index = key.constant
    if isinstance(index, int) and -len(constant) <= index < len(constant):
        return constant[index]
    return UNKNOWN


def _is_reversed(slice_: ast.expr) -> bool:
    return isinstance(slice_, ast.Slice) and slice_.step is not None and _number(slice_.step) == -1


def _decoded(node: ast.expr) -> frozenset[Mark]:
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


def _variable(key: str, line: int) -> Value:
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


def _words(value: Value) -> str:
    for constant in value.constants:
        if isinstance(constant, str):
            return constant
        if isinstance(constant, tuple):
            return " ".join(item if isinstance(item, str) else HOLE for item in constant)
    return ""


def _texts(value: Value) -> Iterable[str]:
    yield from value.texts
    for constant in value.constants:
        if isinstance(constant, tuple):
            yield from (item for item in constant[:64] if isinstance(item, str))


def _secret_marks(value: Value, line: int) -> frozenset[Mark]:
    found = [text for text in _texts(value) if len(text) < 1000 and SECRET_PATH.search(text)]  # noqa: PLR2004  # paths
    return frozenset(Mark(Origin.SECRET, text[:MAX_SHOWN], line) for text in found)


def _with_secret(value: Value, line: int) -> Value:
    """An argument that names a file of secrets, marked: the callee may read it."""
    marks = frozenset(mark for mark in _secret_marks(value, line) if "://" not in mark.what)
    return replace(value, marks=merged(value.marks, marks)) if marks else value

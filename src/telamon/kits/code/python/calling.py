"""Evaluates calls: notes each with its arguments, and says what it gives and where that came from."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from telamon.kits.code.python import folding
from telamon.kits.code.python.expressions import MAX_UNROLLED, Expressions, Scope, decoded, variable
from telamon.kits.code.python.facts import Place, Step
from telamon.kits.code.python.naming import HERE, SPACE, canonical
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
    from collections.abc import Iterable

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
MAX_DERIVED: Final = 4
MAX_SHOWN: Final = 200  # characters of a path or an address that a mark keeps
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


class Calls(Expressions):
    """Evaluates expressions of one file with their calls.

    Args:
        fuel: As of `Expressions`.
        fetching: As of `Expressions`.
    """

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

    def _note(  # noqa: PLR0917  # likewise
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
        if isinstance(node, ast.Call):
            self._saved(node, names, values, scope)
        if not marks or not isinstance(node, ast.Call):
            return
        if isinstance(func, ast.Attribute) and func.attr in FILLING:
            self.fill(func.value, Value(marks=marks), scope)
            if func.attr.startswith("write"):
                self._written(receiver, marks, scope)
        for name in names:
            if name in {"shutil.copyfileobj", "shutil.copy", "shutil.copyfile"} and len(values) > 1:
                self._written(values[1], values[0].marks, scope, is_copy=True)

    def _saved(self, node: ast.Call, names: list[str], values: list[Value], scope: Scope) -> None:
        """Let the path hold what a call saves there that fetches."""
        for position, keyword in {
            self.fetching.saving[last] for name in names if (last := name.rpartition(".")[2]) in self.fetching.saving
        }:
            given = [part.value for part in node.keywords if part.arg == keyword]
            target = node.args[position] if position < len(node.args) else given[0] if given else None
            if target is not None:
                what = _words(values[0])[:MAX_SHOWN] if values else ""
                fetched = frozenset({Mark(Origin.NETWORK, what, node.lineno)})
                self.fill(target, Value(marks=fetched), scope)
                self._written(self.value(target, scope), fetched, scope)

    def _written(self, file: Value, marks: frozenset[Mark], scope: Scope, *, is_copy: bool = False) -> None:
        kept = {Origin.NETWORK, Origin.DECODED, Origin.BLOB} | ({Origin.SECRET} if is_copy else set())
        unseen = frozenset(mark for mark in marks if mark.origin in kept)
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
            return variable(first.texts[0] if first.texts else "", node.lineno)
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

    def _reflected(  # noqa: PLR0911  # one function each
        self, node: ast.expr, name: str, values: list[Value], scope: Scope
    ) -> Value | None:
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
            return replace(folded, marks=decoded(func)) if is_decoded else folded
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
        if origin is None and name.rpartition(".")[2] in self.fetching.giving:
            origin = Origin.NETWORK
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


def _constants(constant: Constant) -> Value:
    return NOTHING if constant is UNKNOWN else Value(constants=(constant,))


def _words(value: Value) -> str:
    for constant in value.constants:
        if isinstance(constant, str):
            return constant
        if isinstance(constant, tuple):
            return " ".join(item[:MAX_SHOWN] if isinstance(item, str) else HOLE for item in constant[:64])
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

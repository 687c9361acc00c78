"""Follows a source text statement by statement, and says when each of its calls runs."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from telamon.kits.code.python.calling import Calls
from telamon.kits.code.python.expressions import Scope, SpentError
from telamon.kits.code.python.facts import Place, Program, Step
from telamon.kits.code.python.naming import HERE, canonical
from telamon.kits.code.python.origins import NO_FETCHING, Fetching
from telamon.kits.code.python.parsing import parse
from telamon.kits.code.python.values import NOTHING, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

FUEL: Final = 200_000  # expressions; the largest modules of real packages have 50,000
ROUNDS: Final = 3  # of following what functions are given and return
MAIN: Final = "<main>"
# Methods that frameworks call of what a model brings: transformers, torch, TorchServe, Triton, MLflow, MCP.
HOOKS: Final = frozenset(
    {"__init__", "__new__", "__call__", "__setstate__", "__reduce__", "__getattr__", "__del__", "__init_subclass__"}
    | {"__set_name__", "__enter__", "__post_init__", "__class_getitem__", "__getitem__", "__iter__", "__len__"}
    | {"forward", "from_pretrained", "from_config", "generate", "prepare_inputs_for_generation", "post_init", "load"}
    | {
        "initialize",
        "handle",
        "preprocess",
        "inference",
        "postprocess",
        "execute",
        "finalize",
        "load_context",
        "predict",
    }
    | {"setup", "teardown", "run", "main", "_load_pyfunc", "load_model", "pytest_configure", "pytest_sessionstart"}
    | {
        "get_requires_for_build_wheel",
        "build_wheel",
        "build_sdist",
        "prepare_metadata_for_build_wheel",
        "build_editable",
    }
    | {
        "pytest_load_initial_conftests",
        "pytest_collection_modifyitems",
        "input_fn",
        "predict_fn",
        "model_fn",
        "output_fn",
    }
    | {"get_requires_for_build_editable", "find_spec", "exec_module", "create_module", "initialize_options", "encode"}
    | {
        "finalize_options",
        "get_requires_for_build_sdist",
        "prepare_metadata_for_build_editable",
        "tokenize",
        "_tokenize",
    }
)


def trace(source: bytes) -> Program:
    """Returns what a source text does, as far as its syntax tree tells; nothing is run.

    Raises:
        MalformedError: As `parse`.
    """
    return follow(parse(source))


def follow(tree: ast.Module, *, is_main_import: bool = False, fetching: Fetching = NO_FETCHING) -> Program:
    """Returns what a syntax tree does.

    Args:
        tree: Of a module.
        is_main_import: Whether the lines behind `__name__ == "__main__"` count as the module's own.
        fetching: What else counts as fetched from the network, beside what always does.
    """
    tracer = _Tracer(FUEL, fetching)
    done: tuple[Step, ...] | None = None
    state = -1
    try:
        for _ in range(ROUNDS):
            tracer.round(tree)
            done = tracer.placed(is_main_import=is_main_import)
            if tracer.state == state:
                break
            state = tracer.state
    except (SpentError, RecursionError):
        if done is None:
            partial = tracer.placed(is_main_import=is_main_import)
            return Program(steps=partial, imports=frozenset(tracer.imports), is_whole=False)
    return Program(steps=done or (), imports=frozenset(tracer.imports), is_whole=True)


class _Tracer(Calls):
    def __init__(self, fuel: int, fetching: Fetching) -> None:
        super().__init__(fuel, fetching)
        self.imports: set[str] = set()
        self._waiting: list[tuple[str, ast.AST, Scope, str]] = []
        self._done: set[int] = set()
        self._decorated: set[str] = set()
        self._loops = 0

    @property
    def state(self) -> int:
        """A number that changes with what is known of functions and attributes."""
        parts = [*self.returns.values(), *self.attributes.values()]
        parts += [value for known in self.parameters.values() for value in known.values()]
        return hash((tuple(hash(part) for part in parts), len(self.files), len(self.functions)))

    def round(self, tree: ast.Module) -> None:
        self.steps.clear()
        self._waiting.clear()
        self._done.clear()
        self.module.values.clear()
        self._block(tree.body, self.module)
        index = 0
        while index < len(self._waiting):
            name, node, scope, owner = self._waiting[index]
            index += 1
            if id(node) not in self._done:  # one name may be defined twice
                self._done.add(id(node))
                self._function(name, node, scope, owner)

    def placed(self, *, is_main_import: bool) -> tuple[Step, ...]:
        """Return the calls in the order of the text, with the time that each runs."""
        places = self._places()
        if is_main_import:
            places = {scope: Place.IMPORT if place is Place.MAIN else place for scope, place in places.items()}
        steps = sorted(self.steps.values(), key=lambda step: (step.line, step.column))
        return tuple(replace(step, place=places.get(step.scope, Place.FUNCTION)) for step in steps)

    def _places(self) -> dict[str, Place]:
        places = {"": Place.IMPORT, MAIN: Place.MAIN}
        for place, roots in (
            (Place.IMPORT, [""]),
            (Place.MAIN, [MAIN]),
            (Place.HOOK, sorted(name.removeprefix(f"{HERE}.") for name in self.functions if self._is_hook(name))),
        ):
            waiting = list(roots)
            for root in roots:
                places.setdefault(root, place)
            while waiting:
                scope = waiting.pop()
                for name in self.references.get(scope, ()):
                    inner = name.removeprefix(f"{HERE}.")
                    if inner not in places:
                        places[inner] = place
                        waiting.append(inner)
        return places

    def _is_hook(self, name: str) -> bool:
        own = name.rpartition(".")[2]
        return own in HOOKS or name in self._decorated

    def _block(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        for statement in body:
            self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:  # noqa: C901, PLR0912  # one kind of statement each
        if isinstance(node, ast.Expr):
            self.value(node.value, scope)
        elif isinstance(node, ast.Assign):
            self._assign(node.targets, node.value, scope)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self._assign([node.target], node.value, scope)
        elif isinstance(node, ast.AugAssign):
            value = self.value(ast.BinOp(left=_loaded(node.target), op=node.op, right=node.value), scope)
            self.bind(node.target, value, scope, is_weak=self._loops > 0)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, scope)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._define(node, scope)
        elif isinstance(node, ast.ClassDef):
            self._class(node, scope)
        elif isinstance(node, ast.If):
            self._if(node, scope)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
            self._loop(node, scope)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                value = self.value(item.context_expr, scope)
                if item.optional_vars is not None:
                    self.bind(item.optional_vars, value, scope)
            self._block(node.body, scope)
        elif isinstance(node, ast.Try | ast.TryStar):
            self._try(node, scope)
        elif isinstance(node, ast.Return):
            key = f"{HERE}.{scope.name}"
            self.returns[key] = self.returns.get(key, NOTHING) | self.value(node.value, scope)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            self.shared.update(node.names)
        elif isinstance(node, ast.Match):
            self._match(node, scope)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr) and not isinstance(node, ast.Delete):
                    self.value(child, scope)

    def _assign(self, targets: list[ast.expr], node: ast.expr, scope: Scope) -> None:
        for target in targets:
            if isinstance(target, ast.Tuple) and isinstance(node, ast.Tuple) and len(target.elts) == len(node.elts):
                for inner, part in zip(target.elts, node.elts, strict=True):
                    self._assign([inner], part, scope)
                return
        value = self.value(node, scope)
        for target in targets:
            self.bind(target, value, scope, is_weak=self._loops > 0)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.imports.add(alias.name)
                bound = alias.name if alias.asname else alias.name.partition(".")[0]
                scope.values[alias.asname or bound] = Value(names=frozenset({canonical(bound)}))
            return
        module = "." * node.level + (node.module or "")
        self.imports.add(module)
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(module)
            else:
                name = f"{module}.{alias.name}" if node.module else module + alias.name
                scope.values[alias.asname or alias.name] = Value(
                    names=frozenset({canonical(name)} if name[0] != "." else ())
                )

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        inner = f"{scope.name}.{node.name}" if scope.name else node.name
        name = f"{HERE}.{inner}"
        for default in (*node.args.defaults, *node.args.kw_defaults):
            self.value(default, scope)
        self.functions[name] = (node, scope)
        self._waiting.append((name, node, scope, scope.name if scope.is_class else ""))
        value = Value(names=frozenset({name}))
        scope.values[node.name] = self._decorate(node, value, scope)

    def _decorate(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, value: Value, scope: Scope
    ) -> Value:
        for decorator in reversed(node.decorator_list):
            callee = self.value(decorator, scope)
            plain = {name.rpartition(".")[2] for name in callee.names}
            self._decorated |= {name for name in value.names if name in self.functions} if not plain & _INERT else set()
            given = self.called(decorator, callee, NOTHING, [value], [], scope)
            value = Value(names=value.names, constants=given.constants, marks=given.marks)
        return value

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        inner = f"{scope.name}.{node.name}" if scope.name else node.name
        for part in (*node.bases, *(keyword.value for keyword in node.keywords)):
            self.value(part, scope)
        # The body runs where the class stands; its own lines count to the scope around it.
        body = Scope(name=inner, parent=scope, is_class=True, is_main=scope.is_main)
        self.references.setdefault(MAIN if scope.is_main else scope.name, set()).add(f"{HERE}.{inner}")
        self._block(node.body, body)
        for attr, value in body.values.items():
            for key in (f"{HERE}.{inner}.{attr}", f"{HERE}.{inner}().{attr}"):
                self.attributes[key] = value
        made = f"{HERE}.{inner}"
        for method in ("__init__", "__new__", "__init_subclass__", "__set_name__"):
            if f"{made}.{method}" in self.functions:
                self.references.setdefault(inner, set())
        scope.values[node.name] = self._decorate(node, Value(names=frozenset({made})), scope)

    def _if(self, node: ast.If, scope: Scope) -> None:
        """Follow all branches; chains of `elif` nest in the tree, deeper than calls may."""
        ends: list[dict[str, Value]] = []
        current: ast.stmt | None = node
        while isinstance(current, ast.If):
            is_main = not scope.name and _is_main(current.test)
            self.value(current.test, scope)
            before = dict(scope.values)
            was_main, scope.is_main = scope.is_main, scope.is_main or is_main
            self._block(current.body, scope)
            scope.is_main = was_main
            ends.append(scope.values)
            scope.values = before
            following = current.orelse
            current = following[0] if len(following) == 1 and isinstance(following[0], ast.If) else None
            if current is None:
                self._block(following, scope)
        for end in ends:
            _merge(scope.values, end)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, scope: Scope) -> None:
        before = dict(scope.values)
        times = 2 if self._loops == 0 else 1
        self._loops += 1
        for _ in range(times):
            if isinstance(node, ast.While):
                self.value(node.test, scope)
            else:
                self.bind(node.target, self.items_of(self.value(node.iter, scope)), scope)
            self._block(node.body, scope)
        self._loops -= 1
        _merge(scope.values, before)
        self._block(node.orelse, scope)

    def _try(self, node: ast.Try | ast.TryStar, scope: Scope) -> None:
        before = dict(scope.values)
        self._block(node.body, scope)
        self._block(node.orelse, scope)
        after = scope.values
        for handler in node.handlers:
            scope.values = dict(before)
            _merge(scope.values, after)
            self._block(handler.body, scope)
            _merge(after, scope.values)
        scope.values = after
        self._block(node.finalbody, scope)

    def _match(self, node: ast.Match, scope: Scope) -> None:
        subject = Value(marks=self.value(node.subject, scope).marks)
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
                if isinstance(name, str):
                    scope.values[name] = subject
            self.value(case.guard, scope)
            self._block(case.body, scope)

    def _function(self, name: str, node: ast.AST, parent: Scope, owner: str) -> None:
        """Follow the body of a function with whatever its callers give it."""
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        outer = parent
        scope = Scope(name=name.removeprefix(f"{HERE}."), parent=outer)
        known = self.parameters.get(name, {})
        parameters = [*node.args.posonlyargs, *node.args.args]
        offset = 1 if owner and parameters and not _is_static(node) else 0
        defaults: list[ast.expr | None] = [None] * (len(parameters) - len(node.args.defaults)) + list(
            node.args.defaults
        )
        for index, parameter in enumerate(parameters):
            value = (
                known.get(index - offset, NOTHING) | known.get(parameter.arg, NOTHING) if index >= offset else NOTHING
            )
            if index < offset:
                value = Value(names=frozenset({f"{HERE}.{owner}()", f"{HERE}.{owner}"}))
            elif defaults[index] is not None:
                value |= self.value(defaults[index], outer)
            scope.values[parameter.arg] = value
        for parameter in node.args.kwonlyargs:
            scope.values[parameter.arg] = known.get(parameter.arg, NOTHING)
        for rest in (node.args.vararg, node.args.kwarg):
            if rest is not None:
                marks = [value.marks for value in known.values()]
                scope.values[rest.arg] = Value(marks=frozenset().union(*marks))
        loops, self._loops = self._loops, 0
        if isinstance(node, ast.Lambda):
            self.returns[name] = self.returns.get(name, NOTHING) | self.value(node.body, scope)
        else:
            self._block(node.body, scope)
        self._loops = loops

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Value:
        value = super()._lambda(node, scope)
        [name] = value.names
        self._waiting.append((name, node, scope, ""))
        self._refer(scope, name)
        return value


# Decorators that change what a function is, and call nothing of it.
_INERT: Final = frozenset(
    {"property", "staticmethod", "classmethod", "abstractmethod", "cached_property", "setter", "deleter", "getter"}
    | {"wraps", "lru_cache", "cache", "contextmanager", "overload", "override", "final", "fixture", "parametrize"}
    | {"no_grad", "total_ordering", "dataclass", "asynccontextmanager", "deprecated", "skipif", "skip", "mark"}
)


def _merge(values: dict[str, Value], others: dict[str, Value]) -> None:
    for name, value in others.items():
        old = values.get(name)
        values[name] = value if old is None else old if old is value else old | value


def _is_main(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]):
            return True
        case _:
            return False


def _is_static(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(isinstance(decorator, ast.Name) and decorator.id == "staticmethod" for decorator in decorators)


def _loaded(target: ast.Name | ast.Attribute | ast.Subscript) -> ast.expr:
    """What is assigned to, as an expression that is read."""
    return target

"""Reads Python sources out of wheels, folders and the standard library into a model of modules and classes."""

from __future__ import annotations

import ast
import dataclasses
import re
import warnings
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_FILE = 3_000_000  # bytes; larger sources are generated tables
SKIPPED = re.compile(
    r"(^|/)(tests?|testing|_tests?|testsuite|examples?|benchmarks?|docs?|conftest|idle_test|asv_bench|_vendor)(/|$)"
    r"|^(idlelib|lib2to3|distutils|encodings|ensurepip|tkinter|turtledemo|pydoc_data|torch/(_inductor|_dynamo|onnx|_export"
    r"|_refs|_decomp|_prims|_numpy|fx/passes|_functorch|utils/benchmark))(/|$)"
    r"|(^|/)(test_[^/]*|[^/]*_test|conftest|setup)\.py$"
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclasses.dataclass(slots=True)
class Class:
    """A class as its source defines it."""

    module: str
    name: str
    bases: list[str]
    methods: dict[str, list[Function]]  # every definition of a name: of several below `if` and `try`, any may be it
    setters: list[Function]
    aliases: dict[str, list[str]]  # class attributes that are plain names, as `__setstate__ = _restore`
    members: list[str]  # plain assignments, which are the members of an enumeration
    public: str  # the module that `@set_module(...)` gives it, or nothing


@dataclasses.dataclass(slots=True)
class Module:
    """A module as its source defines it."""

    name: str
    is_package: bool
    imports: dict[str, str] = dataclasses.field(default_factory=dict)
    stars: list[str] = dataclasses.field(default_factory=list)
    classes: dict[str, Class] = dataclasses.field(default_factory=dict)
    functions: dict[str, list[Function]] = dataclasses.field(default_factory=dict)  # as `Class.methods`
    assigned: dict[str, str] = dataclasses.field(default_factory=dict)  # NAME = other.name at module level
    tuples: list[str] = dataclasses.field(default_factory=list)  # NAME = namedtuple(...)


def sources_of_wheel(path: Path) -> Iterator[tuple[str, bytes]]:
    """The name and content of every source file of a wheel, without its tests."""
    with zipfile.ZipFile(path) as wheel:
        for name in sorted(wheel.namelist()):
            if name.endswith(".py") and not SKIPPED.search(name) and wheel.getinfo(name).file_size <= MAX_FILE:
                yield re.sub(r"^[^/]+\.data/(purelib|platlib)/", "", name), wheel.read(name)


def sources_of_folder(root: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    """The name and content of every source file below a folder, without its tests; names begin with `prefix`."""
    for path in sorted(root.rglob("*.py")):
        name = prefix + path.relative_to(root).as_posix()
        if "site-packages" not in name and not SKIPPED.search(name) and path.stat().st_size <= MAX_FILE:
            yield name, path.read_bytes()


def modules_of(sources: Iterator[tuple[str, bytes]]) -> dict[str, Module]:
    """Parse sources; what does not parse with this Python is left out."""
    modules: dict[str, Module] = {}
    for name, content in sources:
        parts = name[: -len(".py")].split("/")
        is_package = parts[-1] == "__init__"
        parts = parts[:-1] if is_package else parts
        if not parts or not all(part.isidentifier() for part in parts):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError):
            continue  # Python 2 sources and templates
        module = Module(".".join(parts), is_package)
        _Reader(module).read(tree.body)
        modules[module.name] = module
    return modules


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` as text, or None for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Subscript):  # Generic[T]
        head = dotted(node.value)
        return None if head is None or parts else head
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def imports_of(statement: ast.Import | ast.ImportFrom, module: str, *, is_package: bool) -> Iterator[tuple[str, str]]:
    """What an import statement binds: local name and dotted target; the name `*` for all names."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
        return
    base = statement.module or ""
    if statement.level:
        parts = module.split(".")
        kept = parts[: len(parts) - statement.level + (1 if is_package else 0)]
        base = ".".join([*kept, base] if base else kept)
    for alias in statement.names:
        yield (alias.asname or alias.name), (base if alias.name == "*" else f"{base}.{alias.name}")


class _Reader:
    """Collects the definitions of one module, also below `if` and `try`."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def read(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, statement: ast.stmt) -> None:
        module = self._module
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for local, target in imports_of(statement, module.name, is_package=module.is_package):
                if local == "*":
                    module.stars.append(target)
                else:
                    module.imports.setdefault(local, target)
        elif isinstance(statement, ast.ClassDef):
            self._class(statement, "")
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            if not _is_stub(statement):
                module.functions.setdefault(statement.name, []).append(statement)
        elif isinstance(statement, ast.Assign):
            self._assignment(statement)
        else:
            self.read(_below(statement))

    def _assignment(self, statement: ast.Assign) -> None:
        target, value = statement.targets[0], statement.value
        if not isinstance(target, ast.Name):
            return
        text = dotted(value) if isinstance(value, ast.Name | ast.Attribute) else None
        if text is not None:
            self._module.assigned[target.id] = text
        elif isinstance(value, ast.Call) and (dotted(value.func) or "").split(".")[-1] in {"namedtuple", "NamedTuple"}:
            self._module.tuples.append(target.id)

    def _class(self, node: ast.ClassDef, outer: str) -> None:
        name = outer + node.name
        found = self._module.classes.get(name)
        if found is None:
            found = Class(
                module=self._module.name,
                name=name,
                bases=[],
                methods={},
                setters=[],
                aliases={},
                members=[],
                public=public_module(node),
            )
            self._module.classes[name] = found
        found.bases.extend(base for each in node.bases for base in _base(each) if base not in found.bases)
        self._members(found, node.body)

    def _members(self, found: Class, body: list[ast.stmt]) -> None:
        for statement in body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                if _is_setter(statement):
                    found.setters.append(statement)
                elif not _is_stub(statement):
                    found.methods.setdefault(statement.name, []).append(statement)
            elif isinstance(statement, ast.ClassDef):
                self._class(statement, f"{found.name}.")
            elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                target = statement.targets[0].id
                text = dotted(statement.value) if isinstance(statement.value, ast.Name | ast.Attribute) else None
                if text is not None:
                    found.aliases.setdefault(target, []).append(text)
                found.members.append(target)
            else:
                self._members(found, _below(statement))


def _below(statement: ast.stmt) -> list[ast.stmt]:
    """What stands below `if`, `try`, `with`, `for` and `while`, on every branch."""
    if isinstance(statement, ast.If | ast.For | ast.While):
        return statement.body + statement.orelse
    if isinstance(statement, ast.Try):
        handled = [inner for handler in statement.handlers for inner in handler.body]
        return statement.body + handled + statement.orelse + statement.finalbody
    return statement.body if isinstance(statement, ast.With) else []


def _is_stub(function: Function) -> bool:
    """Whether it is a signature for type checkers, as `@overload` declares."""
    return any((dotted(decorator) or "").split(".")[-1] == "overload" for decorator in function.decorator_list)


def public_module(node: ast.ClassDef | Function) -> str:
    """The module that a decorator such as `@set_module("pandas")` writes into `__module__`, or nothing."""
    for decorator in node.decorator_list:
        if not isinstance(decorator, ast.Call):
            continue
        maker = (dotted(decorator.func) or "").split(".")[-1]
        named = [k.value for k in decorator.keywords if k.arg == "module"]
        given = decorator.args[:1] if maker == "set_module" else named if maker.endswith("dispatch") else []
        if given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
            return given[0].value
    return ""


def _base(node: ast.expr) -> list[str]:
    """The names of a base class: also of `namedtuple(...)` and `with_metaclass(Meta, Base)`."""
    if isinstance(node, ast.Call):
        maker = (dotted(node.func) or "").split(".")[-1]
        if maker in {"namedtuple", "NamedTuple"}:
            return ["tuple"]
        if maker == "with_metaclass":
            return [dotted(argument) or "?" for argument in node.args[1:]]
    return [dotted(node) or "?"]


def _is_setter(function: Function) -> bool:
    return any(isinstance(d, ast.Attribute) and d.attr == "setter" for d in function.decorator_list)

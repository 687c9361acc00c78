# patterns, one thought a line
"""Judges Python: what it loads, how, and from where."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from telamon.controls.artifact.library_loading.configuration.codes import judge_codes
from telamon.controls.artifact.library_loading.configuration.commands import judge_commands
from telamon.controls.artifact.library_loading.configuration.given import FETCHING, Given
from telamon.controls.artifact.library_loading.configuration.hit import Gap, Hit
from telamon.controls.artifact.library_loading.configuration.loads import RESTRICTED, judge_loads
from telamon.controls.artifact.library_loading.configuration.requirements import TorchRelease
from telamon.controls.artifact.library_loading.configuration.variables import NAME, judge_variable
from telamon.controls.artifact.library_loading.configuration.written import judge_written
from telamon.controls.artifact.library_loading.loading_rules import UNRESTRICTED_LOAD
from telamon.core.records import Severity
from telamon.kits.code.python import parse
from telamon.kits.code.python.tracing import follow
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.controls.artifact.library_loading.configuration.hit import Judged
    from telamon.kits.code.python import Step

# A text with none of these configures no loading; whoever spells them otherwise hides them, which M0016 looks for.
TELLING: Final = re.compile(
    rb"weights_only|(?:np|numpy)\s*\.\s*load\b|allow_pickle|trust[_-]remote[_-]code|trust_repo|safe_mode|unsafe|allow_dangerous|safe_globals"
    rb"|torch\s*\.\s*(?:load|hub)\b|from\s+torch\s+import[^\n]*\b(?:load|hub)\b|from\s+torch\.(?:hub|serialization|ops|package)\b"
    rb"|\b(?:pickle5?|cPickle|_pickle|dill|joblib|shelve|marshal|jsonpickle|cloudpickle|compress_pickle|read_pickle)\b"
    rb"|\byaml\s*\.\s*\w*load|from\s+yaml\b|ruamel|skops|mlflow\.\w+\.load_model|from\s+mlflow[.\w]*\s+import[^\n]*\bload_model\b|\bload_(?:from_)?(?:state_dict_from_)?url\b"
    rb"|load_op_library|load_library|custom_ops_library|CDLL|LoadLibrary|dlopen|sys\s*\.\s*path\s*\.|addsitedir|import_module|__import__"
    rb"|runpy|spec_from_file_location|FileLoader|load_source|cpp_extension|\bexec\s*\(|custom_pipeline|custom_objects|use_safetensors"
    rb"|\bevaluate\s*\.\s*load\b|stable_baselines3|sb3_contrib|load_learner|PackageImporter|logit-processor|backend-directory"
    rb"|TORCH_FORCE|LD_PRELOAD|LD_LIBRARY_PATH|PYTHONPATH|VLLM_ALLOW|TRUST_REMOTE_CODE|TS_INSTALL|TS_ALLOWED"
)
SETTERS: Final = frozenset({"setdefault", "putenv", "setenv", "update"})
RUNNERS: Final = frozenset(
    {"os.system", "os.popen", "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output"}
    | {"subprocess.Popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
)


def judge_python(source: bytes, release: Callable[[], TorchRelease]) -> Iterator[Judged]:
    """Yield what a source text configures riskily.

    Args:
        source: The text, which is not run.
        release: Says which releases of torch the deployment allows; asked only where it matters.
    """
    if not TELLING.search(source):
        return
    try:
        tree = parse(source)
    except MalformedError as error:
        yield Gap(reason=f"the source is not understood: {error.message}")
        return
    yield from judge_written(tree)
    program = follow(tree, is_main_import=True, fetching=FETCHING)
    if not program.is_whole:
        yield Gap(reason="the program does more than is followed")
    surroundings = _surroundings(tree)
    known: TorchRelease | None = None
    for step in program.steps:
        node, parameters = surroundings.get((step.line, step.column), (None, frozenset()))
        given = Given(step=step, node=node, parameters=parameters)
        if known is None and step.name in {"torch.load", "torch.serialization.load"}:
            known = release()
        yield from judge_loads(given, known or TorchRelease.UNKNOWN)
        yield from judge_codes(given)
        yield from _set(step)
        yield from _patched(given)
        if step.name in RUNNERS:
            yield from _command(step)


def _surroundings(tree: ast.Module) -> dict[tuple[int, int], tuple[ast.Call, frozenset[str]]]:
    """Return each call by its place, with the parameters of all functions around it."""
    found: dict[tuple[int, int], tuple[ast.Call, frozenset[str]]] = {}
    waiting: list[tuple[ast.AST, frozenset[str]]] = [(tree, frozenset())]
    while waiting:
        node, names = waiting.pop()
        if isinstance(node, ast.Call):
            # Calls in a chain begin at one place: the outermost, met first, has the arguments of the last.
            found.setdefault((node.lineno, node.col_offset + 1), (node, names))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            names |= _parameters(node.args)
        waiting.extend((child, names) for child in ast.iter_child_nodes(node))
    return found


def _parameters(args: ast.arguments) -> frozenset[str]:
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    return frozenset(one.arg for one in every if one is not None)


def _set(step: Step) -> Iterator[Hit]:
    """Environment variables that a call sets: `os.environ.setdefault("X", "1")`."""
    if step.name.rpartition(".")[2] not in SETTERS:
        return
    names, values = step.value(0).texts, step.value(1).texts
    if len(names) == 1 and len(values) == 1 and NAME.fullmatch(names[0]):
        yield from judge_variable(names[0], values[0], step.line, step.column)
    for name, value in step.named:
        if NAME.fullmatch(name) and len(value.texts) == 1:
            yield from judge_variable(name, value.texts[0], step.line, step.column)


def _patched(given: Given) -> Iterator[Hit]:
    """`functools.partial(torch.load, weights_only=False)`, and `setattr(torch, "load", ...)`."""
    step = given.step
    first = step.value(0).names
    severity, message = Severity.HIGH, ""
    if step.name == "functools.partial" and "torch.load" in first and given.is_set("weights_only", False):
        severity, message = Severity.MEDIUM, "makes a `torch.load` that restricts nothing"
    elif step.name == "builtins.setattr" and first & {"torch", "torch.serialization"} and "load" in step.value(1).texts:
        severity, message = Severity.HIGH, "replaces `torch.load` for every library of the process"
    if message:
        yield Hit(
            rule=UNRESTRICTED_LOAD, severity=severity, message=message, subject=message, line=step.line,
            column=step.column, remedy=RESTRICTED,
        )  # fmt: skip


def _command(step: Step) -> Iterator[Hit]:
    for text in step.value(0, "args").texts:
        for one in judge_commands(text):
            if isinstance(one, Hit):
                yield Hit(
                    rule=one.rule, severity=one.severity, message=one.message, subject=one.subject, line=step.line,
                    column=step.column, remedy=one.remedy,
                )  # fmt: skip

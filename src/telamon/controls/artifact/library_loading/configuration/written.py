# ruff: noqa: E501  # patterns, one thought a line
"""Judges what a program sets rather than calls: environment variables, arguments in dictionaries, patched loaders."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from telamon.controls.artifact.library_loading import loading_rules as rules
from telamon.controls.artifact.library_loading.configuration.given import COMMIT
from telamon.controls.artifact.library_loading.configuration.hit import Hit
from telamon.controls.artifact.library_loading.configuration.loads import RESTRICTED
from telamon.controls.artifact.library_loading.configuration.variables import NAME, judge_variable
from telamon.core.records import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REMOTE: Final = "trust_remote_code"
FLAG: Final = frozenset({"--trust-remote-code", "--trust_remote_code"})
PINNED: Final = "Add `'revision': '<commit of 40 digits>'` beside it, or leave it out."


def judge_written(tree: ast.Module) -> Iterator[Hit]:
    """Yield what assignments, dictionaries, lists of arguments and defaults of a program set."""
    modules = _modules(tree)
    is_unrestricting = False
    patches: list[ast.Assign] = []
    for node, is_decided_elsewhere in _nodes(tree):
        for hit in _judged(node):
            is_capped = is_decided_elsewhere and hit.rule is rules.REMOTE_CODE and hit.severity is Severity.HIGH
            yield replace(hit, severity=Severity.MEDIUM) if is_capped else hit
        if isinstance(node, ast.Assign) and any(_is_loader(target, modules) for target in node.targets):
            patches.append(node)
        is_unrestricting = is_unrestricting or _unrestricts(node)
    for patch in patches:
        if _is_named_loader(patch.value, modules):
            continue  # puts the original back
        severity = Severity.HIGH if is_unrestricting else Severity.MEDIUM
        does = "by one that restricts nothing, for every library of the process" if is_unrestricting else "by another"
        yield Hit(
            rule=rules.UNRESTRICTED_LOAD, severity=severity, message=f"replaces `torch.load` {does}",
            subject="replaces torch.load", line=patch.lineno, column=patch.col_offset + 1, remedy=RESTRICTED,
        )  # fmt: skip


def _nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Yield the nodes in the order of the text, with whether a condition within a function decides about them."""
    waiting: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while waiting:
        node, is_inside, is_conditional = waiting.pop()
        yield node, is_inside and is_conditional
        is_inside = is_inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        is_conditional = is_conditional or isinstance(node, ast.If | ast.IfExp)
        waiting.extend((child, is_inside, is_conditional) for child in reversed(list(ast.iter_child_nodes(node))))


def _judged(node: ast.AST) -> Iterator[Hit]:
    if isinstance(node, ast.Assign):
        yield from _assigned(node)
    elif isinstance(node, ast.Dict):
        yield from _dictionary(node)
    elif isinstance(node, ast.List | ast.Tuple):
        yield from _arguments(node)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _defaults(node)
    elif isinstance(node, ast.AnnAssign) and _is_setting(node.target) and _is(node.value, True):
        yield _default(node, "a setting")


def _is_setting(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == REMOTE


def _modules(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _is_loader(target: ast.expr, modules: dict[str, str]) -> bool:
    """Whether it is `torch.load` that is assigned to."""
    if not (isinstance(target, ast.Attribute) and target.attr == "load"):
        return False
    base = target.value
    parts: list[str] = []
    while isinstance(base, ast.Attribute):
        parts.append(base.attr)
        base = base.value
    if not isinstance(base, ast.Name) or base.id not in modules:
        return False
    name = ".".join([modules[base.id].partition(".")[0] if parts else modules[base.id], *reversed(parts)])
    return name in {"torch", "torch.serialization"}


def _is_named_loader(node: ast.expr, modules: dict[str, str]) -> bool:
    """Whether a value is a name for what was kept of it, such as `original_load`."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return "orig" in name.casefold() or (isinstance(node, ast.Attribute) and _is_loader(node, modules))


def _unrestricts(node: ast.AST) -> bool:
    """Whether `weights_only` is set to false anywhere."""
    match node:
        case ast.keyword(arg="weights_only", value=ast.Constant(value=False)):
            return True
        case ast.Assign(
            targets=[ast.Subscript(slice=ast.Constant(value="weights_only"))], value=ast.Constant(value=False)
        ):
            return True
        case ast.Dict(keys=keys, values=values):
            return any(_is(key, "weights_only") and _is(value, False) for key, value in zip(keys, values, strict=True))
        case ast.Call(args=[ast.Constant(value="weights_only"), ast.Constant(value=False)]):
            return True
        case _:
            return False


def _is(node: ast.AST | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value and type(node.value) is type(value)


def _assigned(node: ast.Assign) -> Iterator[Hit]:
    value = node.value
    for target in node.targets:
        if isinstance(target, ast.Attribute) and target.attr == REMOTE and _is(value, True):
            yield _remote(node, f"sets `{REMOTE}`")
        if not (isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)):
            continue
        key = target.slice.value
        if key == REMOTE and _is(value, True):
            yield _remote(node, f"sets `{REMOTE}`")
        elif key == "weights_only" and _is(value, False):
            yield _unrestricted(node)
        elif isinstance(key, str) and NAME.fullmatch(key) and isinstance(value, ast.Constant):
            yield from judge_variable(key, str(value.value), node.lineno, node.col_offset + 1)


def _dictionary(node: ast.Dict) -> Iterator[Hit]:
    given = {
        key.value: value for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
    }
    for key, value in given.items():
        if key == REMOTE and _is(value, True):
            revisions = [given.get("revision"), given.get("code_revision")]
            texts = [one.value for one in revisions if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            yield _remote(value, f"passes `{REMOTE}=True`", is_pinned=any(map(COMMIT.fullmatch, texts)))
        elif key == "weights_only" and _is(value, False):
            yield _unrestricted(value)
        elif isinstance(key, str) and NAME.fullmatch(key) and isinstance(value, ast.Constant):
            yield from judge_variable(key, str(value.value), value.lineno, value.col_offset + 1)


def _arguments(node: ast.List | ast.Tuple) -> Iterator[Hit]:
    """An option in a list of more than itself, as commands are written; lists of options of a parser name no program."""
    texts = [item.value if isinstance(item, ast.Constant) else None for item in node.elts]
    names = [text for text in texts if isinstance(text, str) and text in FLAG]
    has_program = any(isinstance(text, str) and not text.startswith("-") for text in texts)
    if names and has_program:
        following = texts[texts.index(names[0]) + 1] if texts.index(names[0]) + 1 < len(texts) else None
        if str(following).casefold() not in {"false", "0", "no"}:
            pins = [text for text in texts if isinstance(text, str) and COMMIT.fullmatch(text)]
            yield _remote(node, f"runs a command with `{names[0]}`", is_pinned=bool(pins))


def _defaults(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Hit]:
    parameters: Sequence[ast.arg] = [*node.args.posonlyargs, *node.args.args]
    pairs = list(zip(reversed(parameters), reversed(node.args.defaults), strict=False))
    pairs += [(one, value) for one, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value]
    for parameter, value in pairs:
        if parameter.arg == REMOTE and _is(value, True):
            yield _default(parameter, f"`{node.name}`")


def _default(node: ast.arg | ast.AnnAssign, whose: str) -> Hit:
    return Hit(
        rule=rules.REMOTE_CODE, severity=Severity.MEDIUM, line=node.lineno, column=node.col_offset + 1,
        message=f"`{REMOTE}` is true by default in {whose}", subject=f"default in {whose}",
        remedy=f"Use the default `{REMOTE}: bool = False`.",
    )  # fmt: skip


def _remote(node: ast.expr | ast.stmt, what: str, *, is_pinned: bool = False) -> Hit:
    does = "at a pinned commit" if is_pinned else "that it holds that day"
    return Hit(
        rule=rules.REMOTE_CODE, severity=Severity.LOW if is_pinned else Severity.HIGH, line=node.lineno,
        column=node.col_offset + 1, message=f"{what}: the model's repository runs the Python {does}", subject=what,
        remedy=PINNED,
    )  # fmt: skip


def _unrestricted(node: ast.expr | ast.stmt) -> Hit:
    return Hit(
        rule=rules.UNRESTRICTED_LOAD, severity=Severity.MEDIUM, line=node.lineno, column=node.col_offset + 1,
        message="passes `weights_only=False`: the loader runs what the file says", subject="passes weights_only=False",
        remedy=RESTRICTED,
    )  # fmt: skip

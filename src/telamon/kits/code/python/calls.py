"""Every call of a source text with its resolved name, in the order of the text."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Final

from telamon.kits.code.python.facts import Call
from telamon.kits.code.python.parsing import parse
from telamon.kits.code.python.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.code.python.values import Constant

HERE: Final = "<file>"


def calls(source: bytes) -> Iterator[Call]:
    """Yields every call that a source text holds.

    Raises:
        MalformedError: As `parse`.
    """
    tree = parse(source)
    names = _bindings(tree)
    on_import = _on_import(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield Call(
                name=_name(node.func, names),
                positional=tuple(_constant(arg) for arg in node.args if not isinstance(arg, ast.Starred)),
                keywords=tuple((keyword.arg or "**", _constant(keyword.value)) for keyword in node.keywords),
                line=node.lineno,
                column=node.col_offset + 1,
                is_on_import=node in on_import,
            )


def _bindings(tree: ast.Module) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{'.' * node.level}{node.module or ''}.{alias.name}"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.setdefault(node.name, f"{HERE}.{node.name}")
    return names


def _on_import(tree: ast.Module) -> set[ast.AST]:
    waiting: list[ast.AST] = [tree]
    found: set[ast.AST] = set()
    while waiting:
        node = waiting.pop()
        found.add(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*node.decorator_list, *node.args.defaults]
        elif not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return found


def _name(node: ast.expr, names: dict[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return names.get(name) or (f"builtins.{name}" if hasattr(builtins, name) else "")
        case ast.Attribute(value=value, attr=attr):
            return f"{_name(value, names)}.{attr}"
        case ast.Call(func=func):
            base = _name(func, names)
            return f"{base}()" if base else ""
        case _:
            return ""


def _constant(node: ast.expr) -> Constant:
    match node:
        case ast.Constant(value=value) if value is not Ellipsis:
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return tuple(_constant(item) for item in items)
        case _:
            return UNKNOWN

"""Evaluates template expressions on abstract values and notes what they access, call and repeat."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.jinja import functions
from telamon.kits.formats.jinja.facts import Access, Call, Fact, Repeat, Route
from telamon.kits.formats.jinja.values import DATA, NOTHING, Abstract, collection, computed, constant, merged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import nodes

    from telamon.kits.formats.jinja.values import Constant

GLOBALS: Final = frozenset(
    {"range", "dict", "lipsum", "cycler", "joiner", "namespace", "self", "caller", "loop", "super"}
)
"""Names that Jinja gives every template (jinja2/defaults.py) or block, and that are no data."""

MANY: Final = 1_000_000
"""Repetitions that no template needs: contexts of models have fewer tokens."""

# Filters that reach an attribute of each item: by position or keyword, and where the name stands.
_BY_ATTRIBUTE: Final = {
    "map": "attribute",
    "sum": "attribute",
    "min": "attribute",
    "max": "attribute",
    "sort": "attribute",
    "unique": "attribute",
    "groupby": "attribute",
    "join": "attribute",
}
_POSITION: Final = {"groupby": 0, "selectattr": 0, "rejectattr": 0, "join": 1, "sum": 0, "unique": 1, "sort": 2}
_APPLYING: Final = frozenset({"map", "select", "reject", "selectattr", "rejectattr"})
_FIELD: Final = re.compile(r"{([^{}!:]*)")
_HUGE_FIELD: Final = re.compile(r"[%{:][^%{}]*?[0-9]{7,}")


class Expressions:
    """The values of a template's names, and the facts met so far.

    Args:
        defined: Names that the template gives a value.
    """

    def __init__(self, defined: frozenset[str]) -> None:
        self._defined = defined
        self._names: dict[str, Abstract] = {}
        self._given: set[str] = set()
        self._macros: dict[str, tuple[str, ...]] = {}
        self.facts: list[Fact] = []

    def bind(self, target: nodes.Node, value: Abstract) -> None:
        """Add `value` to what a name, a tuple of names or a namespace's field may be."""
        from jinja2 import nodes as kinds  # noqa: PLC0415  # with the first template

        match target:
            case kinds.Tuple():
                for inner in target.items:
                    self.bind(inner, _item(value))
            case kinds.NSRef():
                self._add(f"{target.name}.{target.attr}", value)
            case kinds.Name():
                self._add(target.name, value)
            case _:
                self.value(target)

    def bind_fields(self, name: str, call: nodes.Call) -> None:
        """Note the fields of `set name = namespace(field=value)`."""
        for keyword in call.kwargs:
            self._add(f"{name}.{keyword.key}", self.value(keyword.value))

    def bind_text(self, name: str, value: Abstract) -> None:
        """Note what a macro or a block gives back."""
        self._add(name, value)

    def _add(self, name: str, value: Abstract) -> None:
        self._names[name] = self._names.get(name, NOTHING) | value

    def items_of(self, node: nodes.Node) -> Abstract:
        """Returns what a loop over `node` goes through."""
        return _item(self.value(node))

    def value(self, node: nodes.Node | None) -> Abstract:
        """Returns what an expression may be."""
        if node is None:
            return constant(None)
        method = getattr(self, f"_on_{type(node).__name__.lower()}", None)
        if method is not None:
            result: Abstract = method(node)
            return result
        return merged([self.value(child) for child in node.iter_child_nodes()])

    # Literals and names

    def _on_const(self, node: nodes.Const) -> Abstract:
        return constant(node.value)

    def _on_templatedata(self, node: nodes.TemplateData) -> Abstract:
        return constant(node.data)

    def _on_name(self, node: nodes.Name) -> Abstract:
        if node.name in self._defined:
            if node.name not in self._names:
                self._given.add(node.name)  # read before it is set: it is the caller's as well
            return self._names.get(node.name, NOTHING) | (DATA if node.name in self._given else NOTHING)
        return Abstract(roots=frozenset({node.name})) if node.name in GLOBALS else DATA

    def _on_list(self, node: nodes.List) -> Abstract:
        return self._sequence(node.items)

    def _on_tuple(self, node: nodes.Tuple) -> Abstract:
        return self._sequence(node.items)

    def _sequence(self, items: Sequence[nodes.Expr]) -> Abstract:
        values = [self.value(item) for item in items]
        if all(value.is_exact and len(value.constants) == 1 for value in values):
            return constant(tuple(next(iter(value.constants)) for value in values))
        return collection(values)

    def _on_dict(self, node: nodes.Dict) -> Abstract:
        return collection(self.value(part) for pair in node.items for part in (pair.key, pair.value))

    # Operators

    def _on_add(self, node: nodes.BinExpr) -> Abstract:
        return computed(functions.add, self.value(node.left), self.value(node.right))

    def _on_concat(self, node: nodes.Concat) -> Abstract:
        return computed(functions.concatenate, *(self.value(part) for part in node.nodes))

    def _on_mul(self, node: nodes.Mul) -> Abstract:
        left, right = self.value(node.left), self.value(node.right)
        for text, times in ((left, right), (right, left)):
            if any(isinstance(t, int) and t > MANY for t in times.constants) and not _are_numbers(text):
                self._note(Repeat(what=f"repeats a value {max(_numbers(times))} times", line=node.lineno))
        return computed(functions.multiply, left, right)

    def _on_mod(self, node: nodes.Mod) -> Abstract:
        left, right = self.value(node.left), self.value(node.right)
        self._check_widths(left, node.lineno)
        return computed(functions.modulo, left, right)

    def _on_sub(self, node: nodes.Sub) -> Abstract:
        return computed(functions.subtract, self.value(node.left), self.value(node.right))

    def _on_neg(self, node: nodes.Neg) -> Abstract:
        return computed(functions.negate, self.value(node.node))

    def _on_condexpr(self, node: nodes.CondExpr) -> Abstract:
        self.value(node.test)
        return self.value(node.expr1) | (self.value(node.expr2) if node.expr2 is not None else NOTHING)

    def _on_compare(self, node: nodes.Compare) -> Abstract:
        for child in node.iter_child_nodes():
            self.value(child)
        return constant(value=True)

    def _on_operand(self, node: nodes.Operand) -> Abstract:
        return self.value(node.expr)

    def _on_not(self, node: nodes.Not) -> Abstract:
        self.value(node.node)
        return constant(value=True)

    def _on_test(self, node: nodes.Test) -> Abstract:
        for child in node.iter_child_nodes():
            self.value(child)
        return constant(value=True)

    # Attributes and items

    def _on_getattr(self, node: nodes.Getattr) -> Abstract:
        return self._reach(node, constant(node.attr), Route.ATTRIBUTE)

    def _on_getitem(self, node: nodes.Getitem) -> Abstract:
        from jinja2 import nodes as kinds  # noqa: PLC0415  # with the first template

        if isinstance(node.arg, kinds.Slice):
            base = self.value(node.node)
            parts = [self.value(part) for part in (node.arg.start, node.arg.stop, node.arg.step)]
            return computed(functions.cut, base, *parts)
        return self._reach(node, self.value(node.arg), Route.SUBSCRIPT)

    def _reach(self, node: nodes.Getattr | nodes.Getitem, key: Abstract, route: Route) -> Abstract:
        base = self.value(node.node)
        path = self.path(node.node)
        self._access(base, key, route, path, node.lineno)
        if route is Route.ATTRIBUTE and f"{path}.{node.attr}" in self._names:  # type: ignore[union-attr]  # by the route
            return self._names[f"{path}.{node.attr}"]  # type: ignore[union-attr]  # likewise
        if base.roots == {"loop"} and route is Route.ATTRIBUTE:
            return DATA if node.attr in {"previtem", "nextitem", "cycle"} else NOTHING  # type: ignore[union-attr]  # likewise
        reached = frozenset(f"{root}.{name}" for root in base.roots for name in key.texts) or base.roots
        result = Abstract(roots=reached, has_data=base.has_data, is_crafted=base.is_crafted)
        if base.is_several:
            result |= _item(base)
        elif route is Route.SUBSCRIPT and base.constants:
            result |= computed(functions.pick, Abstract(base.constants), key)
        return result

    def _access(self, base: Abstract, key: Abstract, route: Route, path: str, line: int) -> None:
        is_odd = key.has_data and (
            base.roots or (base.texts and not base.is_several)
        )  # data is no name of anything of Jinja's own
        if not (key.texts or key.is_crafted or key.roots or is_odd):
            return  # numbers and data: an item
        self._note(
            Access(
                route=route,
                names=key.texts,
                base=path,
                is_crafted=key.is_crafted or bool(key.roots or is_odd),
                has_data=key.has_data,
                is_on_value=not base.has_data,
                line=line,
            )
        )

    def path(self, node: nodes.Node) -> str:
        """Returns the dotted path of names that `node` is, empty where it is none."""
        from jinja2 import nodes as kinds  # noqa: PLC0415  # with the first template

        match node:
            case kinds.Name():
                return node.name
            case kinds.Getattr():
                inner = self.path(node.node)
                return f"{inner}.{node.attr}" if inner else ""
        return ""

    # Calls and filters

    def _on_call(self, node: nodes.Call) -> Abstract:
        from jinja2 import nodes as kinds  # noqa: PLC0415  # with the first template

        arguments = self._arguments(node)
        self.value(node.node)
        if isinstance(node.node, kinds.Getattr):
            return self._method(node, node.node, arguments)
        path = self.path(node.node)
        if path in self._defined:
            self._bind_arguments(path, node)
            return self._names.get(f"{path}()", NOTHING)
        self._note(Call(name=path or "a computed value", line=node.lineno))
        return self._global(path, arguments, node)

    def define_macro(self, name: str, parameters: Sequence[str]) -> None:
        """Note the parameters of a macro, so that its calls say what they may be."""
        self._macros[name] = tuple(parameters)

    def _bind_arguments(self, macro: str, node: nodes.Call) -> None:
        parameters = self._macros.get(macro, ())
        for name, argument in zip(parameters, node.args, strict=False):
            self._add(name, self.value(argument))
        for keyword in node.kwargs:
            if keyword.key in parameters:
                self._add(keyword.key, self.value(keyword.value))

    def _arguments(self, node: nodes.Call | nodes.Filter) -> list[Abstract]:
        values = [self.value(argument) for argument in node.args]
        values += [self.value(argument) for argument in (node.dyn_args, node.dyn_kwargs) if argument is not None]
        return values + [self.value(keyword.value) for keyword in node.kwargs]

    def _global(self, path: str, arguments: list[Abstract], node: nodes.Call) -> Abstract:
        if path in {"range", "lipsum"}:
            counts = [number for argument in arguments for number in _numbers(argument)]
            if counts and max(counts) > MANY:
                self._note(Repeat(what=f"`{path}` counts to {max(counts)}", line=node.lineno))
            return NOTHING if path == "range" else Abstract(is_crafted=True)
        if path == "dict":  # its keywords are texts, which `dict(a=1)|join` gives back
            return collection([*arguments, *(constant(keyword.key) for keyword in node.kwargs)])
        if path in GLOBALS:
            return collection(arguments) | Abstract(roots=frozenset({f"{path}()"}))
        return DATA

    def _method(self, node: nodes.Call, callee: nodes.Getattr, arguments: list[Abstract]) -> Abstract:
        base = self.value(callee.node)
        path = self.path(callee)
        root = path.split(".", 1)[0]
        is_own = not path or root in self._defined
        self._note(Call(name=f".{callee.attr}" if is_own else path, line=node.lineno))
        if callee.attr in {"format", "format_map"}:
            self._check_fields(base, node.lineno)
        function = functions.METHODS.get(callee.attr)
        if function is not None and base != DATA:
            return computed(function, base, *arguments)
        return Abstract(roots=base.roots, has_data=base.has_data, is_crafted=base.is_crafted or not base.has_data)

    def _on_filter(self, node: nodes.Filter) -> Abstract:
        base = self.value(node.node) if node.node is not None else NOTHING
        arguments = self._arguments(node)
        self._check_filter(node, base)
        if node.name == "attr":
            key = arguments[0] if arguments else NOTHING
            reached = frozenset(f"{root}.{name}" for root in base.roots for name in key.texts) or base.roots
            return Abstract(roots=reached, has_data=base.has_data)
        if node.name in {"default", "d"}:
            return merged([base, *arguments])
        if node.name in {"tojson", "items", "dictsort", "xmlattr", "length", "count"}:
            return Abstract(has_data=True) | base
        if base.roots and node.name in {"string", "list", "join", "e", "escape", "safe", "pprint"}:
            return Abstract(is_crafted=True)  # the text of an object holds all letters
        function = functions.FILTERS.get(node.name)
        if function is None:  # whatever it does to the texts that it is given
            given = merged([base, *arguments])
            return given | Abstract(is_crafted=bool(given.texts or given.roots))
        return computed(function, base, *arguments)

    def _check_filter(self, node: nodes.Filter, base: Abstract) -> None:
        line, path = node.lineno, self.path(node.node) if node.node is not None else ""
        arguments = [self.value(argument) for argument in node.args]
        keywords = {str(keyword.key): self.value(keyword.value) for keyword in node.kwargs}
        if node.name == "attr" or (node.name in _APPLYING and "attr" in _texts(arguments[:1])):
            key = arguments[0] if node.name == "attr" and arguments else merged(arguments[1:])
            self._note(
                Access(
                    route=Route.FILTER,
                    names=key.texts,
                    base=path,
                    is_crafted=not key.is_exact,
                    has_data=key.has_data,
                    is_on_value=not base.has_data,
                    line=line,
                )
            )
        named = self._attribute_argument(node.name, arguments, keywords)
        if named is not None:
            parts: frozenset[Constant] = frozenset(part for text in named.texts for part in text.split("."))
            self._access(base, replace(named, constants=parts), Route.FILTER, path, line)
        if node.name == "format":
            self._check_widths(base, line)
        if node.name in {"center", "indent", "lipsum"} and any(n > MANY for a in arguments for n in _numbers(a)):
            self._note(Repeat(what=f"the filter `{node.name}` pads to millions of characters", line=line))

    def _attribute_argument(
        self, name: str, arguments: list[Abstract], keywords: Mapping[str, Abstract]
    ) -> Abstract | None:
        keyword = _BY_ATTRIBUTE.get(name)
        if keyword is not None and keyword in keywords:
            return keywords[keyword]
        position = _POSITION.get(name)
        return arguments[position] if position is not None and position < len(arguments) else None

    def _check_fields(self, base: Abstract, line: int) -> None:
        """`'{0.__class__}'.format(x)` reaches attributes past Jinja (only its sandbox looks into format strings)."""
        self._check_widths(base, line)
        names = {part for text in base.texts for part in _fields(text)}
        if names or base.is_crafted or base.roots:
            self._note(
                Access(
                    route=Route.FORMAT,
                    names=tuple(sorted(names)),
                    base="",
                    is_crafted=base.is_crafted or bool(base.roots),
                    has_data=base.has_data,
                    is_on_value=True,
                    line=line,
                )
            )

    def _check_widths(self, base: Abstract, line: int) -> None:
        if any(_HUGE_FIELD.search(text) for text in base.texts):
            self._note(Repeat(what="a format string pads to millions of characters", line=line))

    def _note(self, fact: Fact) -> None:
        self.facts.append(fact)


def _item(value: Abstract) -> Abstract:
    """What the items of a value may be."""
    parts: list[object] = []
    for known in value.constants:
        if isinstance(known, str | tuple):
            parts.extend(known)
    if value.is_several:
        parts.extend(value.constants)
    items = merged(constant(part) for part in parts)
    return items | Abstract(roots=value.roots, is_crafted=value.is_crafted, has_data=value.has_data)


def _numbers(value: Abstract) -> list[int]:
    return [number for number in value.constants if isinstance(number, int)]


def _are_numbers(value: Abstract) -> bool:
    return value.is_exact and all(isinstance(number, int | float) for number in value.constants)


def _texts(values: Sequence[Abstract]) -> set[str]:
    return {text for value in values for text in value.texts}


def _fields(text: str) -> list[str]:
    """The attributes and keys that the fields of a format string reach."""
    return [part for field in _FIELD.findall(text) for part in re.split(r"[.\[\]]+", field)[1:] if part]

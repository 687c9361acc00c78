"""Walks a template's syntax tree with abstract values and says what it does.

Order and branches do not count: a name may be whatever is assigned to it anywhere in the template, so that the tree
is walked twice, first for the assignments, then for the facts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.kits.formats.jinja.expressions import Expressions
from telamon.kits.formats.jinja.facts import Fact, Load
from telamon.kits.formats.jinja.functions import concatenate
from telamon.kits.formats.jinja.values import CRAFTED, DATA, Abstract, computed
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jinja2 import Environment, nodes

MAX_TEMPLATE_BYTES: Final = 256 * 1024
"""Longest template that is parsed; those of published models stay under 30,000 characters."""

_ROUNDS: Final = 3  # of collecting assignments: a value that travels through more names keeps what it was found to be


def read_template(text: str) -> tuple[Fact, ...]:
    """Returns what a template accesses, calls, loads and repeats, in the order of its lines; nothing is rendered.

    The syntax is Jinja 3.1's with the extensions that transformers switches on (loop controls, `generation`), and `do`.

    Raises:
        MalformedError: The text is no template, or too long or too deep to be read.
    """
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415  # 40 ms that only files with templates cost

    if len(text) > MAX_TEMPLATE_BYTES:
        raise MalformedError(f"expected a template of at most {MAX_TEMPLATE_BYTES} characters, found {len(text)}")
    try:
        tree = _environment().parse(text)
        return _Reader(tree).facts()
    except TemplateSyntaxError as error:
        message = (error.message or "syntax error").splitlines()[0]
        raise MalformedError(f"expected a Jinja template, line {error.lineno}: {message}") from error
    except RecursionError as error:
        raise MalformedError("expected a template that nests less deeply") from error


def _environment() -> Environment:
    from jinja2 import Environment  # noqa: PLC0415  # see `read_template`
    from jinja2.ext import Extension  # noqa: PLC0415  # likewise
    from jinja2.parser import Parser  # noqa: PLC0415, TC002  # likewise

    class Generation(Extension):
        """`{% generation %}` of transformers marks what the model wrote; its body is read in place."""

        tags = {"generation"}  # noqa: RUF012  # the base class's attribute

        def parse(self, parser: Parser) -> list[nodes.Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    # Autoescaping changes what is printed, not what is reached. Nothing is ever rendered here.
    return Environment(extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", Generation], autoescape=True)


class _Reader:
    def __init__(self, tree: nodes.Template) -> None:
        self._tree = tree
        self._expressions = Expressions(_defined(tree))

    def facts(self) -> tuple[Fact, ...]:
        for _ in range(_ROUNDS):
            self._expressions.facts.clear()
            self._walk(self._tree)
        found = dict.fromkeys(self._expressions.facts)
        return tuple(sorted(found, key=lambda fact: fact.line))

    def _walk(self, node: nodes.Node) -> None:
        from jinja2 import nodes as kinds  # noqa: PLC0415  # see `read_template`

        if isinstance(node, kinds.Expr):
            self._expressions.value(node)
        elif isinstance(node, kinds.Assign):
            self._assign(node.target, node.node)
        elif isinstance(node, kinds.AssignBlock):
            self._walk_all(node.body)
            self._expressions.bind(node.target, self._filtered(node))
        elif isinstance(node, kinds.For):
            items = self._expressions.items_of(node.iter)
            self._expressions.bind(node.target, items)
            self._walk_all([*([node.test] if node.test else []), *node.body, *node.else_])
        elif isinstance(node, kinds.With):
            for target, value in zip(node.targets, node.values, strict=True):
                self._assign(target, value)
            self._walk_all(node.body)
        elif isinstance(node, kinds.Macro | kinds.CallBlock):
            self._macro(node)
        elif isinstance(node, kinds.Include | kinds.Import | kinds.FromImport | kinds.Extends):
            self._load(node)
        else:
            self._walk_all(node.iter_child_nodes())

    def _walk_all(self, children: Iterable[nodes.Node]) -> None:
        for child in children:
            self._walk(child)

    def _assign(self, target: nodes.Node, value: nodes.Node) -> None:
        from jinja2 import nodes as kinds  # noqa: PLC0415  # see `read_template`

        if isinstance(target, kinds.Tuple) and isinstance(value, kinds.Tuple | kinds.List):
            for inner, part in zip(target.items, value.items, strict=False):  # a wrong number is an error there
                self._assign(inner, part)
            return
        self._expressions.bind(target, self._expressions.value(value))
        if isinstance(target, kinds.Name) and isinstance(value, kinds.Call):
            self._expressions.bind_fields(target.name, value)

    def _macro(self, node: nodes.Macro | nodes.CallBlock) -> None:
        from jinja2 import nodes as kinds  # noqa: PLC0415  # see `read_template`

        # Arguments are data, their defaults, and what the calls in the template give.
        for argument in node.args:
            self._expressions.bind(argument, DATA)
        for argument, default in zip(node.args[len(node.args) - len(node.defaults) :], node.defaults, strict=True):
            self._expressions.bind(argument, self._expressions.value(default))
        if isinstance(node, kinds.CallBlock):
            self._expressions.value(node.call)
        else:
            self._expressions.define_macro(node.name, [argument.name for argument in node.args])
        self._walk_all(node.body)
        if isinstance(node, kinds.Macro):
            self._expressions.bind_text(f"{node.name}()", self._printed(node.body))

    def _filtered(self, node: nodes.AssignBlock) -> Abstract:
        printed = self._printed(node.body)
        if node.filter is None:
            return printed
        return printed | self._expressions.value(node.filter) | CRAFTED

    def _printed(self, body: Sequence[nodes.Node]) -> Abstract:
        """What a block prints: exactly where it is nothing but texts and expressions."""
        from jinja2 import nodes as kinds  # noqa: PLC0415  # see `read_template`

        parts = [part for output in body if isinstance(output, kinds.Output) for part in output.nodes]
        values = [self._expressions.value(part) for part in parts]
        if all(isinstance(output, kinds.Output) for output in body):
            return computed(concatenate, *values)
        return Abstract(is_crafted=True, has_data=any(value.has_data for value in values) or DATA.has_data)

    def _load(self, node: nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends) -> None:
        name: Abstract = self._expressions.value(node.template)
        statement = type(node).__name__.lower().replace("fromimport", "from")
        self._expressions.facts.append(Load(statement=statement, names=name.texts, line=node.lineno))


def _defined(tree: nodes.Template) -> frozenset[str]:
    """The names that the template itself gives a value: all others are the caller's, or Jinja's globals."""
    from jinja2 import nodes as kinds  # noqa: PLC0415  # see `read_template`

    names = {node.name for node in tree.find_all(kinds.Name) if node.ctx in {"store", "param"}}
    names |= {node.name for node in tree.find_all(kinds.Macro)}
    return frozenset(names)

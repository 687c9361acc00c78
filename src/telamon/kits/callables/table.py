"""Reads the table: sorted text files, searched by bisection and never parsed as a whole.

`facts.tsv` holds what was typed by hand, one global a line; `survey.tsv` what `tools/survey_globals.py` derived
from library sources, one group of names a line. Both are sorted by bytes, so that a look-up decodes the lines of
one module only: the whole scan of a small pickle has 120 ms.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from telamon.kits.callables.capabilities import (
    NOT_ESTABLISHED,
    ONLY_DATA,
    Effect,
    Effects,
    Known,
    Rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = os.path.join(os.path.dirname(__file__), "data")  # noqa: PTH118, PTH120 - pathlib is 5 ms of start-up

SURVEYED_CLASS = "is a class whose methods that a pickle can reach run no code, file or network primitive"
SURVEYED_FUNCTION = "is a function that reaches no code, file or network primitive"


@functools.cache
def _content(file: str) -> bytes:
    with open(os.path.join(DATA, file), "rb") as stream:  # noqa: PTH118, PTH123 - as above
        return stream.read()


def version() -> str:
    """The version of the table, from its first line."""
    return _content("facts.tsv").split(b"\n", 1)[0].split(b"\t")[1].decode()


def lines_of(file: str, key: str) -> Iterator[list[str]]:
    """The fields of the lines whose first fields are `key` (tab-separated)."""
    content = _content(file)
    wanted = key.encode("utf-8", "surrogatepass") + b"\t"
    if is_indexed() and wanted.partition(b"\t")[0] not in heads(file):
        return
    start = _first_not_less(content, wanted)
    while content.startswith(wanted, start):
        end = content.find(b"\n", start)
        yield content[start:end].decode().split("\t")
        start = end + 1


def _first_not_less(content: bytes, wanted: bytes) -> int:
    """Offset of the first line that is not less than `wanted`."""
    low, high = 0, len(content)
    while low < high:
        middle = content.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = content.find(b"\n", middle) + 1
        if content[middle:end] < wanted:
            low = end
        else:
            high = middle
    return low


@functools.cache
def heads(file: str) -> frozenset[bytes]:
    """The first fields of all lines of a file: modules, mostly."""
    return frozenset(line[: line.find(b"\t")] for line in _content(file).split(b"\n"))


@functools.cache
def tops() -> frozenset[str]:
    """The first components of all modules that the table names."""
    files = ("facts.tsv", "survey.tsv", "modules.tsv", "aliases.tsv")
    return frozenset(head.partition(b".")[0].decode() for file in files for head in heads(file))


def is_indexed() -> bool:
    """Whether `tops` was asked for: from then on look-ups of unknown modules cost no search."""
    return bool(tops.cache_info().currsize)


@functools.cache
def effects_of(text: str) -> Effects:
    """Effects as the table writes them: `-` for none established, else words joined by `+`."""
    if text == "-":
        return NOT_ESTABLISHED
    return frozenset(Effect(word) for word in text.split("+"))


def fact(module: str, name: str) -> Known | None:
    """The entry typed by hand for exactly this name."""
    for fields in lines_of("facts.tsv", f"{module}\t{name}"):
        _, _, referenced, called, instantiated, built, filled, argument, does, source = fields
        return Known(
            module=module,
            name=name,
            referenced=effects_of(referenced),
            called=effects_of(called),
            instantiated=effects_of(instantiated),
            built=effects_of(built),
            filled=effects_of(filled),
            argument=None if argument == "-" else int(argument),
            does=does,
            source=source,
            rule=Rule.EXACT,
        )
    return None


def surveyed(module: str, name: str) -> Known | None:
    """The entry derived from source for exactly this name."""
    wanted = f" {name} "
    for _, uses, package, reaches, names in lines_of("survey.tsv", module):
        if wanted in f" {names} ":
            return _surveyed_entry(module, name, uses, package, reaches)
    return None


def _surveyed_entry(module: str, name: str, uses: str, package: str, reaches: str) -> Known:
    """An entry of the survey: `uses` has a letter for each use that is data, or the effects of a call."""
    versions = next((fields[1] for fields in lines_of("sources.tsv", package)), "")
    source = f"survey of the source of {package} {versions}"
    if reaches != "-":
        effects = effects_of(uses)
        return Known(
            module=module,
            name=name,
            referenced=frozenset({Effect.CAPABILITY}),
            called=effects,
            instantiated=NOT_ESTABLISHED,
            built=NOT_ESTABLISHED,
            filled=NOT_ESTABLISHED,
            argument=None,
            does=f"can reach `{reaches}`",
            source=source,
            rule=Rule.SURVEYED,
        )
    letters = dict.fromkeys(uses, ONLY_DATA)
    return Known(
        module=module,
        name=name,
        referenced=letters.get("r", NOT_ESTABLISHED),
        called=letters.get("c", NOT_ESTABLISHED),
        instantiated=letters.get("i", NOT_ESTABLISHED),
        built=letters.get("b", NOT_ESTABLISHED),
        filled=letters.get("f", NOT_ESTABLISHED),
        argument=None,
        does=SURVEYED_FUNCTION if uses == "r" else SURVEYED_CLASS,
        source=source,
        rule=Rule.SURVEYED,
    )


def exact(module: str, name: str) -> Known | None:
    """The entry for exactly this name; what was typed by hand goes first."""
    return fact(module, name) or surveyed(module, name)


def module_default(module: str) -> Known | None:
    """The entry for every name of a module of which all callables are dangerous, or of a package above it."""
    candidate, is_self = module, True
    while candidate:
        for fields in lines_of("modules.tsv", candidate):
            _, scope, effects, does, source = fields
            if is_self or scope != "module":
                called = effects_of(effects)
                on_import = called if scope == "import" else NOT_ESTABLISHED
                return Known(
                    module=candidate,
                    name="*",
                    referenced=on_import | {Effect.CAPABILITY},
                    called=called,
                    instantiated=called,
                    built=called,
                    filled=called,
                    argument=None,
                    does=does,
                    source=source,
                    rule=Rule.MODULE,
                )
        candidate, is_self = candidate.rpartition(".")[0], False
    return None


def aliases(module: str, name: str) -> Iterator[tuple[str, str]]:
    """Other names of the same global, by `aliases.tsv`: a name, a whole module, or a module and those below."""
    for fields in lines_of("aliases.tsv", f"{module}\t{name}"):
        yield fields[2], fields[3]
    for fields in lines_of("aliases.tsv", f"{module}\t*"):
        yield fields[2], name
    candidate = module
    while candidate:
        for fields in lines_of("aliases.tsv", f"{candidate}\t**"):
            yield fields[2] + module[len(candidate) :], name
        candidate = candidate.rpartition(".")[0]

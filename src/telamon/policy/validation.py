"""Validates plain values against settings structs, all problems at once and in the words of the file."""

from __future__ import annotations

import difflib
import types
import typing
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from telamon.policy.secrets import SecretReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.policy.errors import Problem
    from telamon.policy.nodes import Document, Path, Plain

WORDS: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def problems_of(document: Document, value: Plain, kind: object, path: Path) -> Iterator[Problem]:
    """Yield what is wrong with `value`, which stands at `path`, as a value of the type `kind`."""
    bare = _without_annotation(kind)
    origin = typing.get_origin(bare)
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        yield from _struct(document, value, bare, path)
    elif origin is dict:
        yield from _mapping(document, value, typing.get_args(bare)[1], path)
    elif origin in {tuple, list}:
        yield from _sequence(document, value, typing.get_args(bare)[0], path)
    elif origin is typing.Union or isinstance(bare, types.UnionType):
        yield from _optional(document, value, kind, path)
    elif bare is SecretReference:
        yield from _secret(document, value, path)
    else:
        yield from _leaf(document, value, kind, path)


def _struct(document: Document, value: Plain, kind: type[msgspec.Struct], path: Path) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield document.problem(path, f"expected a mapping, found {shown(value)}")
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, inner in value.items():
        if key in fields:
            yield from problems_of(document, inner, fields[key].type, (*path, key))
        else:
            yield unknown_key(document, key, list(fields), path)
    for name, field in fields.items():
        if field.required and name not in value:
            yield document.problem(path, f"expected the key `{name}`, found none")


def unknown_key(document: Document, key: str, known: list[str], path: Path) -> Problem:
    """Return the problem of a key that is not known, with the nearest that is."""
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sorted(known))}"
    return document.problem((*path, key), f"expected a known key, found `{key}`", hint)


def _mapping(document: Document, value: Plain, kind: object, path: Path) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield document.problem(path, f"expected a mapping, found {shown(value)}")
        return
    for key, inner in value.items():
        yield from problems_of(document, inner, kind, (*path, key))


def _sequence(document: Document, value: Plain, kind: object, path: Path) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield document.problem(path, f"expected a list, found {shown(value)}")
        return
    for index, inner in enumerate(value):
        yield from problems_of(document, inner, kind, (*path, index))


def _optional(document: Document, value: Plain, kind: object, path: Path) -> Iterator[Problem]:
    """Check a value that may be left empty; a policy knows no other unions."""
    if value is not None:
        for inner in typing.get_args(_without_annotation(kind)):
            if inner is not type(None):
                yield from problems_of(document, value, inner, path)


def _secret(document: Document, value: Plain, path: Path) -> Iterator[Problem]:
    # The value is never shown: it may be the secret itself.
    if not isinstance(value, str) or not SecretReference.is_reference(value):
        yield document.problem(
            path,
            "expected a reference to a secret, found something else, which is not repeated here",
            "write `env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`",
        )


def _leaf(document: Document, value: Plain, kind: object, path: Path) -> Iterator[Problem]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        choices = _choices(kind)
        near = difflib.get_close_matches(value, choices, n=1) if isinstance(value, str) else []
        hint = f"did you mean `{near[0]}`?" if near else ""
        yield document.problem(path, f"expected {described(kind)}, found {shown(value)}", hint)


def described(kind: object) -> str:
    """Return what a value of that type is, in words, from its JSON Schema."""
    schema = _schema(kind)
    if "enum" in schema:
        return f"one of {', '.join(_choices(kind))}"
    words = WORDS.get(str(schema.get("type")), "a value")
    if "format" in schema:
        words = f"a {schema['format']} such as 2027-01-31" if schema["format"] == "date" else f"a {schema['format']}"
    if "minimum" in schema and schema["minimum"] == schema.get("maximum"):
        return f"`{schema['minimum']}`"
    limits = [
        f"{sign} {schema[key]}" for key, sign in (("minimum", "at least"), ("maximum", "at most")) if key in schema
    ]
    if "minLength" in schema:
        limits.append(f"of at least {schema['minLength']} characters")
    if "pattern" in schema:
        limits.append(f"of the form {schema['pattern']}")
    return " ".join([words, " and ".join(limits)]).strip()


def shown(value: Plain) -> str:
    """Return a value as a message shows it: a short scalar in backticks, anything else by its kind."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}...`"  # noqa: PLR2004  # one line of a terminal


def _choices(kind: object) -> list[str]:
    bare = _without_annotation(kind)
    return [str(choice) for choice in bare] if isinstance(bare, type) and issubclass(bare, Enum) else []


def _schema(kind: object) -> dict[str, Any]:  # a JSON Schema has no narrower type
    schema = msgspec.json.schema(kind)
    reference = str(schema.get("$ref", ""))
    if reference:
        schema = {**schema["$defs"][reference.rpartition("/")[2]], **schema}
    return schema


def _without_annotation(kind: object) -> object:
    while typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    return kind

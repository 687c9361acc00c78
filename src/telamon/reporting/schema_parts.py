"""The parts that JSON Schemas (draft 2020-12) of telamon's documents are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

Schema: TypeAlias = dict[str, Any]  # JSON has no narrower type

ANYTHING: Final[Schema] = {}
TEXT: Final[Schema] = {"type": "string"}
WORD: Final[Schema] = {"type": "string", "minLength": 1}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
NUMBER: Final[Schema] = {"type": ["number", "null"]}
PLACE: Final[Schema] = {"type": ["integer", "null"], "minimum": 0}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}
FLAG: Final[Schema] = {"type": "boolean"}


def closed(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def extended(whole: Schema, **optional: Schema) -> Schema:
    """Return the schema of an object that may have these properties too."""
    return {**whole, "properties": whole["properties"] | optional}


def one_of(choices: type[StrEnum]) -> Schema:
    """Return the schema of a value of an enum."""
    return {"enum": [choice.value for choice in choices]}


def counts(choices: Iterable[StrEnum]) -> Schema:
    """Return the schema of a count for each value of an enum."""
    return closed(**{choice.value: COUNT for choice in choices})


def many(item: Schema) -> Schema:
    """Return the schema of an array."""
    return {"type": "array", "items": item}


def maybe(schema: Schema) -> Schema:
    """Return the schema of what may be null instead."""
    return {"anyOf": [schema, {"type": "null"}]}

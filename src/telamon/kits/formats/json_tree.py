"""Reads JSON of strangers: bounded, with duplicate keys told, by the standard library's parser."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_JSON_BYTES = 7 * 1024 * 1024
"""Longest text that is parsed by default: of empty objects, the worst there are, it makes 180 MB."""

MAX_DUPLICATES = 100
"""Duplicate keys that are named; more say nothing new."""

# Recursive types of JSON are not spelled out: every reader looks at what it got before it uses it.
Json: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonText:
    """A parsed text.

    Attributes:
        value: Of duplicate keys the last, as most parsers have it.
        duplicates: Keys that stand twice in one object; parsers differ in which of the two they take.
    """

    value: Json
    duplicates: tuple[str, ...]


def read_json(data: bytes, *, longest: int = MAX_JSON_BYTES) -> JsonText:
    """Returns what a JSON text in UTF-8 (RFC 8259), with or without a byte order mark, says.

    Args:
        data: The text.
        longest: Bytes that are taken at most.

    Raises:
        MalformedError: It is no JSON, too long, or nested too deeply to be read.
    """
    if len(data) > longest:
        raise MalformedError(f"expected at most {longest} bytes of JSON, found {len(data)}")
    duplicates: dict[str, None] = {}

    def merge(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        merged = dict(pairs)
        if len(merged) < len(pairs) and len(duplicates) < MAX_DUPLICATES:
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    duplicates[key] = None
                seen.add(key)
        return merged

    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=merge)
    except UnicodeDecodeError as error:
        raise MalformedError("expected JSON in UTF-8", offset=error.start) from error
    except json.JSONDecodeError as error:
        raise MalformedError(f"expected JSON: {error.msg.lower()}", offset=error.pos) from error
    except RecursionError as error:
        raise MalformedError("expected JSON that nests less deeply") from error
    except ValueError as error:  # a number of more digits than Python converts (sys.set_int_max_str_digits)
        raise MalformedError("expected numbers of fewer digits in the JSON") from error
    return JsonText(value=value, duplicates=tuple(duplicates))


def walk(value: Json) -> Iterator[tuple[Sequence[str | int], Json]]:
    """Yields every value of a parsed text, an object before what is in it, with its place for `place`.

    The place is one list that grows and shrinks while the walk goes on: memory is that of the depth, not of the size.
    """
    trail: list[str | int] = []
    yield trail, value
    levels = [_members(value)]
    while levels:
        for key, met in levels[-1]:
            trail.append(key)
            yield trail, met
            if isinstance(met, dict | list):
                levels.append(_members(met))
                break
            trail.pop()
        else:
            levels.pop()
            if trail:
                trail.pop()


def _members(value: Json) -> Iterator[tuple[str | int, Json]]:
    if isinstance(value, dict):
        return iter(value.items())
    return iter(enumerate(value)) if isinstance(value, list) else iter(())


def place(trail: Iterable[str | int]) -> str:
    """Returns a place in words, such as `$.layers[0].name`.

    >>> place(["layers", 0, "name"])
    '$.layers[0].name'
    """
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in trail)

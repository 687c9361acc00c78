"""Reads CNTK's models of version 2, dictionaries in a protocol buffer (CNTK.proto), for functions of users in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.protobuf import Message, open_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.kits.formats.protobuf import Field
    from telamon.kits.formats.source import Source

MAX_KEYS: Final = 200_000
_MARKS: Final = frozenset({"primitive_functions", "root", "root_uid", "inputs", "uid"})
_DATA, _KEY, _VALUE, _TEXT, _VECTOR, _DICTIONARY = 2, 1, 2, 8, 11, 12


def looks_like_cntk(source: Source) -> bool:
    """Whether a message is a dictionary with keys of a function."""
    try:
        message = open_message(source, most=100_000)
        keys = {_key(message, part) for part in message.contents() if part.number == _DATA}
    except MalformedError:
        return False
    return len(keys & _MARKS) > 1


def read_cntk(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> dict[str, set[str]]:
    """Returns every key of the dictionaries with the texts that stand under it.

    Raises:
        MalformedError: The bytes are no message, or hold more than is read.
        SourceError: The file cannot be read.
    """
    found: dict[str, set[str]] = {}
    for key, text in _dictionary(open_message(source, is_late=is_late)):
        if key not in found and len(found) >= MAX_KEYS:
            raise MalformedError(f"expected at most {MAX_KEYS} keys")
        kept = found.setdefault(key, set())
        if text and len(kept) < MAX_KEYS:
            kept.add(text)
    return found


def _dictionary(message: Message) -> Iterator[tuple[str, str]]:
    for part in message.contents():
        if part.number == _DATA:
            key, entry = _key(message, part), message.message(part)
            yield key, ""
            for value in entry.contents():
                if value.number == _VALUE:
                    yield from _value(key, entry.message(value))


def _value(key: str, message: Message) -> Iterator[tuple[str, str]]:
    for part in message.contents():
        if part.number == _TEXT:
            yield key, message.text(part, 1000)
        elif part.number == _DICTIONARY:
            yield from _dictionary(message.message(part))
        elif part.number == _VECTOR:
            vector = message.message(part)
            for item in vector.contents():
                yield from _value(key, vector.message(item))


def _key(message: Message, part: Field) -> str:
    entry = message.message(part)
    return next((entry.text(text, 200) for text in entry.contents() if text.number == _KEY), "")

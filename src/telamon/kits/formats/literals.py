"""Reads the Python literals of npy headers: dictionaries, tuples, lists, strings, integers, booleans and None.

No expression is evaluated. What Python's own parser takes and writers never write (prefixes, adjacent strings,
underscores in numbers) is refused, so that it is reported and not guessed at.
"""

from __future__ import annotations

import re

MAX_DEPTH = 32
"""Deepest nesting; numpy's structured types nest a handful of levels."""

_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[{}\[\]():,])|(?P<number>-?\d{1,20})L?(?![\w.])|(?P<word>True|False|None)(?!\w)"
    r"|'(?P<single>(?:[^'\\\n]|\\['\"\\])*)'|\"(?P<double>(?:[^\"\\\n]|\\['\"\\])*)\")"
)
_WORDS = {"True": True, "False": False, "None": None}
_CLOSING = {"(": ")", "[": "]"}

Literal = str | int | bool | None | tuple["Literal", ...] | list["Literal"] | dict[str, "Literal"]


class LiteralSyntaxError(Exception):
    """The text is no literal of the kind that is read; stays inside this kit."""


def read_literal(text: str) -> Literal:
    """Returns the value of a literal that takes the whole text.

    Raises:
        LiteralSyntaxError: It is none.
    """
    reader = _Reader(text)
    value = reader.value(0)
    if text[reader.position :].strip():
        raise LiteralSyntaxError(f"something follows at character {reader.position}")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self.position = 0

    def _token(self) -> re.Match[str]:
        match = _TOKEN.match(self._text, self.position)
        if match is None:
            raise LiteralSyntaxError(f"no literal at character {self.position}")
        self.position = match.end()
        return match

    def _takes(self, mark: str) -> bool:
        match = _TOKEN.match(self._text, self.position)
        if match is None or match["mark"] != mark:
            return False
        self.position = match.end()
        return True

    def value(self, depth: int) -> Literal:
        if depth > MAX_DEPTH:
            raise LiteralSyntaxError(f"nested deeper than {MAX_DEPTH}")
        token = self._token()
        if token["number"] is not None:
            return int(token["number"])
        if token["word"] is not None:
            return _WORDS[token["word"]]
        mark = token["mark"]
        if mark is None:
            quoted = token["single"] if token["single"] is not None else token["double"]
            return re.sub(r"\\(.)", r"\1", quoted)
        if mark == "{":
            return self._dictionary(depth)
        if mark in _CLOSING:
            return self._sequence(mark, depth)
        raise LiteralSyntaxError(f"`{mark}` at character {token.start('mark')}")

    def _dictionary(self, depth: int) -> dict[str, Literal]:
        items: dict[str, Literal] = {}
        while not self._takes("}"):
            key = self.value(depth + 1)
            if not isinstance(key, str) or not self._takes(":"):
                raise LiteralSyntaxError("a key that is no string")
            items[key] = self.value(depth + 1)
            if not self._takes(","):
                self._expect("}")
                break
        return items

    def _sequence(self, opening: str, depth: int) -> Literal:
        items: list[Literal] = []
        has_comma = False
        while not self._takes(_CLOSING[opening]):
            items.append(self.value(depth + 1))
            has_comma = self._takes(",")
            if not has_comma:
                self._expect(_CLOSING[opening])
                break
        if opening == "[":
            return items
        return tuple(items) if has_comma or len(items) != 1 else items[0]

    def _expect(self, mark: str) -> None:
        if not self._takes(mark):
            raise LiteralSyntaxError(f"expected `{mark}` at character {self.position}")

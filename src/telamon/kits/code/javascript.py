"""Reads JavaScript and TypeScript far enough to tell code from strings, templates, regular expressions and comments.

The lexical grammar is that of ECMA-262, 16th edition, section 12. Nothing is run, and no grammar above it is followed:
what is between the texts is left as it stands, at its own place. Whether a slash begins a regular expression is told
from the letter before it. The work is linear in the length.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARACTERS: Final = 32 * 1024 * 1024
"""Longest source that is read; the largest bundles of published packages have half of it."""

MAX_REGULAR: Final = 4000  # characters of a regular expression
MAX_BROKEN: Final = 200  # slashes that begin one and do not end it; then every slash divides, so that work is linear
MAX_ARGUMENTS: Final = 64  # of one call
MAX_CALL: Final = 20_000  # characters of the arguments of one call
HOLE: Final = "\ufffc"
"""Stands in a text for a part that is not known before the program runs."""

_REGULAR: Final = r"/(?![*/])(?:[^\\/\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/[a-z]*"
_BEFORE_REGULAR: Final = re.compile(
    r"(?:[=(,;:!&|?{}\[+\-*%~^<>]|\b(?:return|typeof|case|in|of|do|else|void|delete))\s*\Z"
)
# What begins something else than code; what is in quotes and comments to its end.
_START: Final = re.compile(
    r"(?P<line>//[^\n]*)|(?P<block>/\*(?s:.*?)(?:\*/|\Z))"
    r"|(?P<double>\"(?:[^\"\\\n]|\\(?s:.))*+\"?)|(?P<single>'(?:[^'\\\n]|\\(?s:.))*+'?)"
    r"|(?P<template>`)|(?P<slash>/)"
)
_IN_TEMPLATE: Final = re.compile(_START.pattern + r"|(?P<open>\{)|(?P<close>\})")
_TEMPLATE_PART: Final = re.compile(r"(?:[^`\\$]|\\(?s:.)|\$(?!\{))*+(?P<end>`|\$\{|\Z)")
_REGULAR_HERE: Final = re.compile(_REGULAR)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|(\r\n|(?s:.)))")
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
_BRACKET: Final = re.compile(r"[()\[\]{},]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string or a template.

    Attributes:
        start: Of its quote, in characters.
        end: Behind its quote.
        raw: What stands between the quotes, with `HOLE` for what a template puts in.
    """

    start: int
    end: int
    raw: str

    @property
    def value(self) -> str:
        """What it says, with escapes resolved."""
        return unescaped(self.raw) if "\\" in self.raw else self.raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A source text with its texts apart.

    Attributes:
        code: The source, of the same length, with comments, regular expressions and what stands in quotes blanked.
        texts: In order of their beginnings.
        starts: Of the texts.
    """

    code: str
    texts: tuple[Text, ...]
    starts: tuple[int, ...]

    def within(self, start: int, end: int) -> tuple[Text, ...]:
        """Return the texts that begin between two places."""
        return self.texts[bisect_left(self.starts, start) : bisect_left(self.starts, end)]

    def at(self, start: int) -> Text | None:
        """Return the text that begins at a place."""
        index = bisect_left(self.starts, start)
        return self.texts[index] if index < len(self.starts) and self.starts[index] == start else None

    def line(self, place: int) -> int:
        """Return the one-based line of a place."""
        return self.code.count("\n", 0, place) + 1


def read_javascript(source: str) -> Outline:
    """Returns the outline of a source text; quotes that are never closed end with the line, or with the source.

    >>> read_javascript("f('a', `b${c}`) // d").code
    "f(' ', `  {c}`)     "
    """
    reader = _Reader(source[:MAX_CHARACTERS])
    reader.read()
    texts = sorted(reader.texts, key=lambda text: text.start)
    return Outline(code="".join(reader.pieces), texts=tuple(texts), starts=tuple(text.start for text in texts))


def arguments(outline: Outline, bracket: int, *, longest: int = MAX_CALL) -> tuple[tuple[int, int], ...]:
    """Returns where the parts between a bracket and its partner stand, split at commas of the same level.

    Args:
        outline: Of the source.
        bracket: Where the opening one stands.
        longest: Characters that are looked at; a part that goes on behind them ends there.
    """
    depth, start, found = 0, bracket + 1, []
    end = min(len(outline.code), bracket + longest)
    for match in _BRACKET.finditer(outline.code, bracket, end):
        letter = match.group()
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if (letter == "," and depth == 1) or depth <= 0:
            if outline.code[start : match.start()].strip():
                found.append((start, match.start()))
            start = match.end()
        if depth <= 0 or len(found) >= MAX_ARGUMENTS:
            return tuple(found)
    return (*found, (start, end))


def unescaped(raw: str) -> str:
    """Returns what the inside of a string says (ECMA-262, 12.9.4)."""
    return _ESCAPE.sub(_letter, raw)


def _letter(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else "\ufffd"  # noqa: PLR2004  # behind the last letter of Unicode
    return _LETTERS.get(match[4], match[4])


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.pieces: list[str] = []
        self.texts: list[Text] = []
        self._done = 0
        self._broken = 0
        self._open: list[tuple[int, list[str], int]] = []  # templates that are in a `${`: start, parts, open braces

    def read(self) -> None:
        place = 0
        while True:
            match = (_IN_TEMPLATE if self._open else _START).search(self.source, place)
            if match is None:
                break
            place = self._met(match)
        self.pieces.append(self.source[self._done :])
        for start, parts, _ in self._open:
            self.texts.append(Text(start=start, end=len(self.source), raw=HOLE.join(parts)))

    def _met(self, match: re.Match[str]) -> int:
        kind, start, end = match.lastgroup, match.start(), match.end()
        if kind in {"double", "single"}:
            is_closed = end - start > 1 and self.source[end - 1] == self.source[start]
            self.texts.append(Text(start=start, end=end, raw=self.source[start + 1 : end - 1 if is_closed else end]))
            self._blank(start + 1, end - 1 if is_closed else end)
        elif kind in {"line", "block"}:
            self._blank(start, end)
        elif kind == "slash":
            return self._slash(start)
        elif kind == "template":
            return self._template(start, end, [])
        else:
            return self._brace(kind or "", end)
        return end

    def _slash(self, start: int) -> int:
        before = self.source[max(0, start - 12) : start]
        if before.strip() and not _BEFORE_REGULAR.search(before):
            return start + 1  # divides
        match = _REGULAR_HERE.match(self.source, start, start + MAX_REGULAR) if self._broken < MAX_BROKEN else None
        if match is None:
            self._broken += 1
            return start + 1
        self._blank(start, match.end())
        return match.end()

    def _template(self, start: int, place: int, parts: list[str]) -> int:
        """Go on in a template, to its end or to the next thing that it puts in."""
        match = _TEMPLATE_PART.match(self.source, place)
        if match is None:  # the pattern matches everywhere
            return place + 1
        parts.append(self.source[place : match.start("end")])
        if match["end"] == "${":
            self._blank(place, match.end() - 1)
            self._open.append((start, parts, 1))
            return match.end()
        self._blank(place, match.start("end"))
        self.texts.append(Text(start=start, end=match.end(), raw=HOLE.join(parts)))
        return match.end()

    def _brace(self, kind: str, end: int) -> int:
        start, parts, depth = self._open.pop()
        depth += 1 if kind == "open" else -1
        if depth:
            self._open.append((start, parts, depth))
            return end
        return self._template(start, end, parts)

    def _blank(self, start: int, end: int) -> None:
        hidden = self.source[start:end]
        lines = hidden.count("\n")
        blank = " " * len(hidden) if not lines else "".join("\n" if letter == "\n" else " " for letter in hidden)
        self.pieces += (self.source[self._done : start], blank)
        self._done = end


def calls(outline: Outline, callee: re.Pattern[str]) -> Iterator[tuple[re.Match[str], int]]:
    """Yields where a callee is called: the match, which ends before the bracket, and the bracket's place."""
    for match in callee.finditer(outline.code):
        place = match.end()
        while outline.code[place : place + 1].isspace():
            place += 1
        if outline.code[place : place + 2] == "?.":
            place += 2
        if outline.code[place : place + 1] == "(":
            yield match, place

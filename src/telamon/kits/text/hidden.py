"""Finds what a text holds and does not show: letters in tags, selectors and blanks without width, and turned writing.

Tags are those of Unicode 16, section 23.9, variation selectors those of section 23.4; runs of them carry bytes that
programs and language models read and people do not see. Emoji use one selector or joiner at a time, and flags of
regions at most six tags.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

FEWEST_BLANKS: Final = 8  # without width in a row; joined emoji and Persian words have one at a time
FEWEST_SELECTORS: Final = 4
FEWEST_TAGS: Final = 3
MAX_FOUND: Final = 100  # runs that are told; more say nothing new
MAX_SHOWN: Final = 4096  # letters that are decoded of one run
LETTER_BITS: Final = (8, 7, 16)  # in which blanks write one letter
FIRST_TAG: Final = 0xE0000
FIRST_SELECTOR: Final = 0xFE00
LATER_SELECTOR: Final = 0xE0100
_RUNS: Final = re.compile(
    "(?P<flag>\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f)"
    f"|(?P<tags>[\U000e0000-\U000e007f]{{{FEWEST_TAGS},}})"
    f"|(?P<selectors>[\ufe00-\ufe0f\U000e0100-\U000e01ef]{{{FEWEST_SELECTORS},}})"
    f"|(?P<blanks>[\u200b-\u200f\u2060-\u2064\ufeff\u00ad\u180e]{{{FEWEST_BLANKS},}})"
)
_TURNED: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_INTERESTING: Final = re.compile(
    "[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
_FROM_THE_RIGHT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_OVERRIDES: Final = "\u202d\u202e"
_OPENING: Final = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"


class HiddenKind(StrEnum):
    """How something is hidden."""

    TAGS = "tag letters"
    SELECTORS = "variation selectors"
    BLANKS = "characters without width"
    TURNED = "a turned direction of writing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """Something that the text does not show.

    Attributes:
        kind: How it is hidden.
        start: Where, in characters.
        length: In characters.
        text: What it says, as far as that is known.
    """

    kind: HiddenKind
    start: int
    length: int
    text: str


def find_hidden(text: str) -> Iterator[Hidden]:
    """Yields what a text hides, in order, at most `MAX_FOUND` runs of characters.

    >>> [found.text for found in find_hidden("a" + "".join(chr(0xE0000 + ord(letter)) for letter in "run x"))]
    ['run x']
    """
    if text.isascii() or not _INTERESTING.search(text):
        return
    found = 0
    for match in _RUNS.finditer(text):
        kind = match.lastgroup
        if kind == "flag":
            continue
        found += 1
        if found > MAX_FOUND:
            return
        yield _decoded(kind or "", match)
    yield from _turned(text)


def visible(text: str) -> str:
    """Returns the text without characters that show nothing, which only keep words from being found."""
    return text if text.isascii() else _INTERESTING.sub("", text)


def _decoded(kind: str, match: re.Match[str]) -> Hidden:
    letters = match.group()[:MAX_SHOWN]
    if kind == "tags":
        text = "".join(chr(ord(letter) - FIRST_TAG) for letter in letters)
        text = "".join(letter for letter in text if " " <= letter <= "~" or letter == "\n")
        return _hidden(HiddenKind.TAGS, match, text)
    if kind == "selectors":
        text = bytes(_selected(letter) for letter in letters).decode("utf-8", "replace")
        return _hidden(HiddenKind.SELECTORS, match, text)
    return _hidden(HiddenKind.BLANKS, match, _from_bits(letters))


def _hidden(kind: HiddenKind, match: re.Match[str], text: str) -> Hidden:
    return Hidden(kind=kind, start=match.start(), length=len(match.group()), text=text)


def _selected(letter: str) -> int:
    code = ord(letter)
    return code - LATER_SELECTOR + 16 & 0xFF if code >= LATER_SELECTOR else code - FIRST_SELECTOR


def _from_bits(blanks: str) -> str:
    """What blanks of two sorts say as bits, empty where that is no text."""
    sorts = sorted(set(blanks))
    if len(sorts) not in {2, 3}:
        return ""
    for zero, one in ((sorts[0], sorts[1]), (sorts[1], sorts[0])):
        bits = "".join("0" if blank == zero else "1" for blank in blanks if blank in {zero, one})
        for width in LETTER_BITS:
            codes = [int(bits[at : at + width], 2) for at in range(0, len(bits) - width + 1, width)]
            if codes and all(0x20 <= code < 0x7F or code == 0x0A for code in codes):  # noqa: PLR2004  # printable ASCII
                return "".join(map(chr, codes))
    return ""


def _turned(text: str) -> Iterator[Hidden]:
    """Lines of left-to-right letters with an override of the direction that nothing ends."""
    start = 0
    for line in text.split("\n"):
        if _TURNED.search(line) and not _FROM_THE_RIGHT.search(line):
            opened = sum((letter in _OPENING) - (letter in "\u202c\u2069") for letter in line)
            if opened > 0 or any(letter in line for letter in _OVERRIDES):
                yield Hidden(kind=HiddenKind.TURNED, start=start, length=len(line), text="")
        start += len(line) + 1

"""Makes untrusted text safe to print: on a terminal, in a log of a build server, and in a JSON document.

A name in a hostile file can hold terminal control sequences (CWE-150), bidirectional overrides that reorder what
is read (CVE-2021-42574), characters that cannot be seen, and commands that build servers obey wherever they occur
in a log. What is written here is for reading and not reversible: a backslash stands for itself.
"""

from __future__ import annotations

import re
from typing import Final

LIMIT: Final = 1_000
"""Characters of one value that are shown; a member name in a zip file alone may have 65,535."""

_TAIL: Final = 250
_MARKS_IN_A_ROW: Final = 4  # more than any living script stacks; long stacks draw over the lines around them
_LETTERS: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Code points that show nothing although `str.isprintable` says they print: the Default_Ignorable_Code_Point
# property of Unicode (DerivedCoreProperties.txt) outside category Cf, and the blank Braille pattern.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

# GitHub's runner obeys `##[command]` and Azure's agent `##vso[command]` anywhere in a line, and GitHub's
# `::command::` at its start (actions/runner, ActionCommand.cs).
_SERVER_COMMAND: Final = re.compile(r"##(?=\w*\[)")

_LINE_COMMAND: Final = re.compile(r"^(\s*):(?=:)")

_SURROGATES: Final = range(0xD800, 0xE000)
_UNDECODED_BYTES: Final = range(0xDC80, 0xDD00)  # PEP 383


def printable(text: str, limit: int = LIMIT, *, keep_newlines: bool = False) -> str:
    r"""Return `text` so that it does nothing but show, by default as one line.

    Control, format, bidirectional, invisible, unassigned and private characters and lone surrogates are written as
    Python escapes; a byte of a file name that is no UTF-8 (PEP 383) as `\xNN`. Letters of every script stay.

    Args:
        text: Anything.
        limit: The most characters of `text` that are shown; of a longer one the middle is left out.
        keep_newlines: Whether `text` has lines of its own; then the limit holds for each, and none is a command.

    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if keep_newlines:
        return "\n".join(_LINE_COMMAND.sub(r"\1\\x3a", printable(line, limit)) for line in text.split("\n"))
    shown = _clipped(text, limit)
    if not (shown.isascii() and shown.isprintable()):
        shown = _escaped(shown)
    return _SERVER_COMMAND.sub(r"#\\x23", shown)


def well_formed(text: str) -> str:
    """Return `text` with every lone surrogate escaped, so that it can be encoded as UTF-8 (RFC 8259, section 8.2)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_escape(character) if ord(character) in _SURROGATES else character for character in text)
    return text


def columns(text: str) -> int:
    """Return how many columns of a terminal a printable `text` fills (Unicode Standard Annex 11)."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415  # 3 ms that plain names need not spend

    wide = {"W", "F"}
    return sum(
        0 if unicodedata.category(character) in {"Mn", "Me"} else 1 + (unicodedata.east_asian_width(character) in wide)
        for character in text
    )


def _clipped(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    tail = min(_TAIL, limit // 2)
    return f"{text[: limit - tail]}[... {len(text) - limit} more ...]{text[len(text) - tail :]}"


def _escaped(text: str) -> str:
    import unicodedata  # noqa: PLC0415  # 3 ms that plain names need not spend

    pieces = []
    marks = _MARKS_IN_A_ROW  # a mark that comes first would change a character of ours
    for character in text:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        is_shown = character.isprintable() and marks <= _MARKS_IN_A_ROW and not _INVISIBLE.match(character)
        pieces.append(character if is_shown else _escape(character))
    return "".join(pieces)


def _escape(character: str) -> str:
    code = ord(character)
    if character in _LETTERS:
        return _LETTERS[character]
    if code in _UNDECODED_BYTES:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:  # noqa: PLR2004  # ASCII; a C1 control is \u0085, so that \x85 is the byte
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  # the basic plane

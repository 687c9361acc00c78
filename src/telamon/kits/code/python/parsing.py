"""Parses untrusted Python source within bounds; the grammar is that of the running interpreter."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Final

from telamon.kits.formats.malformed import MalformedError

MAX_SOURCE_BYTES: Final = 4 * 1024 * 1024
"""Longest source that is looked at; generated modules of real packages stay below it."""

MAX_TOKENS: Final = 200_000
"""Most tokens that are parsed: each costs about 400 bytes of syntax tree, and a hostile file may cost 200 MB."""

_TOKEN: Final = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*|\d[\w.]*|[^\s\w\x80-\xff]")
# Texts in quotes and comments are one token or none, whatever they hold.
_SILENT: Final = re.compile(
    rb"#[^\n]*|'''(?:[^'\\]|\\.|'(?!''))*+'''|\"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*+\"\"\""
    rb"|'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\"",
    re.DOTALL,
)


def parse(source: bytes) -> ast.Module:
    """Returns the syntax tree of a source text, which is not run and not compiled.

    Raises:
        MalformedError: The source is too long, is no Python of this interpreter's version, or nests too deeply.
    """
    if len(source) > MAX_SOURCE_BYTES:
        raise MalformedError(f"expected at most {MAX_SOURCE_BYTES} bytes of Python, found {len(source)}")
    if len(source) > MAX_TOKENS and _count_tokens(source) > MAX_TOKENS:
        raise MalformedError(f"expected at most {MAX_TOKENS} tokens of Python")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the source's own, on escapes and comparisons
        try:
            return ast.parse(source)
        except SyntaxError as error:
            reason = (error.msg or "syntax error").splitlines()[0]
            raise MalformedError(f"expected Python, line {error.lineno}: {reason}") from error
        except (ValueError, OverflowError) as error:  # null bytes, numbers beyond Python's limits
            raise MalformedError("expected Python, found characters or numbers that it does not allow") from error
        except (RecursionError, MemoryError) as error:
            raise MalformedError("expected Python that nests less deeply") from error


def _count_tokens(source: bytes) -> int:
    return sum(1 for _ in _TOKEN.finditer(_SILENT.sub(b"0", source)))

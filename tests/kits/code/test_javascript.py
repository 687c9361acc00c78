"""JavaScript is told apart into code and texts, whatever it is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.code.javascript import HOLE, arguments, read_javascript, unescaped

LETTERS = st.text(alphabet="ab'\"`/\\*${}()[],;=+\n x\u20ac", max_size=60)


@given(LETTERS)
def test_the_code_is_as_long_as_the_source(source: str) -> None:
    outline = read_javascript(source)
    assert len(outline.code) == len(source)
    assert [letter == "\n" for letter in outline.code] == [letter == "\n" for letter in source] or "\\\n" in source
    assert list(outline.starts) == sorted(outline.starts)


@given(st.text(alphabet=st.characters(exclude_characters='"\\\n\r\u2028\u2029'), max_size=40), LETTERS)
def test_what_stands_in_quotes_is_a_text(inside: str, behind: str) -> None:
    first = read_javascript(f'"{inside}";{behind}').texts[0]
    assert (first.value, first.start, first.end) == (inside, 0, len(inside) + 2)


@pytest.mark.parametrize(
    ("source", "code", "texts"),
    [
        ("f('a')", "f(' ')", ["a"]),
        ("a // 'b'\nc", "a       \nc", []),
        ("a /* 'b' */ c", "a           c", []),
        ("x = /['\"]/g.test(y)", "x =        .test(y)", []),
        ("a / b / 'c'", "a / b / ' '", ["c"]),
        ("return /a`b/", "return      ", []),
        ("`a${b}c`", "`  {b} `", [f"a{HOLE}c"]),
        ("`a${`b${c}`}d`", "`  {`  {c}`} `", [f"a{HOLE}d", f"b{HOLE}"]),
        ("`${{a: '}'}}`", "` {{a: ' '}}`", [HOLE, "}"]),
        ("'never closed\nx", "'            \nx", ["never closed"]),
        (r"'\x61\u{62}\u0063\n'", "'" + " " * 18 + "'", ["abc\n"]),
    ],
)
def test_texts_are_blanked(source: str, code: str, texts: list[str]) -> None:
    outline = read_javascript(source)
    assert (outline.code, [text.value for text in outline.texts]) == (code, texts)


def test_arguments_are_split_at_their_own_commas() -> None:
    source = "f(a, [b, c], (d, e), '(,')"
    assert [source[start:end].strip() for start, end in arguments(read_javascript(source), 1)] == [
        "a", "[b, c]", "(d, e)", "'(,'",
    ]  # fmt: skip  # one row


def test_escapes_beyond_unicode_are_replaced() -> None:
    assert unescaped(r"\u{ffffff}\q") == "\ufffdq"


@pytest.mark.parametrize("piece", ["=/[", "`${", "'", "/*", "\\", "(", "=/a"])
def test_hostile_sources_are_read_in_linear_time(piece: str) -> None:
    source = piece * 100_000
    began = time.process_time()
    read_javascript(source)
    assert time.process_time() - began < 5  # seconds; quadratic work would take minutes

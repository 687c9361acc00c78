"""What untrusted text looks like when it is shown."""

from __future__ import annotations

import unicodedata

import hypothesis.strategies as st
import pytest
from hypothesis import given

from telamon.kits.text.display import columns, printable, well_formed

ANYTHING = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("model.pkl", "model.pkl"),
        ("", ""),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),  # CWE-150
        ("\x00\x7f", "\\x00\\x7f"),
        ("\x9b2J", "\\u009b2J"),  # C1, an escape sequence in one character
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),  # CVE-2021-42574
        ("a\u200bb\u2060c\ufeff", "a\\u200bb\\u2060c\\ufeff"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("a\xa0b\u3000c", "a\\u00a0b\\u3000c"),
        ("\udcff\udc80", "\\xff\\x80"),  # PEP 383
        ("\ud800\udbff", "\\ud800\\udbff"),
        ("\ue000\uffff\U000e0041", "\\ue000\\uffff\\U000e0041"),  # private, no character, tag
        ("a\ufe0f\U000e0100", "a\\ufe0f\\U000e0100"),  # variation selectors
        ("\u3164\uffa0\u115f\u2800", "\\u3164\\uffa0\\u115f\\u2800"),  # blank, yet letters and symbols
        ("back\\slash", "back\\slash"),
        ("\u4e2d\u6587 \xe9 \u0e01\u0e33\U0001f600", "\u4e2d\u6587 \xe9 \u0e01\u0e33\U0001f600"),
        ("e\u0301", "e\u0301"),
        ("\u0301e", "\\u0301e"),  # would change the character before
        ("a" + "\u0300" * 6, "a" + "\u0300" * 4 + "\\u0300" * 2),
    ],
)
def test_shows_text_and_escapes_what_does_more(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("##[add-mask]a", "#\\x23[add-mask]a"),
        ("x ##vso[task.complete]", "x #\\x23vso[task.complete]"),
        ("###[a]", "##\\x23[a]"),
        ("## heading [a]", "## heading [a]"),
    ],
)
def test_breaks_commands_that_build_servers_obey_anywhere_in_a_line(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_keeps_lines_where_asked_and_lets_none_be_a_command() -> None:
    text = "a\x1b\r\n  ::error::b\n::c ::d\n"
    assert printable(text, keep_newlines=True) == "a\\x1b\\r\n  \\x3a:error::b\n\\x3a:c ::d\n"
    assert printable(text) == "a\\x1b\\r\\n  ::error::b\\n::c ::d\\n"


def test_leaves_out_the_middle_of_a_long_text() -> None:
    assert printable("a" * 6 + "b" * 10 + "c" * 4, 8) == "aaaa[... 12 more ...]cccc"
    assert printable("a" * 8, 8) == "a" * 8
    assert len(printable("\x00" * 1_000_000)) < 5_000


@given(ANYTHING)
def test_what_is_shown_is_one_line_that_can_be_encoded(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown


@given(ANYTHING)
def test_showing_what_was_shown_changes_nothing(text: str) -> None:
    assert printable(printable(text), 10_000) == printable(text)


@given(ANYTHING)
def test_only_surrogates_make_text_ill_formed(text: str) -> None:
    assert well_formed(text).encode().decode() == well_formed(text)
    if not any(unicodedata.category(character) == "Cs" for character in text):
        assert well_formed(text) == text


def test_escapes_surrogates_one_by_one() -> None:
    assert well_formed("a\x1b\udcff\ud83d\ude00\U0001f600") == "a\x1b\\xff\\ud83d\\ude00\U0001f600"


@pytest.mark.parametrize(
    ("text", "count"), [("abc", 3), ("", 0), ("\u4e2d\u6587", 4), ("\uff21", 2), ("e\u0301", 1), ("\xe9", 1)]
)
def test_counts_the_columns_of_a_terminal(text: str, count: int) -> None:
    assert columns(text) == count

"""What a text hides is found and told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.text.hidden import HiddenKind, find_hidden, visible

ASCII = st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=3, max_size=40)


@given(ASCII, ASCII)
def test_tags_are_read(before: str, hidden: str) -> None:
    text = before + "".join(chr(0xE0000 + ord(letter)) for letter in hidden)
    [found] = find_hidden(text)
    assert (found.kind, found.start, found.length, found.text) == (HiddenKind.TAGS, len(before), len(hidden), hidden)
    assert visible(text) == before


@given(st.binary(min_size=4, max_size=40).filter(lambda data: data.isascii()))
def test_selectors_are_read(data: bytes) -> None:
    text = "a" + "".join(chr(0xFE00 + byte) if byte < 16 else chr(0xE0100 + byte - 16) for byte in data)
    [found] = find_hidden(text)
    assert (found.kind, found.text) == (HiddenKind.SELECTORS, data.decode())


@given(ASCII)
def test_blanks_are_read_as_bits(hidden: str) -> None:
    bits = "".join("\u200b" if bit == "0" else "\u200c" for letter in hidden for bit in f"{ord(letter):08b}")
    [found] = find_hidden(f"a{bits}b")
    assert (found.kind, found.length, found.text) == (HiddenKind.BLANKS, len(bits), hidden)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "\u2764\ufe0f \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u2066\u05d0\u05d1\u2069",
        "\ufeffa",
    ],
)
def test_ordinary_writing_hides_nothing(text: str) -> None:
    assert list(find_hidden(text)) == []


def test_a_turned_line_is_found() -> None:
    [found] = find_hidden("a\nb \u202ec\nd")
    assert (found.kind, found.start, found.length) == (HiddenKind.TURNED, 2, 4)


@given(st.text(max_size=60))
def test_what_is_visible_is_a_part_of_the_text(text: str) -> None:
    letters = iter(text)
    assert all(letter in letters for letter in visible(text))

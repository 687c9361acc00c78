"""Signed notes against the example of Go's sumdb/note and the rules of C2SP signed-note."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.crypto.note_keys import SignerKey, generate_key, parse_signer_key, parse_verifier_key
from telamon.kits.crypto.signed_notes import NoteError, parse_note, sign_note, verify_note

# golang.org/x/mod/sumdb/note, package documentation.
SIGNER = parse_signer_key("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")
VERIFIER = parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = (
    f"{TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
OTHER = generate_key("EnochRoot", random_bytes=lambda count: b"\x07" * count)


def test_signs_the_example_word_for_word() -> None:
    assert str(sign_note(TEXT, [SIGNER])) == NOTE


def test_verifies_the_example() -> None:
    note = parse_note(NOTE)
    assert note.text == TEXT
    assert str(note) == NOTE
    assert verify_note(note, [VERIFIER]) == (VERIFIER,)


def test_ignores_signatures_by_unknown_keys() -> None:
    note = sign_note(TEXT, [OTHER, SIGNER])
    assert verify_note(parse_note(str(note)), [VERIFIER]) == (VERIFIER,)
    with pytest.raises(NoteError, match="trusted key, found none"):
        verify_note(sign_note(TEXT, [OTHER]), [VERIFIER])


def test_the_same_name_with_another_key_is_unknown() -> None:
    impostor = SignerKey(name="PeterNeumann", seed=bytes(32))
    with pytest.raises(NoteError, match="trusted key, found none"):
        verify_note(sign_note(TEXT, [impostor]), [VERIFIER])


def test_a_wrong_signature_by_a_known_key_spoils_the_note() -> None:
    forged = NOTE.replace("answer", "reason")
    also_signed = str(sign_note(TEXT.replace("answer", "reason"), [OTHER]))
    both = also_signed + forged.rpartition("\n\n")[2]
    with pytest.raises(NoteError, match="`PeterNeumann`, found one that does not verify"):
        verify_note(parse_note(both), [OTHER.verifier, VERIFIER])


def test_the_text_may_hold_empty_lines() -> None:
    text = "a\n\n\nb\n"
    assert parse_note(str(sign_note(text, [SIGNER]))).text == text


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        f"{TEXT}\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("—", "--"),
        NOTE.replace("— PeterNeumann ", "— Peter Neumann "),
        NOTE.replace("— PeterNeumann ", "—  "),
        NOTE.replace("— PeterNeumann ", "— Peter+Neumann "),
        NOTE.replace("x08go", "x08g_"),
        NOTE.replace("JnAM=", "JnA="),
        NOTE.replace("think", "th\tnk"),
        NOTE.replace("think", "th\rnk"),
        NOTE.replace("think", "th\x00nk"),
        NOTE.replace("think", "th\ud800nk"),
        f"{TEXT}\n— PeterNeumann AAAA\n",
        f"{TEXT}\n— PeterNeumann AAAAAA==\n",
        "\n\n— PeterNeumann x08go/ZJkuBS\n",
    ],
)
def test_refuses_what_is_no_note(note: str) -> None:
    with pytest.raises(NoteError, match="expected"):
        parse_note(note)


def test_bounds_size_and_signatures() -> None:
    line = NOTE.rpartition("\n\n")[2]
    assert len(parse_note(NOTE + line * 63).signatures) == 64
    with pytest.raises(NoteError, match="at most 64 signatures, found 65"):
        parse_note(NOTE + line * 64)
    with pytest.raises(NoteError, match="at most 1048576 characters"):
        parse_note("a" * (1 << 20) + NOTE)


@pytest.mark.parametrize("text", ["", "\n", "no newline", "a\x7f\x00\n", "\ud800\n"])
def test_signs_no_text_that_a_note_cannot_hold(text: str) -> None:
    with pytest.raises(NoteError, match="note text"):
        sign_note(text, [SIGNER])


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), min_size=1))
def test_notes_read_back_and_verify(text: str) -> None:
    note = sign_note(f"{text}x\n", [SIGNER])
    assert parse_note(str(note)) == note
    assert verify_note(parse_note(str(note)), [VERIFIER]) == (VERIFIER,)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        note = parse_note(text)
    except NoteError:
        return
    assert str(note) == text

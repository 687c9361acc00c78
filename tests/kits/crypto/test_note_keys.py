"""Keys of signed notes against the example of Go's sumdb/note."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.crypto.note_keys import (
    NoteKeyError,
    SignerKey,
    VerifierKey,
    generate_key,
    is_key_name,
    parse_signer_key,
    parse_verifier_key,
)

# golang.org/x/mod/sumdb/note, package documentation.
SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_reads_and_writes_the_example_keys() -> None:
    signer, verifier = parse_signer_key(SIGNER), parse_verifier_key(VERIFIER)
    assert signer.name == verifier.name == "PeterNeumann"
    assert verifier.key_id.hex() == "c74f20a3"
    assert signer.verifier == verifier
    assert signer.to_text() == SIGNER
    assert str(verifier) == VERIFIER


def test_every_mangled_key_is_refused() -> None:
    # As in Go's note_test.go: every proper substring, and every byte changed.
    for text, parse in ((VERIFIER, parse_verifier_key), (SIGNER, parse_signer_key)):
        pieces = {text[i:j] for i in range(len(text)) for j in range(i + 1, len(text) + 1)} - {text}
        changed = {text[:i] + chr(ord(text[i]) + 1) + text[i + 1 :] for i in range(len(text))}
        for bad in sorted(pieces)[:: max(1, len(pieces) // 400)] + sorted(changed):
            with pytest.raises(NoteKeyError):
                parse(bad)


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T\u00e9",
    ],
)
def test_refuses_other_lengths_types_and_alphabets(text: str) -> None:
    with pytest.raises(NoteKeyError):
        parse_verifier_key(text)


def test_errors_about_signer_keys_repeat_no_part_of_them() -> None:
    for bad in (SIGNER[:-1], SIGNER.replace("c74f20a3+", ""), SIGNER.replace("PeterNeumann+", ""), SIGNER[8:]):
        with pytest.raises(NoteKeyError) as caught:
            parse_signer_key(bad)
        assert "AYEKFALV" not in str(caught.value)


def test_the_seed_is_not_in_the_representation() -> None:
    signer = SignerKey(name="n", seed=b"\x11" * 32)
    assert repr(signer) == "SignerKey(name='n')"


def test_signs_and_verifies() -> None:
    signer = generate_key("example.com/ledger", random_bytes=lambda count: bytes(range(count)))
    signature = signer.sign(b"message")
    assert len(signature) == 64
    assert signer.verifier.verify(b"message", signature)
    assert not signer.verifier.verify(b"massage", signature)
    assert not signer.verifier.verify(b"message", signature[:-1])
    assert not signer.verifier.verify(b"message", b"")


def test_new_keys_differ() -> None:
    assert generate_key("a").seed != generate_key("a").seed


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb", "a\x01b", "a\u2003"])
def test_refuses_names_that_no_note_can_hold(name: str) -> None:
    assert not is_key_name(name)
    with pytest.raises(NoteKeyError, match="key name"):
        generate_key(name)


def test_refuses_keys_of_another_length() -> None:
    with pytest.raises(NoteKeyError, match="32 bytes, found 31"):
        VerifierKey(name="a", public_key=bytes(31))


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="+"), min_size=1),
    st.binary(min_size=32, max_size=32),
)
def test_keys_read_back(name: str, seed: bytes) -> None:
    signer = SignerKey(name=name, seed=seed)
    assert parse_signer_key(signer.to_text()) == signer
    assert parse_verifier_key(str(signer.verifier)) == signer.verifier


def test_stray_bits_in_base64_are_refused() -> None:
    key = base64.b64encode(b"\x01" + bytes(32)).decode()
    verifier = VerifierKey(name="a", public_key=bytes(32))
    text = f"a+{verifier.key_id.hex()}+{key}"
    assert parse_verifier_key(text) == verifier
    with pytest.raises(NoteKeyError):
        parse_verifier_key(text + "\n")

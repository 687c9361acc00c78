"""Signed notes: text and the keys that signed it (C2SP signed-note v1)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telamon.kits.crypto.note_keys import SignerKey, VerifierKey

# Verifiers must take at least 16 signatures; the limits only bound work on hostile notes.
MAX_SIGNATURES = 64
MAX_BYTES = 1 << 20
_KEY_ID_BYTES = 4
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(TelamonError):
    """Bytes are no signed note, or no trusted key signed it.

    Remedy: Use the text as it was signed, byte for byte.
    """

    code = "signed-note"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line, not yet verified."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedNote:
    """A note as read, not yet verified.

    Attributes:
        text: With its final newline.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n" + "".join(f"{signature}\n" for signature in self.signatures)


def sign_note(text: str, signers: Iterable[SignerKey]) -> SignedNote:
    """Sign `text`, which ends in a newline.

    Raises:
        NoteError: The text cannot stand in a note.
    """
    _check_text(text)
    return SignedNote(
        text=text,
        signatures=tuple(
            NoteSignature(
                name=signer.name,
                key_id=signer.verifier.key_id,
                signature=signer.sign(text.encode()),
            )
            for signer in signers
        ),
    )


def parse_note(note: str) -> SignedNote:
    """Read a signed note without verifying it.

    Raises:
        NoteError: It is not of the form of C2SP signed-note, or over 1 MiB or 64 signatures.
    """
    if len(note) > MAX_BYTES:
        raise NoteError(f"expected a note of at most {MAX_BYTES} characters, found {len(note)}")
    # The text may hold empty lines: the last one separates it from the signatures.
    body, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise NoteError("expected a text, an empty line and signature lines, found another form")
    text = body + "\n"
    _check_text(text)
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"expected at most {MAX_SIGNATURES} signatures, found {len(lines)}")
    return SignedNote(text=text, signatures=tuple(_parse_signature(line) for line in lines))


def verify_note(note: SignedNote, verifiers: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Return the keys among `verifiers` that signed the note; signatures by other keys are ignored.

    Raises:
        NoteError: None of them did, or one has a signature on it that does not verify.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    signed_by = []
    for signature in note.signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        if not verifier.verify(note.text.encode(), signature.signature):
            raise NoteError(f"expected a valid signature by `{verifier.name}`, found one that does not verify")
        signed_by.append(verifier)
    if not signed_by:
        raise NoteError("expected a signature by a trusted key, found none")
    return tuple(signed_by)


def _check_text(text: str) -> None:
    if not text.endswith("\n") or text == "\n":
        raise NoteError("expected a note text that ends in a newline, found another")
    if _CONTROL.search(text):
        raise NoteError("expected a note text without control characters, found one")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NoteError("expected a note text in Unicode, found a lone surrogate") from error


def _parse_signature(line: str) -> NoteSignature:
    match = _SIGNATURE_LINE.fullmatch(line)
    try:
        material = base64.b64decode(match[2], validate=True) if match else b""
    except (binascii.Error, ValueError) as error:
        raise NoteError("expected base64 in a signature line, found another text") from error
    if match is None or len(material) <= _KEY_ID_BYTES:
        raise NoteError("expected a signature line `— name base64`, found another line")
    return NoteSignature(name=match[1], key_id=material[:_KEY_ID_BYTES], signature=material[_KEY_ID_BYTES:])

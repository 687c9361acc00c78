"""Checkpoints: what a ledger held at one size, signed (C2SP tlog-checkpoint)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.kits.crypto.signed_notes import NoteError, parse_note, sign_note, verify_note
from telamon.ledger.errors import CheckpointError
from telamon.ledger.merkle import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telamon.kits.crypto.note_keys import SignerKey, VerifierKey

# Sizes are signed 64-bit in the store; 19 digits also bound the work on a hostile number.
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A tree head as signed; reading one verifies nothing.

    Attributes:
        origin: Name of the ledger, by convention the name of the key that signs.
        size: Number of entries.
        root: 32 bytes, root of the RFC 6962 tree over them.
        note: The signed note, word for word.
    """

    origin: str
    size: int
    root: bytes
    note: str

    def is_signed_by(self, verifiers: Sequence[VerifierKey]) -> bool:
        """Tell whether one of `verifiers` signed it and none of them has a wrong signature on it.

        A key vouches only for the ledger of its own name: the origin must be the name of a key that signed.
        """
        try:
            signed_by = verify_note(parse_note(self.note), verifiers)
        except NoteError:
            return False
        return any(verifier.name == self.origin for verifier in signed_by)

    def names_key(self, verifiers: Sequence[VerifierKey]) -> bool:
        """Tell whether a signature on it, good or not, says that it is by one of `verifiers`."""
        known = {(verifier.name, verifier.key_id) for verifier in verifiers}
        return any((one.name, one.key_id) in known for one in parse_note(self.note).signatures)

    def is_of_same_tree(self, other: Checkpoint) -> bool:
        """Tell whether both vouch for the same entries, whoever signed them."""
        return (self.size, self.root) == (other.size, other.root)


def sign_checkpoint(*, size: int, root: bytes, signer: SignerKey) -> Checkpoint:
    """Return the checkpoint of a tree under the signer's name."""
    root_text = base64.b64encode(root).decode()
    note = sign_note(f"{signer.name}\n{size}\n{root_text}\n", [signer])
    return Checkpoint(origin=signer.name, size=size, root=root, note=str(note))


def parse_checkpoint(note: str | bytes) -> Checkpoint:
    """Read a checkpoint, as text or in UTF-8, without verifying its signatures.

    Raises:
        CheckpointError: It is not of the form of C2SP tlog-checkpoint.
    """
    try:
        note = note.decode() if isinstance(note, bytes) else note
        text = parse_note(note).text
    except UnicodeDecodeError as error:
        raise CheckpointError("expected a checkpoint in UTF-8, found other bytes") from error
    except NoteError as error:
        raise CheckpointError(f"expected a checkpoint: {error.message}") from error
    lines = text[:-1].split("\n")
    # Extension lines may follow the three; none may be empty.
    if len(lines) < 3 or not all(lines):  # noqa: PLR2004 -- origin, size and root (tlog-checkpoint, "Note text")
        raise CheckpointError("expected origin, size and root in a checkpoint, found other lines")
    origin, size, root_text = lines[:3]
    if not _SIZE.fullmatch(size):
        raise CheckpointError(f"expected a tree size in a checkpoint, found `{size[:40]}`")
    return Checkpoint(origin=origin, size=int(size), root=_parse_root(root_text), note=note)


def _parse_root(text: str) -> bytes:
    try:
        root = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CheckpointError("expected a root hash in base64, found another text") from error
    if len(root) != HASH_BYTES:
        raise CheckpointError(f"expected a root hash of {HASH_BYTES} bytes, found {len(root)}")
    return root

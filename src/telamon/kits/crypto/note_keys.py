"""Ed25519 keys of signed notes and their text forms (C2SP signed-note; key texts as in Go's sumdb/note)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from collections.abc import Callable

# C2SP signed-note, "Signature types".
ED25519 = b"\x01"
_KEY_BYTES = 32
SIGNER_PREFIX = "PRIVATE+KEY+"


class NoteKeyError(TelamonError):
    """A text is no key of a signed note, or a name cannot name one.

    Remedy: Use the key as `telamon ledger keygen` printed it, or the file that it wrote.
    """

    code = "note-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """The public half: checks signatures made under `name`.

    Attributes:
        name: By convention a URL without its scheme, such as `example.com/ledger`.
        public_key: 32 bytes (RFC 8032, section 5.1.5).
    """

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _check(self.name, self.public_key)

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name, newline, signature type, public key)."""
        material = self.name.encode() + b"\n" + ED25519 + self.public_key
        return hashlib.sha256(material).digest()[:4]

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is this key's signature over `message`."""
        # Lazy: 25 ms of CPU that appending and listing never need (house rule 3).
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 -- see above
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 -- see above
            Ed25519PublicKey,
        )

        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_to_base64(ED25519 + self.public_key)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerKey:
    """The private half: signs under `name`; its seed is kept out of `repr`.

    Attributes:
        seed: 32 bytes, the RFC 8032 private key.
    """

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check(self.name, self.seed)

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 -- as in VerifierKey
            Ed25519PrivateKey,
        )

        public_key = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return VerifierKey(name=self.name, public_key=public_key)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature over `message`."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 -- as in VerifierKey
            Ed25519PrivateKey,
        )

        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    def to_text(self) -> str:
        """Return the secret text form, `PRIVATE+KEY+name+id+base64`; never print or log it."""
        key_id = self.verifier.key_id.hex()
        return f"{SIGNER_PREFIX}{self.name}+{key_id}+{_to_base64(ED25519 + self.seed)}"


def generate_key(name: str, random_bytes: Callable[[int], bytes] = os.urandom) -> SignerKey:
    """Return a new key under `name`, drawn from `random_bytes`.

    Raises:
        NoteKeyError: `name` is empty or holds white space, a plus sign or a control character.
    """
    return SignerKey(name=name, seed=random_bytes(_KEY_BYTES))


def parse_verifier_key(text: str) -> VerifierKey:
    """Read `name+id+base64`.

    Raises:
        NoteKeyError: It is not of that form, not Ed25519, or the id is not that of the key.
    """
    name, key_id, key = _parse(text, "a verifier key `name+id+base64`")
    verifier = VerifierKey(name=name, public_key=key)
    _check_id(verifier, key_id)
    return verifier


def parse_signer_key(text: str) -> SignerKey:
    """Read `PRIVATE+KEY+name+id+base64`; errors do not repeat the text, which is secret.

    Raises:
        NoteKeyError: It is not of that form, not Ed25519, or the id is not that of the key.
    """
    expected = "a signer key `PRIVATE+KEY+name+id+base64`"
    if not text.startswith(SIGNER_PREFIX):
        raise NoteKeyError(f"expected {expected}, found another text")
    name, key_id, seed = _parse(text.removeprefix(SIGNER_PREFIX), expected)
    signer = SignerKey(name=name, seed=seed)
    _check_id(signer.verifier, key_id)
    return signer


def is_key_name(name: str) -> bool:
    """Tell whether C2SP signed-note allows `name`: not empty, no white space, no plus, no control character."""
    return bool(name) and not any(char.isspace() or char == "+" or char < " " for char in name)


def _parse(text: str, expected: str) -> tuple[str, str, bytes]:
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        material = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteKeyError(f"expected {expected}, found another text") from error
    # Errors repeat no part of the text: a damaged signer key may have its secret in any place.
    if not is_key_name(name):
        raise NoteKeyError(f"expected {expected}, found another text")
    # One spelling per key: base64 with stray bits in its last digit is refused as well.
    if material[:1] != ED25519 or _to_base64(material) != encoded:
        raise NoteKeyError(f"expected {expected} of type Ed25519, found another text")
    return name, key_id, material[1:]


def _check(name: str, key: bytes) -> None:
    if not is_key_name(name):
        raise NoteKeyError(f"expected a key name without spaces and `+`, found `{name}`")
    if len(key) != _KEY_BYTES:
        raise NoteKeyError(f"expected a key of {_KEY_BYTES} bytes, found {len(key)}")


def _check_id(verifier: VerifierKey, key_id: str) -> None:
    if key_id != verifier.key_id.hex():
        raise NoteKeyError(f"expected key id `{verifier.key_id.hex()}` for this key, found another")


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

"""References to secrets: a policy names where a secret is, and never holds one.

A control's settings have fields of the type `SecretReference`; what is written there and is none is refused when the
policy is read, and never repeated in a message.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, Self

from telamon.core.errors import SecretError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REFERENCE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\0]+|keyring:[^/\0]+/[^\0]+")
FORMS: Final = "write `env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`"
MAX_BYTES: Final = 64 * 1024
# `Meta(extra=SECRET)` on a field keeps what stands there out of every message: it may be the secret itself.
SECRET: Final = {"is_secret": True}  # msgspec takes nothing but a dict


class SecretReference(str):
    """Where a secret is: `env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`.

    Raises:
        SecretError: The text has none of these forms; it may be a secret itself, and is not repeated.
    """

    __slots__ = ()

    def __new__(cls, text: object) -> Self:
        """Return the reference, which is the text."""
        if not isinstance(text, str) or not cls.is_reference(text):
            raise SecretError(
                "expected a reference to a secret, found something else, which is not repeated here", hint=FORMS
            )
        return super().__new__(cls, text)

    @staticmethod
    def is_reference(text: str) -> bool:
        """Whether the text has one of the three forms."""
        return bool(REFERENCE.fullmatch(text))

    def resolve(self, environ: Mapping[str, str], *, folder: Path) -> bytes:
        """Return the secret, without a line end behind it.

        Args:
            environ: Where `env:` looks.
            folder: What `file:` paths are relative to.

        Raises:
            SecretError: It is not there; the message names the reference.
        """
        scheme, _, rest = self.partition(":")
        if scheme == "env":
            if rest not in environ:
                raise SecretError(f"expected a secret in the environment variable `{rest}`, found none")
            return os.fsencode(environ[rest])  # back to the bytes that the environment holds
        if scheme == "file":
            return _from_file(folder / rest)
        return _from_keyring(rest)


def _from_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SecretError(f"expected a secret in `{path}`, found: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise SecretError(f"expected a secret of at most {MAX_BYTES} bytes in `{path}`")
    return content.rstrip(b"\r\n")


def _from_keyring(rest: str) -> bytes:
    try:
        import keyring  # noqa: PLC0415  # optional, and only where a policy refers to it
    except ImportError as error:
        raise SecretError(
            f"expected a secret in the keyring under `{rest}`, found no keyring", hint="pip install keyring"
        ) from error
    service, _, name = rest.partition("/")
    try:
        found = keyring.get_password(service, name)
    except keyring.errors.KeyringError as error:
        raise SecretError(f"expected a secret in the keyring under `{rest}`, found it locked or broken") from error
    if found is None:
        raise SecretError(f"expected a secret in the keyring under `{rest}`, found none")
    return str(found).encode()

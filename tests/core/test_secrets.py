"""References to secrets: their three forms, and what they resolve to."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from telamon.core.errors import SecretError
from telamon.core.secrets import MAX_BYTES, SecretReference


class KeyringError(Exception):
    """As the package of that name raises it."""


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str | Exception]:
    kept: dict[tuple[str, str], str | Exception] = {}

    def get_password(service: str, name: str) -> str | None:
        found = kept.get((service, name))
        if isinstance(found, Exception):
            raise found
        return found

    module = ModuleType("keyring")
    module.get_password = get_password
    module.errors = SimpleNamespace(KeyringError=KeyringError)
    monkeypatch.setitem(sys.modules, "keyring", module)
    return kept


def refusal(reference: str, folder: Path = Path()) -> SecretError:
    with pytest.raises(SecretError) as caught:
        SecretReference(reference).resolve({}, folder=folder)
    return caught.value


@pytest.mark.parametrize("text", ["env:A", "env:_a9", "file:x", "file:/a b/c", "keyring:a/b", "keyring:a b/c/d"])
def test_has_three_forms(text: str) -> None:
    assert SecretReference.is_reference(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "env:",
        "env:9",
        "env:A B",
        "env:A\n",
        "file:",
        "file:\0",
        "keyring:",
        "keyring:a",
        "keyring:/a",
        "ENV:A",
    ],
)
def test_has_no_other_form(text: str) -> None:
    assert not SecretReference.is_reference(text)


@pytest.mark.parametrize("text", ["hunter2", "env:", "", None, 7])
def test_is_not_made_of_anything_else_and_does_not_repeat_it(text: object) -> None:
    with pytest.raises(SecretError) as caught:
        SecretReference(text)
    assert caught.value.message == "expected a reference to a secret, found something else, which is not repeated here"
    assert caught.value.hint == "write `env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`"


@pytest.mark.parametrize(
    ("value", "secret"), [("s3cret", b"s3cret"), ("", b""), ("\udcff", b"\xff"), ("ä", "ä".encode())]
)
def test_resolves_from_the_environment(value: str, secret: bytes) -> None:
    assert SecretReference("env:KEY").resolve({"KEY": value}, folder=Path()) == secret


def test_says_that_the_environment_has_none() -> None:
    assert refusal("env:KEY").message == "expected a secret in the environment variable `KEY`, found none"


@pytest.mark.parametrize("content", [b"s3cret", b"s3cret\n", b"s3cret\r\n"])
def test_resolves_from_a_file_beside_the_policy(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)
    assert SecretReference("file:key").resolve({}, folder=tmp_path) == b"s3cret"
    assert SecretReference(f"file:{tmp_path}/key").resolve({}, folder=Path("/elsewhere")) == b"s3cret"


def test_says_that_there_is_no_file(tmp_path: Path) -> None:
    expected = f"expected a secret in `{tmp_path}/key`, found: No such file or directory"
    assert refusal("file:key", tmp_path).message == expected


def test_refuses_a_file_that_holds_more_than_a_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"x" * (MAX_BYTES + 1))
    assert refusal("file:key", tmp_path).message == f"expected a secret of at most 65536 bytes in `{tmp_path}/key`"


def test_resolves_from_the_keyring(keyring: dict[tuple[str, str], str | Exception]) -> None:
    keyring["telamon", "chat/key"] = "s3crét"
    assert SecretReference("keyring:telamon/chat/key").resolve({}, folder=Path()) == "s3crét".encode()


def test_says_that_the_keyring_has_none(keyring: dict[tuple[str, str], str | Exception]) -> None:
    keyring["telamon", "other"] = "s3cret"
    assert refusal("keyring:telamon/key").message == "expected a secret in the keyring under `telamon/key`, found none"


def test_says_that_the_keyring_does_not_open(keyring: dict[tuple[str, str], str | Exception]) -> None:
    keyring["telamon", "key"] = KeyringError("locked: s3cret")
    expected = "expected a secret in the keyring under `telamon/key`, found it locked or broken"
    assert refusal("keyring:telamon/key").message == expected


def test_says_how_to_get_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    error = refusal("keyring:telamon/key")
    assert error.message == "expected a secret in the keyring under `telamon/key`, found no keyring"
    assert error.hint == "pip install keyring"

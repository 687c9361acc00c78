"""Settings of which a key says the kind, and secrets within them, as controls outside of the policy write them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
import pytest
from jsonschema import Draft202012Validator
from msgspec import Meta

from telamon.catalog import Catalog, Listed
from telamon.core.control import Control
from telamon.core.secrets import SECRET, SecretReference
from telamon.core.settings import Settings
from telamon.policy.schema import schema

if TYPE_CHECKING:
    from conftest import Complaint, Reader


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="from", tag="file"):
    path: str


class Vault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="from", tag="vault"):
    url: str
    token: SecretReference
    retries: Annotated[int, Meta(ge=0, le=9)] = 3


class One(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="v", tag=1):
    word: SecretReference | None = None


class Two(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="v", tag=2):
    first: int = 0
    last: int = 0

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError("Expected an end after the beginning")


class KeepingSettings(Settings, frozen=True, kw_only=True):
    key: Annotated[File | Vault | None, Meta(description="Where the key is.")] = None
    keys: tuple[File | Vault, ...] = ()
    only: File | None = None
    lone: File = File(path="x")
    numbered: One | Two = One()
    mixed: Annotated[Vault | list[SecretReference] | str, Meta(description="Any of them.")] = ""
    table: dict[str, Vault] | list[int] | None = None
    either: Annotated[File | Vault | int, Meta(extra=SECRET)] = 0
    fixed: tuple[int, SecretReference] | None = None


class Keeping(Control):
    name: ClassVar[str] = "keeping"
    mitigation: ClassVar[str] = "AML.M9999"

    def settings(self) -> type[KeepingSettings]:
        return KeepingSettings


@pytest.fixture
def keeping() -> Catalog:
    return Catalog(own=(Listed(control=Keeping(), wing="artifact", origin="telamon.controls"),))


NO_REFERENCE = (
    "expected a reference to a secret, found something else, which is not repeated here "
    "(write `env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`)"
)


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("key: {from: vault, url: u, token: hunter2}", f"4:30: {NO_REFERENCE}"),
        ("keys: [{from: file, path: p}, {from: vault, url: u, token: hunter2}]", f"4:55: {NO_REFERENCE}"),
        ("mixed: [env:A, hunter2]", f"4:18: {NO_REFERENCE}"),
        ("mixed: {from: vault, url: u, token: [hunter2]}", f"4:32: {NO_REFERENCE}"),
        ("table: {a: {from: vault, url: u, token: hunter2}}", f"4:36: {NO_REFERENCE}"),
        ("numbered: {v: 1, word: hunter2}", f"4:20: {NO_REFERENCE}"),
        ("key: {from: vualt, url: u}", "4:9: expected one of file, vault, found `vualt` (did you mean `vault`?)"),
        ("key: {from: 7}", "4:9: expected one of file, vault, found `7`"),
        ("key: {url: u}", "4:3: expected the key `from`, found none (one of file, vault)"),
        ("key: {from: vault, ulr: u, token: env:A, url: u}",
         "4:22: expected a known key, found `ulr` (did you mean `url`?)"),
        ("key: {from: vault, form: u, token: env:A, url: u}",
         "4:22: expected a known key, found `form` (did you mean `from`?)"),
        ("key: {from: file}", "4:3: expected the key `path`, found none"),
        ("key: {from: vault, url: u, token: env:A, retries: 10}",
         "4:44: expected a whole number at least 0 and at most 9, found `10`"),
        ("key: file", "4:3: expected a mapping or nothing, found `file`"),
        ("key: [file]", "4:3: expected a mapping or nothing, found a list"),
        ("only: {path: p}", "4:3: expected the key `from`, found none (one of file)"),
        ("only: {from: fiel, path: p}", "4:10: expected `file`, found `fiel` (did you mean `file`?)"),
        ("lone: {path: p}", "4:3: expected the key `from`, found none (one of file)"),
        ("numbered: {v: 3}", "4:14: expected one of 1, 2, found `3`"),
        ("numbered: {v: true}", "4:14: expected one of 1, 2, found `true`"),
        ("numbered: {v: 2, first: 2, last: 1}", "4:3: expected an end after the beginning"),
        ("numbered:", "4:3: expected a mapping, found nothing"),
        ("mixed: 7", "4:3: expected a mapping or a list or text, found `7`"),
        ("table: [a]", "4:11: expected a whole number, found `a`"),
        ("table: x", "4:3: expected a mapping or a list or nothing, found `x`"),
        ("either: hunter2",
         "4:3: expected a mapping or a whole number, found something else, which is not repeated here"),
        (
            "either: {from: hunter2}",
            "4:12: expected one of file, vault, found something else, which is not repeated here",
        ),
        ("fixed: [1, hunter2]",
         "4:3: expected a reference to a secret, found something else, which is not repeated here"),
    ],
)  # fmt: skip
def test_says_what_is_wrong_in_the_kind_that_a_key_names(
    setting: str, problem: str, complaint: Complaint, keeping: Catalog
) -> None:
    found = complaint(f"version: 1\ncontrols:\n keeping:\n  {setting}\n", catalog=keeping)
    assert found == [f"telamon.yaml:{problem}"]
    assert "hunter2" not in found[0]


TAKEN = """version: 1
controls:
  keeping:
    key: {from: vault, url: u, token: env:VAULT_TOKEN}
    keys: [{from: file, path: p}]
    only: {path: q, from: file}
    numbered: {v: 2, last: 1}
    mixed: [env:A]
    table: {a: {from: vault, url: u, token: "file:t"}}
    either: {from: file, path: r}
    fixed: [1, env:A]
"""


def test_takes_what_is_sound_and_the_control_resolves_its_secret(read: Reader, keeping: Catalog) -> None:
    policy = read(TAKEN, catalog=keeping)
    settings = policy.settings("keeping")
    assert settings.key == Vault(url="u", token=SecretReference("env:VAULT_TOKEN"))
    assert type(settings.key.token) is SecretReference
    assert settings.key.token.resolve({"VAULT_TOKEN": "hunter2"}, folder=Path()) == b"hunter2"
    assert (settings.keys, settings.only) == ((File(path="p"),), File(path="q"))
    assert (settings.numbered, settings.either) == (Two(last=1), File(path="r"))
    assert policy.effective["controls"]["keeping"]["key"] == {
        "from": "vault",
        "url": "u",
        "token": "env:VAULT_TOKEN",
        "retries": 3,
    }


@pytest.mark.parametrize(
    ("section", "is_valid"),
    [
        ({"key": {"from": "vault", "url": "u", "token": "env:A"}}, True),
        ({"key": {"from": "vault", "url": "u", "token": "hunter2"}}, False),
        ({"key": {"from": "vualt"}}, False),
        ({"key": {"url": "u"}}, False),
        ({"only": {"path": "p"}}, False),
        ({"only": {"from": "file", "path": "p"}}, True),
        ({"mixed": ["hunter2"]}, False),
    ],
)
def test_schema_for_editors_says_the_same(section: dict[str, object], is_valid: bool, keeping: Catalog) -> None:  # noqa: FBT001  # what is expected
    found = schema(keeping)
    Draft202012Validator.check_schema(found)
    assert Draft202012Validator(found).is_valid({"version": 1, "controls": {"keeping": section}}) == is_valid

"""The JSON Schema accepts exactly what the loader accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from telamon import catalog as catalogue
from telamon.policy import PolicyError
from telamon.policy.loader import compile_document
from telamon.policy.nodes import read_document
from telamon.policy.schema import schema, schema_hook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import Installer
    from telamon.catalog import Catalog

DIGEST = "sha256:" + "0f" * 32
WAIVER = {"rule": "M0016/unknown-call", "path": "*", "owner": "o", "reason": "r", "expires": "2027-01-31"}


@pytest.fixture(scope="session")
def validator(catalog: Catalog) -> Draft202012Validator:
    found = schema(catalog)
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found, format_checker=Draft202012Validator.FORMAT_CHECKER)


def loads(value: object, catalog: Catalog) -> bool:
    content = json.dumps(value, ensure_ascii=False).encode()  # JSON is YAML (YAML 1.2.2, section 1.2)
    try:
        compile_document(read_document(content, "telamon.yaml"), Path("telamon.yaml"), catalog)
    except PolicyError:
        return False
    return True


@pytest.mark.parametrize(
    "value",
    [
        {"version": 1},
        {"version": 1, "controls": None},
        {"version": 1, "controls": {"vulnerability-scanning": None}},
        {"version": 1, "controls": {"vulnerability-scanning": {"mode": "off", "fail_at": "info", "time_limit_s": 1}}},
        {"version": 1, "controls": {"vulnerability-scanning": {"allow": [{"name": "a:B", "reason": "r"}]}}},
        {"version": 1, "models": {"m": {"key": "env:A", "upstream": "http://h", "api": "oip", "serve": "onnx"}}},
        {"version": 1, "models": {"m": {"key": "keyring:a/b"}, "n": {"key": "file:/x y"}}},
        {"version": 1, "principals": [{"name": "n", "role": "r", "keys": [DIGEST]}]},
        {"version": 1, "waivers": [WAIVER], "baseline": None, "ledger": None},
        {"version": 1, "ledger": {"path": "l", "second_place": "s", "key": "k"}, "exclude": []},
        {"version": 1, "ledger": {"url": "postgresql://w@db:6432/x?ledger=a&sslmode=verify-full", "password": "env:A"}},
        {"version": 1, "ledger": {"url": "postgres:///x?host=/run/postgresql", "path": None}},
        {"version": 1, "ledger": {"url": "env:LEDGER_URL"}},
        {"version": 1, "ledger": {"url": "file:/run/secrets/ledger url", "password": None}},
    ],
)
def test_both_accept(value: object, validator: Draft202012Validator, catalog: Catalog) -> None:
    assert loads(value, catalog)
    assert validator.is_valid(value)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"version": 2},
        {"version": True},
        {"version": "1"},
        {"version": 1, "unknown": 1},
        {"version": 1, "controls": []},
        {"version": 1, "controls": {"unknown": {}}},
        {"version": 1, "controls": {"M0016": {}}},
        {"version": 1, "controls": {"vulnerability-scanning": {"mode": False}}},
        {"version": 1, "controls": {"vulnerability-scanning": {"max_depth": 6.5}}},
        {"version": 1, "controls": {"vulnerability-scanning": {"allow": {}}}},
        {"version": 1, "models": {"m": None}},
        {"version": 1, "models": {"m": {"key": "sk-live"}}},
        {"version": 1, "models": {"m": {"key": "env:A\n"}}},
        {"version": 1, "models": {"m": {"key": "keyring:a"}}},
        {"version": 1, "models": {"m": {"upstream": "https://u:p@h"}}},
        {"version": 1, "principals": [{"name": "n", "role": "r", "keys": [DIGEST + "\n"]}]},
        {"version": 1, "waivers": [WAIVER | {"expires": "2027-02-30"}]},
        {"version": 1, "waivers": [WAIVER | {"expires": "20270130"}]},
        {"version": 1, "waivers": [WAIVER | {"rule": "*"}]},
        {"version": 1, "waivers": [WAIVER | {"rule": "M0016/a\n"}]},
        {"version": 1, "ledger": {}},
        {"version": 1, "ledger": {"path": None}},
        {"version": 1, "ledger": {"path": "l", "url": "env:A"}},
        {"version": 1, "ledger": {"path": "l", "password": "env:A"}},
        {"version": 1, "ledger": {"password": "env:A"}},
        {"version": 1, "ledger": {"url": "postgresql://u:p@h/d"}},
        {"version": 1, "ledger": {"url": "postgresql://h/d?password=p"}},
        {"version": 1, "ledger": {"url": "mysql://h/d"}},
        {"version": 1, "ledger": {"url": "env:A\n"}},
        {"version": 1, "ledger": {"url": "postgresql://h/d\n"}},
        {"version": 1, "ledger": {"url": "postgresql://h/d", "password": "hunter2"}},
    ],
)
def test_both_refuse(value: object, validator: Draft202012Validator, catalog: Catalog) -> None:
    assert not loads(value, catalog)
    assert not validator.is_valid(value)


Strategy = st.SearchStrategy[Any]  # of values that JSON has, which have no narrower type
words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"], max_codepoint=0xFFFF), max_size=8)
junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e6, 1e6) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)


def loosely(strategy: Strategy) -> Strategy:
    """Mostly what a field takes, now and then anything."""
    return st.integers(0, 11).flatmap(lambda die: strategy if die else junk)


def fields(
    required: Mapping[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    return loosely(
        st.fixed_dictionaries(
            {name: loosely(value) for name, value in required.items()},
            optional={name: loosely(value) for name, value in optional.items()},
        )
    )


section = fields(
    {},
    mode=st.sampled_from(["off", "shadow", "enforce"]),
    fail_at=st.sampled_from(["info", "low", "medium", "high", "critical"]),
    allow=st.lists(fields({"name": st.just("a.b:C"), "reason": words}, can_call=st.booleans()), max_size=2),
    max_unpacked_mib=st.integers(0, 2**21),
    max_depth=st.integers(0, 33) | st.sampled_from([1.0, 2.5]),
    time_limit_s=st.floats(0, 1e5) | st.integers(0, 10),
)
model = fields(
    {},
    path=words,
    serve=st.just("onnx"),
    upstream=st.just("https://host/v1") | words.map("https://{}".format),
    api=st.sampled_from(["openai", "anthropic", "oip"]),
    key=st.sampled_from(["env:KEY", "file:a", "keyring:a/b"]) | words.map("env:{}".format),
)
waiver = fields(
    {
        "rule": st.just("M0016/unknown-call") | words.map("M0016/{}".format),
        "path": words,
        "owner": words,
        "reason": words,
        "expires": st.dates().map(str),
    }
)
policies = fields(
    {"version": st.just(1)},
    system=words,
    models=st.dictionaries(words, model, max_size=2),
    datasets=st.dictionaries(words, fields({"path": words}), max_size=2),
    principals=st.lists(fields({"name": words, "role": words}, keys=st.lists(st.just(DIGEST), max_size=2)), max_size=2),
    ledger=st.none()
    | fields(
        {},
        path=st.none() | words,
        url=st.sampled_from([None, "env:A", "postgresql://a@h:1/d?ledger=x", "postgres:///d", "postgres://a:b@h", "x"]),
        password=st.sampled_from([None, "file:b", "b"]),
        second_place=st.none() | words,
        key=st.none() | words,
    ),
    waivers=st.lists(waiver, max_size=2),
    baseline=st.none() | words,
    exclude=st.lists(words, max_size=2),
    controls=st.none() | fields({}, **{"vulnerability-scanning": st.none() | section}),
)


@settings(max_examples=200)
@given(policies)
def test_accepts_exactly_what_the_loader_accepts(
    validator: Draft202012Validator, catalog: Catalog, value: object
) -> None:
    assert validator.is_valid(value) == loads(value, catalog)


def test_describes_every_key_for_editors(catalog: Catalog) -> None:
    found = schema(catalog)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["title"] == "telamon policy"
    assert list(found["properties"]) == [
        "version",
        "system",
        "models",
        "datasets",
        "principals",
        "ledger",
        "waivers",
        "baseline",
        "exclude",
        "controls",
    ]
    structs = [found, *(kind for kind in found["$defs"].values() if "properties" in kind)]
    undescribed = [name for kind in structs for name, field in kind["properties"].items() if "description" not in field]
    assert undescribed == []


def test_has_the_sections_of_other_packages(install: Installer) -> None:
    install(
        "watch = schema_sentinel:Sentinel",
        schema_sentinel='''"""Guards the gate."""
import msgspec
from telamon.core.control import Control
from telamon.core.settings import Settings

class PolicyFile(Settings, frozen=True, kw_only=True):
    height: int = 3

class Sentinel(Control):
    name = "sentinel"
    mitigation = "AML.M0014"

    def settings(self):
        return PolicyFile
''',
    )
    validator = Draft202012Validator(schema(catalogue.load()))
    assert validator.is_valid({"version": 1, "controls": {"sentinel": {"height": 4}}})
    assert not validator.is_valid({"version": 1, "controls": {"sentinel": {"height": "tall"}}})
    assert not validator.is_valid({"controls": {}})


def test_knows_no_other_foreign_type() -> None:
    with pytest.raises(NotImplementedError, match=r"^no schema of Path$"):
        schema_hook(Path)

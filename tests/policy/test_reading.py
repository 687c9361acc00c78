"""What is read out of a policy file, and what is refused before it is looked at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from telamon.policy import PolicyError, Problem
from telamon.policy.loader import compile_document
from telamon.policy.nodes import MAX_BYTES, Mark, read_document

if TYPE_CHECKING:
    from telamon.catalog import Catalog


def refusal(content: bytes) -> str:
    try:
        problems = read_document(content, "telamon.yaml").problems
    except PolicyError as error:
        problems = error.problems
    return "\n".join(str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("off", "off"),
        ("on", "on"),
        ("yes", "yes"),
        ("NO", "NO"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("~", None),
        ("", None),
        ("null", None),
        ("nULL", "nULL"),
        ("1", 1),
        ("-1", -1),
        ("+7", 7),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1),
        ("1e3", 1000),
        ("1e16", 1e16),
        ("0.1234567890123456789", 0.1234567890123456789),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("2027-01-31", "2027-01-31"),
        ("=", "="),
        ("<<", "<<"),
        ("'1'", "1"),
        ('"true"', "true"),
        ('"~"', "~"),
        ("|\n  1", "1\n"),
    ],
)
def test_reads_a_scalar_as_the_core_schema_of_yaml_1_2_says(scalar: str, value: object) -> None:
    document = read_document(f"key: {scalar}\n".encode(), "telamon.yaml")
    assert document.value == {"key": value}
    assert type(document.value["key"]) is type(value)


def test_remembers_where_each_value_stood() -> None:
    document = read_document(b"a:\n  b: [1, {c: 2}]\n", "telamon.yaml")
    assert document.value == {"a": {"b": [1, {"c": 2}]}}
    assert document.marks == {
        (): Mark(line=1, column=1),
        ("a",): Mark(line=1, column=1),
        ("a", "b"): Mark(line=2, column=3),
        ("a", "b", 0): Mark(line=2, column=7),
        ("a", "b", 1): Mark(line=2, column=10),
        ("a", "b", 1, "c"): Mark(line=2, column=11),
    }


def test_gives_the_place_around_a_value_that_is_not_there() -> None:
    document = read_document(b"\n\na: {}\n", "telamon.yaml")
    assert document.mark(("a", "missing", 3)) == Mark(line=3, column=1)
    assert read_document(b"", "telamon.yaml").mark(("a",)) == Mark(line=1, column=1)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# only\n# comments\n", b"\xef\xbb\xbf", b"---\n", b"--- \n...\n"])
def test_reads_a_file_without_values(content: bytes) -> None:
    assert read_document(content, "telamon.yaml").value in ({}, None)


def test_reads_past_a_byte_order_mark() -> None:
    document = read_document(b"\xef\xbb\xbfversion: 1\n", "telamon.yaml")
    assert document.value == {"version": 1}
    assert document.mark(("version",)) == Mark(line=1, column=1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xff\n", "1:4: expected UTF-8 text, found other bytes"),
        (b"a: 1\r\n\xc3\xa4: \xff\n", "2:4: expected UTF-8 text, found other bytes"),
        ("a: 1".encode("utf-16"), "1:1: expected UTF-8 text, found other bytes"),
        (b"a: 1\nb: \x002\n", "2:4: expected text, found the character U+0000"),
        (b"\xef\xbb\xbfa: \x1b[31m\n", "1:4: expected text, found the character U+001B"),
        (b"a: \x7f\n", "1:4: expected text, found the character U+007F"),
        (
            b"a: 1\n\tb: 2\n",
            "2:1: expected valid YAML: found a tab character that violates indentation",
        ),
        (b"a: [1\n", "2:1: expected valid YAML: did not find expected ',' or ']'"),
        (b"a: b: c\n", "1:5: expected valid YAML: mapping values are not allowed in this context"),
        (b"a:\n  - b\nc\n", "4:1: expected valid YAML: could not find expected ':'"),
        (b'a: "\\ud800"\n', "1:7: expected valid YAML: found invalid Unicode character escape code"),
        (b"a: &x 1\nb: *x\n", "1:4: expected values written out, found an anchor or alias"),
        (b"a: *x\n", "1:4: expected values written out, found an anchor or alias"),
        (b"a: &x [1]\n", "1:4: expected values written out, found an anchor or alias"),
        (b"a: !!int 1\n", "1:4: expected values without tags, found a tag"),
        (b"a: ! 1\n", "1:4: expected values without tags, found a tag"),
        (b"a: !!python/object/apply:os.system [id]\n", "1:4: expected values without tags, found a tag"),
        (b"!mine {a: 1}\n", "1:1: expected values without tags, found a tag"),
        (b"!!str a: 1\n", "1:1: expected values without tags, found a tag"),
        (b"a: 1\n---\nb: 2\n", "2:1: expected one document, found another"),
        (b"a: 1\nb: 2\na: 3\n", "3:1: expected each key once, found `a` again"),
        (b"? [a]\n: 1\n", "1:3: expected a name as the key, found a list or mapping"),
        (
            b"a: 9007199254740992\n",
            "1:4: expected a number of at most 9007199254740991 in magnitude, found a larger one",
        ),
    ],
)
def test_refuses_with_the_place(content: bytes, message: str) -> None:
    assert refusal(content) == f"telamon.yaml:{message}"


def test_reports_all_keys_that_are_twice() -> None:
    assert refusal(b"a: {b: 1, b: 2}\na: 3\n") == (
        "telamon.yaml:1:11: expected each key once, found `b` again\n"
        "telamon.yaml:2:1: expected each key once, found `a` again"
    )


def test_keeps_a_key_on_the_line_of_its_message() -> None:
    assert refusal(b'"a\\nb": 1\n"a\\nb": 2\n') == r"telamon.yaml:2:1: expected each key once, found `a\nb` again"


def test_refuses_an_alias_bomb_before_it_is_built() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    assert refusal("\n".join(lines).encode()) == (
        "telamon.yaml:1:5: expected values written out, found an anchor or alias"
    )


@pytest.mark.parametrize(
    ("content", "place"), [(b"[" * 100_000, "1:41"), (b"- " * 100, "1:81"), (b"- 1\n" * 60_000, "49999:3")]
)
def test_refuses_what_is_deep_or_long(content: bytes, place: str) -> None:
    assert refusal(content) == f"telamon.yaml:{place}: expected at most 40 levels and 50000 values, found more"


def test_refuses_a_file_that_is_too_large() -> None:
    assert refusal(b"#" * MAX_BYTES + b"\n") == "telamon.yaml:1:1: expected at most 1048576 bytes, found more"
    assert read_document(b"#" * MAX_BYTES, "telamon.yaml").value == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1\n", "2:1: expected valid YAML: expected ',' or ']', but got '<stream end>'"),
        (b'a: "\\ud800"\n', "1:4: expected text, found half of a surrogate pair"),
        (b'a: "\\U00110000"\n', "1:1: expected valid YAML: an escape that stands for no character"),
        (b'a: "\\Uffffffff"\n', "1:1: expected valid YAML: an escape that stands for no character"),
    ],
)
def test_refuses_the_same_without_libyaml(content: bytes, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert read_document(b"a: off\nb: 1", "telamon.yaml").value == {"a": "off", "b": 1}
    assert refusal(content) == f"telamon.yaml:{message}"


@given(st.binary(max_size=200) | st.text(alphabet="abv:{}[]-&*!'\"#?|>%@\n\t ~019.,\\", max_size=80).map(str.encode))
@example(b"%YAML 1.1\n---\nversion: 1\n")
@example(b"%TAG ! tag:x,2000:\n---\nversion: 1\n")
@example("version: 1\u2028controls: 2".encode())
def test_any_bytes_are_a_policy_or_a_policy_error(catalog: Catalog, content: bytes) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        compile_document(read_document(content, "telamon.yaml"), Path("telamon.yaml"), catalog)
    except PolicyError as error:
        problems = error.problems
    assert all(re.fullmatch(r"telamon\.yaml:[1-9][0-9]*:[1-9][0-9]*: .+", str(problem)) for problem in problems)

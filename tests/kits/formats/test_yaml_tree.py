"""YAML of strangers: nodes with their tags, as PyYAML's own composer has them, within bounds."""

from __future__ import annotations

import string
import time
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.yaml_tree import MAX_YAML_BYTES, YamlNode, read_yaml

if TYPE_CHECKING:
    from typing import Any

PYTHON = "tag:yaml.org,2002:python/"
SCALARS = st.none() | st.booleans() | st.integers() | st.text(string.printable.replace("\r", ""), max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", max_size=3), inner), max_leaves=20
)


def tags(text: str) -> list[str]:
    return [node.tag for node in read_yaml(text.encode()).nodes if node.tag]


def shape(node: YamlNode) -> Any:
    if node.text is not None:
        return node.text
    return {"map" if node.is_mapping else "seq": [shape(item) for item in node.items]}


def composed(node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.MappingNode):
        return {"map": [composed(item) for pair in node.value for item in pair]}
    return {"seq": [composed(item) for item in node.value]}


@pytest.mark.parametrize(
    "text",
    [
        "!!python/name:os.system x",
        "!<tag:yaml.org,2002:python/name:os.system> x",
        "%TAG !p! tag:yaml.org,2002:python/\n---\n!p!name:os.system x",
        "%TAG ! tag:yaml.org,2002:python/\n---\n!name:os.system x",
        "!!p%79thon/name:os%2esystem x",
    ],
)
def test_every_spelling_of_a_tag_is_one(text: str) -> None:
    assert tags(text) == [f"{PYTHON}name:os.system"]


def test_an_alias_is_the_node_that_it_names() -> None:
    [root] = read_yaml(b"a: &x [1]\nb: *x\n").documents
    assert root.get("a") is root.get("b")
    assert root.get("a", "missing") is None


def test_the_last_of_repeated_keys_counts() -> None:
    [root] = read_yaml(b"a: 1\na: {b: 2}\n").documents
    found = root.get("a", "b")
    assert found is not None
    assert (found.text, found.line) == ("2", 2)


def test_what_stands_before_a_fault_is_kept() -> None:
    read = read_yaml(b"a: 1\n---\nb: !x [\n")
    assert (len(read.documents), tags("a: 1\n---\nb: !x [\n"), bool(read.fault)) == (1, ["!x"], True)


def test_aliases_that_unfold_are_counted_and_not_followed() -> None:
    text = "a0: &a0 x\n" + "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    read = read_yaml(text.encode())
    assert (read.unfolded > 9**11, len(read.nodes) < 50, read.fault) == (True, True, "")


def test_a_circle_has_no_size() -> None:
    assert read_yaml(b"&a [*a, 1]").unfolded == 3


@pytest.mark.parametrize("text", [b"*x", b'"\\U00110000"', b"[" * 1000, b"a: b: c", b"\x00", b"? " * 500])
def test_a_fault_is_no_error(text: bytes) -> None:
    assert read_yaml(text).fault != ""


@pytest.mark.parametrize("data", [b"\xff\xfe\xfa", b"x" * (MAX_YAML_BYTES + 1)])
def test_what_is_no_text_or_too_long_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read_yaml(data)


@pytest.mark.parametrize("text", [b"- &a x\n", b"a: b\n", b"{a,", b"!!x y\n- ", b"? a\n", b"'\\n': ", b"- - "])
def test_the_longest_text_takes_bounded_time(text: bytes) -> None:
    before = time.process_time()
    read_yaml((text * (MAX_YAML_BYTES // len(text)))[:MAX_YAML_BYTES])
    assert time.process_time() - before < 10  # 2 s on the machine it was measured on


@given(VALUES)
def test_nodes_are_those_of_the_library(value: object) -> None:
    text = yaml.safe_dump(value)
    read = read_yaml(text.encode())
    expected = composed(yaml.compose(text, Loader=yaml.SafeLoader))
    assert ([shape(root) for root in read.documents], read.fault) == ([expected], "")


@given(st.binary(max_size=300) | st.text("!&*[]{}:,-?%TAG \n'\"\\xa", max_size=100).map(str.encode))
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    try:
        read = read_yaml(data)
    except MalformedError:
        return
    assert len(read.nodes) <= 3 * len(data) + 1

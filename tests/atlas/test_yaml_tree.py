from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.atlas import AtlasFileError, yaml_tree
from telamon.atlas.yaml_tree import ListNode, MapNode, Node, ScalarNode, compose


def plain(node: Node) -> object:
    if isinstance(node, ScalarNode):
        return node.text
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}


def test_keeps_lines_and_texts() -> None:
    assert compose("a: 2026.10\nb:\n- yes\n- {c: ~}\n", "f") == MapNode(
        1,
        {
            "a": ScalarNode(1, "2026.10"),
            "b": ListNode(3, (ScalarNode(3, "yes"), MapNode(4, {"c": ScalarNode(4, "~")}))),
        },
    )


values = st.recursive(
    st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé: ", max_size=5), inner, max_size=4),
    max_leaves=30,
)


@given(values)
def test_reads_what_json_writes(value: object) -> None:
    # JSON in ASCII is YAML 1.1 but for surrogate pairs, which this alphabet's escapes may not need.
    text = json.dumps(value, ensure_ascii=False)
    assert plain(compose(text, "f")) == value


@given(st.text() | st.text("a: -[]{}&*!|>'\"%@`\n\t#,?"))
def test_raises_its_own_error_whatever_the_text(text: str) -> None:
    message = "f"
    try:
        compose(text, "f")
    except AtlasFileError as error:
        message = error.message
    assert message.startswith("f")
    assert "\n" not in message


def test_follows_aliases() -> None:
    assert plain(compose("a: &x [1, 2]\nb: *x\n", "f")) == {"a": ["1", "2"], "b": ["1", "2"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f:1: expected a document, found none"),
        ("a\n---\nb", "f:2: expected one document, found another"),
        ("a: b\na: c", "f:2: expected each key once, found `a` again"),
        ("[a]: b", "f:1: expected a text for a key, found a list or a map"),
        ("a: *x", "f:1: expected an anchor `x` that is complete before its alias"),
        ("a: &x\n- *x", "f:2: expected an anchor `x` that is complete before its alias"),
        ("a: [b\n", "f:2: expected YAML, found: did not find expected ',' or ']'"),
        ("a: b: c", "f:1: expected YAML, found: mapping values are not allowed in this context"),
        ("a: \x00", "f: expected YAML, found a character that it does not allow"),
    ],
)
def test_says_where_the_text_is_wrong(text: str, message: str) -> None:
    with pytest.raises(AtlasFileError) as caught:
        compose(text, "f")
    assert caught.value.message == message


def test_bounds_the_depth() -> None:
    assert compose("[" * 32 + "]" * 32, "f")
    with pytest.raises(AtlasFileError, match="expected at most 32 levels, found more"):
        compose("[" * 33 + "]" * 33, "f")


def test_refuses_a_hundred_thousand_levels() -> None:
    with pytest.raises(AtlasFileError, match="expected at most 32 levels, found more"):
        compose("- " * 100_000, "f")


def test_bounds_the_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_tree, "MAX_NODES", 4)
    assert compose("[a, b, c]", "f")
    with pytest.raises(AtlasFileError, match="f:1: expected at most 4 nodes, found more"):
        compose("[a, b, c, d]", "f")


def test_counts_what_aliases_stand_for() -> None:
    # Nine levels of ten aliases each: 10**9 nodes if they were followed.
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(AtlasFileError, match="expected at most 250000 nodes, found more"):
        compose("\n".join(["l0: &l0 lol", *levels]), "f")

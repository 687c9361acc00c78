"""Where data comes from is known at what it is given to."""

from __future__ import annotations

import pytest

from telamon.kits.code.python import HOLE, UNKNOWN, Origin, trace


def origins(source: str) -> set[Origin]:
    """Where what `sink` is called with comes from."""
    steps = trace(source.encode()).steps
    return {mark.origin for step in steps if step.name == ".sink" for mark in step.marks}


@pytest.mark.parametrize(
    "between",
    [
        "x.sink(secret)",
        "y = secret\nx.sink(y)",
        "y = [secret]\nx.sink(y[0])",
        "y = []\ny.append(secret)\nx.sink(y)",
        "y = {}\ny['a'] = secret\nx.sink(y)",
        "y = {'a': secret}\nx.sink(json.dumps(y))",
        "x.sink(f'a {secret}')",
        "x.sink('a %s' % secret)",
        "x.sink('a' + secret)",
        "y = ''\nfor line in secret:\n    y += line\nx.sink(y)",
        "def f(a):\n    return a\nx.sink(f(secret))",
        "def f(a):\n    x.sink(a)\nf(secret)",
        "def f(*a, **k):\n    x.sink(k)\nf(b=secret)",
        "a, b = 1, secret\nx.sink(b)",
        "if z:\n    y = secret\nelse:\n    y = 1\nx.sink(y)",
        "try:\n    y = secret\nexcept E:\n    y = 1\nx.sink(y)",
        "class A:\n    def __init__(self):\n        self.a = secret\n    def go(self):\n        x.sink(self.a)",
        "def f():\n    yield secret\nfor y in f():\n    x.sink(y)",
        "x.sink([y for y in secret])",
        "with open('/root/.ssh/id_rsa') as f:\n    x.sink(f.read())",
        "x.sink(base64.b64encode(secret))",
        "x.sink(secret if z else 1)",
        "x.sink(a=secret)",
        "x.sink(*secret)",
        "def f(a):\n    return g(a)\ndef g(a):\n    return a\nx.sink(f(secret))",
    ],
)
def test_data_flows_through(between: str) -> None:
    source = f"import json, base64\nsecret = open('/root/.ssh/id_rsa').read()\n{between}\n"
    assert origins(source) == {Origin.SECRET}


@pytest.mark.parametrize(
    "between",
    [
        "x.sink(len(secret))",
        "x.sink(secret == 1)",
        "secret = 1\nx.sink(secret)",
        "x.sink(isinstance(secret, str))",
        "x.sink(1)",
    ],
)
def test_what_is_no_longer_the_data_is_not_marked(between: str) -> None:
    assert origins(f"secret = open('/root/.ssh/id_rsa').read()\n{between}\n") == set()


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("import os\nx.sink(os.environ)", Origin.ENVIRONMENT),
        ("import os\nx.sink(dict(os.environ))", Origin.ENVIRONMENT),
        ("import os\nx.sink(os.environ['A'])", Origin.VARIABLE),
        ("import os\nx.sink(os.getenv('A'))", Origin.VARIABLE),
        ("from os import environ as e\nx.sink(e.get('A'))", Origin.VARIABLE),
        ("import requests\nx.sink(requests.get('u').text)", Origin.NETWORK),
        ("import socket\ns = socket.socket()\nx.sink(s.recv(1))", Origin.NETWORK),
        ("import base64\nx.sink(base64.b64decode(y))", Origin.DECODED),
        ("import pyperclip\nx.sink(pyperclip.paste())", Origin.CLIPBOARD),
        ("from pathlib import Path\nx.sink((Path.home() / '.ssh' / 'id_rsa').read_text())", Origin.SECRET),
        ("import os\nx.sink(os.listdir(os.path.expanduser('~')))", Origin.HOME),
        ("import socket\nx.sink(socket.gethostname())", Origin.SYSTEM),
        ("x.sink('" + "QUJD" * 60 + "')", Origin.BLOB),
    ],
)
def test_origins_are_told(source: str, origin: Origin) -> None:
    assert origin in origins(source)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a' + 'b'", "ab"),
        ("'a' + y", f"a{HOLE}"),
        ("f'a{y}b'", f"a{HOLE}b"),
        ("'%s-%s' % ('a', y)", f"a-{HOLE}"),
        ("'{}-{}'.format('a', y)", f"a-{HOLE}"),
        ("''.join(['a', 'b'])", "ab"),
        ("''.join(chr(c ^ 1) for c in [96, 99])", "ab"),
        ("''.join(map(chr, [97, 98]))", "ab"),
        ("'ba'[::-1]", "ab"),
        ("bytes.fromhex('6162').decode()", "ab"),
        ("base64.b64decode('YWI=')", b"ab"),
        ("zlib.decompress(base64.b64decode('eJxLTAIAASYAxA=='))", b"ab"),
        ("codecs.decode('no', 'rot13')", "ab"),
        ("os.path.join(os.path.expanduser('~'), '.ssh')", "~/.ssh"),
        ("os.path.join(os.environ['HOME'], '.ssh')", "~/.ssh"),
        ("'a' * 3", "aaa"),
        ("'{:>99999999}'.format('a')", HOLE),
        ("'a' * 99999999999", UNKNOWN),
        ("bytes(99999999999)", UNKNOWN),
        ("'%99999999d' % 1", UNKNOWN),
        ("y", UNKNOWN),
    ],
)
def test_constants_are_computed(expression: str, expected: object) -> None:
    source = f"import base64, codecs, os, zlib\nx.sink({expression})\n".encode()
    [step] = [step for step in trace(source).steps if step.name == ".sink"]
    assert step.values[0].constant == expected

"""Whatever a command prints with `--format json` satisfies the schema that telamon ships."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest
from jsonschema import Draft202012Validator

from telamon.cli.application import telamon
from telamon.reporting.json_schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Installer

RECORD = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "modified": "2026-01-02T03:04:05Z",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "torch"}, "versions": ["0.0.1"]}],
}
POLICY = """version: 1
models: {m: {path: models}}
ledger: {path: .telamon/ledger.db, key: .telamon/ledger.key}
exclude: ["*.bak"]
controls: {vulnerability-scanning: {mode: shadow}}
"""
SEALING = '''"""Seals files."""
from telamon.core.commands import CommandReference
from telamon.core.control import Control

class Sealing(Control):
    name = "sealing"
    mitigation = "AML.M0013"

    def commands(self):
        return (
            CommandReference(name="seal", target="seal_commands:seal", summary="Seal a file."),
            CommandReference(name="seals", target="seal_commands:seals", summary="Look after seals."),
        )
'''
COMMANDS = '''
import click
from telamon.core.commands import Result
from telamon.core.records import Location, Outcome, Verdict

@click.command(name="seal")
@click.argument("way")
def seal(way):
    """Seal a file."""
    outcomes = (Outcome(control="sealing", location=Location(path="a"), verdict=Verdict.CLEAN),)
    return {
        "values": Result(values={"a": 1, "b": [{"c": None}], "d": {"e": True}}),
        "product": Result(product="made", outcomes=outcomes),
        "status": Result(status=130),
        "nothing": Result(),
    }[way]

@click.group(name="seals")
def seals():
    """Look after seals."""

@seals.command(name="count")
def count():
    """Count the seals."""
    return Result(values={"seals": 2})
'''
# The words behind `telamon` of each command of the CLI's own that knows the format, and the definition of its answer.
OWN = {
    ("atlas", "show"): "atlas-show",
    ("check",): "report",
    ("coverage",): "coverage",
    ("ledger", "show"): "ledger-show",
    ("list",): "list",
    ("policy", "show"): "policy-show",
    ("prove",): "report",
}
# Likewise of the commands of controls, of which the answers have one definition.
OF_CONTROLS = {
    ("advisories", "import"): ("advisories.json",),
    ("advisories", "show"): ("torch",),
    ("advisories", "status"): (),
    ("convert",): ("weights.npy", "converted.safetensors"),
    ("load",): ("weights.npy", "loaded.safetensors"),
    ("run",): (),
    ("profile",): ("weights.npy",),
}
MORE = {
    ("check",): [("models",), ("models", "--verbose"), (".",), ("no-such-control-is-hit.txt",)],
    ("policy", "show"): [(), ("--origin",)],
    ("prove",): [("AML.M0016/AML.T0011.001",)],
    ("list",): [(), ("--third-party",)],
}


def npy() -> bytes:
    """An array of three numbers."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(12)


def commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command below that has `--format`."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*words, name))
    elif any("--format" in parameter.opts for parameter in command.params):
        yield words


def refusals(document: object, definition: str) -> list[str]:
    """What is wrong with a document, against its own definition and against the whole schema."""
    own = {"$ref": f"#/$defs/{definition}", "$defs": SCHEMA["$defs"]}
    return [error.message for schema in (own, SCHEMA) for error in Draft202012Validator(schema).iter_errors(document)]


@pytest.fixture
def system(cli: Callable, folder: Path, samples: Path) -> Path:
    """A policy with a ledger that has an entry, and something to check."""
    assert samples.is_dir()
    (folder / "no-such-control-is-hit.txt").write_text("plain text")
    (folder / ".telamon").mkdir()
    assert cli("ledger", "keygen", ".telamon/ledger.key").code == 0
    (folder / "telamon.yaml").write_text(POLICY)
    assert cli("check", "models/clean.pkl").code == 0
    return folder


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_no_command_that_knows_the_format_is_forgotten() -> None:
    assert set(commands(telamon)) == {*OWN, *OF_CONTROLS}


@pytest.mark.parametrize("words", OF_CONTROLS)
def test_answer_of_every_command_of_a_control_satisfies_the_schema(
    cli: Callable, system: Path, words: tuple[str, ...]
) -> None:
    (system / "weights.npy").write_bytes(npy())
    (system / "advisories.json").write_text(json.dumps(RECORD))
    ended = cli(*words, *OF_CONTROLS[words], "--format", "json", *(["--", "true"] if words == ("run",) else []))
    assert ended.code in {0, 3}, ended.err  # 3 where the kernel has no sandbox
    assert refusals(json.loads(ended.out), "command-of-a-control") == []


@pytest.mark.parametrize("words", OWN)
def test_answer_of_every_command_satisfies_the_schema(cli: Callable, system: Path, words: tuple[str, ...]) -> None:
    assert system.is_dir()
    for more in MORE.get(words, [()]):
        ended = cli(*words, *more, "--format", "json")
        assert refusals(json.loads(ended.out), OWN[words]) == []


@pytest.mark.parametrize(
    ("words", "command", "code"),
    [
        (("seal", "values"), "seal", 0),
        (("seal", "product"), "seal", 0),
        (("seal", "status"), "seal", 130),
        (("seal", "nothing"), "seal", 0),
        (("seals", "count"), "seals count", 0),
    ],
)
def test_answer_of_a_command_of_a_control_satisfies_the_schema(
    cli: Callable, system: Path, install: Installer, *, words: tuple[str, ...], command: str, code: int
) -> None:
    install("sealing = sealing:Sealing", sealing=SEALING, seal_commands=COMMANDS)
    (system / "telamon.yaml").write_text(POLICY.replace("controls: {", "controls: {sealing: {}, "))
    ended = cli(*words, "--format", "json")
    document = json.loads(ended.out)
    assert (ended.code, document["command"], document["exit_code"]) == (code, command, code)
    assert refusals(document, "command-of-a-control") == []
    assert refusals(document, "report") != []


def test_schema_refuses_an_answer_that_is_none(cli: Callable, system: Path) -> None:
    assert system.is_dir()
    document = json.loads(cli("coverage", "--format", "json").out)
    assert refusals({**document, "more": 1}, "coverage") != []
    assert refusals({**document, "proved": "all"}, "coverage") != []

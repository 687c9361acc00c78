"""A control's commands: what they are given, and how the CLI writes, records and ends by what they return."""

from __future__ import annotations

import importlib
import json
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from telamon import catalog
from telamon.cli.application import own_names
from telamon.cli.control_commands import shared_parameters
from telamon.core.commands import SHARED_OPTIONS, SHARED_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Installer

MANIFEST = '''"""Seals files."""
from telamon.core.commands import CommandReference
from telamon.core.control import Control
from telamon.core.records import Rule, Severity

RULE = Rule(id="M0013/broken-seal", summary="A broken seal", severity=Severity.HIGH, description="d", remedy="Mend it.")

class Sealing(Control):
    name = "sealing"
    mitigation = "AML.M0013"

    def settings(self):
        from sealing_commands import SealingSettings
        return SealingSettings

    def rules(self):
        return (RULE,)

    def commands(self):
        return (
            CommandReference(name="seal", target="sealing_commands:seal", summary="Seal a file."),
            CommandReference(name="seals", target="sealing_commands:seals", summary="Look after seals."),
        )
'''
COMMANDS = '''
from pathlib import Path

import click

from telamon.core.commands import Evidence, Result
from telamon.core.errors import MissingExtraError, UsageError
from telamon.core.records import Confidence, Finding, Location, Outcome, Severity, Verdict
from telamon.core.settings import Settings

class SealingSettings(Settings, frozen=True, kw_only=True):
    wax: str = "red"

def finding(path):
    return Finding(
        rule="M0013/broken-seal", message="the seal is broken", severity=Severity.HIGH, confidence=Confidence.HIGH,
        location=Location(path=path), remedy="Mend it.",
    )

def outcome(path, verdict, reason=""):
    return Outcome(control="sealing", location=Location(path=path), verdict=verdict, reason=reason)

@click.command(name="seal")
@click.argument("path")
@click.option("--as", "way", default="values")
@click.pass_obj
def seal(context, path, way):
    """Seal PATH."""
    match way:
        case "values":
            context.record(Evidence(kind="model-seal", outcome="sealed", subject="sha256:" + "ab" * 32, body={"n": 1}))
            below = context.policy_folder
            models = [
                {"name": each.name, "path": each.path and str(each.path.relative_to(below)), "upstream": each.upstream}
                for each in context.models
            ]
            datasets = [str(each.path.relative_to(below)) for each in context.datasets]
            values = {"wax": context.settings.wax, "count": 2, "none": None, "models": models, "datasets": datasets}
            return Result(values=values | {"deep": {"has": context.clock().tzinfo is not None, "odd": "\\x1b[2J"}})
        case "broken":
            return Result(findings=(finding(path),), outcomes=(outcome(path, Verdict.SUSPICIOUS, "1 finding"),))
        case "clean":
            return Result(outcomes=(outcome(path, Verdict.CLEAN),), values={"sealed": path})
        case "unread":
            return Result(outcomes=(outcome(path, Verdict.NOT_UNDERSTOOD, "no reader"),))
        case "product":
            return Result(product='{"a": "\\\\u001b"}\\n', outcomes=(outcome(path, Verdict.CLEAN),))
        case "status":
            return Result(status=7)
        case "missing":
            raise MissingExtraError("wax", "sealing")
        case "misused":
            raise UsageError("expected a seal, found none")
        case "wrong-word":
            context.record(Evidence(kind="No Word", outcome="sealed"))
        case "outcome":
            return outcome(path, Verdict.CLEAN)

@click.group(name="seals")
def seals():
    """Look after seals."""

@seals.command(name="count")
@click.pass_obj
def count(context):
    """Count the seals."""
    return Result(values={"wax": context.settings.wax})
'''
POLICY = """version: 1
models: {fraud: {path: models/fraud.pkl}, chat: {upstream: "https://llm.internal/v1"}}
datasets: {train: {path: data}}
ledger: {path: .telamon/ledger.db, key: .telamon/ledger.key}
controls: {sealing: {wax: blue}}
"""


@pytest.fixture
def sealing(cli: Callable, folder: Path, install: Installer) -> Path:
    """The folder of a system whose policy names the specimen and a ledger."""
    install("sealing = sealing:Sealing", sealing=MANIFEST, sealing_commands=COMMANDS)
    (folder / ".telamon").mkdir()
    assert cli("ledger", "keygen", ".telamon/ledger.key").code == 0
    (folder / "telamon.yaml").write_text(POLICY)
    return folder


def entries(cli: Callable) -> list[tuple[str, str, str, str]]:
    rows = json.loads(cli("ledger", "show", "--format", "json").out)
    return [(row["kind"], row["control"], row["outcome"], row["mode"]) for row in rows]


def test_values_are_lines_and_tables_in_text(cli: Callable, sealing: Path) -> None:
    assert sealing.is_dir()
    ended = cli("seal", "model.pkl")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "wax: blue\n"
        "count: 2\n"
        "none:\n"
        "models:\n"
        "  name   path              upstream\n"
        "  fraud  models/fraud.pkl\n"
        "  chat                     https://llm.internal/v1\n"
        "datasets:\n"
        "  data\n"
        "deep:\n"
        "  has: true\n"
        "  odd: \\x1b[2J\n"
    )


def test_values_stand_in_the_json_document(cli: Callable, sealing: Path) -> None:
    assert sealing.is_dir()
    ended = cli("seal", "model.pkl", "--format", "json")
    document = json.loads(ended.out)
    assert (ended.code, document["exit_code"], document["command"]) == (0, 0, "seal")
    assert document["values"]["wax"] == "blue"
    assert document["values"]["deep"] == {"has": True, "odd": "\x1b[2J"}
    assert document["policy_digest"].startswith("sha256:")


def test_what_a_command_records_is_in_the_ledger_under_a_checkpoint(cli: Callable, sealing: Path) -> None:
    assert sealing.is_dir()
    assert cli("seal", "model.pkl").code == 0
    assert entries(cli) == [("model-seal", "sealing", "sealed", "enforce")]
    row = json.loads(cli("ledger", "show", "--format", "json").out)[0]
    assert (row["subject"], row["details"]) == ("sha256:" + "ab" * 32, {"n": 1})
    assert "1 of them are under a checkpoint" in cli("ledger", "verify").out


def test_finding_at_the_gate_ends_with_one_and_its_outcome_is_recorded(cli: Callable, sealing: Path) -> None:
    assert sealing.is_dir()
    ended = cli("seal", "model.pkl", "--as", "broken")
    assert ended.code == 1
    assert ended.out.startswith("high[M0013/broken-seal]: the seal is broken\n  --> model.pkl\n")
    assert "  = why: A broken seal\n" in ended.out
    assert ended.out.endswith("; exit 1\n")
    assert entries(cli) == [("check", "sealing", "suspicious", "enforce")]


@pytest.mark.parametrize("change", ["mode: shadow", "fail_at: critical"])
def test_policy_decides_whether_a_finding_fails(cli: Callable, sealing: Path, change: str) -> None:
    (sealing / "telamon.yaml").write_text(POLICY.replace("wax: blue", change))
    ended = cli("seal", "model.pkl", "--as", "broken")
    assert ended.code == 0
    assert "the seal is broken" in ended.out


def test_waiver_covers_a_finding_of_a_command(cli: Callable, sealing: Path) -> None:
    waiver = "{rule: M0013/broken-seal, path: model.pkl, owner: me, reason: known, expires: 2027-12-31}"
    (sealing / "telamon.yaml").write_text(f"{POLICY}waivers: [{waiver}]\n")
    ended = cli("seal", "model.pkl", "--as", "broken")
    assert (ended.code, "waived by me until 2027-12-31: known" in ended.out) == (0, True)


@pytest.mark.parametrize(
    ("way", "code", "recorded"),
    [
        ("clean", 0, [("check", "sealing", "clean", "enforce")]),
        ("unread", 3, [("check", "sealing", "not-understood", "enforce")]),
        ("missing", 3, [("check", "sealing", "not-run", "enforce")]),
        ("status", 7, []),
        ("misused", 2, []),
        ("wrong-word", 2, []),
        ("outcome", 4, []),
    ],
)
@pytest.mark.parametrize("format_name", ["text", "json", "sarif"])
def test_exit_code_is_that_of_the_result_in_every_format(
    cli: Callable, sealing: Path, *, way: str, code: int, recorded: list[tuple[str, ...]], format_name: str
) -> None:
    assert cli("seal", "x", "--as", "values").code == 0
    assert cli("seal", "model.pkl", "--as", way, "--format", format_name).code == code
    assert entries(cli)[1:] == recorded
    assert sealing.is_dir()


def test_what_could_not_run_says_why_and_the_remedy(cli: Callable, sealing: Path) -> None:
    assert sealing.is_dir()
    ended = cli("seal", "model.pkl", "--as", "missing")
    assert (
        "not-checked[sealing]: sealing needs the optional dependencies `wax`: pip install 'telamon[wax]'" in ended.out
    )


def test_answer_that_is_no_result_is_a_defect_of_the_control(cli: Callable, sealing: Path) -> None:
    assert sealing.is_dir()
    ended = cli("seal", "model.pkl", "--as", "outcome")
    assert ended.err == (
        "error[broken-command]: expected a result from the command `seal` of `sealing`, found `Outcome`\n"
    )


IN_FORCE = "policy: {}/telamon.yaml; against the defaults: perhaps looser: sealing.wax\n"


def test_product_is_alone_on_standard_output(cli: Callable, sealing: Path) -> None:
    assert sealing.is_dir()
    ended = cli("seal", "model.pkl", "--as", "product")
    assert (ended.code, ended.out) == (0, '{"a": "\\u001b"}\n')
    assert ended.err == IN_FORCE.format(sealing) + "1 file checked: 1 clean; no findings; exit 0\n"


def test_product_goes_to_the_file_and_the_text_to_the_terminal(cli: Callable, sealing: Path) -> None:
    ended = cli("seal", "model.pkl", "--as", "product", "-o", "product.json")
    assert (sealing / "product.json").read_text() == '{"a": "\\u001b"}\n'
    text = IN_FORCE.format(sealing) + "1 file checked: 1 clean; no findings; exit 0\n"
    assert (ended.out, ended.err) == (text, "")
    document = json.loads(cli("seal", "model.pkl", "--as", "product", "--format", "json").out)
    assert document["product"] == '{"a": "\\u001b"}\n'


def test_json_file_leaves_the_text_on_the_terminal(cli: Callable, sealing: Path) -> None:
    ended = cli("seal", "model.pkl", "--as", "clean", "--format", "json", "-o", "answer.json")
    summary = "1 file checked: 1 clean; no findings; exit 0\n"
    assert ended.out == f"sealed: model.pkl\n\n{IN_FORCE.format(sealing)}{summary}"
    assert json.loads((sealing / "answer.json").read_text())["values"] == {"sealed": "model.pkl"}


@pytest.mark.parametrize(("way", "outcome"), [("clean", "sealed: model.pkl"), ("values", "wax: blue")])
def test_broken_ledger_loses_no_answer(cli: Callable, sealing: Path, way: str, outcome: str) -> None:
    (sealing / ".telamon" / "ledger.db").write_bytes(b"no database at all" * 100)
    ended = cli("seal", "model.pkl", "--as", way)
    assert ended.code == 3
    assert ended.out.startswith(outcome)
    assert "not-recorded[ledger]: " in ended.out


def test_error_of_a_command_lets_go_of_the_ledger(cli: Callable, sealing: Path) -> None:
    assert cli("seal", "model.pkl", "--as", "wrong-word").code == 2
    assert cli("seal", "model.pkl").code == 0
    with closing(sqlite3.connect(sealing / ".telamon" / "ledger.db", isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        database.execute("ROLLBACK")


def test_command_within_a_group_is_given_the_same(cli: Callable, sealing: Path) -> None:
    assert sealing.is_dir()
    assert cli("seals", "count").out == "wax: blue\n"
    document = json.loads(cli("seals", "count", "--format", "json").out)
    assert (document["command"], document["values"]) == ("seals count", {"wax": "blue"})
    assert cli("seals", "--help").out.startswith("Usage: telamon seals ")


def test_help_of_a_command_has_the_shared_options(cli: Callable, sealing: Path) -> None:
    assert sealing.is_dir()
    shown = cli("seal", "--help").out
    assert all(option in shown for option in ("--as", "--policy", "--format", "--output"))


def test_command_of_another_package_needs_the_policy_to_name_its_control(cli: Callable, sealing: Path) -> None:
    (sealing / "telamon.yaml").write_text("version: 1\n")
    ended = cli("seal", "model.pkl")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error[usage]: expected the policy to name the control `sealing`, which another package brings, found nothing\n"
        "  hint: controls: {sealing: {}}\n"
    )


def test_without_a_ledger_nothing_is_recorded(cli: Callable, sealing: Path) -> None:
    (sealing / "telamon.yaml").write_text("version: 1\ncontrols: {sealing: {}}\n")
    assert cli("seal", "model.pkl", "--as", "broken").code == 1
    assert cli("seal", "model.pkl").out.startswith("wax: red\n")
    assert not (sealing / ".telamon" / "ledger.db").exists()


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ('name="seal"', 'name="seals"', 2, "no command is called `seal`"),
        (':seal"', ':none"', 4, "the command `seal` does not load: module 'sealing_commands' has no attribute 'none'"),
        (':seal"', ':finding"', 4, "expected a command at `sealing_commands:finding`, found something else"),
        ('sealing_commands:seal"', 'none:seal"', 4, "the command `seal` does not load: No module named 'none'"),
        ('name="seals"', 'name="check"', 2, "no command is called `seal`"),
    ],
)
def test_broken_reference_is_named(
    cli: Callable, folder: Path, install: Installer, *, old: str, new: str, code: int, message: str
) -> None:
    install("sealing = sealing:Sealing", sealing=MANIFEST.replace(old, new, 1), sealing_commands=COMMANDS)
    ended = cli("seal", "model.pkl")
    assert folder.is_dir()
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err.splitlines()[0]


def test_clash_of_two_commands_is_named(cli: Callable, install: Installer, folder: Path) -> None:
    manifest = MANIFEST.replace('name="seals"', 'name="check"')
    install("sealing = sealing:Sealing", sealing=manifest, sealing_commands=COMMANDS)
    assert folder.is_dir()
    assert cli("seal", "x").err.endswith("hint: the command `check` of `sealing` is also one of telamon itself\n")


def test_shared_option_of_ones_own_is_refused(cli: Callable, install: Installer, folder: Path) -> None:
    install("s = sealing:Sealing", sealing=MANIFEST, sealing_commands=COMMANDS.replace('"--as"', '"--as", "-o"'))
    assert folder.is_dir()
    ended = cli("seal", "x")
    assert ended.code == 4
    assert ended.err.startswith(
        "error[broken-command]: the command `seal` of `sealing` has a shared option of its own: `-o`"
    )


def test_missing_extra_of_a_command_names_the_install_line(cli: Callable, install: Installer, folder: Path) -> None:
    manifest = MANIFEST.replace('    name = "sealing"', '    extra = "wax"\n    name = "sealing"')
    install("s = sealing:Sealing", sealing=manifest, sealing_commands="import no_such_wax\n" + COMMANDS)
    ended = cli("seal", "x")
    assert folder.is_dir()
    assert ended.code == 3
    assert ended.err.startswith("error[missing-extra]: `telamon seal` needs the optional dependencies `wax`\n")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The specimen as a control of telamon's own; its commands do not import."""
    wing = tmp_path / "controls" / "walkedcli"
    (wing / "sealing").mkdir(parents=True)
    (wing / "__init__.py").touch()
    place = "telamon.controls.walkedcli.sealing.commands"
    (wing / "sealing" / "__init__.py").write_text(MANIFEST.replace("sealing_commands:", f"{place}:"))
    (wing / "sealing" / "commands.py").write_text("raise OSError('imported')\n")
    controls = importlib.import_module("telamon.controls")
    monkeypatch.setattr(controls, "__path__", [str(wing.parent)])
    yield
    for name in [name for name in sys.modules if name.startswith("telamon.controls.walkedcli")]:
        del sys.modules[name]
    vars(controls).pop("walkedcli", None)


@pytest.mark.usefixtures("own")
def test_help_is_taken_from_the_manifests_and_walks_the_catalogue_once(
    cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []
    load = catalog.load
    monkeypatch.setattr(catalog, "load", lambda: loads.append(1) or load())
    ended = cli("--help")
    assert (ended.code, len(loads)) == (0, 1)
    assert "  seal      Seal a file.\n" in ended.out
    assert "  seals     Look after seals.\n" in ended.out
    assert "telamon.controls.walkedcli.sealing.commands" not in sys.modules


@pytest.mark.usefixtures("own")
def test_a_command_is_imported_when_it_is_named(cli: Callable) -> None:
    ended = cli("seal", "x")
    assert (ended.code, ended.err.splitlines()[0]) == (4, "error[internal]: OSError: imported")


def test_unknown_command_is_a_usage_error(cli: Callable) -> None:
    ended = cli("chekc")
    assert ended.code == 2
    assert "No such command 'chekc'" in ended.err


def test_shared_options_are_what_the_contract_says() -> None:
    shared = shared_parameters()
    assert {word for each in shared for word in (*each.opts, *each.secondary_opts)} == SHARED_OPTIONS
    assert {each.name for each in shared} == SHARED_PARAMETERS


def test_own_names_are_the_modules_of_commands() -> None:
    assert {"check", "ledger", "policy"} <= own_names()

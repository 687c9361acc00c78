"""`telamon init`: the policy covers all the models that there are, and what is printed next works as it stands."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEL = b"\x80\x04}\x8c\x01aK\x01s."


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(MODEL)


def places(cli: Callable, policy: Path) -> dict[str, str]:
    shown = json.loads(cli("policy", "show", "--policy", policy, "--format", "json").out)
    return {name: model["path"] for name, model in shown["effective"]["models"].items()}


def test_all_of_many_models_are_covered_by_their_folders(cli: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").unlink()
    write(folder, "top.pt", *(f"models/v{number}/m.pkl" for number in range(30)), ".git/hidden.pkl")
    ended = cli("init")
    assert ended.out.splitlines()[0] == (
        "telamon.yaml written; it covers 31 models, by the folders and files that hold them: `models`, `top.pt`."
    )
    assert places(cli, folder / "telamon.yaml") == {"models": "models", "top": "top.pt"}
    assert cli("ledger", "keygen", ".telamon/ledger.key").code == 0
    assert cli("check").code == 0
    assert len(cli("ledger", "show", "--last", "99").out.splitlines()) == 31


def test_too_many_folders_are_covered_by_the_folder_of_all(cli: Callable, folder: Path) -> None:
    write(folder, *(f"mine/{number}.pkl" for number in range(10_000)))
    ended = cli("init", "mine")
    assert ended.out.startswith("mine/telamon.yaml written; it covers 10000 models, by the folders ")
    assert ended.out.splitlines()[0].endswith(": `.`.")
    assert places(cli, folder / "mine" / "telamon.yaml") == {"all": "."}


def test_models_of_one_name_are_all_named(cli: Callable, folder: Path) -> None:
    write(folder, "mine/0/a.pkl.pt", "mine/a.bin", "mine/a.pkl", "mine/b/a.pkl", "mine/c.pkl")
    assert "it covers 5 models.\n" in cli("init", "mine").out
    assert places(cli, folder / "mine" / "telamon.yaml") == {
        "a.pkl": "0/a.pkl.pt",
        "a": "a.bin",
        "./a.pkl": "a.pkl",
        "b/a.pkl": "b/a.pkl",
        "c": "c.pkl",
    }


def test_a_model_whose_name_cannot_be_written_is_covered_by_its_folder(cli: Callable, folder: Path) -> None:
    write(folder, "mine/odd/a\n.pkl", "mine/b.pkl", "yours/a\n.pkl")
    assert cli("init", "mine").code == cli("init", "yours").code == 0
    assert places(cli, folder / "mine" / "telamon.yaml") == {"b": "b.pkl", "odd": "odd"}
    assert places(cli, folder / "yours" / "telamon.yaml") == {"all": "."}


def test_the_lines_that_are_printed_next_work(cli: Callable, folder: Path) -> None:
    write(folder, "my models/a.pkl")
    said = cli("init", "my models").out
    assert "; it covers 1 model.\n" in said
    commands = said.split("`")[1:]
    keygen, check = commands[0], commands[4]
    assert (keygen, check) == (
        "telamon ledger keygen 'my models/.telamon/ledger.key'",
        "telamon check --policy 'my models/telamon.yaml'",
    )
    for line in (keygen, check):
        assert cli(*shlex.split(line)[1:]).code == 0
    assert (folder / "my models" / ".telamon").stat().st_mode & 0o777 == 0o700
    assert (folder / "my models" / ".telamon" / "ledger.db").exists()


def test_without_the_key_the_line_that_makes_it_is_named(cli: Callable, folder: Path) -> None:
    write(folder, "mine/a.pkl")
    cli("init", "mine")
    ended = cli("check", "--policy", "mine/telamon.yaml")
    assert ended.code == 2
    assert ended.err == (
        "error[key-file]: expected a key file at `mine/.telamon/ledger.key`, found: No such file or directory\n"
        "  hint: `telamon ledger keygen mine/.telamon/ledger.key` makes one\n"
    )

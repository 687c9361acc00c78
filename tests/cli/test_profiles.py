"""`telamon profile` writes a policy under which the other commands accept the very file, and no other."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING

import pytest

import telamon
from telamon import catalog
from telamon.kits.attacks.pickles import NEWOBJ, Program
from telamon.policy import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UNKNOWN = Program(protocol=4).global_("mycompany.models", "Net").raw(b")" + NEWOBJ).finished()
CALLING = Program(protocol=4).call("mycompany.models", "make", "a").finished()
HARMFUL = Program(protocol=4).call("mycompany.models", "make").call("os", "system", "true").finished()


def test_what_it_writes_makes_the_check_clean_until_the_file_changes(cli: Callable, folder: Path) -> None:
    (folder / "m.pkl").write_bytes(UNKNOWN)
    assert cli("check", "m.pkl").out.count("unknown-class") == 1
    made = cli("profile", "m.pkl", "--output", "profile.yaml")
    assert (made.code, made.err) == (0, "")
    text = (folder / "profile.yaml").read_text()
    assert '- {name: "mycompany.models:Net", uses: [instantiated]} # UNKNOWN: ' in text
    (folder / "telamon.yaml").write_text(text)
    accepted = json.loads(cli("check", "m.pkl", "--format", "json").out)
    assert [found["rule"] for found in accepted["findings"]] == ["M0016/allowed-by-policy"]
    (folder / "m.pkl").write_bytes(UNKNOWN.replace(b"Net", b"Mat"))
    changed = json.loads(cli("check", "m.pkl", "--format", "json").out)
    assert [found["rule"] for found in changed["findings"]] == ["M0016/profile-void", "M0016/unknown-class"]


@pytest.mark.parametrize(
    ("data", "options", "code", "rules"),
    [
        (UNKNOWN, (), 0, []),
        (CALLING, (), 1, ["M0016/unknown-call"]),
        (CALLING, ("--accept-unknown-calls",), 0, []),
        (HARMFUL, ("--accept-unknown-calls",), 1, ["M0016/dangerous-call"]),
        (UNKNOWN[:-1], (), 3, []),
    ],
)
def test_ends_by_what_nobody_vouches_for(
    cli: Callable, folder: Path, *, data: bytes, options: tuple[str, ...], code: int, rules: list[str]
) -> None:
    (folder / "m.pkl").write_bytes(data)
    ended = cli("profile", "m.pkl", *options, "--format", "json")
    answer = json.loads(ended.out)
    assert (ended.code, [found["rule"] for found in answer["findings"]]) == (code, rules)
    (folder / "profile.yaml").write_text(answer["product"])
    assert cli("policy", "show", "--policy", "profile.yaml").code == 0


def test_what_it_refuses_is_told_and_is_no_part_of_the_policy(cli: Callable, folder: Path) -> None:
    (folder / "m.pkl").write_bytes(HARMFUL)
    ended = cli("profile", "m.pkl")
    assert ended.code == 1
    assert "NOT VOUCHED FOR: 1 names below are comments" in ended.out
    assert '\n          # - {name: "os:system", uses: [called]}\n' in ended.out
    assert "critical[M0016/dangerous-call]: calls os.system('true')" in ended.err
    (folder / "telamon.yaml").write_text(ended.out)
    assert cli("check", "m.pkl").code == 1


def test_policy_diff_calls_more_names_looser(cli: Callable, folder: Path) -> None:
    (folder / "m.pkl").write_bytes(UNKNOWN)
    text = cli("profile", "m.pkl").out
    (folder / "more.yaml").write_text(text)
    (folder / "less.yaml").write_text(
        "".join(line for line in text.splitlines(keepends=True) if "models:Net" not in line)
    )
    (folder / "less.yaml").write_text((folder / "less.yaml").read_text().replace("names:", "names: []"))
    there = cli("policy", "diff", "less.yaml", "more.yaml").out
    back = cli("policy", "diff", "more.yaml", "less.yaml").out
    assert "loosens" in there
    assert "tightens" not in there
    assert "tightens" in back
    assert "loosens" not in back


def test_guards_in_front_of_loaders_accept_it(cli: Callable, folder: Path) -> None:
    path = folder / "m.pkl"
    path.write_bytes(CALLING)
    made = cli("profile", "m.pkl", "--accept-unknown-calls")
    (folder / "telamon.yaml").write_text(made.out)
    policy = load(folder / "telamon.yaml", catalog.load())
    with pytest.raises(telamon.DeniedError):
        telamon.open_checked(path)
    with telamon.open_checked(path, policy=policy) as file:
        assert file.read() == CALLING
    path.write_bytes(CALLING.replace(b"make", b"take"))
    with pytest.raises(telamon.DeniedError):
        telamon.open_checked(path, policy=policy)


def test_a_file_that_was_changed_is_not_loaded_or_converted(cli: Callable, folder: Path) -> None:
    path = folder / "m.pkl"
    path.write_bytes(pickle.dumps({"w": 1}))
    (folder / "telamon.yaml").write_text(cli("profile", "m.pkl").out)
    path.write_bytes(pickle.dumps({"w": 2}))
    for command in ("load", "convert"):
        ended = cli(command, "m.pkl", "m.safetensors")
        assert ended.code == 1
        assert ended.err.startswith("error[profile-void]: expected `m.pkl` to be the file of its profile")


def test_names_the_file_from_the_policys_folder(cli: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "models").mkdir()
    (folder / "models" / "m.pkl").write_bytes(UNKNOWN)
    monkeypatch.chdir(folder / "models")
    assert '- model: "models/m.pkl"\n' in cli("profile", "m.pkl").out


def test_says_that_a_file_is_not_there(cli: Callable) -> None:
    ended = cli("profile", "missing.pkl")
    assert ended.code == 2
    assert "missing.pkl" in ended.err

"""A policy that lies within what is checked: what it loosens is said in every format, and nobody is silent about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WAIVER = "{rule: M0016/dangerous-call, path: hostile.pkl, owner: mallory, reason: fine, expires: 2027-12-31}"
LOOSENING = {
    "off": ("controls: {vulnerability-scanning: {mode: off}}", "off: vulnerability-scanning"),
    "shadow": ("controls: {vulnerability-scanning: {mode: shadow}}", "in shadow mode: vulnerability-scanning"),
    "waiver": (f"waivers: [{WAIVER}]", "1 waiver"),
    "exclusion": ("exclude: ['hostile.*']", "1 exclusion"),
    "gate": (
        "controls: {vulnerability-scanning: {allow: [{name: 'os:system', reason: r, can_call: true}]}}",
        "looser: vulnerability-scanning.allow",
    ),
}


@pytest.fixture
def hostile(samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that somebody else made, with a policy of its own, and telamon started in it."""
    (samples / "broken.pkl").unlink()
    (samples / "telamon.yaml").write_text("version: 1\n")
    monkeypatch.chdir(samples)
    return samples


@pytest.mark.parametrize("format_name", ["text", "json", "sarif", "junit", "markdown", "github"])
@pytest.mark.parametrize("way", LOOSENING)
def test_every_format_says_what_the_policy_loosens(cli: Callable, hostile: Path, way: str, format_name: str) -> None:
    content, words = LOOSENING[way]
    (hostile / "telamon.yaml").write_text(f"version: 1\n{content}\n")
    ended = cli("check", ".", "--format", format_name)
    match format_name:
        case "json":
            document = json.loads(ended.out)
            said = document["policy_lies_within"], len(document["policy_loosens"])
        case "sarif":
            properties = json.loads(ended.out)["runs"][0]["properties"]
            said = properties["policyLiesWithin"], len(properties["policyLoosens"])
        case "junit":
            within = '<property name="policy_lies_within" value="true"/>' in ended.out
            said = within, ended.out.count('<property name="policy_loosens" value="') and 1
        case _:
            line = f"{hostile / 'telamon.yaml'} (lies within what is checked); against the defaults: {words}"
            said = line in ended.out, 1
    assert said == (True, 1)
    assert ended.err == (
        f"note: nobody named the policy `{hostile / 'telamon.yaml'}`, which lies within what is checked and loosens "
        "it; if you do not trust whoever made the folder, check it from outside\n"
    )


def test_verbose_text_has_every_entry(cli: Callable, hostile: Path) -> None:
    (hostile / "telamon.yaml").write_text("version: 1\nexclude: ['hostile.*', 'b']\n")
    assert '  = loosens: exclude[1]: null -> "b"\n' in cli("check", ".", "--verbose").out


def test_policy_that_loosens_nothing_is_followed_and_named(cli: Callable, hostile: Path) -> None:
    ended = cli("check", ".")
    assert (ended.code, ended.err) == (1, "")
    assert f"policy: {hostile / 'telamon.yaml'} (lies within what is checked)\n" in ended.out


def test_own_policy_that_is_named_is_not_asked_about(cli: Callable, hostile: Path) -> None:
    (hostile / "telamon.yaml").write_text("version: 1\nexclude: ['hostile.*']\n")
    ended = cli("check", ".", "--policy", "telamon.yaml")
    assert (ended.code, ended.err) == (0, "")
    assert "telamon.yaml (lies within what is checked); against the defaults: 1 exclusion\n" in ended.out


def test_own_repository_with_its_own_policy_needs_no_flag(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nexclude: ['broken.*', 'hostile.*']\n")
    assert samples.parent == folder
    assert cli("check", ".").code == 0


def test_from_outside_the_policy_of_the_folder_decides_nothing(
    cli: Callable, hostile: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hostile / "telamon.yaml").write_text("version: 1\ncontrols: {vulnerability-scanning: {mode: off}}\n")
    monkeypatch.chdir(folder)
    ended = cli("check", "models")
    assert ended.code == 1
    assert f"policy: {folder / 'telamon.yaml'}\n" in ended.out


def test_policy_above_what_is_checked_is_no_part_of_it(cli: Callable, folder: Path, samples: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nexclude: ['broken.*', 'hostile.*']\n")
    assert samples.is_dir()
    ended = cli("check", "models")
    assert (ended.code, ended.err) == (0, "")
    assert f"policy: {folder / 'telamon.yaml'}; against the defaults: 2 exclusions\n" in ended.out


@pytest.mark.parametrize(
    "ledger",
    [
        "{path: ../elsewhere.db}",
        "{path: ledger.db, second_place: /tmp/second}",
        "{path: ledger.db, key: ../ledger.key}",
        "{url: 'postgresql://a@127.0.0.1:9/x'}",
    ],
)
def test_a_policy_that_nobody_named_leads_no_ledger_elsewhere(folder: Path, cli: Callable, ledger: str) -> None:
    (folder / "telamon.yaml").write_text(f"version: 1\nledger: {ledger}\n")
    ended = cli("check", ".")
    assert ended.code == 2
    assert "which lies within what is checked and its ledger elsewhere" in ended.err
    assert f"if you trust it: --policy {folder / 'telamon.yaml'}" in ended.err
    assert not (folder.parent / "elsewhere.db").exists()


def test_a_policy_that_nobody_named_may_keep_its_ledger_beside_it(folder: Path, cli: Callable) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nledger: {path: ledger.db}\n")
    (folder / "one.pkl").write_bytes(b"N.")
    assert cli("check", ".").code == 0
    assert (folder / "ledger.db").exists()


def test_a_policy_that_somebody_named_may_lead_its_ledger_anywhere(folder: Path, cli: Callable) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nledger: {path: ../elsewhere.db}\n")
    (folder / "one.pkl").write_bytes(b"N.")
    assert cli("check", "--policy", "telamon.yaml", ".").code == 0
    assert (folder.parent / "elsewhere.db").exists()


def test_a_policy_does_not_choose_what_it_lies_within(folder: Path, cli: Callable) -> None:
    (folder / "fine.pkl").write_bytes(b"N.")
    (folder / "telamon.yaml").write_text("version: 1\nmodels: {m: {path: fine.pkl}}\nledger: {path: ../elsewhere.db}\n")
    ended = cli("check")
    assert (ended.code, "its ledger elsewhere" in ended.err) == (2, True)
    assert not (folder.parent / "elsewhere.db").exists()

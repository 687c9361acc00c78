"""A control that is started in a copy of the tree is taken up everywhere, with no other file changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from telamon import catalog
from telamon.conformance import CHECKS

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("src", "tools", "docs", "changes", "tests/conftest.py", "tests/conformance", "pyproject.toml", "mkdocs.yml")
WINGS = ("data", "model", "artifact", "release", "serve", "people")
NAME = "deepfake-detection"
MITIGATION = "AML.M0034"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A copy of the repository."""

    root: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.root / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_MKDOCS_2_WARNING": "1",
        }
        environment.pop("TELAMON_POLICY", None)
        return subprocess.run(  # noqa: S603  # this interpreter and the copy of our own tree
            [sys.executable, *arguments], cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )

    def answer(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, wing: str, name: str = NAME, mitigation: str = MITIGATION) -> subprocess.CompletedProcess[str]:
        words = ("--name", name, "--wing", wing, "--mitigation", mitigation)
        return self.run(str(self.root / "tools" / "new_control.py"), *words)

    def digests(self) -> dict[str, str]:
        return {
            file.relative_to(self.root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in self.root.rglob("*")
            if file.is_file()
        }


def copy_of_the_tree(folder: Path) -> Tree:
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    return Tree(root=folder)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return copy_of_the_tree(tmp_path_factory.mktemp("a tree") / "with a space")


@pytest.fixture(scope="module")
def wing(tree: Tree) -> str:
    """A wing that does not exist yet, as long as there is one."""
    controls = tree.root / "src" / "telamon" / "controls"
    return next((name for name in WINGS if not (controls / name).exists()), "people")


@pytest.fixture(scope="module")
def before(tree: Tree) -> dict[str, str]:
    return tree.digests()


@pytest.fixture(scope="module")
def grown(tree: Tree, wing: str, before: dict[str, str]) -> Tree:
    done = tree.start(wing)
    assert (done.returncode, done.stderr) == (0, "")
    folder = f"src/telamon/controls/{wing}/deepfake_detection"
    assert done.stdout == f"{folder} written; `telamon list` shows it. Next: a fragment in changes/.\n"
    after = tree.digests()
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() - {f"src/telamon/controls/{wing}/__init__.py"} == {
        f"{folder}/__init__.py",
        f"{folder}/settings.py",
        f"{folder}/tests/test_deepfake_detection.py",
    }
    return tree


def test_this_tree_does_not_have_the_control() -> None:
    # When it is built, take the name and the mitigation of one that is not.
    assert NAME not in {listed.control.name for listed in catalog.load()}


def test_list_shows_it(grown: Tree, wing: str) -> None:
    rows = json.loads(grown.answer("-m", "telamon", "list", "--format", "json"))
    assert [row for row in rows if row["control"] == NAME] == [
        {
            "control": NAME,
            "mitigation": MITIGATION,
            "wing": wing,
            "extra": None,
            "summary": "Describes in one sentence what deepfake-detection does.",
        }
    ]


@pytest.mark.parametrize("topic", [NAME, MITIGATION, "M0034"])
def test_explain_shows_its_page(topic: str, grown: Tree, wing: str) -> None:
    page = grown.answer("-m", "telamon", "explain", topic)
    assert page.startswith(
        f"{NAME} ({MITIGATION}, {wing} wing)\n\n"
        "Describes in one sentence what deepfake-detection does.\n\n"
        "## What it does\n"
    )


def test_the_policy_schema_has_its_section(grown: Tree) -> None:
    schema = json.loads(grown.answer("-m", "telamon", "policy", "schema"))
    assert schema["properties"]["controls"]["properties"][NAME] == {
        "anyOf": [{"$ref": "#/$defs/DeepfakeDetectionSettings"}, {"type": "null"}],
        "description": "Describes in one sentence what deepfake-detection does.",
    }
    assert list(schema["$defs"]["DeepfakeDetectionSettings"]["properties"]) == ["mode", "fail_at"]


def test_a_policy_drives_it(grown: Tree, tmp_path: Path) -> None:
    policy = tmp_path / "telamon.yaml"
    policy.write_text(f"version: 1\ncontrols:\n  {NAME}: {{mode: shadow}}\n")
    shown = json.loads(grown.answer("-m", "telamon", "policy", "show", "--format", "json", "--policy", str(policy)))
    assert shown["effective"]["controls"][NAME] == {"mode": "shadow", "fail_at": "high"}


def test_the_site_has_its_page(grown: Tree, tmp_path: Path) -> None:
    grown.answer("-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site"))
    page = (tmp_path / "site" / "controls" / NAME / "index.html").read_text()
    assert "Describes in one sentence what deepfake-detection does." in page
    assert f'href="{NAME}/"' in (tmp_path / "site" / "controls" / "index.html").read_text()


def test_it_conforms_and_passes_its_own_test(grown: Tree, wing: str) -> None:
    own = f"src/telamon/controls/{wing}/deepfake_detection"
    report = grown.answer(
        "-m", "pytest", "-q", "-p", "no:xdist", "tests/conformance/test_controls.py", own, "-k", "deepfake or its_name"
    )
    assert f"{len(CHECKS) + 1} passed" in report


def test_it_keeps_the_house_rules_of_form(grown: Tree, wing: str) -> None:
    own = f"src/telamon/controls/{wing}"
    grown.answer("-m", "ruff", "check", "--no-cache", own)
    grown.answer("-m", "ruff", "format", "--no-cache", "--check", own)


def test_taking_it_up_changes_no_other_file(grown: Tree, wing: str, before: dict[str, str]) -> None:
    grown.answer("-m", "telamon", "list")
    grown.answer("-m", "telamon", "policy", "schema")
    after = grown.digests()
    assert {name: after[name] for name in before} == before
    assert all(name.startswith(f"src/telamon/controls/{wing}/") for name in after.keys() - before.keys())


@pytest.mark.parametrize(
    ("name", "mitigation", "message"),
    [
        ("Not_Kebab", "AML.M0033", "expected a kebab-case name that is no word of Python, found `Not_Kebab`"),
        ("class", "AML.M0033", "expected a kebab-case name that is no word of Python, found `class`"),
        ("../up", "AML.M0033", "expected a kebab-case name that is no word of Python, found `../up`"),
        ("vulnerability-scanning", "AML.M0033", "`vulnerability-scanning` is there for AML.M0016"),
        ("another", "AML.M0016", "`vulnerability-scanning` is there for AML.M0016"),
    ],
)
def test_new_control_refuses_what_would_not_fit(
    name: str, mitigation: str, message: str, grown: Tree, wing: str
) -> None:
    before = grown.digests()
    done = grown.start(wing, name, mitigation)
    assert (done.returncode, done.stderr) == (1, f"{message}\n")
    assert grown.digests() == before


def test_new_control_knows_the_release(grown: Tree, wing: str) -> None:
    done = grown.start(wing, "another", "AML.M9999")
    assert done.returncode == 1
    assert "AML.M9999" in done.stderr


def test_new_control_writes_over_nothing(grown: Tree, wing: str) -> None:
    before = grown.digests()
    done = grown.start(wing)
    assert done.returncode == 1
    assert done.stderr == f"`src/telamon/controls/{wing}/deepfake_detection` exists\n"
    assert grown.digests() == before

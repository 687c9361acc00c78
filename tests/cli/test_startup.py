"""What the commands that must start at once import (house rule 3), and what a check without a policy imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Distributions, and modules of the standard library, that cost milliseconds and that no such command needs.
HEAVY = (
    "asyncio",
    "concurrent",
    "cryptography",
    "csv",
    "email",
    "http",
    "importlib.metadata",
    "jinja2",
    "joblib",
    "logging",
    "lz4",
    "msgspec",
    "multiprocessing",
    "numpy",
    "pickle",
    "pickletools",
    "rich",
    "sklearn",
    "socket",
    "sqlite3",
    "ssl",
    "tarfile",
    "tempfile",
    "torch",
    "unittest",
    "xml",
    "yaml",
    "zipfile",
    "zstandard",
)
CHECK_MAY = frozenset({"msgspec"})  # settings are msgspec structs (house rule 8)

PROGRAM = """
import json, sys
from telamon.cli.main import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def imported_by(folder: Path, *words: str) -> set[str]:
    # -S: no `.pth` files, in which other packages of a developer's environment import what they like.
    places = [place for place in sys.path if place]
    program = f"import sys; sys.path[:] = {places!r}\n{PROGRAM}"
    done = subprocess.run(  # noqa: S603  # the program is ours
        [sys.executable, "-S", "-c", program, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


def heavy(modules: set[str], *, allowed: frozenset[str] = frozenset()) -> list[str]:
    names = [name for name in HEAVY if name not in allowed]
    return sorted(name for name in names if name in modules)


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        ("list",),
        ("list", "--format", "json"),
        ("explain", "vulnerability-scanning"),
        ("explain", "AML.M0016"),
        ("explain", "M0016/dangerous-call"),
        ("explain", "AML.T0011.000"),
        ("explain", "AML.M0018"),
        ("explain", "ledger-unknown-key"),
    ],
)
def test_commands_that_only_show_import_nothing_heavy(folder: Path, words: tuple[str, ...]) -> None:
    modules = imported_by(folder, *words)
    assert "telamon.cli.application" in modules
    assert heavy(modules) == []


def test_check_of_one_file_without_a_policy_imports_little(tmp_path: Path) -> None:
    (tmp_path / "one.pkl").write_bytes(b"\x80\x04}\x8c\x01aK\x01s.")
    root = Path(tmp_path.anchor)
    if (root / "telamon.yaml").exists():
        pytest.skip("a policy lies in the root folder")
    modules = imported_by(root, "check", str(tmp_path / "one.pkl"))
    assert heavy(modules, allowed=CHECK_MAY) == []
    ours = {name for name in modules if name.startswith("telamon.")}
    assert not {name for name in ours if name.startswith(("telamon.ledger", "telamon.proving", "telamon.atlas"))}
    assert not {name for name in ours if name.startswith("telamon.controls.artifact.vulnerability_scanning.formats")}
    assert not ours & {
        "telamon.checking.witness",
        "telamon.checking.workers",
        "telamon.kits.formats.json_tree",
        "telamon.kits.formats.malformed",
        "telamon.kits.formats.numpy",
        "telamon.kits.formats.pickle.swift",
        "telamon.kits.formats.tar",
        "telamon.kits.formats.zip.reader",
        "telamon.policy.nodes",
        "telamon.policy.validation",
        "telamon.reporting.evidence",
        "telamon.reporting.json_format",
        "telamon.reporting.sarif_format",
    }


def test_text_report_loads_no_other_format(tmp_path: Path) -> None:
    (tmp_path / "one.pkl").write_bytes(b"N.")
    root = Path(tmp_path.anchor)
    modules = imported_by(root, "check", str(tmp_path / "one.pkl"))
    formats = {name for name in modules if name.startswith("telamon.reporting.") and name.endswith("_format")}
    assert formats == {"telamon.reporting.text_format"}


def test_entry_readies_the_process_before_it_imports_anything_else() -> None:
    program = "import sys; before = set(sys.modules); import telamon.cli.main; print(set(sys.modules) - before)"
    places = [place for place in sys.path if place]
    done = subprocess.run(  # noqa: S603  # the program is ours
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {places!r}; {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "click" not in done.stdout
    assert "telamon.cli.exits" in done.stdout

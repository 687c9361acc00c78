"""`telamon atlas`: releases of ATLAS, shipped and imported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A release of our own making in the official 5.x format, small enough to read.
OFFICIAL = """\
id: ATLAS
name: Small
version: 5.99.0
matrices:
  - id: ATLAS
    name: Small matrix
    tactics:
      - {id: AML.TA0002, name: Reconnaissance, object-type: tactic, description: x}
    techniques:
      - {id: AML.T0011, name: User Execution, object-type: technique, description: x, tactics: [AML.TA0002]}
    mitigations:
      - id: AML.M0016
        name: Vulnerability Scanning
        object-type: mitigation
        description: x
        ml-lifecycle: [Deployment]
        category: [Technical - ML]
        techniques:
          - {id: AML.T0011, use: x}
"""


def test_show_counts_the_pinned_release(cli: Callable) -> None:
    ended = cli("atlas", "show")
    assert ended.code == 0
    assert ended.out.startswith("ATLAS 5.6")
    assert ended.out.count("\nrepaired: ") >= 3
    assert "  AML.M0016  " in ended.out
    assert ended.out.splitlines()[-1] == "available: 5.6"


def test_show_as_json(cli: Callable) -> None:
    release = json.loads(cli("atlas", "show", "--format", "json").out)
    assert release["version"].startswith("5.6")
    assert len(release["mitigations"]) >= 26


def test_unknown_release_is_a_usage_error(cli: Callable) -> None:
    ended = cli("atlas", "show", "4.2")
    assert (ended.code, ended.out) == (2, "")
    assert "expected one of the ATLAS releases 5.6, found `4.2`" in ended.err


def test_imported_release_is_kept_shown_and_compared(cli: Callable, folder: Path, tmp_path: Path) -> None:
    (folder / "ATLAS.yaml").write_text(OFFICIAL)
    imported = cli("atlas", "import", "ATLAS.yaml")
    assert imported.code == 0, imported.err
    assert imported.out.startswith("ATLAS 5.99.0: 1 tactics, 1 techniques (0 sub-techniques), 1 mitigations, 1 pairs")
    assert [path.name for path in (tmp_path / "data-home" / "telamon" / "atlas").iterdir()] == ["5.99.json"]
    assert cli("atlas", "show", "5.99").out.startswith("ATLAS 5.99.0: 1 tactics")
    compared = cli("atlas", "diff", "5.6", "5.99")
    assert compared.code == 0
    assert "mitigations removed: AML.M0000" in compared.out
    assert "pair removed: " in compared.out
    same = cli("atlas", "diff", "5.99", "5.99.0")
    assert same.out == "5.99.0 and 5.99.0 state the same facts\n"


def test_import_of_something_else_is_a_usage_error_and_keeps_nothing(
    cli: Callable, folder: Path, tmp_path: Path
) -> None:
    for content in (b"", b"[1, 2]", b"\xff\xfe", b"a: [", b"id: ATLAS\n"):
        (folder / "ATLAS.yaml").write_bytes(content)
        ended = cli("atlas", "import", "ATLAS.yaml")
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("error[")
    assert not (tmp_path / "data-home" / "telamon" / "atlas").exists()

"""`telamon policy`: what is in force, where it comes from, and what a change would do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STRICT = "version: 1\nsystem: fraud\ncontrols:\n  vulnerability-scanning:\n    fail_at: medium\n"


def test_show_has_every_value_in_force(cli: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").write_text(STRICT)
    ended = cli("policy", "show")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith(f"# {folder}/telamon.yaml, sha256:")
    assert 'controls.vulnerability-scanning.fail_at: "medium"' in lines
    assert 'controls.vulnerability-scanning.mode: "enforce"' in lines


def test_origin_is_file_line_and_column_or_default(cli: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").write_text(STRICT)
    lines = cli("policy", "show", "--origin").out.splitlines()
    assert f'controls.vulnerability-scanning.fail_at: "medium"  # {folder}/telamon.yaml:5:5' in lines
    assert 'controls.vulnerability-scanning.mode: "enforce"  # default' in lines


def test_show_as_json_with_origins(cli: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").write_text(STRICT)
    document = json.loads(cli("policy", "show", "--origin", "--format", "json").out)
    assert set(document) == {"digest", "effective", "origins"}
    assert document["effective"]["controls"]["vulnerability-scanning"]["fail_at"] == "medium"
    assert document["origins"]["system"] == f"{folder}/telamon.yaml:2:1"


def test_check_reports_every_problem_with_its_place(cli: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").write_text(
        "version: 1\nsytem: x\ncontrols:\n  vulnerability-scanning:\n    mode: enforced\n    time_limit_s: -1\n"
    )
    ended = cli("policy", "check")
    assert (ended.code, ended.out) == (2, "")
    for place in ("telamon.yaml:2:1:", "telamon.yaml:5:5:", "telamon.yaml:6:5:"):
        assert place in ended.err
    assert "`system`" in ended.err


def test_check_of_a_good_policy_says_so(cli: Callable, folder: Path) -> None:
    ended = cli("policy", "check")
    assert ended.code == 0
    assert ended.out.startswith(f"{folder}/telamon.yaml: valid, sha256:")


def test_schema_takes_good_policies_and_refuses_bad_ones(cli: Callable) -> None:
    schema = json.loads(cli("policy", "schema").out)
    validator = jsonschema.validators.validator_for(schema)(schema)
    validator.check_schema(schema)
    assert list(validator.iter_errors(yaml.safe_load(STRICT))) == []
    assert list(validator.iter_errors({"version": 1, "sytem": "x"}))
    assert list(validator.iter_errors({"version": 1, "controls": {"vulnerability-scanning": {"mode": "on"}}}))


def test_diff_of_equal_policies_is_0(cli: Callable, folder: Path) -> None:
    (folder / "other.yaml").write_text("# a comment\nversion: 1\n")
    ended = cli("policy", "diff", "telamon.yaml", "other.yaml")
    assert (ended.code, ended.out) == (0, "both put the same in force\n")


def test_diff_that_loosens_is_1_and_the_way_back_is_0(cli: Callable, folder: Path) -> None:
    (folder / "strict.yaml").write_text(STRICT)
    (folder / "loose.yaml").write_text(STRICT.replace("medium", "critical"))
    (folder / "other.yaml").write_text(STRICT.replace("system: fraud", "system: other"))
    loosened = cli("policy", "diff", "strict.yaml", "loose.yaml")
    assert loosened.code == 1
    assert loosened.out.splitlines() == [
        'loosens   controls.vulnerability-scanning.fail_at: "medium" -> "critical"',
        "1 change: 1 loosens",
    ]
    harmless = cli("policy", "diff", "strict.yaml", "other.yaml")
    assert (harmless.code, harmless.out.split()[0]) == (0, "neither")
    tightened = cli("policy", "diff", "loose.yaml", "strict.yaml")
    assert tightened.code == 0
    assert tightened.out.startswith("tightens")


def test_diff_of_unknown_direction_is_1_and_says_that_it_may_loosen(cli: Callable, folder: Path) -> None:
    (folder / "before.yaml").write_text("version: 1\nsystem: a\nprincipals: [{name: app, role: reader}]\n")
    (folder / "after.yaml").write_text("version: 1\nsystem: b\nprincipals: [{name: app, role: admin}]\n")
    ended = cli("policy", "diff", "before.yaml", "after.yaml")
    assert ended.code == 1
    assert ended.out.splitlines() == [
        'unknown   principals[0].role: "reader" -> "admin"',
        'neither   system: "a" -> "b"',
        "2 changes: 1 neither, 1 unknown; what is unknown may loosen",
    ]

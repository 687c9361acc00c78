"""The shipped facts of ATLAS 5.6, against numbers counted by hand and against the official file."""

from __future__ import annotations

import hashlib
import re
import runpy
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from telamon import atlas
from telamon.atlas import Maturity, Pair, Repair, Technique, releases
from telamon.atlas.difference import diff
from telamon.atlas.official import read_release

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.atlas import Release

FIRST_26 = re.compile(r"AML\.M00([01]\d|2[0-5])")


def test_counts_what_atlas_5_6_has(pinned: Release) -> None:
    assert (len(pinned.mitigations), len(pinned.techniques), len(pinned.tactics), len(pinned.case_studies)) == (
        35,
        170,
        16,
        57,
    )
    assert sum(technique.is_subtechnique for technique in pinned.techniques) == 69


def test_counts_pairs_once_each(pinned: Release) -> None:
    # The file lists 246 in `techniques`, 203 of them for M0000-M0025. The two that stand inside `ml-lifecycle`
    # (M0018 and M0034) make 248 and 204. M0002 and M0004 each list T0043.001 twice: 246 and 202 distinct pairs.
    assert len(pinned.pairs) == len(set(pinned.pairs)) == 246
    assert sum(FIRST_26.fullmatch(pair.mitigation) is not None for pair in pinned.pairs) == 202


def test_counts_techniques_that_some_mitigation_names(pinned: Release) -> None:
    covered = [technique for technique in pinned.techniques if technique.has_mitigation]
    assert (len(covered), len(pinned.techniques) - len(covered)) == (75, 95)


def test_says_what_it_repaired(pinned: Release) -> None:
    misfiled = "holds the technique AML.T0052.001 inside `ml-lifecycle`"
    assert pinned.repairs == (
        Repair(what=misfiled, where="AML.M0018", done="read as one of its techniques"),
        Repair(what=misfiled, where="AML.M0034", done="read as one of its techniques"),
        Repair(
            what="69 sub-techniques carry no tactics", where="techniques", done="each has the tactics of its parent"
        ),
        Repair(what="lists AML.T0043.001 2 times", where="AML.M0002", done="listed once"),
        Repair(what="lists AML.T0043.001 2 times", where="AML.M0004", done="listed once"),
    )


def test_takes_misfiled_techniques_for_pairs(pinned: Release) -> None:
    vishing = [m.id for m in pinned.mitigations_of("AML.T0052.001")]
    assert vishing == ["AML.M0018", "AML.M0034"]


def test_subtechniques_have_the_tactics_of_their_parents(pinned: Release) -> None:
    for technique in pinned.techniques:
        if technique.parent:
            assert technique.id.startswith(f"{technique.parent}.")
            assert technique.tactics == pinned.technique(technique.parent).tactics


def test_gives_a_technique_whole(pinned: Release) -> None:
    assert pinned.technique("AML.T0011.000") == Technique(
        id="AML.T0011.000",
        name="Unsafe AI Artifacts",
        tactics=("AML.TA0005",),
        parent="AML.T0011",
        maturity=Maturity.REALIZED,
        mitigations=("AML.M0011", "AML.M0013", "AML.M0014", "AML.M0016", "AML.M0018", "AML.M0023"),
    )


def test_techniques_and_mitigations_name_each_other(pinned: Release) -> None:
    backwards = {Pair(mitigation=m, technique=t.id) for t in pinned.techniques for m in t.mitigations}
    assert backwards == set(pinned.pairs)


def test_pairs_read_as_the_cli_takes_them(pinned: Release) -> None:
    assert str(pinned.pairs[0]) == "AML.M0000/AML.T0000"


def test_ids_names_and_pairs_are_those_of_the_official_file(pinned: Release, official_file: Path) -> None:
    content = official_file.read_bytes()
    document = yaml.load(content, yaml.CSafeLoader)
    matrix = document["matrices"][0]
    assert pinned.sha256 == hashlib.sha256(content).hexdigest()
    for ours, theirs in (
        (pinned.tactics, matrix["tactics"]),
        (pinned.techniques, matrix["techniques"]),
        (pinned.mitigations, matrix["mitigations"]),
        (pinned.case_studies, document["case-studies"]),
    ):
        assert {entry.id: entry.name for entry in ours} == {entry["id"]: entry["name"] for entry in theirs}
    assert {str(pair) for pair in pinned.pairs} == {
        f"{mitigation['id']}/{technique['id']}"
        for mitigation in matrix["mitigations"]
        for technique in mitigation["techniques"] + mitigation["ml-lifecycle"]
        if isinstance(technique, dict)
    }


def test_steps_are_those_of_the_official_file_in_order(pinned: Release, official_file: Path) -> None:
    document = yaml.load(official_file.read_bytes(), yaml.CSafeLoader)
    assert {study.id: list(study.steps) for study in pinned.case_studies} == {
        study["id"]: [step["technique"] for step in study["procedure"]] for study in document["case-studies"]
    }


def test_parents_and_maturity_are_those_of_the_official_file(pinned: Release, official_file: Path) -> None:
    matrix = yaml.load(official_file.read_bytes(), yaml.CSafeLoader)["matrices"][0]
    assert {t.id: (t.parent, t.maturity) for t in pinned.techniques} == {
        t["id"]: (t.get("subtechnique-of", ""), t["maturity"]) for t in matrix["techniques"]
    }


def test_the_shipped_table_is_what_the_official_file_gives(pinned: Release, official_file: Path) -> None:
    assert diff(pinned, read_release(official_file)).is_empty


def test_ships_no_sentences() -> None:
    # Names, ids and our own words on repairs: nothing in a table is longer than a long name.
    text = (releases.SHIPPED / "5.6.json").read_text(encoding="utf-8")
    assert max(map(len, re.findall(r'"([^"]*)"', text))) < 100


def test_starts_without_a_yaml_parser() -> None:
    program = "import sys; from telamon import atlas; atlas.load(); print({'yaml', 'msgspec'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603  # our interpreter
    assert done.stdout == "set()\n"


def test_generator_makes_the_shipped_table_again(official_file: Path, tmp_path: Path) -> None:
    generate = _generator()
    assert generate([str(official_file), "--folder", str(tmp_path)]) == 0
    shipped = (releases.SHIPPED / "5.6.json").read_bytes()
    assert (tmp_path / "5.6.json").read_bytes() == shipped
    assert generate([str(official_file), "--check"]) == 0


def test_generator_tells_a_stale_table(official_file: Path, tmp_path: Path) -> None:
    generate = _generator()
    (tmp_path / "5.6.json").write_text("{}", encoding="utf-8")
    assert generate([str(official_file), "--folder", str(tmp_path), "--check"]) == 1
    assert generate([str(official_file), "--folder", str(tmp_path / "none"), "--check"]) == 1


def test_generator_refuses_what_is_no_release(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: b\n", encoding="utf-8")
    assert _generator()([str(tmp_path / "a.yaml")]) == 2


def test_case_study_steps_are_counted_per_technique(pinned: Release) -> None:
    steps = Counter(step for study in pinned.case_studies for step in study.steps)
    assert (steps["AML.T0065"], steps["AML.T0048.003"], steps.total()) == (20, 12, 449)


def test_every_shipped_release_loads() -> None:
    for name in atlas.available():
        assert atlas.release_name(atlas.load(name).version) == name


def _generator() -> Callable[[list[str]], int]:
    root = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file())
    main: Callable[[list[str]], int] = runpy.run_path(str(root / "tools" / "generate_atlas.py"))["main"]
    return main

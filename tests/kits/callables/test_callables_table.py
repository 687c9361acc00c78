from __future__ import annotations

from pathlib import Path

import pytest

from telamon.kits.callables import Effect, Rule, Use, lookup, table, version

FILES = ("facts.tsv", "survey.tsv", "modules.tsv", "aliases.tsv", "sources.tsv")
FIELDS = {"facts.tsv": 10, "survey.tsv": 5, "modules.tsv": 5, "aliases.tsv": 5, "sources.tsv": 2}


def rows(file: str) -> list[list[str]]:
    text = (Path(table.DATA) / file).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()[1:]]


@pytest.mark.parametrize("file", FILES)
def test_every_file_states_the_same_version(file: str) -> None:
    first = (Path(table.DATA) / file).read_bytes().split(b"\n", 1)[0]

    assert first.split(b"\t")[:2] == [b"#version", version().encode()]


@pytest.mark.parametrize("file", FILES)
def test_lines_are_sorted_by_bytes_and_unique(file: str) -> None:
    lines = (Path(table.DATA) / file).read_bytes().splitlines()

    assert lines == sorted(set(lines))


@pytest.mark.parametrize("file", FILES)
def test_every_row_has_every_field(file: str) -> None:
    assert {len(row) for row in rows(file)} == {FIELDS[file]}
    assert [row for row in rows(file) if not all(field.strip() == field != "" for field in row)] == []


def test_a_name_is_typed_by_hand_once() -> None:
    keys = [(row[0], row[1]) for row in rows("facts.tsv")]

    assert len(keys) == len(set(keys))


def test_a_name_is_surveyed_once_and_never_typed_too() -> None:
    surveyed = [(row[0], name) for row in rows("survey.tsv") for name in row[4].split(" ")]

    assert len(surveyed) == len(set(surveyed))
    assert set(surveyed) & {(row[0], row[1]) for row in rows("facts.tsv")} == set()


def test_effects_and_arguments_are_words_of_the_table() -> None:
    words = {effect.value for effect in Effect}

    for row in rows("facts.tsv"):
        assert {word for field in row[2:7] if field != "-" for word in field.split("+")} <= words, row
        assert row[7] == "-" or row[7].isdigit(), row
    for row in rows("modules.tsv"):
        assert row[1] in {"module", "tree", "import"}, row
        assert set(row[2].split("+")) <= words, row
    for row in rows("survey.tsv"):
        assert set(row[1]) <= set("rcibf") if row[3] == "-" else set(row[1].split("+")) <= words, row


def test_what_acts_on_an_argument_says_on_which() -> None:
    through = {"calls-argument", "instantiates-argument", "unpickles-argument"}

    for row in rows("facts.tsv"):
        if set(row[3].split("+")) and set(row[3].split("+")) <= through:
            assert row[7] != "-", row


def test_every_row_typed_by_hand_is_found_by_its_name() -> None:
    for row in rows("facts.tsv"):
        known = lookup(row[0], row[1])
        assert known is not None
        assert (known.module, known.name, known.does, known.source, known.rule) == (*row[:2], *row[8:], Rule.EXACT)


def test_every_surveyed_name_is_found_by_its_name() -> None:
    for row in rows("survey.tsv"):
        for name in row[4].split(" ")[:3]:
            known = lookup(row[0], name)
            assert known is not None, (row[0], name)
            assert (known.module, known.name, known.rule) == (row[0], name, Rule.SURVEYED)


def test_every_surveyed_package_states_the_versions_that_were_read() -> None:
    packages = {row[0] for row in rows("sources.tsv")}

    assert {row[2] for row in rows("survey.tsv")} <= packages


def test_no_module_of_dangerous_callables_has_a_surveyed_name() -> None:
    defaults = {row[0]: table.module_default(row[0]) for row in rows("survey.tsv")}
    dangerous = {module: known for module, known in defaults.items() if known is not None}
    # what evaluates texts among its arguments is the one default of which single names are known to be exceptions
    assert [name for name, known in dangerous.items() if known.called != {Effect.EVALUATES_TEXT}] == []


def test_the_table_stays_below_its_size() -> None:
    assert sum((Path(table.DATA) / file).stat().st_size for file in FILES) <= 3_500_000  # 0.5 MB in the wheel


def test_danger_is_never_marked_as_data_for_the_same_use() -> None:
    for row in rows("facts.tsv"):
        for field in row[2:7]:
            assert "data" not in field.split("+") or field == "data", row


def test_each_use_has_its_own_effects() -> None:
    known = lookup("copyreg", "_reconstructor")

    assert known is not None
    assert {use: known.effects(use) for use in Use} == {
        Use.REFERENCED: frozenset({Effect.DATA}),
        Use.CALLED: frozenset({Effect.INSTANTIATES_ARGUMENT}),
        Use.INSTANTIATED: frozenset(),
        Use.BUILT: frozenset(),
        Use.FILLED: frozenset(),
    }
    assert known.argument == 0

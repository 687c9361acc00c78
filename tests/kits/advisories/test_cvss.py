"""Scores of CVSS vectors against those that their authors published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.advisories.cvss import score_of, severity_of

PUBLISHED = {
    # CVE records: the score that the assigner computed
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": 9.8,  # CVE-2025-27520
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H": 10.0,  # CVE-2023-43654
    "CVSS:3.1/AV:N/AC:H/PR:L/UI:R/S:U/C:N/I:L/A:N": 2.6,  # CVE-2025-25183
    "CVSS:3.1/AV:N/AC:H/PR:H/UI:N/S:U/C:H/I:N/A:N": 4.4,  # CVE-2024-37891
    "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:L/I:H/A:H": 8.0,  # CVE-2023-25801
    "CVSS:3.0/AV:N/AC:L/PR:L/UI:R/S:C/C:H/I:H/A:H": 9.0,  # CVE-2023-6730
    "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H": 9.6,  # CVE-2023-7018
    "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:N/VI:L/VA:N/SC:N/SI:N/SA:N": 6.3,  # CVE-2024-52304
    "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N": 5.4,  # CVE-2024-56201
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N": 8.7,  # CVE-2024-47874
    "CVSS:4.0/AV:L/AC:H/AT:P/PR:L/UI:P/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H": 7.3,  # CVE-2025-9905
}


@pytest.mark.parametrize("vector", PUBLISHED)
def test_scores_are_those_that_were_published(vector: str) -> None:
    assert score_of(vector) == PUBLISHED[vector]


@pytest.mark.parametrize(
    ("vector", "severity"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "high"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", "medium"),
        ("CVSS:3.1/AV:N/AC:H/PR:L/UI:R/S:U/C:N/I:L/A:N", "low"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", "info"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", "info"),
    ],
)
def test_severities_are_those_of_the_rating_scale(vector: str, severity: str) -> None:
    found = severity_of(vector)
    assert found is not None
    assert found.value == severity


def test_modified_metrics_of_cvss_4_go_before_the_base() -> None:
    vector = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N"
    impacts = "/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H"
    assert score_of(f"{vector}{impacts}") == 10.0
    assert score_of(f"{vector}{impacts}/MAV:P") == score_of(f"{vector.replace('AV:N', 'AV:P')}{impacts}")


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",  # CVSS 2
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",  # a base metric is missing
        "CVSS:3.1/AV:Z/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",  # no such value
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:R/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        "CVSS:9.9/AV:N",
    ],
)
def test_what_is_no_whole_vector_has_no_score(vector: str) -> None:
    assert score_of(vector) is None


@given(st.text(max_size=80) | st.from_regex(r"CVSS:(3\.[01]|4\.0)(/[A-Z]{1,3}:[A-Z]){0,14}"))
def test_any_text_has_a_score_within_the_scale_or_none(vector: str) -> None:
    score = score_of(vector)
    assert score is None or 0.0 <= score <= 10.0

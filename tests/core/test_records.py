"""The records that every part speaks in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.core.proofs import Interval, Measurement, Proof
from telamon.core.records import (
    Confidence,
    Decision,
    Effect,
    ExitCode,
    Finding,
    Location,
    ProofVerdict,
    Severity,
    Strength,
)

FINDING = Finding(
    rule="M0016/dangerous-call",
    message="calls os.system('id') when loaded",
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    location=Location(path="models/a.pkl", member="archive/data.pkl", offset=41),
    remedy="do not load it",
    subject="os.system",
)


def test_severities_are_ordered() -> None:
    assert [severity.value for severity in sorted(Severity, key=lambda severity: severity.rank)] == [
        "info",
        "low",
        "medium",
        "high",
        "critical",
    ]
    assert [severity.rank for severity in Severity] == [0, 1, 2, 3, 4]


def test_exit_codes_are_those_of_every_command() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "CLEAN": 0,
        "FINDINGS": 1,
        "USAGE": 2,
        "NOT_RUN": 3,
        "INTERNAL": 4,
    }


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (Location(path="a.pkl"), "a.pkl"),
        (Location(path="a.pkl", offset=0), "a.pkl@0"),
        (Location(path="a.zip", member="b.tar!c.pkl", offset=7), "a.zip!b.tar!c.pkl@7"),
        (Location(path="a.zip", member="b"), "a.zip!b"),
        (Location(path="a.py", line=3), "a.py:3"),
        (Location(path="a.py", line=3, column=5), "a.py:3:5"),
        (Location(path="a.py", line=3, offset=9), "a.py:3"),
        (Location(path="a.py", column=5), "a.py"),
    ],
)
def test_a_location_is_shown_as_people_write_it(location: Location, text: str) -> None:
    assert str(location) == text


def test_a_fingerprint_never_changes_between_versions() -> None:
    # Baselines hold these: a change would turn every accepted finding into a new one.
    assert FINDING.fingerprint == "cbeb7272933acd0620582d0462539dd5"
    assert replace(FINDING, subject="").fingerprint == "b1121e50699c396a39a5c5a7f697862c"


@pytest.mark.parametrize(
    "change",
    [
        {"severity": Severity.LOW},
        {"confidence": Confidence.LOW},
        {"message": "another"},
        {"remedy": "another"},
        {"evidence": "another"},
        {"techniques": ("AML.T0011",)},
        {"location": Location(path="models/a.pkl", member="archive/data.pkl", offset=9000)},
    ],
)
def test_a_fingerprint_survives_what_does_not_identify(change: dict[str, object]) -> None:
    assert replace(FINDING, **change).fingerprint == FINDING.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "M0016/unknown-call"},
        {"subject": "os.popen"},
        {"subject": ""},
        {"location": Location(path="models/b.pkl", member="archive/data.pkl", offset=41)},
        {"location": Location(path="models/a.pkl", offset=41)},
    ],
)
def test_a_fingerprint_tells_findings_apart(change: dict[str, object]) -> None:
    assert replace(FINDING, **change).fingerprint != FINDING.fingerprint


@given(st.text(), st.text(st.characters()), st.text())
def test_any_text_has_a_fingerprint(path: str, member: str, subject: str) -> None:
    finding = replace(FINDING, location=Location(path=path, member=member), subject=subject)
    assert len(finding.fingerprint) == 32
    assert set(finding.fingerprint) <= set("0123456789abcdef")


def test_undecodable_names_have_a_fingerprint() -> None:
    names = ["\udcff.pkl", "\udcfe.pkl", "\ud800"]
    assert len({replace(FINDING, location=Location(path=name)).fingerprint for name in names}) == 3


@pytest.mark.parametrize("effect", Effect)
def test_deny_and_indeterminate_stop(effect: Effect) -> None:
    assert Decision(effect=effect, reason="r").is_stopping is (effect in {Effect.DENY, Effect.INDETERMINATE})


def test_a_proof_names_its_pair() -> None:
    rate = Measurement(value=1.0, interval=Interval(low=0.9, high=1.0), trials=24)
    proof = Proof(
        control="vulnerability-scanning",
        experiment="unsafe-artefact",
        mitigation="AML.M0016",
        technique="AML.T0011.000",
        attack="loads",
        metric="attack success rate",
        off=rate,
        on=rate,
        adaptive=None,
        drop=Interval(low=0.0, high=0.0),
        floor=0.8,
        benign_cost=rate,
        benign_ceiling=0.0,
        latency_ms=1.0,
        seed=1,
        strength=Strength.NO_EFFECT,
        verdict=ProofVerdict.FAILED,
        reason="no drop",
    )
    assert proof.pair == "AML.M0016/AML.T0011.000"

"""One report that holds a specimen of everything, and reports in which every text is hostile."""

from __future__ import annotations

from types import SimpleNamespace

import hypothesis.strategies as st
import pytest

from telamon.core.proofs import Basis, Interval, Measurement, Proof, Skipped, Variant
from telamon.core.records import Confidence, Finding, Location, Outcome, ProofVerdict, Rule, Severity, Strength, Verdict
from telamon.policy.difference import Change, Direction
from telamon.policy.loosening import Loosening
from telamon.reporting.report import Failure, FailureKind, Report, Reported, Standing

CONTROL = "vulnerability-scanning"


def _finding(severity: Severity, location: Location, **more: str) -> Finding:
    return Finding(
        rule="M0016/dangerous-call",
        message=more.get("message", "calls os.system('id') when loaded"),
        severity=severity,
        confidence=Confidence.HIGH,
        location=location,
        evidence=more.get("evidence", ""),
        remedy="convert to safetensors",
        techniques=("AML.T0011.000",),
    )


def _reported(severity: Severity, path: str, standing: Standing, note: str = "") -> Reported:
    finding = _finding(severity, Location(path=path, offset=2))
    return Reported(finding=finding, control=CONTROL, standing=standing, note=note)


def _outcome(path: str, verdict: Verdict, form: str = "pickle", reason: str = "", digest: str = "") -> Outcome:
    return Outcome(
        control=CONTROL, location=Location(path=path), verdict=verdict, form=form, reason=reason, digest=digest
    )


def _rate(value: float) -> Measurement:
    return Measurement(value=value, interval=Interval(low=value / 2, high=value), trials=100)


def _proof(technique: str, on: float, adaptive: float | None, verdict: ProofVerdict, reason: str) -> Proof:
    return Proof(
        control=CONTROL,
        experiment="gated-loader",
        mitigation="AML.M0016",
        technique=technique,
        attack="a pickle runs a command",
        metric="attack success rate",
        off=_rate(1.0),
        on=_rate(on),
        adaptive=None if adaptive is None else _rate(adaptive),
        drop=Interval(low=round(0.9 - on, 2), high=round(1.0 - on, 2)),
        floor=0.5,
        benign_cost=_rate(0.01),
        benign_ceiling=0.05,
        latency_ms=1.25,
        seed=7,
        strength=Strength.EMPIRICALLY_ROBUST,
        verdict=verdict,
        reason=reason,
    )


@pytest.fixture(scope="session")
def specimen() -> Report:
    place = Location(path="a/evil model.pt", member="archive/data.pkl", offset=12)
    worst = _finding(Severity.CRITICAL, place, evidence="REDUCE of posix.system")
    return Report(
        command="check",
        version="1.2.3",
        policy=SimpleNamespace(file=None, digest="sha256:" + "0" * 64),
        findings=(
            Reported(finding=worst, control=CONTROL, standing=Standing.FAILING),
            Reported(
                finding=_finding(Severity.HIGH, Location(path="b/script.py", line=3, column=5)),
                control=CONTROL,
                standing=Standing.WAIVED,
                note="waived by ops until 2030-01-01: test data",
            ),
            _reported(Severity.MEDIUM, "c.pkl", Standing.BASELINE, "in the baseline"),
            _reported(Severity.LOW, "d.pkl", Standing.BELOW_GATE),
            _reported(Severity.INFO, "e.pkl", Standing.SHADOW, "the control is in shadow mode"),
        ),
        outcomes=(
            _outcome("a/evil model.pt", Verdict.MALICIOUS, "torch-zip", "1 finding", "sha256:" + "a" * 64),
            _outcome("b/script.py", Verdict.SUSPICIOUS),
            _outcome("clean.pkl", Verdict.CLEAN),
            _outcome("notes.txt", Verdict.NOT_APPLICABLE, ""),
            _outcome("odd\x1b[2J\udcff.bin", Verdict.NOT_UNDERSTOOD, "", "the tail is cut off at byte 9"),
        ),
        proofs=(
            _proof("AML.T0011", 0.0, 0.1, ProofVerdict.PASSED, "drop of at least 0.9"),
            _proof("AML.T0011.000", 0.8, None, ProofVerdict.FAILED, "drop of at least 0.1"),
            _proof("AML.T0011.001", 0.0, None, ProofVerdict.INCONCLUSIVE, "no attack with the control off"),
        ),
        failures=(
            Failure(control="", subject="locked", reason="permission denied"),
            Failure(control=CONTROL, subject="f.pkl", reason="worker died"),
        ),
        rules={
            "M0016/dangerous-call": Rule(
                id="M0016/dangerous-call",
                summary="A model file calls something dangerous.",
                severity=Severity.HIGH,
                description="Loading it *runs* the call.",
                remedy="Do not load it.",
                techniques=("AML.T0011.000", "AML.T0010"),
            )
        },
        expired=("ops, 2020-01-01: old data",),
        elapsed_s=0.125,
    )


_MARK = "\xa4"  # stands in every text of a hostile report

_FRAGMENTS = st.sampled_from(
    [
        "\x1b[31m", "\x1b]0;x\x07", "\x9b2J", "\r\n", "\n::error::x", "##[add-mask]x", "##vso[task.complete]x",
        "\u202e", "\u200b", "\u2028", "\ufe0f", "\U000e0041", "\udcff", "\ufffe", "\x00", "\x85", "\u0300" * 9,
        "`", "``", "|", "\\", "*x*", "[x](http://x.example)", "@octocat", "#1", "<img src=x>", "</testcase>", "]]>",
        "&amp;", '"', "'", "%0A", "%", ":", ",", "{0}", "../", "/", "://", "!", " ", "\t", "https://x.example",
        "\u4e2d",
    ]
)  # fmt: skip
_CHARACTERS = st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("\udc80\udcff"), max_size=5)
_TEXTS = st.lists(_FRAGMENTS | _CHARACTERS, max_size=5).map(lambda parts: _MARK + "".join(parts))
_NUMBERS = st.floats(width=16)
_PLACES = st.none() | st.integers(min_value=1, max_value=2**40)

_INTERVALS = st.builds(Interval, low=_NUMBERS, high=_NUMBERS)
_MEASUREMENTS = st.builds(Measurement, value=_NUMBERS, interval=_INTERVALS, trials=st.integers(0, 9))
_LOCATIONS = st.builds(Location, path=_TEXTS, member=st.just("") | _TEXTS, offset=_PLACES, line=_PLACES, column=_PLACES)
_TECHNIQUES = st.lists(_TEXTS, max_size=2).map(tuple)
_FINDINGS = st.builds(
    Finding,
    rule=st.just("M0016/dangerous-call") | _TEXTS,
    message=_TEXTS,
    severity=st.sampled_from(Severity),
    confidence=st.sampled_from(Confidence),
    location=_LOCATIONS,
    remedy=_TEXTS,
    evidence=_TEXTS,
    subject=_TEXTS,
    techniques=_TECHNIQUES,
)
_RULES = st.builds(
    Rule,
    id=st.just("M0016/dangerous-call"),
    summary=_TEXTS,
    severity=st.sampled_from(Severity),
    description=_TEXTS,
    remedy=_TEXTS,
    techniques=_TECHNIQUES,
).map(lambda rule: {rule.id: rule})
_VARIANTS = st.builds(
    Variant,
    name=_TEXTS,
    target=st.just("") | _TEXTS,
    is_adaptive=st.booleans(),
    trials=st.integers(0, 9),
    off=st.integers(0, 9) | _NUMBERS,
    on=st.integers(0, 9) | _NUMBERS,
    denied=st.integers(0, 9),
)
_VALUES = st.recursive(st.none() | st.booleans() | _TEXTS, lambda inner: st.lists(inner, max_size=2), max_leaves=3)
_CHANGES = st.builds(
    Change,
    path=st.sampled_from(["controls.a.mode", "controls.a.allow[0]", "waivers[0]", "exclude[1]", "baseline"]) | _TEXTS,
    before=_VALUES,
    after=_VALUES,
    direction=st.sampled_from([Direction.LOOSENS, Direction.UNKNOWN]),
    origin=_TEXTS,
)
_POLICIES = st.builds(
    lambda file, changes: SimpleNamespace(
        file=file, digest="sha256:" + "0" * 64, loosening=Loosening(changes=tuple(changes))
    ),
    st.none() | _TEXTS,
    st.lists(_CHANGES, max_size=2),
)


def _few(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=2).map(tuple)


@pytest.fixture(scope="session")
def hostile_reports() -> st.SearchStrategy[Report]:
    """Reports of every shape in which every text starts with a currency sign and goes on with anything."""
    return st.builds(
        Report,
        command=st.sampled_from(["check", "prove"]),
        version=st.just("1.2.3"),
        policy=_POLICIES,
        is_policy_within=st.booleans(),
        findings=_few(
            st.builds(
                Reported,
                finding=_FINDINGS,
                standing=st.sampled_from(Standing),
                control=_TEXTS,
                note=st.just("") | _TEXTS,
            )
        ),
        outcomes=_few(
            st.builds(
                Outcome,
                control=_TEXTS,
                location=_LOCATIONS,
                verdict=st.sampled_from(Verdict),
                reason=_TEXTS,
                form=_TEXTS,
                digest=st.just(""),
            )
        ),
        proofs=_few(
            st.builds(
                Proof,
                control=_TEXTS,
                experiment=_TEXTS,
                mitigation=_TEXTS,
                technique=_TEXTS,
                attack=_TEXTS,
                metric=st.just("attack success rate") | _TEXTS,
                off=_MEASUREMENTS,
                on=_MEASUREMENTS,
                adaptive=st.none() | _MEASUREMENTS,
                drop=_INTERVALS,
                floor=_NUMBERS,
                benign_cost=_MEASUREMENTS,
                benign_ceiling=_NUMBERS,
                latency_ms=_NUMBERS,
                seed=st.integers(0, 9),
                strength=st.sampled_from(Strength),
                verdict=st.sampled_from(ProofVerdict),
                reason=_TEXTS,
                variants=_few(_VARIANTS),
                skipped=_few(st.builds(Skipped, name=_TEXTS, reason=_TEXTS)),
                basis=st.none() | st.builds(Basis, settings=_TEXTS, telamon=_TEXTS, atlas=_TEXTS),
            )
        ),
        failures=_few(
            st.builds(
                Failure,
                control=st.just("") | _TEXTS,
                subject=st.just("") | _TEXTS,
                reason=_TEXTS,
                kind=st.sampled_from(FailureKind),
            )
        ),
        rules=st.just({}) | _RULES,
        expired=_few(_TEXTS),
        elapsed_s=st.floats(0, 9),
    )

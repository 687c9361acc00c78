"""The JSON Schema (draft 2020-12) of the documents that `telamon.reporting.json_format` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.core.records import Confidence, ExitCode, ProofVerdict, Severity, Strength, Verdict
from telamon.reporting.report import FailureKind, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_NUMBER: Final = {"type": ["number", "null"]}
_PLACE: Final = {"type": ["integer", "null"], "minimum": 0}
_TEXTS: Final = {"type": "array", "items": _TEXT}


def _object(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _one_of(choices: type[StrEnum]) -> dict[str, object]:
    return {"enum": [choice.value for choice in choices]}


def _counts(choices: Iterable[StrEnum]) -> dict[str, object]:
    return _object(**{choice.value: _COUNT for choice in choices})


def _list(item: dict[str, object]) -> dict[str, object]:
    return {"type": "array", "items": item}


_INTERVAL: Final = _object(low=_NUMBER, high=_NUMBER, level=_NUMBER)
_MEASUREMENT: Final = _object(value=_NUMBER, interval=_INTERVAL, trials=_COUNT)

_SUMMARY: Final = _object(
    files=_counts(Verdict),
    severities=_counts(Severity),
    standings=_counts(Standing),
    proofs=_counts(ProofVerdict),
    failures=_COUNT,
    exempt=_COUNT,
    excluded=_COUNT,
    expired_waivers=_COUNT,
    warnings=_COUNT,
)

_FILE: Final = _object(
    path=_TEXT,
    member=_TEXT,
    control=_TEXT,
    verdict=_one_of(Verdict),
    form=_TEXT,
    reason=_TEXT,
    digest={"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
    note=_TEXT,
)

_FINDING: Final = _object(
    rule=_TEXT,
    severity=_one_of(Severity),
    confidence=_one_of(Confidence),
    message=_TEXT,
    path=_TEXT,
    member=_TEXT,
    offset=_PLACE,
    line=_PLACE,
    column=_PLACE,
    evidence=_TEXT,
    remedy=_TEXT,
    techniques=_TEXTS,
    subject=_TEXT,
    control=_TEXT,
    standing=_one_of(Standing),
    note=_TEXT,
    fingerprint={"type": "string", "pattern": "^[0-9a-f]{32}$"},
)

_PROOF: Final = _object(
    pair=_TEXT,
    mitigation=_TEXT,
    technique=_TEXT,
    control=_TEXT,
    experiment=_TEXT,
    attack=_TEXT,
    metric=_TEXT,
    off=_MEASUREMENT,
    on=_MEASUREMENT,
    adaptive={"anyOf": [_MEASUREMENT, {"type": "null"}]},
    drop=_INTERVAL,
    floor=_NUMBER,
    benign_cost=_MEASUREMENT,
    benign_ceiling=_NUMBER,
    latency_ms=_NUMBER,
    seed={"type": "integer"},
    strength=_one_of(Strength),
    verdict=_one_of(ProofVerdict),
    reason=_TEXT,
    variants=_list(
        _object(
            name=_TEXT,
            target=_TEXT,
            is_adaptive={"type": "boolean"},
            trials=_COUNT,
            off=_NUMBER,
            on=_NUMBER,
            denied=_COUNT,
        )
    ),
    skipped=_list(_object(name=_TEXT, reason=_TEXT)),
    basis={"anyOf": [_object(settings=_TEXT, telamon=_TEXT, atlas=_TEXT), {"type": "null"}]},
)

_RULE: Final = _object(
    summary=_TEXT,
    severity=_one_of(Severity),
    description=_TEXT,
    remedy=_TEXT,
    techniques=_TEXTS,
)

SCHEMA: Final[dict[str, object]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A report of telamon",
    **_object(
        schema_version={"const": 1},
        tool={"const": "telamon"},
        version=_TEXT,
        command={"enum": ["check", "prove"]},
        policy_digest=_TEXT,
        policy_file=_TEXT,
        exit_code={"enum": [code.value for code in ExitCode]},
        elapsed_s=_NUMBER,
        summary=_SUMMARY,
        controls_off=_TEXTS,
        files=_list(_FILE),
        findings=_list(_FINDING),
        proofs=_list(_PROOF),
        failures=_list(_object(control=_TEXT, subject=_TEXT, reason=_TEXT, kind=_one_of(FailureKind), note=_TEXT)),
        rules={"type": "object", "additionalProperties": _RULE},
        expired_waivers=_TEXTS,
        warnings=_TEXTS,
    ),
}

"""The JSON Schema (draft 2020-12) of everything that telamon prints with `--format json`.

One definition each for the reports of `check` and `prove` (`telamon.reporting.json_format`), for what the commands of
controls answer, which is a report with their values, and for every other command.
"""

from __future__ import annotations

from typing import Final

from telamon.core.records import Confidence, ExitCode, ProofVerdict, Severity, Strength, Verdict
from telamon.reporting.answer_schemas import ANSWERS
from telamon.reporting.report import FailureKind, Standing
from telamon.reporting.schema_parts import (
    ANYTHING,
    COUNT,
    FLAG,
    NUMBER,
    PLACE,
    TEXT,
    TEXTS,
    WORD,
    Schema,
    closed,
    counts,
    extended,
    many,
    maybe,
    one_of,
)

_INTERVAL: Final = closed(low=NUMBER, high=NUMBER, level=NUMBER)
_MEASUREMENT: Final = closed(value=NUMBER, interval=_INTERVAL, trials=COUNT)

_SUMMARY: Final = closed(
    files=counts(Verdict),
    severities=counts(Severity),
    standings=counts(Standing),
    proofs=counts(ProofVerdict),
    failures=COUNT,
    exempt=COUNT,
    excluded=COUNT,
    expired_waivers=COUNT,
    warnings=COUNT,
)

_FILE: Final = closed(
    path=TEXT,
    member=TEXT,
    control=TEXT,
    verdict=one_of(Verdict),
    form=TEXT,
    reason=TEXT,
    digest={"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
    note=TEXT,
)

_FINDING: Final = closed(
    rule=TEXT,
    severity=one_of(Severity),
    confidence=one_of(Confidence),
    message=TEXT,
    path=TEXT,
    member=TEXT,
    offset=PLACE,
    line=PLACE,
    column=PLACE,
    evidence=TEXT,
    remedy=TEXT,
    techniques=TEXTS,
    subject=TEXT,
    control=TEXT,
    standing=one_of(Standing),
    note=TEXT,
    fingerprint={"type": "string", "pattern": "^[0-9a-f]{32}$"},
)

_PROOF: Final = closed(
    pair=TEXT,
    mitigation=TEXT,
    technique=TEXT,
    control=TEXT,
    experiment=TEXT,
    attack=TEXT,
    metric=TEXT,
    off=_MEASUREMENT,
    on=_MEASUREMENT,
    adaptive=maybe(_MEASUREMENT),
    drop=_INTERVAL,
    floor=NUMBER,
    benign_cost=_MEASUREMENT,
    benign_ceiling=NUMBER,
    latency_ms=NUMBER,
    seed={"type": "integer"},
    strength=one_of(Strength),
    verdict=one_of(ProofVerdict),
    reason=TEXT,
    variants=many(
        closed(
            name=TEXT,
            target=TEXT,
            is_adaptive=FLAG,
            trials=COUNT,
            off=NUMBER,
            on=NUMBER,
            denied=COUNT,
        )
    ),
    skipped=many(closed(name=TEXT, reason=TEXT)),
    basis=maybe(closed(settings=TEXT, telamon=TEXT, atlas=TEXT)),
)

_RULE: Final = closed(
    summary=TEXT,
    severity=one_of(Severity),
    description=TEXT,
    remedy=TEXT,
    techniques=TEXTS,
)

_CHANGE: Final = closed(path=WORD, before=ANYTHING, after=ANYTHING, direction={"enum": ["loosens", "unknown"]})

_REPORTS: Final = ("check", "prove")
_REPORT: Final = closed(
    schema_version={"const": 1},
    tool={"const": "telamon"},
    version=TEXT,
    command={"enum": list(_REPORTS)},
    policy_digest=TEXT,
    policy_file=TEXT,
    policy_lies_within=FLAG,
    policy_loosens=many(_CHANGE),
    exit_code={"enum": [code.value for code in ExitCode]},
    elapsed_s=NUMBER,
    summary=_SUMMARY,
    controls_off=TEXTS,
    files=many(_FILE),
    findings=many(_FINDING),
    proofs=many(_PROOF),
    failures=many(closed(control=TEXT, subject=TEXT, reason=TEXT, kind=one_of(FailureKind), note=TEXT)),
    rules={"type": "object", "additionalProperties": _RULE},
    expired_waivers=TEXTS,
    warnings=TEXTS,
)
# The command is in the words behind `telamon`; the exit code may be that of a program that it ran.
_OF_CONTROLS: Final = extended(
    closed(
        **_REPORT["properties"]
        | {
            "command": {**WORD, "not": {"enum": list(_REPORTS)}},
            "exit_code": {"type": "integer", "minimum": 0, "maximum": 255},
            "values": {"type": "object"},
        }
    ),
    product=WORD,
)

_DEFINITIONS: Final[dict[str, Schema]] = {"report": _REPORT, "command-of-a-control": _OF_CONTROLS, **ANSWERS}
SCHEMA: Final[Schema] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "What telamon prints with --format json",
    "anyOf": [{"$ref": f"#/$defs/{name}"} for name in _DEFINITIONS],
    "$defs": _DEFINITIONS,
}

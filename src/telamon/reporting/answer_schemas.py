"""JSON Schemas of what the CLI's own commands answer with `--format json` that print no report."""

from __future__ import annotations

from typing import Final

from telamon.atlas.records import Maturity
from telamon.core.records import Mode
from telamon.reporting.schema_parts import (
    ANYTHING,
    COUNT,
    TEXT,
    TEXTS,
    WORD,
    Schema,
    closed,
    extended,
    many,
    maybe,
    one_of,
)

_LIST: Final = many(
    closed(control=WORD, mitigation=WORD, wing=WORD, extra=maybe(TEXT), summary=TEXT),
)
_ROW: Final = closed(
    mitigation=WORD,
    name=TEXT,
    control=TEXT,
    state=WORD,
    proved=TEXTS,
    passed=TEXTS,
    pairs=COUNT,
    notes=TEXTS,
)
_COVERAGE: Final = closed(
    atlas=WORD,
    proved=COUNT,
    pairs_in_scope=COUNT,
    pairs_of_release=COUNT,
    mitigations=many(_ROW),
    not_in_scope_yet=many(closed(mitigation=WORD, name=TEXT, pairs=COUNT)),
)
# What is in force has the schema that `telamon policy schema` prints, which depends on the controls.
_POLICY: Final = extended(
    closed(
        digest={"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
        effective={"type": "object", "required": ["version", "controls"]},
    ),
    origins={"type": "object", "additionalProperties": WORD},
)
_NAMED: Final = {"id": WORD, "name": TEXT}
_ATLAS: Final = closed(
    version=WORD,
    format=WORD,
    source=TEXT,
    licence=TEXT,
    sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    tactics=many(closed(**_NAMED)),
    techniques=many(closed(**_NAMED, tactics=TEXTS, parent=TEXT, maturity=maybe(one_of(Maturity)), mitigations=TEXTS)),
    mitigations=many(closed(**_NAMED, techniques=TEXTS)),
    case_studies=many(closed(**_NAMED, steps=TEXTS)),
    repairs=many(closed(what=TEXT, where=TEXT, done=TEXT)),
)
_ENTRY: Final = closed(
    actor=TEXT,
    control=TEXT,
    detail=TEXT,
    index=COUNT,
    kind=WORD,
    mode=one_of(Mode),
    outcome=TEXT,
    policy=TEXT,
    subject=TEXT,
    time=WORD,
    version=COUNT,
    details=ANYTHING,
)

ANSWERS: Final[dict[str, Schema]] = {
    "list": _LIST,
    "coverage": _COVERAGE,
    "policy-show": _POLICY,
    "atlas-show": _ATLAS,
    "ledger-show": many(_ENTRY),
}
"""By the words of the command, joined by `-`."""

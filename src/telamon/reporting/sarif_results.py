"""The results of a SARIF run: findings and proofs (SARIF 2.1.0, section 3.27)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.core.records import ProofVerdict
from telamon.kits.text.display import printable
from telamon.reporting.json_document import finite
from telamon.reporting.report import Standing
from telamon.reporting.sarif_rules import level_of
from telamon.reporting.sarif_values import message, result_location
from telamon.reporting.wording import note, place_in_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telamon.core.proofs import Proof
    from telamon.reporting.report import Reported
    from telamon.reporting.sarif_rules import Descriptors

# Section 3.27.9: `open` is for "insufficient information to decide", and only `fail` has a level.
_KINDS: Final = {
    ProofVerdict.PASSED: ("pass", "none"),
    ProofVerdict.FAILED: ("fail", "error"),
    ProofVerdict.INCONCLUSIVE: ("open", "none"),
}


def finding_result(
    reported: Reported, descriptors: Descriptors, indices: Mapping[str, int], *, has_baseline: bool
) -> dict[str, object]:
    """Return the result for a finding.

    Args:
        reported: The finding and how it stands to the gate.
        descriptors: Numbers of rules and techniques.
        indices: Position of each artifact in `run.artifacts`, by URI.
        has_baseline: Whether results were compared with a baseline; then all results have a state (3.27.24).
    """
    finding = reported.finding
    fingerprint = reported.portable.fingerprint
    inside = place_in_file(finding.location)
    result: dict[str, object] = {
        **descriptors.rule(finding.rule),
        "kind": "fail",
        "level": level_of(finding.severity),
        "message": message(finding.message + (f" ({inside})" if inside else "")),
        "locations": [result_location(finding.location, indices)],
        # The second is the one that GitHub matches alerts of successive runs by.
        "partialFingerprints": {
            "telamon/v1": fingerprint,
            "primaryLocationLineHash": f"{fingerprint}:1",
        },
        "taxa": descriptors.taxa(finding.techniques),
        "properties": {
            "severity": finding.severity,
            "confidence": finding.confidence,
            "control": reported.control,
            "standing": reported.standing,
            "note": note(reported),
            "evidence": printable(finding.evidence),
            "remedy": printable(finding.remedy),
        },
    }
    if has_baseline:
        result["baselineState"] = "unchanged" if reported.standing is Standing.BASELINE else "new"
    if reported.standing is Standing.WAIVED:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": note(reported)}]
    return result


def proof_result(proof: Proof, descriptors: Descriptors, *, has_baseline: bool) -> dict[str, object]:
    """Return the result for a proof."""
    kind, level = _KINDS[proof.verdict]
    result: dict[str, object] = {
        **descriptors.rule(proof.pair),
        "kind": kind,
        "level": level,
        "message": message(f"{proof.verdict}: {proof.reason}"),
        "taxa": descriptors.taxa((proof.technique,)),
        "properties": {
            "control": proof.control,
            "experiment": proof.experiment,
            "attack": printable(proof.attack),
            "metric": proof.metric,
            "off": finite(proof.off.value),
            "on": finite(proof.on.value),
            "adaptive": None if proof.adaptive is None else finite(proof.adaptive.value),
            "dropLow": finite(proof.drop.low),
            "dropHigh": finite(proof.drop.high),
            "floor": finite(proof.floor),
            "benignCost": finite(proof.benign_cost.value),
            "benignCeiling": finite(proof.benign_ceiling),
            "trials": proof.off.trials,
            "seed": proof.seed,
            "strength": proof.strength,
        },
    }
    return result | ({"baselineState": "new"} if has_baseline else {})

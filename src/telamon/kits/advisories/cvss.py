"""The severity that a CVSS base vector stands for (FIRST: CVSS 3.0, 3.1 and 4.0 specifications)."""

from __future__ import annotations

import math
from typing import Final

from telamon.core.records import Severity
from telamon.kits.advisories import cvss4

# The qualitative severity rating scale (CVSS 3.1, section 5; 4.0, section 6); 0.0 is `None` there.
RATINGS: Final = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
# CVSS 3.1, section 7.4: metric values.
WEIGHTS: Final = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
PRIVILEGES: Final = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}
MAX_VECTOR: Final = 512  # characters; a whole vector of CVSS 4.0 has some 200


def severity_of(vector: str) -> Severity | None:
    """Return the severity of a vector, `None` where it is none of a known version or its base metrics are not whole.

    >>> severity_of("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H").value
    'critical'
    """
    score = score_of(vector)
    if score is None:
        return None
    return next((severity for least, severity in RATINGS if score >= least), Severity.INFO)


def score_of(vector: str) -> float | None:
    """Return the base score of a vector (of CVSS 4.0 with threat and environment as given), 0.0 to 10.0."""
    head, _, tail = vector[:MAX_VECTOR].strip().rstrip("/").partition("/")
    metrics = dict(part.partition(":")[::2] for part in tail.split("/"))
    try:
        match head:
            case "CVSS:3.0":
                return _score3(metrics, is_decimal=False)
            case "CVSS:3.1":
                return _score3(metrics, is_decimal=True)
            case "CVSS:4.0":
                return cvss4.score(metrics)
    except KeyError:
        return None
    return None


def _score3(metrics: dict[str, str], *, is_decimal: bool) -> float:
    """Score a base vector by the equations of CVSS 3, section 7.1 (3.1) and 8.1 (3.0)."""
    weight = {name: values[metrics[name]] for name, values in WEIGHTS.items()}
    is_changed = {"C": True, "U": False}[metrics["S"]]
    weight["PR"] = PRIVILEGES[metrics["S"]][metrics["PR"]]
    sub = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 7.52 * (sub - 0.029) - 3.25 * (sub - 0.02) ** 15 if is_changed else 6.42 * sub
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * weight["AV"] * weight["AC"] * weight["PR"] * weight["UI"]
    total = min((1.08 if is_changed else 1.0) * (impact + exploitability), 10.0)
    if not is_decimal:
        return math.ceil(total * 10) / 10
    units = round(total * 100_000)  # appendix A of 3.1: rounding up that no error of floating point can move
    return units / 100_000 if units % 10_000 == 0 else (units // 10_000 + 1) / 10

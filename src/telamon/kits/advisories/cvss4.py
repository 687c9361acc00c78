"""Scores of CVSS 4.0 vectors: macro vectors and the distance within them (FIRST, CVSS 4.0 specification, section 8)."""

from __future__ import annotations

import math
from functools import cache
from itertools import product
from typing import Final

# Scores of the 270 macro vectors in tenths, in the order of their digits (specification, table of scores).
SCORES: Final = (
    "100099098095095092100096093087091081093090089080081068098095095092090084093092089081081065088080078070069048"
    "092082072079069050069055027099097095092092085095091090083084071092081082071072053095093092085085073092082080"
    "072070059084070071052050030086075052071052029063029017098095094087091081094089086074077064087075074063063049"
    "094089088077076067086076074058059050072057057052052025083070054065058026053021013095090088076076070090077075"
    "062061053077066068059052030089078076067062058074059057057047023061052057029024016071059030058026015023013006"
    "093087086072075058086074074061056034070054052040040022085075074055062051072057055041046019053036034019019008"
    "064051020047021011024009004088075073053060050073055059040041020054043045022020011075055058045040021061051048"
    "018020009046018017007008002053024014024012005010003001"
)
LEVELS: Final = {
    "AV": "NALP",
    "PR": "NLH",
    "UI": "NPA",
    "AC": "LH",
    "AT": "NP",
    "VC": "HLN",
    "VI": "HLN",
    "VA": "HLN",
    "SC": "SHLN",
    "SI": "SHLN",
    "SA": "SHLN",
    "CR": "HML",
    "IR": "HML",
    "AR": "HML",
    "E": "APU",
}
DEFAULTS: Final = {"E": "A", "CR": "H", "IR": "H", "AR": "H"}  # the worst, where nothing is given
GROUPS: Final = (("AV", "PR", "UI"), ("AC", "AT"), ("VC", "VI", "VA", "CR", "IR", "AR"), ("SC", "SI", "SA"))
# The most severe vectors of each level, one letter for each metric of the group (specification, table of maxima).
WORST: Final[tuple[dict[str, tuple[str, ...]], ...]] = (
    {"0": ("NNN",), "1": ("ANN", "NLN", "NNP"), "2": ("PNN", "ALP")},
    {"0": ("LN",), "1": ("HN", "LP")},
    {
        "00": ("HHHHHH",),
        "01": ("HHLMMH", "HHHMMM"),
        "10": ("LHHHHH", "HLHHHH"),
        "11": ("LHLHMH", "LHHHMM", "HLHMHM", "HLLMHH", "LLHHHM"),
        "21": ("LLLHHH",),
    },
    {"0": ("HSS",), "1": ("HHH",), "2": ("LLL",)},
)
# How many steps lie between the most and the least severe vector of each level (specification, table of depths).
DEPTHS: Final[tuple[dict[str, int], ...]] = (
    {"0": 1, "1": 4, "2": 5},
    {"0": 1, "1": 2},
    {"00": 7, "01": 6, "10": 8, "11": 8, "21": 10},
    {"0": 6, "1": 5, "2": 4},
)
EPSILON: Final = 1e-6  # lifts what floating point leaves just below a tie


def score(given: dict[str, str]) -> float:
    """Return the score of a vector's metrics, 0.0 to 10.0.

    Raises:
        KeyError: A base metric is missing, or a value is none of its metric.
    """
    metrics = {name: _value(given, name, levels) for name, levels in LEVELS.items()}
    if all(metrics[name] == "N" for name in ("VC", "VI", "VA", "SC", "SI", "SA")):
        return 0.0
    levels = _levels(metrics)
    own = _scores()[levels]
    drops = []
    for index in range(len(GROUPS)):
        lower = _lower(levels, index)
        if lower is None:
            continue
        level = _level(levels, index)
        drops.append((own - lower) * _steps(metrics, index, level) / DEPTHS[index][level])
    has_lower_threat = _neighbour(levels, 4) is not None
    count = len(drops) + has_lower_threat
    total = own - (sum(drops) / count if count else 0.0)
    return math.floor((min(max(total, 0.0), 10.0) + EPSILON) * 10 + 0.5) / 10


def _value(given: dict[str, str], name: str, levels: str) -> str:
    """Return the value of a metric: the modified one where there is one, else the base's, else the worst."""
    value = given.get(f"M{name}", "X")
    if value == "X":
        value = given.get(name, "X") if name in DEFAULTS else given[name]
    if value == "X":
        value = DEFAULTS[name]
    if value not in levels:
        raise KeyError(name)
    return value


def _levels(m: dict[str, str]) -> str:
    """Return the macro vector: six digits (specification, section 8.2, tables 24 to 29)."""
    easy = [m["AV"] == "N", m["PR"] == "N", m["UI"] == "N"]
    one = "0" if all(easy) else "1" if any(easy) and m["AV"] != "P" else "2"
    two = "0" if m["AC"] == "L" and m["AT"] == "N" else "1"
    high = [m["VC"] == "H", m["VI"] == "H", m["VA"] == "H"]
    three = "0" if high[0] and high[1] else "1" if any(high) else "2"
    later = {m["SC"], m["SI"], m["SA"]}
    four = "0" if "S" in later else "1" if "H" in later else "2"
    five = str(LEVELS["E"].index(m["E"]))
    wanted = zip(high, (m["CR"], m["IR"], m["AR"]), strict=True)
    six = "0" if any(is_high and need == "H" for is_high, need in wanted) else "1"
    return one + two + three + four + five + six


@cache
def _scores() -> dict[str, float]:
    """Return the score of each macro vector that exists."""
    names = ("".join(digits) for digits in product("012", "01", "012", "012", "012", "01"))
    real = [name for name in names if not (name[2] == "2" and name[5] == "0")]
    return {name: int(SCORES[3 * index : 3 * index + 3]) / 10 for index, name in enumerate(real)}


def _level(levels: str, index: int) -> str:
    return levels[2] + levels[5] if index == 2 else levels[index]  # noqa: PLR2004  # EQ3 and EQ6 go together


def _neighbour(levels: str, *steps: int) -> float | None:
    """Return the score of the macro vector one lower in each of the positions, where there is one."""
    digits = [int(digit) + (position in steps) for position, digit in enumerate(levels)]
    return _scores().get("".join(str(digit) for digit in digits))


def _lower(levels: str, index: int) -> float | None:
    """Return the score of the next lower macro vector in a group of metrics (section 8.2, step 1)."""
    if index != 2:  # noqa: PLR2004  # likewise
        return _neighbour(levels, index)
    match levels[2] + levels[5]:
        case "00":
            return max(score for score in (_neighbour(levels, 5), _neighbour(levels, 2)) if score is not None)
        case "10":
            return _neighbour(levels, 5)
        case _:
            return _neighbour(levels, 2)


def _steps(m: dict[str, str], index: int, level: str) -> int:
    """Return how far the vector lies below the worst of its level that is at least as bad, in steps."""
    for worst in WORST[index][level]:
        pairs = zip(GROUPS[index], worst, strict=True)
        steps = [LEVELS[name].index(m[name]) - LEVELS[name].index(top) for name, top in pairs]
        if min(steps) >= 0:
            return sum(steps)
    raise KeyError(level)  # no metric is worse than the worst of its level

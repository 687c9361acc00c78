"""Advisories as lines of JSON, which is how a snapshot keeps them."""

from __future__ import annotations

import json
from typing import Any, Final

from telamon.core.records import Severity
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

SHORT: Final = {kind: "iflx"[index] for index, kind in enumerate(EventKind)}
LONG: Final = {letter: kind for kind, letter in SHORT.items()}


def dump(advisory: Advisory) -> bytes:
    """Return an advisory as one line, without its end."""
    line: dict[str, Any] = {"i": advisory.id, "m": advisory.modified}  # JSON of several types
    line |= {"a": advisory.aliases} if advisory.aliases else {}
    line |= {"w": advisory.withdrawn} if advisory.withdrawn else {}
    line |= {"s": advisory.summary} if advisory.summary else {}
    line |= {"v": str(advisory.severity)} if advisory.severity else {}
    line |= {"o": advisory.source} if advisory.source else {}
    line["p"] = [
        [
            str(each.ecosystem),
            each.name,
            [[str(r.kind), *(SHORT[event.kind] + event.version for event in r.events)] for r in each.ranges],
            *each.versions,
        ]
        for each in advisory.affected
    ]
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def load(line: bytes) -> Advisory:
    """Return the advisory of a line.

    Raises:
        RecordError: The line is not what `dump` writes.
    """
    try:
        found = json.loads(line)
        return Advisory(
            id=found["i"],
            modified=found["m"],
            aliases=tuple(found.get("a", ())),
            withdrawn=found.get("w", ""),
            summary=found.get("s", ""),
            severity=Severity(found["v"]) if "v" in found else None,
            source=found.get("o", ""),
            affected=tuple(
                Affected(
                    ecosystem=Ecosystem(ecosystem),
                    name=name,
                    ranges=tuple(
                        Range(
                            kind=RangeKind(kind),
                            events=tuple(Event(kind=LONG[event[0]], version=event[1:]) for event in events),
                        )
                        for kind, *events in ranges
                    ),
                    versions=tuple(versions),
                )
                for ecosystem, name, ranges, *versions in found["p"]
            ),
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise RecordError("expected a line of a snapshot, found something else") from error

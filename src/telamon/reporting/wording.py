"""How single values of a report are worded in the formats that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.kits.text.display import printable
from telamon.reporting.summary import standing_words

if TYPE_CHECKING:
    from telamon.core.records import Location
    from telamon.policy.difference import Change
    from telamon.reporting.report import Failure, Reported


def place(location: Location) -> str:
    """Where something is, as `file!member@offset`, printable."""
    return printable(str(location))


def place_in_file(location: Location) -> str:
    """Where something is inside its file, in words and printable; empty for the whole file."""
    parts = [f"member {printable(location.member)}"] if location.member else []
    if location.line is not None:
        parts.append(f"line {location.line}")
    elif location.offset is not None:
        parts.append(f"byte {location.offset}")
    return ", ".join(parts)


def change_words(change: Change) -> str:
    """What a policy has in a default's place, printable."""
    import json  # noqa: PLC0415  # only where a policy loosens something

    before, after = (json.dumps(value, ensure_ascii=False) for value in (change.before, change.after))
    return printable(f"{change.path}: {before} -> {after}")


def note(reported: Reported) -> str:
    """How a finding stands to the gate, with the reason where there is one, printable; empty where it fails."""
    words = standing_words(reported.standing)
    return printable(reported.note) or ("" if words == "failing" else words)


def failure_label(failure: Failure) -> str:
    """What failed, such as `not-checked[control]`, printable."""
    kind = failure.kind.value
    return f"{kind}[{printable(failure.control)}]" if failure.control else kind

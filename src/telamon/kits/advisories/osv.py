"""Reads advisories of the OSV schema, 1.0 to 1.7 (https://ossf.github.io/osv-schema/), as strictly as matching asks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from telamon.core.records import Severity
from telamon.kits.advisories.cvss import severity_of
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
from telamon.kits.advisories.versions import VersionError, order_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Json: TypeAlias = Any  # parsed JSON, whose shape is what is to be found out

ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*-[A-Za-z0-9._:-]{1,100}")
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:Z|[+-]\d\d:\d\d)")
MAX_ITEMS: Final = 100_000  # of any list; the longest list of versions that is published has some 3,000
MAX_TEXT: Final = 300  # characters of a summary; the schema asks for 120
MALICIOUS: Final = "MAL-"  # ids of the OpenSSF's malicious packages: the package itself is the attack
# The words of GitHub's advisory database, and of others that followed it.
WORDS: Final = {
    "NONE": Severity.INFO,
    "LOW": Severity.LOW,
    "MODERATE": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH,
    "IMPORTANT": Severity.HIGH,
    "CRITICAL": Severity.CRITICAL,
}
VECTORS: Final = ("CVSS_V4", "CVSS_V3")  # the newest standard that the record has


def read_advisory(record: Json) -> Advisory:
    """Return what a parsed record says about the ecosystems that are matched; `affected` is empty for all others.

    Raises:
        RecordError: It breaks the schema where matching would go wrong.
    """
    if not isinstance(record, dict):
        raise RecordError(f"expected an object, found {_kind(record)}")
    name = _text(record, "id", "$")
    if not ID.fullmatch(name):
        raise RecordError("expected an id such as `GHSA-...` at `$.id`, found something else")
    modified = _text(record, "modified", "$")
    withdrawn = _text(record, "withdrawn", "$", default="")
    for key, value in (("modified", modified), ("withdrawn", withdrawn)):
        if value and not TIME.fullmatch(value):
            raise RecordError(f"expected a time of RFC 3339 at `$.{key}`, found `{value[:40]}`")
    entries = list(_objects(record, "affected", "$"))
    return Advisory(
        id=name,
        modified=modified,
        withdrawn=withdrawn,
        aliases=tuple(dict.fromkeys(_texts(record, "aliases", "$"))),
        summary=_summary(record),
        severity=Severity.CRITICAL if name.startswith(MALICIOUS) else _severity(record, entries),
        affected=tuple(affected for place, entry in entries if (affected := _affected(entry, place)) is not None),
        source=_text(_object(record, "database_specific", "$"), "source_name", "$.database_specific", default=""),
    )


def _affected(entry: dict[str, Json], place: str) -> Affected | None:
    package = _object(entry, "package", place)
    if not package:
        return None  # a record of commits alone
    ecosystem = _text(package, "ecosystem", f"{place}.package").partition(":")[0]
    if ecosystem not in list(Ecosystem):
        return None
    kind = Ecosystem(ecosystem)
    order = order_of(kind)
    versions: list[str] = []
    for version in _texts(entry, "versions", place):
        try:
            versions.append(order.normal(version))
        except VersionError:
            versions.append(version)  # of before PEP 440; it can only be met as it is written
    return Affected(
        ecosystem=kind,
        name=kind.normal(_text(package, "name", f"{place}.package")),
        ranges=tuple(_range(each, where) for where, each in _objects(entry, "ranges", place)),
        versions=tuple(dict.fromkeys(versions)),
    )


def _range(entry: dict[str, Json], place: str) -> Range:
    kind = _text(entry, "type", place)
    if kind not in list(RangeKind):
        raise RecordError(f"expected a type of range at `{place}.type`, found `{kind[:40]}`")
    events: list[Event] = []
    for where, event in _objects(entry, "events", place):
        for key, version in event.items():
            if key not in list(EventKind) or not isinstance(version, str) or not version:
                raise RecordError(f"expected an event with a version at `{where}`, found `{str(key)[:40]}`")
            events.append(Event(kind=EventKind(key), version=version))
    if not any(event.kind is EventKind.INTRODUCED for event in events):
        raise RecordError(f"expected an event `introduced` at `{place}.events`, found none")
    return Range(kind=RangeKind(kind), events=tuple(events))


def _severity(record: dict[str, Json], entries: list[tuple[str, dict[str, Json]]]) -> Severity | None:
    """Return the severity by the newest vector, else by the database's word; of several packages the worst."""
    places = [("$", record), *entries]
    found: dict[str, list[Severity]] = {}
    for place, holder in places:
        for where, each in _objects(holder, "severity", place):
            kind = _text(each, "type", where)
            severity = severity_of(_text(each, "score", where))
            if severity is not None:
                found.setdefault(kind, []).append(severity)
    for kind in VECTORS:
        if kind in found:
            return max(found[kind], key=lambda severity: severity.rank)
    keys = ("database_specific", "ecosystem_specific")
    words = (_object(holder, key, place).get("severity") for place, holder in places for key in keys)
    named = [WORDS[word.upper()] for word in words if isinstance(word, str) and word.upper() in WORDS]
    return max(named, key=lambda severity: severity.rank, default=None)


def _summary(record: dict[str, Json]) -> str:
    text = _text(record, "summary", "$", default="") or _text(record, "details", "$", default="")
    return " ".join(text[: 2 * MAX_TEXT].split())[:MAX_TEXT]


def _text(holder: dict[str, Json], key: str, place: str, *, default: str | None = None) -> str:
    value = holder.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or (not value and default is None):
        raise RecordError(f"expected a text at `{place}.{key}`, found {_kind(value)}")
    return value


def _texts(holder: dict[str, Json], key: str, place: str) -> Iterator[str]:
    for index, value in enumerate(_list(holder, key, place)):
        if not isinstance(value, str) or not value:
            raise RecordError(f"expected a text at `{place}.{key}[{index}]`, found {_kind(value)}")
        yield value


def _object(holder: dict[str, Json], key: str, place: str) -> dict[str, Json]:
    value = holder.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RecordError(f"expected an object at `{place}.{key}`, found {_kind(value)}")
    return value


def _objects(holder: dict[str, Json], key: str, place: str) -> Iterator[tuple[str, dict[str, Json]]]:
    for index, value in enumerate(_list(holder, key, place)):
        where = f"{place}.{key}[{index}]"
        if not isinstance(value, dict):
            raise RecordError(f"expected an object at `{where}`, found {_kind(value)}")
        yield where, value


def _list(holder: dict[str, Json], key: str, place: str) -> list[Json]:
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise RecordError(f"expected a list of at most {MAX_ITEMS} at `{place}.{key}`, found {_kind(value)}")
    return value


def _kind(value: Json) -> str:
    if value is None:
        return "nothing"
    return {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}.get(type(value), "a number")

"""Makes the table of advisories that the package ships, from the facts in tools/advisory_facts.txt.

python tools/generate_advisories.py            writes src/telamon/kits/advisories/shipped.advisories
python tools/generate_advisories.py --check    exits with 1 where the shipped table is another
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from telamon.core.errors import TelamonError
from telamon.kits.advisories.building import build
from telamon.kits.advisories.shipped import SHIPPED
from telamon.kits.advisories.sources import Record
from telamon.kits.advisories.versions import pep440

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FACTS: Final = Path(__file__).parent / "advisory_facts.txt"
FACTS_DATE: Final = "2026-11-23T00:00:00Z"  # when the facts were gathered; move it with them
FIELDS: Final = ("package", "id", "names", "ranges", "severity", "source", "summary")
STRETCH: Final = re.compile(r"(?:>=(?P<introduced>\S+)\s*)?(?:<(?P<fixed>[^=\s]\S*)|<=(?P<last_affected>\S+))?")
NAME: Final = re.compile(r"(?:CVE-\d{4}-\d{4,}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}|PYSEC-\d{4}-\d+)")
SOURCES: Final = {
    "P": "PyPI Advisory Database",
    "G": "GitHub Advisory Database",
    "C": "CVE record or maintainers' advisory",
}
SEVERITIES: Final = frozenset({"low", "medium", "high", "critical", "-"})


class FactError(TelamonError):
    """A line of the facts is not what it should be."""

    code = "advisory-fact"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the table and return the exit code."""
    parser = argparse.ArgumentParser(description="Make the shipped table of advisories.")
    parser.add_argument("--facts", type=Path, default=FACTS, help="the facts")
    parser.add_argument("--check", action="store_true", help="compare with the table that is there; write nothing")
    options = parser.parse_args(arguments)
    try:
        found = list(records(options.facts.read_text(encoding="utf-8")))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / SHIPPED.name
            made = build(
                found, path, source=FACTS.name, digest="", now=dt.datetime.fromisoformat(FACTS_DATE), may_be_older=True
            )
            content = path.read_bytes()
    except TelamonError as error:
        print(f"generate_advisories: {error.message}", file=sys.stderr)
        return 2
    if made.refusals:
        print(f"generate_advisories: {made.refusals[0].place}: {made.refusals[0].reason}", file=sys.stderr)
        return 2
    if options.check and (not SHIPPED.is_file() or SHIPPED.read_bytes() != content):
        print(f"generate_advisories: `{SHIPPED.name}` is not what `{options.facts.name}` gives", file=sys.stderr)
        return 1
    if not options.check:
        SHIPPED.write_bytes(content)
    print(f"{SHIPPED.name}: {made.header.advisories} advisories about {made.header.packages} packages")
    return 0


def records(text: str) -> Iterator[Record]:
    """Yield each fact as a record of the OSV schema.

    Raises:
        FactError: A line is not what it should be.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != len(FIELDS):
            raise FactError(f"expected {len(FIELDS)} fields in line {number}, found {len(parts)}")
        yield Record(place=f"line {number}", value=_record(dict(zip(FIELDS, parts, strict=True)), number))


def _record(fact: dict[str, str], number: int) -> dict[str, Any]:  # JSON of any shape
    names = fact["names"].split()
    for name in (fact["id"], *names):
        if not NAME.fullmatch(name):
            raise FactError(f"expected an id in line {number}, found `{name}`")
    if fact["severity"] not in SEVERITIES or fact["source"] not in SOURCES:
        raise FactError(f"expected a severity and a source in line {number}")
    ranges = [{"type": "ECOSYSTEM", "events": _events(each.strip(), number)} for each in fact["ranges"].split(";")]
    return {
        "id": fact["id"],
        "modified": FACTS_DATE,
        "aliases": names,
        "summary": fact["summary"],
        "affected": [{"package": {"ecosystem": "PyPI", "name": fact["package"]}, "ranges": ranges}],
        "database_specific": {"severity": fact["severity"], "source_name": SOURCES[fact["source"]]},
    }


def _events(stretch: str, number: int) -> list[dict[str, str]]:
    found = STRETCH.fullmatch(stretch)
    if found is None or not stretch:
        raise FactError(f"expected a stretch of versions in line {number}, found `{stretch}`")
    ends = {key: value for key, value in found.groupdict().items() if value is not None}
    for value in ends.values():
        pep440(value)
    return [{"introduced": ends.pop("introduced", "0")}, *({key: value} for key, value in ends.items())]


if __name__ == "__main__":
    sys.exit(main())

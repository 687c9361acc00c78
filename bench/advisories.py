"""Compares the matching of advisories with pip-audit's, on one snapshot, and times look-ups.

    python bench/advisories.py --pip-audit PYTHON

PYTHON is an interpreter that has pip-audit 2.10 (in an environment of its own). pip-audit leaves matching to its
services: osv.dev and PyPI match on their servers, and for Ecosyste.ms pip-audit matches by itself. A server on the
loopback interface answers for all three from the same records: for the first two by the algorithm of the OSV schema,
written down here once more and independently; for the third by listing every advisory of the package. Without PYTHON
only the times are printed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from packaging.version import Version

from telamon.kits.advisories.building import build
from telamon.kits.advisories.matching import matches
from telamon.kits.advisories.records import Ecosystem
from telamon.kits.advisories.shipped import SHIPPED
from telamon.kits.advisories.snapshot import Snapshot
from telamon.kits.advisories.sources import Record

FACTS: Final = Path(__file__).parent.parent / "tools" / "advisory_facts.txt"
SEED: Final = 20261123
MADE_PACKAGES: Final = 40
CLIENT: Final = '''
import json, sys
from pathlib import Path
from urllib.parse import urlsplit
import requests
from packaging.version import Version
from pip_audit._service.interface import ResolvedDependency
from pip_audit._service.esms import EcosystemsService
from pip_audit._service.osv import OsvService
from pip_audit._service.pypi import PyPIService

base, folder = sys.argv[1:3]

class Stub(requests.Session):
    """Sends what is meant for a service to the server on the loopback interface."""

    def request(self, method, url, **words):
        parts = urlsplit(url)
        return super().request(method, f"{base}/{parts.netloc}{parts.path}?{parts.query}", **words)

services = {"osv": OsvService(Path(folder)), "pypi": PyPIService(Path(folder)), "esms": EcosystemsService(Path(folder))}
for service in services.values():
    service.session = Stub()
answer = []
for name, version in json.load(sys.stdin):
    found = {}
    for which, service in services.items():
        _, results = service.query(ResolvedDependency(name, Version(version)))
        found[which] = sorted({result.id for result in results} | {each for r in results for each in r.aliases})
    answer.append(found)
json.dump(answer, sys.stdout)
'''


def main() -> int:
    """Print the comparison and the times, and return 1 where there is a difference that is not explained."""
    parser = argparse.ArgumentParser(description="Compare with pip-audit.")
    parser.add_argument("--pip-audit", help="an interpreter that has pip-audit 2.10")
    options = parser.parse_args()
    advisories = [*shipped_records(), *made_records(random.Random(SEED))]  # noqa: S311  # test data
    pairs = versions_around(advisories)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot"
        found = (Record(place=str(index), value=each) for index, each in enumerate(advisories))
        build(found, path, source="bench", digest="", now=dt.datetime.now(dt.UTC))
        with Snapshot(path) as snapshot:
            start = time.process_time()
            ours = [own_ids(snapshot, name, version) for name, version in pairs]
            took = time.process_time() - start
        print(f"{len(advisories)} advisories, {len(pairs)} pairs of package and version")
        print(f"look-up and matching: {took / len(pairs) * 1000:.3f} ms CPU a pair")
        shipped_times()
        if options.pip_audit is None:
            print("pip-audit: not asked for (--pip-audit PYTHON)")
            return 0
        theirs = ask(options.pip_audit, advisories, pairs, folder)
    return compare(pairs, ours, theirs)


def shipped_times() -> None:
    """Print what opening the shipped table and one look-up cost."""
    start = time.process_time()
    for _ in range(200):
        with Snapshot(SHIPPED) as snapshot:
            snapshot.about(Ecosystem.PYPI, "torch")
    print(f"opening the shipped table and one look-up: {(time.process_time() - start) / 200 * 1000:.3f} ms CPU")


def shipped_records() -> list[dict[str, Any]]:
    """Return the advisories of the shipped table as records of the OSV schema."""
    sys.path.insert(0, str(FACTS.parent))
    from generate_advisories import records  # noqa: PLC0415  # beside this folder

    return [record.value for record in records(FACTS.read_text(encoding="utf-8"))]


def made_records(chance: random.Random) -> list[dict[str, Any]]:
    """Return advisories with several stretches, last affected versions, pre-releases, lists and withdrawals."""
    made = []
    for package in range(MADE_PACKAGES):
        for number in range(chance.randint(1, 6)):
            ends = sorted(
                {f"{chance.randint(0, 4)}.{chance.randint(0, 12)}.{chance.randint(0, 3)}" for _ in range(4)},
                key=Version,
            )
            events = [{"introduced": "0" if chance.random() < 0.3 else ends[0]}]
            if len(ends) > 1:
                events.append({chance.choice(["fixed", "last_affected"]): ends[1]})
            if len(ends) > 3 and len(events) > 1:
                events += [{"introduced": ends[2]}, {"fixed": ends[3] + chance.choice(["", "", "rc1"])}]
            affected: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": f"made-{package}"}}
            affected["ranges"] = [{"type": "ECOSYSTEM", "events": events}]
            if chance.random() < 0.4:
                affected["versions"] = [f"{chance.randint(5, 9)}.{chance.randint(0, 3)}" for _ in range(3)]
            record = {
                "id": f"PYSEC-2000-{package}{number:02d}",
                "modified": "2026-01-01T00:00:00Z",
                "affected": [affected],
            }
            if chance.random() < 0.1:
                record["withdrawn"] = "2026-01-02T00:00:00Z"
            made.append(record)
    return made


def versions_around(advisories: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return for each package the versions at, just below and just above every end that its advisories name."""
    found: dict[str, set[Version]] = {}
    for record in advisories:
        for affected in record["affected"]:
            points = found.setdefault(affected["package"]["name"], {Version("0.0.1"), Version("9999")})
            texts = [text for stretch in affected["ranges"] for event in stretch["events"] for text in event.values()]
            for text in (*texts, *affected.get("versions", ())):
                version = Version(text)
                release = list(version.release)
                below = [*release[:-1], release[-1] - 1] if release[-1] else [*release, 0]
                above = [*release[:-1], release[-1] + 1]
                points |= {version, *(Version(".".join(map(str, each))) for each in (below, above))}
                points |= {Version(f"{version.base_version}{suffix}") for suffix in ("rc1", ".post1", ".dev1")}
    return [(name, str(version)) for name in sorted(found) for version in sorted(found[name])]


def own_ids(snapshot: Snapshot, name: str, version: str) -> set[str]:
    """Return every id and alias that is said of a version here."""
    found = matches(snapshot.about(Ecosystem.PYPI, name), Ecosystem.PYPI, name, version)
    return {each for match in found for each in (match.id, *match.aliases)}


def reference(record: dict[str, Any], name: str, version: Version) -> bool:
    """Evaluate a record as the OSV schema's pseudo-code does; nothing of telamon's own is used."""
    for affected in record["affected"]:
        if affected["package"]["name"] != name:
            continue
        if any(Version(each) == version for each in affected.get("versions", ())):
            return True
        for stretch in affected["ranges"]:
            vulnerable = False
            pairs = [(key, text) for event in stretch["events"] for key, text in event.items()]
            for key, text in sorted(pairs, key=lambda pair: Version(pair[1] if pair[1] != "0" else "0.dev0")):
                if key == "introduced" and (text == "0" or version >= Version(text)):
                    vulnerable = True
                if (key == "fixed" and version >= Version(text)) or (
                    key == "last_affected" and version > Version(text)
                ):
                    vulnerable = False
            if vulnerable:
                return True
    return False


def ask(
    python: str, advisories: list[dict[str, Any]], pairs: list[tuple[str, str]], folder: str
) -> list[dict[str, list[str]]]:
    """Return what pip-audit says of each pair by each of its services, answered for by a server here."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(advisories))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        done = subprocess.run(
            [python, "-c", CLIENT, f"http://127.0.0.1:{server.server_port}", folder],
            input=json.dumps(pairs),
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
    finally:
        server.shutdown()
        server.server_close()
    answer: list[dict[str, list[str]]] = json.loads(done.stdout)
    return answer


def handler(advisories: list[dict[str, Any]]) -> type[BaseHTTPRequestHandler]:
    """Return what answers in the place of osv.dev, PyPI and Ecosyste.ms."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # one packet for each answer

        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name, version = query["package"]["name"], Version(query["version"])
            found = [record for record in advisories if reference(record, name, version)]
            self.answer({"vulns": found} if found else {})

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            parts = path.strip("/").split("/")
            if parts[0] == "pypi.org":
                name, version = parts[2], Version(parts[3])
                found = [record for record in advisories if reference(record, name, version)]
                self.answer({"vulnerabilities": [of_pypi(record) for record in found]})
                return
            name = query.rpartition("package_name=")[2]
            about = [each for each in advisories if any(a["package"]["name"] == name for a in each["affected"])]
            self.answer([of_esms(record) for record in about])

        def answer(self, body: Any) -> None:  # JSON of any shape
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def of_pypi(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as PyPI's JSON interface has it."""
    return {
        "id": record["id"],
        "aliases": record.get("aliases", []),
        "details": "-",
        "summary": None,
        "withdrawn": record.get("withdrawn"),
        "fixed_in": [],
        "link": "",
    }


def of_esms(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as Ecosyste.ms has it: stretches of versions as texts."""
    packages = []
    for affected in record["affected"]:
        ranges = [f"= {version}" for version in affected.get("versions", ())]
        for stretch in affected["ranges"]:
            events = [next(iter(event.items())) for event in stretch["events"]]
            for index, (key, text) in enumerate(events):
                if key != "introduced":
                    continue
                end = events[index + 1] if index + 1 < len(events) else None
                low = [f">= {text}"] if text != "0" else []
                high = [] if end is None else [f"{'<' if end[0] == 'fixed' else '<='} {end[1]}"]
                ranges.append(", ".join([*low, *high]) or ">= 0")
        packages.append(
            {
                "ecosystem": "pypi",
                "package_name": affected["package"]["name"],
                "versions": [{"vulnerable_version_range": text, "first_patched_version": None} for text in ranges],
            }
        )
    return {
        "identifiers": [record["id"], *record.get("aliases", [])],
        "withdrawn_at": record.get("withdrawn"),
        "title": "-",
        "description": "-",
        "packages": packages,
    }


def compare(pairs: list[tuple[str, str]], ours: list[set[str]], theirs: list[dict[str, list[str]]]) -> int:
    """Print in how many pairs the sets of ids differ, by service, and whether PEP 440 explains it."""
    unexplained = 0
    for service in ("osv", "pypi", "esms"):
        differing = [
            (pair, own, set(answer[service]))
            for pair, own, answer in zip(pairs, ours, theirs, strict=True)
            if own != set(answer[service])
        ]
        # A specifier takes no pre-release unless it names one, and `<1.0` none of 1.0 (PEP 440), where the OSV schema
        # goes by the order alone: for Ecosyste.ms pip-audit finds fewer of those, never other ones.
        explained = [
            each for each in differing if service == "esms" and is_pre_release(each[0][1]) and each[1] >= each[2]
        ]
        unexplained += len(differing) - len(explained)
        found = sum(bool(answer[service]) for answer in theirs)
        print(
            f"pip-audit by {service}: {found} of {len(pairs)} pairs affected, {len(differing)} differ, "
            f"{len(explained)} of them pre-releases that specifiers leave out"
        )
        for pair, own, other in [each for each in differing if each not in explained][:10]:
            print(f"  {pair}: only here {sorted(own - other)}, only there {sorted(other - own)}")
    print(f"differences that are not explained: {unexplained}")
    return 1 if unexplained else 0


def is_pre_release(version: str) -> bool:
    """Whether a version is a pre-release or a development release."""
    return Version(version).is_prerelease


if __name__ == "__main__":
    sys.exit(main())

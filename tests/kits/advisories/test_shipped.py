"""The table that is shipped: made of its facts, whole, and right where it was looked up again."""

from __future__ import annotations

import pytest

from generate_advisories import FACTS, main, records
from telamon.kits.advisories.matching import matches
from telamon.kits.advisories.records import Ecosystem
from telamon.kits.advisories.shipped import SHIPPED
from telamon.kits.advisories.snapshot import Snapshot


def test_it_is_what_its_facts_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_it_is_whole_and_has_what_it_promises() -> None:
    with Snapshot(SHIPPED) as snapshot:
        assert snapshot.verify()
        assert snapshot.header.advisories >= 120
        assert snapshot.header.refused == 0


def test_every_fact_ends_where_it_says_and_names_its_source() -> None:
    with Snapshot(SHIPPED) as snapshot:
        for fact in records(FACTS.read_text(encoding="utf-8")):
            [advisory] = [each for each in snapshot.named(fact.value["id"]) if each.id == fact.value["id"]]
            assert advisory.source
            [affected] = fact.value["affected"]
            for stretch in affected["ranges"]:
                for event in stretch["events"]:
                    for key, version in event.items():
                        name = affected["package"]["name"]
                        ids = {m.id for m in matches([advisory], Ecosystem.PYPI, name, version)}
                        assert bool(ids) == (key in {"introduced", "last_affected"}), (fact.place, version)


@pytest.mark.parametrize(
    ("package", "version", "name", "answer"),
    [
        ("torch", "2.5.1+cu121", "CVE-2025-32434", "affected"),
        ("torch", "2.6.0", "CVE-2025-32434", "clear"),
        ("llama_cpp_python", "0.2.71", "CVE-2024-34359", "affected"),
        ("llama_cpp_python", "0.2.29", "CVE-2024-34359", "clear"),
        ("Keras", "3.7.0", "CVE-2025-1550", "affected"),
        ("Keras", "3.8.0", "CVE-2025-1550", "clear"),
        ("urllib3", "1.26.17", "CVE-2023-43804", "clear"),
        ("urllib3", "2.0.5", "CVE-2023-43804", "affected"),
    ],
)
def test_it_knows_what_people_ask_for(package: str, version: str, name: str, answer: str) -> None:
    with Snapshot(SHIPPED) as snapshot:
        about = snapshot.about(Ecosystem.PYPI, package)
        found = matches(about, Ecosystem.PYPI, Ecosystem.PYPI.normal(package), version)
        assert any(name in (match.id, *match.aliases) for match in found) == (answer == "affected")


@pytest.mark.parametrize(
    "line",
    [
        "torch | GHSA-53q9-r3pm-6pq6 | | <2.6.0 | high | P",
        "torch | GHSA-nope | | <2.6.0 | high | P | x",
        "torch | CVE-2025-32434 | | 2.6.0 | high | P | x",
        "torch | CVE-2025-32434 | | <2.6.0 | terrible | P | x",
        "torch | CVE-2025-32434 | | <2.6.0 | high | X | x",
        "torch | CVE-2025-32434 | | <not a version | high | P | x",
    ],
)
def test_a_wrong_fact_is_refused(line: str, tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    path = FACTS.__class__(str(tmp_path)) / "facts.txt"
    path.write_text(line + "\n", encoding="utf-8")
    assert main(["--facts", str(path), "--check"]) == 2
    assert "generate_advisories: " in capsys.readouterr().err

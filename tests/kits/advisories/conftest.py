"""Advisories and snapshots, built in a line."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from telamon.kits.advisories.building import build
from telamon.kits.advisories.snapshot import Snapshot
from telamon.kits.advisories.sources import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = dt.datetime(2026, 2, 3, 4, 5, 6, tzinfo=dt.UTC)


def make(name: str, *ranges: str, package: str = "pkg", ecosystem: str = "PyPI", **rest: Any) -> dict[str, Any]:
    """A record whose ranges are written like `0 <1.2 2.0 <=2.5` (introduced, fixed, introduced, last affected)."""
    found = []
    for text in ranges:
        events = []
        for word in text.split():
            key = "last_affected" if word.startswith("<=") else "fixed" if word.startswith("<") else "introduced"
            events.append({key: word.lstrip("<=")})
        found.append({"type": "ECOSYSTEM", "events": events})
    affected: dict[str, Any] = {"package": {"ecosystem": ecosystem, "name": package}, "ranges": found}
    if "versions" in rest:
        affected["versions"] = rest.pop("versions")
    return {"id": name, "modified": "2026-01-02T03:04:05Z", "affected": [affected]} | rest


@pytest.fixture
def record() -> Callable[..., dict[str, Any]]:
    return make


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Callable[..., Snapshot]]:
    """Builds a snapshot of records and opens it."""
    opened = []

    def of(*records: dict[str, Any]) -> Snapshot:
        path = tmp_path / "made.advisories"
        items = [Record(place=str(index), value=each) for index, each in enumerate(records)]
        build(items, path, source="test", digest="sha256:00", now=NOW, may_be_older=True)
        opened.append(Snapshot(path))
        return opened[-1]

    yield of
    for each in opened:
        each.close()

"""Snapshots: what is looked up in them, how they are put in place, and what a damaged one says."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import stat
import threading
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telamon.kits.advisories.building import Refusal, build
from telamon.kits.advisories.records import Ecosystem, SnapshotError
from telamon.kits.advisories.snapshot import Snapshot
from telamon.kits.advisories.sources import Record, digest_of, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., dict[str, Any]]
    Opened = Callable[..., Snapshot]

NOW = dt.datetime(2026, 2, 3, 4, 5, 6, tzinfo=dt.UTC)


def put(path: Path, *items: dict[str, Any], may_be_older: bool = False) -> None:
    found = [Record(place=str(index), value=each) for index, each in enumerate(items)]
    build(found, path, source="test", digest="", now=NOW, may_be_older=may_be_older)


def test_a_package_is_found_by_any_spelling_of_its_name(record: Make, snapshot: Opened) -> None:
    found = snapshot(record("GHSA-1", "0", package="Some_Thing"), record("GHSA-2", "0", package="thing"))
    assert [each.id for each in found.about(Ecosystem.PYPI, "some.thing")] == ["GHSA-1"]
    assert found.about(Ecosystem.PYPI, "some") == ()
    assert found.about(Ecosystem.NPM, "thing") == ()


def test_an_advisory_is_found_by_its_id_and_its_aliases_in_any_case(record: Make, snapshot: Opened) -> None:
    found = snapshot(
        record("GHSA-aa-bb", "0", aliases=["CVE-2026-1"]), record("PYSEC-2026-1", "0", aliases=["CVE-2026-1"])
    )
    assert [each.id for each in found.named("cve-2026-1")] == ["GHSA-aa-bb", "PYSEC-2026-1"]
    assert [each.id for each in found.named("ghsa-AA-bb")] == ["GHSA-aa-bb"]
    assert found.named("CVE-2026-2") == ()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True), min_size=1, max_size=40, unique=True))
def test_every_package_is_found_whatever_the_names(names: list[str], record: Make, snapshot: Opened) -> None:
    found = snapshot(*(record(f"PYSEC-2026-{index}", "0", package=name) for index, name in enumerate(names)))
    by_name: dict[str, set[str]] = {}
    for index, name in enumerate(names):
        by_name.setdefault(Ecosystem.PYPI.normal(name), set()).add(f"PYSEC-2026-{index}")
    assert {n: {each.id for each in found.about(Ecosystem.PYPI, n)} for n in by_name} == by_name
    assert found.verify()


def test_a_look_up_among_many_reads_little(record: Make, snapshot: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    found = snapshot(
        *(record(f"PYSEC-2026-{n}", "0 <1", package=f"package-{n}", summary="x" * 200) for n in range(5000))
    )
    read = 0
    pread = os.pread

    def counted(descriptor: int, length: int, offset: int) -> bytes:
        nonlocal read
        data = pread(descriptor, length, offset)
        read += len(data)
        return data

    monkeypatch.setattr("telamon.kits.advisories.snapshot.os.pread", counted)
    assert len(found.about(Ecosystem.PYPI, "package-4321")) == 1
    assert read < 200_000  # of some 2.2 MB


def test_a_header_says_what_the_snapshot_is(record: Make, snapshot: Opened) -> None:
    later = record("GHSA-2", "0", withdrawn="2026-01-01T00:00:00Z") | {"modified": "2026-01-31T12:00:00+02:00"}
    other = record("DSA-1", "0", ecosystem="Debian:12")
    found = snapshot(record("GHSA-1", "0"), later, other, {"id": 5})
    header = found.header
    assert (header.date, header.imported, header.source) == ("2026-01-31T10:00:00Z", "2026-02-03T04:05:06Z", "test")
    assert (header.advisories, header.packages, header.withdrawn, header.elsewhere, header.refused) == (2, 1, 1, 1, 1)
    assert [header.age_days(dt.date(2026, 2, day)) for day in (1, 10)] == [1, 10]
    assert header.age_days(dt.date(2025, 1, 1)) == 0


def test_a_snapshot_is_private_and_leaves_nothing_beside_it(record: Make, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "snapshot"
    put(path, record("GHSA-1", "0"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["snapshot"]


def test_an_open_snapshot_stays_what_it_was_when_another_takes_its_place(record: Make, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    put(path, record("GHSA-1", "0"))
    with Snapshot(path) as old:
        put(path, record("GHSA-2", "0"))
        assert [each.id for each in old.about(Ecosystem.PYPI, "pkg")] == ["GHSA-1"]
    with Snapshot(path) as new:
        assert [each.id for each in new.about(Ecosystem.PYPI, "pkg")] == ["GHSA-2"]


def test_two_imports_at_once_leave_one_whole_snapshot(record: Make, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    items = {name: [record(f"PYSEC-2026-{n}", "0", package=f"{name}-{n}") for n in range(300)] for name in ("a", "b")}
    threads = [threading.Thread(target=put, args=(path, *each)) for each in items.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Snapshot(path) as found:
        assert found.verify()
        assert {bool(found.about(Ecosystem.PYPI, f"{name}-299")) for name in items} == {True, False}
    assert [each.name for each in tmp_path.iterdir()] == ["snapshot"]


def test_older_advisories_do_not_take_the_place_of_newer_ones(record: Make, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    put(path, record("GHSA-1", "0") | {"modified": "2026-01-02T00:00:00Z"})
    old = record("GHSA-2", "0") | {"modified": "2025-01-02T00:00:00Z"}
    with pytest.raises(SnapshotError) as caught:
        put(path, old)
    assert caught.value.message == (
        "expected advisories no older than those of 2026-01-02T00:00:00Z, which are there, "
        "found some of 2025-01-02T00:00:00Z"
    )
    with Snapshot(path) as found:
        assert found.named("GHSA-1")
    put(path, old, may_be_older=True)
    with Snapshot(path) as found:
        assert found.named("GHSA-2")


def test_an_import_without_advisories_leaves_the_old_ones(record: Make, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    put(path, record("GHSA-1", "0"))
    with pytest.raises(SnapshotError) as caught:
        put(path, {"id": 5}, record("DSA-1", "0", ecosystem="Debian:12"))
    assert caught.value.message == (
        "expected advisories of PyPI or npm, found none (records of other ecosystems: 1, not understood: 1); "
        "the first: 0: expected a text at `$.id`, found a number"
    )
    with Snapshot(path) as found:
        assert found.named("GHSA-1")


def test_a_second_record_of_one_id_is_refused_with_its_place(record: Make, tmp_path: Path) -> None:
    items = [Record(place="a.json", value=record("GHSA-1", "0")), Record(place="b.json", value=record("GHSA-1", "0"))]
    built = build(items, tmp_path / "snapshot", source="test", digest="", now=NOW)
    assert built.refusals == (Refusal(place="b.json", reason="the id `GHSA-1` is there twice"),)


@pytest.mark.parametrize("cut", [0, 1, 10, 100, -1, -40])
def test_a_snapshot_that_was_cut_is_none(cut: int, record: Make, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    put(path, record("GHSA-1", "0"))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(SnapshotError):
        Snapshot(path)


def test_a_changed_byte_is_found(record: Make, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    put(path, record("GHSA-1", "0 <1.5"))
    path.write_bytes(path.read_bytes().replace(b"f1.5", b"f0.5"))
    with Snapshot(path) as found:
        assert not found.verify()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_snapshot_answers_or_says_so(data: st.DataObject, record: Make, tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    put(path, *(record(f"PYSEC-2026-{n}", "0", package=f"p{n}") for n in range(5)), may_be_older=True)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        with Snapshot(path) as found:
            found.about(Ecosystem.PYPI, "p3")
            found.named("PYSEC-2026-4")
            found.verify()
    except SnapshotError:
        return


def test_a_missing_snapshot_is_told_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError) as caught:
        Snapshot(tmp_path / "none")
    assert caught.value.message == "expected to read the advisories `none`, found: No such file or directory"


def archive(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return held.getvalue()


FIRST = {"id": "GHSA-1"}
SECOND = {"id": "GHSA-2"}
FORMS: dict[str, tuple[bytes, list[tuple[str, Any]]]] = {
    "zip": (
        archive({"a.json": b'{"id": "GHSA-1"}', "b/c.json": b'{"id": "GHSA-2"}', "readme.txt": b"x"}),
        [("a.json", FIRST), ("b/c.json", SECOND)],
    ),
    "object": (b'{"id": "GHSA-1"}', [("in", FIRST)]),
    "list": (b'[{"id": "GHSA-1"}, {"id": "GHSA-2"}]', [("in[0]", FIRST), ("in[1]", SECOND)]),
    "answer": (b'{"vulns": [{"id": "GHSA-1"}]}', [("in[0]", FIRST)]),
    "lines": (b'{"id": "GHSA-1"}\n\n{"id": "GHSA-2"}\n', [("in:1", FIRST), ("in:3", SECOND)]),
}


@pytest.mark.parametrize("form", FORMS)
def test_records_are_read_in_every_form(form: str, tmp_path: Path) -> None:
    content, expected = FORMS[form]
    path = tmp_path / "in"
    path.write_bytes(content)
    assert [(each.place, each.value) for each in records(path)] == expected


def test_records_of_a_folder_are_read_in_the_order_of_their_names_without_links(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "x.json").write_text(json.dumps(SECOND))
    (folder / "a.json").write_text(json.dumps(FIRST))
    (folder / "a.yaml").write_text("x")
    (folder / "link.json").symlink_to(folder / "a.json")
    assert [(each.place, each.value) for each in records(folder)] == [("a.json", FIRST), ("b/x.json", SECOND)]
    before = digest_of(folder)
    (folder / "a.json").write_text(json.dumps(SECOND))
    assert digest_of(folder) != before


PYSEC = """\
id: PYSEC-2023-62
modified: 2023-06-05T01:12:52.229549Z
aliases:
- CVE-2023-30861
affected:
- package: {name: flask, ecosystem: PyPI}
  ranges:
  - type: ECOSYSTEM
    events:
    - introduced: "0"
    - fixed: 2.2.5
    - introduced: 2.3.0
    - fixed: 2.3.2
  versions: ["0.10", 1.0]
"""


def test_records_of_the_pypi_advisory_database_are_read_from_its_repository(tmp_path: Path) -> None:
    folder = tmp_path / "vulns" / "flask"
    folder.mkdir(parents=True)
    (folder / "PYSEC-2023-62.yaml").write_text(PYSEC)
    (tmp_path / "vulns" / "other.yaml").write_text("a: b")
    (folder / "PYSEC-2023-63.yaml").write_text("id: [")
    broken, good = sorted(records(tmp_path / "vulns"), key=lambda each: not each.problem)
    assert (broken.place, broken.problem[:13]) == ("flask/PYSEC-2023-63.yaml", "is no record:")
    build([good], tmp_path / "snapshot", source="test", digest="", now=NOW)
    with Snapshot(tmp_path / "snapshot") as found:
        [advisory] = found.about(Ecosystem.PYPI, "flask")
        [affected] = advisory.affected
        assert (advisory.modified, affected.versions) == ("2023-06-05T01:12:52.229549Z", ("0.10", "1"))
        assert [event.version for event in affected.ranges[0].events] == ["0", "2.2.5", "2.3.0", "2.3.2"]


def test_what_is_no_json_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(b'{"id": "GHSA-1"}\n{"id": \n')
    assert [(each.place, each.problem.partition(":")[0]) for each in records(path)] == [
        ("in:1", ""),
        ("in:2", "is no record"),
    ]


def test_a_member_that_unpacks_to_more_than_a_record_is_told(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    path.write_bytes(archive({"bomb.json": b" " * (9 * 1024 * 1024), "a.json": b'{"id": "GHSA-1"}'}))
    assert [(each.place, each.problem) for each in records(path)] == [
        ("bomb.json", "has more than 8388608 bytes"),
        ("a.json", ""),
    ]


def test_a_broken_member_stops_no_import(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    content = bytearray(archive({"a.json": b'{"id": "GHSA-1"}' * 50, "b.json": b'{"id": "GHSA-2"}'}))
    content[50] ^= 0xFF  # in the compressed bytes of the first
    path.write_bytes(content)
    places = {each.place: bool(each.problem) for each in records(path)}
    assert places == {"a.json": True, "b.json": False}


@pytest.mark.parametrize("content", [b"PK\x03\x04 and nothing else", b"PK\x03\x04" + b"\0" * 100])
def test_a_broken_archive_is_an_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match="expected a zip archive of records, found a broken one"):
        list(records(path))

"""The structure of HDF5 files, against files that h5py writes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING
from unittest.mock import ANY

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telamon.kits.formats.hdf5 import Attribute, ExternalFile, FilterUse, Gap, Link, LinkKind, Storage, read_hdf5
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.source import Source, open_source

if TYPE_CHECKING:
    from pathlib import Path

    from telamon.kits.formats.hdf5 import Fact

VERSIONS = pytest.mark.parametrize("libver", ["earliest", "v108", "v110", "latest"])


def facts(path: Path) -> list[Fact]:
    with open_source(path) as source:
        return list(read_hdf5(source))


@VERSIONS
def test_attributes_are_read_whatever_their_type(tmp_path: Path, libver: str) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver=libver) as file:
        file.attrs["model_config"] = "{" + "x" * 70_000 + "}"
        file.attrs["bytes"] = np.bytes_("fixed")
        file.attrs["number"] = 3
        file.create_dataset("d", data=[1.0]).attrs["unit"] = "grün"
    assert sorted(map(repr, facts(tmp_path / "a.h5"))) == sorted(
        map(
            repr,
            [
                Attribute(path="/", name="model_config", value="{" + "x" * 70_000 + "}"),
                Attribute(path="/", name="bytes", value="fixed"),
                Attribute(path="/", name="number", value=None),
                Attribute(path="/d", name="unit", value="grün"),
            ],
        )
    )


@VERSIONS
@pytest.mark.parametrize("count", [1, 7, 9, 300, 3000])
def test_every_attribute_is_found_however_many_there_are(tmp_path: Path, libver: str, count: int) -> None:
    if libver == "earliest":
        count = min(count, 300)  # the old form keeps all of them in one header of 64 KiB
    with h5py.File(tmp_path / "a.h5", "w", libver=libver) as file:
        for number in range(count):
            file.attrs[f"a{number}"] = f"v{number}"
    assert set(facts(tmp_path / "a.h5")) == {Attribute(path="/", name=f"a{n}", value=f"v{n}") for n in range(count)}


@VERSIONS
@pytest.mark.parametrize("count", [1, 8, 9, 500, 5000])
def test_every_link_is_found_however_many_there_are(tmp_path: Path, libver: str, count: int) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver=libver) as file:
        for number in range(count):
            file[f"l{number}"] = h5py.SoftLink(f"/target{number}")
    assert set(facts(tmp_path / "a.h5")) == {
        Link(path=f"/l{n}", kind=LinkKind.SOFT, file="", target=f"/target{n}") for n in range(count)
    }


@VERSIONS
def test_groups_are_followed_to_the_bottom_and_around_cycles(tmp_path: Path, libver: str) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver=libver) as file:
        inner = file
        for depth in range(30):
            inner = inner.create_group(f"g{depth}")
        inner.attrs["bottom"] = "here"
        inner["back"] = file["/"]
    path = "/" + "/".join(f"g{depth}" for depth in range(30))
    assert facts(tmp_path / "a.h5") == [Attribute(path=path, name="bottom", value="here")]


@VERSIONS
def test_what_stands_in_other_files_is_told(tmp_path: Path, libver: str) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver=libver) as file:
        file["ext"] = h5py.ExternalLink("/etc/passwd", "/x")
        file.create_dataset("raw", (4,), dtype="u1", external=[("/etc/hostname", 0, 2), ("b", 0, 2)])
        layout = h5py.VirtualLayout(shape=(2, 10), dtype="i4")
        for number in range(2):
            layout[number] = h5py.VirtualSource(f"other{number}.h5", "d", shape=(10,))
        file.create_virtual_dataset("virtual", layout)
    assert set(facts(tmp_path / "a.h5")) == {
        Link(path="/ext", kind=LinkKind.EXTERNAL, file="/etc/passwd", target="/x"),
        ExternalFile(path="/raw", storage=Storage.EXTERNAL, file="/etc/hostname"),
        ExternalFile(path="/raw", storage=Storage.EXTERNAL, file="b"),
        ExternalFile(path="/virtual", storage=Storage.VIRTUAL, file="other0.h5"),
        ExternalFile(path="/virtual", storage=Storage.VIRTUAL, file="other1.h5"),
    }


@VERSIONS
def test_filters_are_told_by_number(tmp_path: Path, libver: str) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver=libver) as file:
        file.create_dataset("d", data=np.zeros((100, 100)), compression="gzip", shuffle=True, fletcher32=True)
    found = [fact.number for fact in facts(tmp_path / "a.h5") if isinstance(fact, FilterUse)]
    assert sorted(found) == [1, 2, 3]


def test_a_file_behind_a_user_block_is_found(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=1024) as file:
        file.attrs["a"] = "v"
    assert facts(tmp_path / "a.h5") == [Attribute(path="/", name="a", value="v")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "expected the signature of HDF5"),
        (b"\x89HDF\r\n\x1a\n\x09" + bytes(100), "expected a superblock of version 0 to 3, found 9"),
        (b"\x89HDF\r\n\x1a\n\x00" + bytes(100), "expected addresses of 2, 4 or 8 bytes"),
        (b"\x89HDF\r\n\x1a\n\x02\x08\x08\x00" + bytes(8) + b"\xff" * 24, "expected a root group"),
    ],
)
def test_without_a_superblock_there_is_nothing(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        list(read_hdf5(Source.from_bytes(data)))
    assert caught.value.message == message


def test_the_time_ends_a_walk(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("g")
    with open_source(tmp_path / "a.h5") as source:
        assert list(read_hdf5(source, is_late=lambda: True)) == [Gap(path="/", reason="the time was up")]


def test_more_objects_than_are_visited_are_told(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        for number in range(40_000):
            file.create_group(f"{number}")
    assert facts(tmp_path / "a.h5") == [Gap(path=ANY, reason="more than 40000 objects")]


def test_more_facts_than_are_told_are_told(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        for number in range(50_001):
            file[f"{number}"] = h5py.SoftLink("/x")
    found = facts(tmp_path / "a.h5")
    assert (len(found), found[-1]) == (50_001, Gap(path="/", reason="more than 50000 facts, or the time was up"))


def test_paths_do_not_grow_without_end(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        group = file
        for _ in range(100):
            group = group.create_group("g" * 200)
        group.attrs["bottom"] = "here"
    [fact] = facts(tmp_path / "a.h5")
    assert isinstance(fact, Attribute)
    assert (fact.value, len(fact.path) <= 4096) == ("here", True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    made = []
    for libver in ("earliest", "latest"):
        path = tmp_path_factory.mktemp("hdf5") / "a.h5"
        with h5py.File(path, "w", libver=libver) as file:
            for number in range(20):
                file.attrs[f"a{number}"] = f"v{number}"
                file[f"l{number}"] = h5py.SoftLink("/x")
            file["ext"] = h5py.ExternalLink("/etc/passwd", "/x")
            file.create_dataset("d", data=np.zeros(10), chunks=True, compression="gzip")
        made.append(path.read_bytes())
    return made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=20))
def test_flipped_bytes_lead_to_facts_gaps_or_a_clear_error(files: list[bytes], seed: int, flips: int) -> None:
    dice = random.Random(seed)  # noqa: S311  # which bytes to flip
    for original in files:
        data = bytearray(original)
        for _ in range(flips):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            found = list(read_hdf5(Source.from_bytes(bytes(data))))
        except MalformedError:
            continue
        assert len(found) < 10_000

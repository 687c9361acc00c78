from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats import containers
from telamon.kits.formats.budget import Budget, Limits
from telamon.kits.formats.containers import open_parts
from telamon.kits.formats.identify import claims
from telamon.kits.formats.kinds import CONTAINERS, Kind
from telamon.kits.formats.observations import Observation, ObservationCode
from telamon.kits.formats.parts import Part
from telamon.kits.formats.source import NoSpaceError, Source

if TYPE_CHECKING:
    from collections.abc import Callable


def _walk(data: bytes, limits: Limits | None = None) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Opens everything in everything, as a scanner does: contents that are no containers, and all codes."""
    leaves, codes = [], []
    budget = Budget(len(data), limits)

    def visit(source: Source, path: tuple[str, ...]) -> None:
        kinds = [kind for kind in claims(source) if kind.is_container]
        if not kinds:
            leaves.append(("!".join(path), source.read(0, 100)))
        for kind in kinds:
            for item in open_parts(source, kind, budget, path):
                if isinstance(item, Part):
                    with item.source:
                        visit(item.source, item.path)
                else:
                    codes.append(item.code.value)

    visit(Source.from_bytes(data), ())
    return leaves, codes


def _zip(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def _tar_gz(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def test_reaches_a_payload_through_containers_of_several_kinds() -> None:
    data = _zip(("model.tar.gz", _tar_gz("inner.gz", gzip.compress(_zip(("x", b"payload"))))))
    assert _walk(data) == ([("model.tar.gz![gzip]!inner.gz![gzip]!x", b"payload")], [])


def test_a_zip_stored_at_the_end_of_a_tar_is_read_as_either_reader_would() -> None:
    data = _tar_gz("inner.zip", _zip(("x", b"payload")))
    leaves, codes = _walk(data)
    assert leaves == [("[gzip]!inner.zip!x", b"payload"), ("[gzip]!x", b"payload")]
    assert codes == []


def test_nesting_is_bounded() -> None:
    data = b"payload"
    for _ in range(10):
        data = gzip.compress(data)
    assert _walk(data, Limits(depth=8)) == ([], ["budget-depth"])


def test_a_bomb_of_nested_archives_is_bounded() -> None:
    # After 42.zip: each level holds several copies of the one below.
    data = bytes(200_000)
    for _ in range(6):
        data = _zip(*((f"{n}.zip", data) for n in range(8)))
    leaves, codes = _walk(data, Limits(ratio=10, ratio_floor_bytes=2_000_000))
    assert "budget-ratio" in codes
    assert len(leaves) < 100  # of 8**6


def test_members_are_counted_over_all_archives_together() -> None:
    data = _zip(*((f"{n}.zip", _zip(("a", b""), ("b", b""))) for n in range(20)))
    leaves, codes = _walk(data, Limits(members=25))
    assert (len(leaves) <= 25, "budget-members" in codes) == (True, True)


def test_a_deadline_ends_every_reader_with_an_observation() -> None:
    now = [0.0]
    data = _zip(("a", b"payload"))
    budget = Budget(len(data), Limits(time_s=1), lambda: now[0])
    now[0] = 2.0
    assert list(open_parts(Source.from_bytes(data), Kind.ZIP, budget)) == [
        Observation(code=ObservationCode.BUDGET_DEADLINE, message="reading took longer than the 1 s allowed", member="")
    ]


@pytest.mark.parametrize("kind", [Kind.RAR, Kind.PICKLE])
def test_a_kind_without_reader_is_an_observation(kind: Kind) -> None:
    items = list(open_parts(Source.from_bytes(b"x"), kind, Budget(1), ("outer",)))
    assert items == [
        Observation(code=ObservationCode.NOT_SUPPORTED, message=f"there is no reader for `{kind}`", member="outer")
    ]


def test_no_room_for_what_is_unpacked_is_an_observation(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_chunks: object) -> None:
        raise NoSpaceError("no room for unpacked content: disk full")

    monkeypatch.setattr("telamon.kits.formats.source.spool", full)
    data = gzip.compress(b"payload")
    items = list(open_parts(Source.from_bytes(data), Kind.GZIP, Budget(len(data))))
    assert [item.code.value for item in items] == ["no-space"]
    assert containers.open_parts is open_parts


@given(st.sampled_from(sorted(CONTAINERS)), st.binary(max_size=700))
def test_random_bytes_never_raise_whatever_they_are_taken_for(kind: Kind, data: bytes) -> None:
    for item in open_parts(Source.from_bytes(data), kind, Budget(len(data))):
        assert isinstance(item, Part | Observation)


@given(st.binary(max_size=300), st.sampled_from([gzip.compress, lambda d: _zip(("n", d)), lambda d: _tar_gz("n", d)]))
def test_whatever_is_packed_is_reached(data: bytes, pack: Callable[[bytes], bytes]) -> None:
    leaves, _ = _walk(pack(b"\xfe leaf " + data))
    assert [content for _, content in leaves] == [(b"\xfe leaf " + data)[:100]]


def test_every_code_has_a_sentence() -> None:
    assert all(code.sentence.endswith(".") and code.sentence[0].isupper() for code in ObservationCode)


def test_codes_are_kebab_case_and_unique() -> None:
    values = [code.value for code in ObservationCode]
    assert all(value.replace("-", "").isalnum() and value.islower() for value in values)
    assert len(set(values)) == len(values)

"""Objects of stores, by the store in memory that fsspec has."""

from __future__ import annotations

import uuid
from contextlib import closing

import fsspec
import pytest

from telamon.core.errors import UsageError
from telamon.kits.formats.source import SourceChangedError, SourceError
from telamon.kits.remote.addresses import subjects_at
from telamon.kits.remote.stores import StoredObject, stored_files


@pytest.fixture
def bucket() -> str:
    """The address of a bucket with two objects."""
    name = f"memory://bucket-{uuid.uuid4().hex}"
    system = fsspec.filesystem("memory")
    system.pipe_file(f"{name}/a/model.pt", b"0123456789" * 5000)
    system.pipe_file(f"{name}/b.bin", b"b")
    return name


def test_lists_what_lies_below(bucket: str) -> None:
    assert [found.name.removeprefix(f"{bucket}/") for found in stored_files(bucket)] == ["a/model.pt", "b.bin"]
    assert [found.url.removeprefix(f"{bucket}/") for found in stored_files(f"{bucket}/b.bin")] == ["b.bin"]


def test_reads_stretches(bucket: str) -> None:
    with closing(StoredObject(f"{bucket}/a/model.pt")) as found:
        assert (found.size, found.pread(49_990, 10)) == (50_000, b"0123456789")
        assert found.account() == "fetched 848 of 50,000 bytes (1.70 %) in 1 requests"
        found.check_unchanged()


def test_a_name_that_reads_as_two_addresses_is_not_read_as_another_object(bucket: str) -> None:
    with pytest.raises(SourceError, match="which fsspec takes for two addresses"):
        StoredObject(f"{bucket}/b.bin::evil.pkl")
    with pytest.raises(SourceError, match="two addresses"):
        list(stored_files(f"simplecache::{bucket}"))


def test_notices_a_change(bucket: str) -> None:
    with closing(StoredObject(f"{bucket}/a/model.pt")) as found:
        fsspec.filesystem("memory").pipe_file(f"{bucket}/a/model.pt", b"else")
        with pytest.raises(SourceChangedError, match=r"^the object was changed in the store while it was read$"):
            found.check_unchanged()


def test_what_is_not_there_is_said(bucket: str) -> None:
    with pytest.raises(SourceError, match=r"^there is nothing at `"):
        list(stored_files(f"{bucket}/none"))
    with pytest.raises(SourceError, match="cannot be read: "):
        StoredObject(f"{bucket}/none")


@pytest.mark.parametrize("address", ["memory://bucket/x", "file:///etc/passwd", "local://x", "github://a:b@/x", "x://"])
def test_only_stores_are_opened(address: str) -> None:
    with pytest.raises(UsageError, match=r"^expected an address of .*https"):
        list(subjects_at(address))


def test_a_store_whose_library_is_missing_says_so() -> None:
    with pytest.raises(SourceError, match=r"^`gs://bucket/x` cannot be opened: .*gcsfs"):
        list(stored_files("gs://bucket/x"))

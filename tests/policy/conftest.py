"""Policies written in the test and read as `telamon.yaml` of the working directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from telamon import catalog as catalogue
from telamon.policy import Policy, PolicyError, load

if TYPE_CHECKING:
    from telamon.catalog import Catalog


class Reader(Protocol):
    def __call__(self, content: str | bytes, *, catalog: Catalog | None = ..., name: str = ...) -> Policy: ...


class Complaint(Protocol):
    def __call__(self, content: str | bytes, *, catalog: Catalog | None = ...) -> list[str]: ...


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return catalogue.load()


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalog: Catalog) -> Reader:
    monkeypatch.chdir(tmp_path)
    own = catalog

    def reader(content: str | bytes, *, catalog: Catalog | None = None, name: str = "telamon.yaml") -> Policy:
        file = Path(name)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return load(file, catalog or own)

    return reader


@pytest.fixture
def complaint(read: Reader) -> Complaint:
    def complain(content: str | bytes, *, catalog: Catalog | None = None) -> list[str]:
        with pytest.raises(PolicyError) as caught:
            read(content, catalog=catalog)
        assert caught.value.message == "\n".join(str(problem) for problem in caught.value.problems)
        return [str(problem) for problem in caught.value.problems]

    return complain

"""What all tests share: the same hypothesis examples on every machine, packages of strangers, a database server."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import HealthCheck, settings

import postgres_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

settings.register_profile(
    "stable",
    deadline=None,  # a loaded machine is not a defect
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("stable")


class Installer(Protocol):
    def __call__(self, entry_points: str, **modules: str) -> None: ...


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installer]:
    """Put a distribution with entry points on the path of modules, as an installer would."""
    imported: list[str] = []

    def installer(entry_points: str, **modules: str) -> None:
        site = tmp_path / "site"
        info = site / "strangers-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[telamon.controls]\n{entry_points}\n")
        for name, source in modules.items():
            (site / f"{name}.py").write_text(source)
        imported.extend(modules)
        monkeypatch.syspath_prepend(site)

    yield installer
    for name in imported:
        sys.modules.pop(name, None)


@pytest.fixture(scope="session")
def database() -> Iterator[postgres_server.Server]:
    """A real PostgreSQL server of this run's own."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server.started())
        except postgres_server.NoServerError as error:
            pytest.skip(str(error))
        yield server

"""A folder with a policy of its own, samples as bytes, and the command line run in this process or in another."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from telamon.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLEAN = b"\x80\x04}\x8c\x01aK\x01s."
HOSTILE = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R."
UNKNOWN_CLASS = b"\x80\x02cmycompany.models\nNet\n)\x81."
BROKEN = b"\x80\x04}\x8c\x01aK"


@dataclass(frozen=True, kw_only=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a policy with the defaults, so that none above is found; no settings by environment."""
    for name in [name for name in os.environ if name.startswith("TELAMON_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data-home"))
    place = tmp_path / "system"
    place.mkdir()
    (place / "telamon.yaml").write_text("version: 1\n")
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def samples(folder: Path) -> Path:
    """`models/`: one file for each verdict that a pickle can have."""
    models = folder / "models"
    models.mkdir()
    (models / "clean.pkl").write_bytes(CLEAN)
    (models / "hostile.pkl").write_bytes(HOSTILE)
    (models / "unknown.pkl").write_bytes(UNKNOWN_CLASS)
    (models / "broken.pkl").write_bytes(BROKEN)
    return models


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], folder: Path) -> Callable[..., Ended]:  # noqa: ARG001  # the folder is where it runs
    """Runs the command line in this process."""

    def call(*words: str) -> Ended:
        capsys.readouterr()
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        return Ended(code=code, out=captured.out, err=captured.err)

    return call


@pytest.fixture
def process(folder: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs the command line in a process of its own."""

    def call(*words: str, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(  # noqa: S603  # the program is ours
            [sys.executable, "-m", "telamon", *words],
            cwd=folder,
            env={**os.environ, **environment},
            input=given,
            capture_output=True,
            timeout=120,
            check=False,
        )

    return call

"""Over the corpora: no hostile file is converted without loading it, and no ordinary one is refused."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from corpora import hostile, ordinary
from telamon.controls.artifact.library_loading.conversion import RefusedError, convert
from telamon.kits.formats.tensor_data import NotRebuiltError

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


@pytest.mark.parametrize("module", hostile.MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_no_hostile_file_is_converted(module: ModuleType, tmp_path: Path) -> None:
    path, target = tmp_path / "model", tmp_path / "target"
    for case in module.cases():
        path.write_bytes(case.data)
        with pytest.raises((RefusedError, NotRebuiltError)):
            convert(path, target, may_load=False)
        assert not target.exists(), case.name


@pytest.mark.parametrize("module", ["torch_files", "sklearn_files", "joblib_files", "numpy_files"])
def test_no_ordinary_file_is_refused(module: str, tmp_path: Path) -> None:
    if ordinary.missing(module):
        pytest.skip("the library is not installed")
    converted = 0
    for path in ordinary.build(tmp_path, module):
        with contextlib.suppress(NotRebuiltError):
            convert(path, tmp_path / "target", may_load=False)
            converted += 1
    assert converted > 10

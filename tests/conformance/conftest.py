"""The release that controls are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telamon import atlas

if TYPE_CHECKING:
    from telamon.atlas import Release


@pytest.fixture(scope="session")
def release() -> Release:
    return atlas.load()

"""The fuzzing package of the maintainers' tools, CPython as reference, and answers that several tests share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from pickle_fuzzing.campaign import Source
from pickle_fuzzing.corpus import real_pickles
from pickle_fuzzing.reference import Job, Outcome, Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWERED = 9000


@pytest.fixture(scope="session")
def source() -> Source:
    return Source(real_pickles())


@pytest.fixture
def reference() -> Iterator[Reference]:
    with Reference() as running:
        yield running


@pytest.fixture(scope="session")
def answered(source: Source) -> list[tuple[Job, list[Outcome]]]:
    jobs = [source.job(2_000_000_000 + number)[1] for number in range(ANSWERED)]
    with Reference() as running:
        return list(zip(jobs, running.outcomes(jobs), strict=True))

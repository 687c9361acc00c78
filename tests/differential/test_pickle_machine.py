"""The pickle machine against CPython's C unpickler: the same look-ups and calls, on 104,000 generated streams.

Every stream goes through `scan` and through the ways that `scan` keeps for large streams.
"""

from __future__ import annotations

import pytest

from pickle_fuzzing.campaign import Source, run
from pickle_fuzzing.comparison import Verdict
from pickle_fuzzing.layout import OPCODES
from pickle_fuzzing.reference import Job, Reader, Reference

JOBS = 52_000
STOP_AND_MARK = frozenset(b".(")


def describe(jobs: list[Job]) -> list[tuple[str, Job]]:
    return [(job.data.hex(), job) for job in jobs[:5]]


@pytest.mark.parametrize("first_seed", [0, 1_000_000])
def test_machine_tells_the_look_ups_and_calls_of_cpython(reference: Reference, source: Source, first_seed: int) -> None:
    tally = run(reference, source, range(first_seed, first_seed + JOBS))

    assert describe(tally.disagreements) == []
    assert describe(tally.unsound) == []
    assert tally.verdicts[Verdict.DISAGREEMENT] == 0
    assert reference.excluded == []
    assert tally.pickles >= JOBS
    # The fuzzing is not vacuous: programs end well, every opcode runs, every way to read and to stop occurs.
    assert tally.verdicts[Verdict.LOADED] >= 0.35 * tally.pickles
    assert tally.verdicts[Verdict.FAILED] <= 0.5 * tally.pickles
    assert {code: tally.opcodes[code] for code in OPCODES if tally.opcodes[code] < 500} == {}
    assert all(tally.readers[reader] >= 0.09 * tally.pickles for reader in Reader)
    assert all(tally.verdicts[verdict] >= 3 for verdict in Verdict if verdict not in RARE)
    assert tally.verdicts[Verdict.COVERED] >= 0.05 * tally.pickles
    assert min(tally.events[kind] for kind in EVENTS) >= 1000
    assert tally.overruns >= 50


RARE = {Verdict.DISAGREEMENT, Verdict.KILLED, Verdict.INERT}
EVENTS = ("import", "call", "new", "build", "mutate", "persistent", "extension", "buffer")


def test_excuses_are_few(reference: Reference, source: Source) -> None:
    tally = run(reference, source, range(3_000_000, 3_004_000))

    excused = tally.pickles - sum(tally.verdicts[verdict] for verdict in JUDGED)
    assert excused <= 0.12 * tally.pickles
    assert tally.verdicts[Verdict.MEMORY] <= 0.01 * tally.pickles


JUDGED = (Verdict.LOADED, Verdict.FAILED, Verdict.COVERED)


def test_same_seed_gives_the_same_job(source: Source) -> None:
    assert [source.job(seed) for seed in range(50)] == [source.job(seed) for seed in range(50)]
